import { assert, at } from '../assert.ts'
import type { Signal } from '../decision/request.ts'
import { sorted } from '../ids.ts'
import { Bdd, type Func } from './bdd.ts'
import type { Rules } from './rules.ts'

// What requests can state, as variables: one for each value of each fact, and one for each way to name a use. Rules are
// judged one beside another only on requests that are well formed for all of them: of two versions of a policy, those
// that name what both know. A fact that is not stated has all values that each of them gives it.

/**
 * A part of a request that is stated on its own: variables in a row. The uses are in several such rows, each after the
 * facts that restrictions on them look at: a diagram then remembers few facts at a time, and stays small.
 */
export interface Dimension {
  readonly kind: 'fact' | 'uses'
  /** The fact's id; of uses nothing. */
  readonly name: string
  readonly first: number
  readonly last: number
}

/** What a variable stands for when it is true. */
export type Statement =
  | { readonly kind: 'value'; readonly fact: string; readonly value: string }
  | { readonly kind: 'use'; readonly use: string }
  /** A detector's score, which some of the rules take for suspicion and others do not. */
  | { readonly kind: 'signal'; readonly use: string; readonly score: number }

/** What a request states besides who asks, of which model and when. */
export interface Stated {
  readonly uses: readonly string[]
  readonly facts: Readonly<Record<string, readonly string[]>>
  readonly signals: readonly Signal[]
}

/** The detector of a signal that no detector gave. */
const DETECTOR = 'any'

/** A way to name uses, and the leaves that each of the rules takes it for. */
interface Naming {
  readonly statement: Statement
  readonly leaves: readonly ReadonlySet<string>[]
}

interface PlacedNaming extends Naming {
  readonly variable: number
}

export class Space {
  readonly bdd = new Bdd()
  readonly dimensions: readonly Dimension[]
  readonly statements: readonly Statement[]
  /** Where the variables are those of a request: each fact has a value, and some use is named. */
  readonly wellFormed: Func
  /** Where no detector's score is stated: what is asked for is then certain. */
  readonly isCertain: Func
  readonly #sides: readonly Rules[]
  readonly #values = new Map<string, ReadonlyMap<string, number>>()
  readonly #namings: readonly PlacedNaming[]

  constructor(...sides: readonly Rules[]) {
    this.#sides = sides
    const statements: Statement[] = []
    const dimensions: Dimension[] = []
    const add = (kind: Dimension['kind'], name: string, more: readonly Statement[]): number => {
      const first = statements.length
      statements.push(...more)
      dimensions.push({ kind, name, first, last: statements.length - 1 })
      return first
    }
    const namings: PlacedNaming[] = []
    for (const { fact, values, uses } of orderOf(sides)) {
      if (fact === undefined) {
        const first = add(
          'uses',
          '',
          uses.map(({ statement }) => statement),
        )
        namings.push(...uses.map((naming, i) => ({ ...naming, variable: first + i })))
      } else {
        const first = add(
          'fact',
          fact,
          values.map((value) => ({ kind: 'value', fact, value })),
        )
        this.#values.set(fact, new Map(values.map((value, i) => [value, first + i])))
      }
    }
    this.#namings = namings
    this.dimensions = dimensions
    this.statements = statements
    this.wellFormed = this.bdd.and(this.#factsAreStated(), this.#someUseIsNamed())
    const scores = namings.filter(({ statement }) => statement.kind === 'signal')
    this.isCertain = this.bdd.not(
      this.bdd.any(scores.map(({ variable }) => this.bdd.variable(variable))),
    )
  }

  /** Whether a fact may have a value. */
  value(fact: string, value: string): Func {
    const variable = this.#values.get(fact)?.get(value)
    assert(variable !== undefined, 'no such value of a fact')
    return this.bdd.variable(variable)
  }

  /** Whether a leaf is among the uses that are judged, by the rules of one side. */
  leaf(side: number, leaf: string): Func {
    return this.bdd.any(
      this.#namings.flatMap(({ leaves, variable }) =>
        at(leaves, side).has(leaf) ? [this.bdd.variable(variable)] : [],
      ),
    )
  }

  /** The request's own part of a place where a function holds. */
  stated(truths: ReadonlySet<number>): Stated {
    const facts: [string, readonly string[]][] = []
    for (const [fact, variables] of this.#values) {
      const said = [...variables].flatMap(([value, v]) => (truths.has(v) ? [value] : []))
      if (said.length < variables.size) facts.push([fact, said])
    }
    const named = this.#namings.filter(({ variable }) => truths.has(variable))
    const uses: string[] = []
    const signals: Signal[] = []
    for (const { statement } of named) {
      if (statement.kind === 'use') uses.push(statement.use)
      if (statement.kind !== 'signal') continue
      signals.push({ detector: DETECTOR, use: statement.use, score: statement.score })
    }
    return { uses, facts: Object.fromEntries(facts), signals }
  }

  /**
   * Some value of each fact that all sides know; or, where the sides know different values, all of them, which says
   * that nothing was stated.
   */
  #factsAreStated(): Func {
    const { bdd } = this
    return bdd.all(
      [...this.#values].map(([fact, variables]) => {
        const isCommon = (value: string): boolean =>
          this.#sides.every(({ facts }) => facts.get(fact)?.includes(value) === true)
        const own = [...variables].filter(([value]) => !isCommon(value))
        const common = [...variables].filter(([value]) => isCommon(value))
        const some = bdd.any(common.map(([, variable]) => bdd.variable(variable)))
        const others = own.map(([, variable]) => bdd.not(bdd.variable(variable)))
        const unstated = bdd.all([...variables.values()].map((v) => bdd.variable(v)))
        return bdd.or(bdd.all([some, ...others]), unstated)
      }),
    )
  }

  #someUseIsNamed(): Func {
    const { bdd } = this
    return bdd.any(
      this.#namings.flatMap(({ statement, variable }) =>
        statement.kind === 'use' ? [bdd.variable(variable)] : [],
      ),
    )
  }
}

