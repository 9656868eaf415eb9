import { at } from '../assert.ts'
import type { Flip } from '../decision/replayed.ts'
import type { Request } from '../decision/request.ts'
import { compareIds } from '../ids.ts'
import { type Bdd, FALSE, type Func, TRUE } from './bdd.ts'
import { type Difference, type Piece, plainWitness, requestIn } from './difference.ts'
import { type Asked, askedOf, type FactFamily } from './families.ts'
import type { Judging } from './judging.ts'
import { hullOf, type Region } from './regions.ts'
import { type Space, type Statement, valuesOf } from './space.ts'

/** What allows on the one side that allows: a tailoring, or the policy by itself. */
export type Cause = { readonly contract: string; readonly tailoring: string } | 'policy'

/** Requests that are judged differently, as a person is told of them: all that one cause allows on one side only. */
export interface Group {
  readonly by: Cause
  /** The smallest region that holds all of them; not every place in it need be one of theirs. */
  readonly region: Region
  /** Uses that each by itself is judged differently; where there are none, some that are together. */
  readonly uses: readonly string[]
  readonly areTogether: boolean
  /** What detectors have to say for it besides, where nothing is judged differently without. */
  readonly signals: readonly Asked[]
  /** The restrictions that the other side denies those for. */
  readonly restrictions: readonly string[]
  /** What all the sets of a fact's values have in common then, and what any has, where that says anything. */
  readonly facts: ReadonlyMap<string, FactFamily>
  readonly example: Request
}

/** All that is judged differently, by what allows it, the policy first. */
export function groupsOf(difference: Difference, flip: Flip): readonly Group[] {
  const { space } = difference
  const [denying, allowing] =
    flip === 'widened'
      ? [difference.judgings.before, difference.judgings.after]
      : [difference.judgings.after, difference.judgings.before]
  const limitsOf = describing(space, denying)
  const groups = [...causesOf(difference, flip, allowing)].map(([name, { by, pieces }]) => {
    const where = space.bdd.any(new Set(pieces.map((piece) => piece.where)))
    const { core, ...limits } = limitsOf(where)
    const shown =
      pieces.find((piece) => space.bdd.and(piece.where, core) !== FALSE) ?? at(pieces, 0)
    const truths = plainWitness(space, space.bdd.and(shown.where, core))
    const region = hullOf(pieces.map((piece) => piece.region))
    return { name, by, region, ...limits, example: requestIn(space, shown.region, truths) }
  })
  return groups.sort((a, b) => compareIds(a.name, b.name)).map(({ name: _, ...group }) => group)
}

interface Caused {
  readonly by: Cause
  readonly pieces: Pick<Piece, 'region' | 'where'>[]
}

/** The pieces by what allows them, by a name that orders them. */
function causesOf(
  difference: Difference,
  flip: Flip,
  allowing: Judging,
): ReadonlyMap<string, Caused> {
  const { bdd } = difference.space
  const side = flip === 'widened' ? 'after' : 'before'
  const causes = new Map<string, Caused>()
  const add = (name: string, by: Cause, piece: Pick<Piece, 'region' | 'where'>): void => {
    if (piece.where === FALSE) return
    const known = causes.get(name)
    if (known) known.pieces.push(piece)
    else causes.set(name, { by, pieces: [piece] })
  }
  for (const { region, where, usable } of difference[flip]) {
    add('', 'policy', { region, where: bdd.and(where, allowing.permits) })
    const used = allowing.exceptions(usable[side])
    for (const [i, { contract, tailoring }] of usable[side].entries()) {
      const by = { contract, tailoring }
      add(`${contract}/${tailoring}`, by, { region, where: bdd.and(where, at(used, i)) })
    }
  }
  return causes
}

type Limits = Pick<Group, 'uses' | 'areTogether' | 'signals' | 'restrictions' | 'facts'> & {
  /** The requests that the rest is told of. */
  readonly core: Func
}

/** What is told of a function, remembered: many customers' tailorings do the same. */
function describing(space: Space, denying: Judging): (where: Func) => Limits {
  const { bdd } = space
  const known = new Map<Func, Limits>()
  const ofUses = variablesOf(space, 'use')
  const ofSignals = variablesOf(space, 'signal')
  const oneUse = exactlyOne(bdd, ofUses)
  const simplest = [
    bdd.and(oneUse, space.isCertain),
    bdd.and(oneUse, exactlyOne(bdd, ofSignals)),
    TRUE,
  ]
  const describe = (where: Func): Limits => {
    const [core = where] = simplest.map((some) => bdd.and(where, some)).filter((f) => f !== FALSE)
    const areTogether = bdd.and(core, oneUse) === FALSE
    const shown = areTogether ? [...bdd.witness(core)] : ofUses
    const may = (variable: number): boolean => bdd.restrict(core, variable, true) !== FALSE
    const isCertain = bdd.and(core, space.isCertain) !== FALSE
    return {
      core,
      uses: shown.filter(may).flatMap((variable) => {
        const statement = at(space.statements, variable)
        return statement.kind === 'use' ? [statement.use] : []
      }),
      areTogether,
      signals: isCertain ? [] : ofSignals.filter(may).map((v) => askedOf(at(space.statements, v))),
      restrictions: denying.rules.restrictions.flatMap(({ id }, i) =>
        bdd.and(core, at(denying.triggers, i)) === FALSE ? [] : [id],
      ),
      facts: factsIn(space, core),
    }
  }
  return (where) => {
    const limits = known.get(where) ?? describe(where)
    known.set(where, limits)
    return limits
  }
}

function factsIn(space: Space, core: Func): ReadonlyMap<string, FactFamily> {
  const { bdd, dimensions } = space
  const facts = dimensions.filter(({ kind }) => kind === 'fact')
  return new Map(
    facts.flatMap((fact) => {
      const values = valuesOf(space, fact)
      const includes = values.filter(([v]) => bdd.restrict(core, v, false) === FALSE)
      const among = values.filter(([v]) => bdd.restrict(core, v, true) !== FALSE)
      if (includes.length === 0 && among.length === values.length) return []
      const [needed, possible] = [includes, among].map((some) => some.map(([, value]) => value))
      return [[fact.name, { includes: needed ?? [], among: possible ?? [] }] as const]
    }),
  )
}

function variablesOf({ statements }: Space, kind: Statement['kind']): readonly number[] {
  return [...statements.keys()].filter((variable) => at(statements, variable).kind === kind)
}

/** Where exactly one of some variables, in ascending order, is true. */
function exactlyOne(bdd: Bdd, variables: readonly number[]): Func {
  let none: Func = TRUE
  let one: Func = FALSE
  for (const variable of variables.toReversed()) {
    one = bdd.node(variable, one, none)
    none = bdd.node(variable, none, FALSE)
  }
  return one
}