/** The values of a fact's dimension, each with its variable. */
export function valuesOf(
  { statements }: Space,
  { first, last }: Dimension,
): readonly (readonly [variable: number, value: string])[] {
  return statements.slice(first, last + 1).flatMap((statement, i) => {
    return statement.kind === 'value' ? [[first + i, statement.value] as const] : []
  })
}

/** A fact, or some uses, that come next in the order of variables. */
interface Row {
  readonly fact?: string
  readonly values: readonly string[]
  readonly uses: readonly Naming[]
}

/** Facts and uses in an order in which few facts have to be remembered at a time: those next to each other that meet. */
function orderOf(sides: readonly Rules[]): readonly Row[] {
  const facts = factsOf(sides)
  const groups = Map.groupBy(namingsOf(sides), (naming) => factsLookedAt(sides, naming).join())
  const left = new Map([...groups].map(([key, uses]) => [key, { names: namesIn(key), uses }]))
  const placed = new Set<string>()
  const rows: Row[] = []
  const place = (fact: string): void => {
    placed.add(fact)
    rows.push({ fact, values: facts.get(fact) ?? [], uses: [] })
  }
  while (left.size > 0) {
    const missing = (names: readonly string[]): number =>
      names.filter((name) => !placed.has(name)).length
    const [key, { names, uses }] = [...left].reduce((best, next) =>
      missing(next[1].names) < missing(best[1].names) ? next : best,
    )
    left.delete(key)
    for (const name of names) if (!placed.has(name)) place(name)
    rows.push({ values: [], uses })
  }
  for (const fact of facts.keys()) if (!placed.has(fact)) place(fact)
  return rows
}

function namesIn(key: string): readonly string[] {
  return key === '' ? [] : key.split(',')
}

/** The facts that restrictions on some uses look at, in order. */
function factsLookedAt(sides: readonly Rules[], { leaves }: Naming): readonly string[] {
  const names = sides.flatMap(({ restrictions }, side) =>
    restrictions
      .filter(({ prohibits }) => !prohibits.isDisjointFrom(at(leaves, side)))
      .flatMap(({ when, unless }) => [
        ...when.keys(),
        ...unless.flatMap(({ scope }) => [...scope.keys()]),
      ]),
  )
  return sorted(names)
}

/** Every fact that some side knows, with every value that some side gives it. */
function factsOf(sides: readonly Rules[]): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, readonly string[]>()
  for (const { facts } of sides) {
    for (const [fact, values] of facts) {
      all.set(fact, [...new Set([...(all.get(fact) ?? []), ...values])])
    }
  }
  return all
}

/** The ways to name uses of which none is others together. */
function namingsOf(sides: readonly Rules[]): readonly Naming[] {
  const [first, ...others] = sides
  const common = [...(first?.uses.keys() ?? [])].filter((id) =>
    others.every(({ uses }) => uses.has(id)),
  )
  const isLeaf = (id: string): boolean => sides.every(({ leaves }) => leaves.has(id))
  const leaves = common.filter(isLeaf)
  const single = leaves.map((use): Naming => named(sides, use))
  const doubted = leaves.flatMap((use) => signalled(sides, use))
  const nodes = common.filter((id) => !isLeaf(id) && !isSame(sides, id))
  const wide = nodes.flatMap((use) => [named(sides, use), ...signalled(sides, use)])
  return [...single, ...doubted, ...wide]
}

/** Whether all sides mean the same leaves by a node. */
function isSame(sides: readonly Rules[], node: string): boolean {
  const lists = sides.map(({ uses }) => [...(uses.get(node) ?? [])].sort().join())
  return new Set(lists).size === 1
}

function named(sides: readonly Rules[], use: string): Naming {
  const leaves = sides.map(({ uses }) => new Set(uses.get(use) ?? []))
  return { statement: { kind: 'use', use }, leaves }
}

/** What a signal of a use says that naming it does not: a score that some thresholds are below and others are not. */
function signalled(sides: readonly Rules[], use: string): readonly Naming[] {
  const scores = new Set(
    sides.flatMap(({ uses, leaves }) =>
      (uses.get(use) ?? []).map((leaf) => leaves.get(leaf)?.referAt ?? Infinity),
    ),
  )
  const whole = keyOf(named(sides, use))
  const found = new Map<string, Naming>()
  for (const score of [...scores].filter((threshold) => threshold <= 1)) {
    const suspected = sides.map(
      ({ uses, leaves }) =>
        new Set(
          (uses.get(use) ?? []).filter((leaf) => score >= (leaves.get(leaf)?.referAt ?? Infinity)),
        ),
    )
    const naming: Naming = { statement: { kind: 'signal', use, score }, leaves: suspected }
    const key = keyOf(naming)
    if (key !== whole && !found.has(key)) found.set(key, naming)
  }
  return [...found.values()]
}

function keyOf({ leaves }: Naming): string {
  return JSON.stringify(leaves.map((side) => [...side].sort()))
}
