import { at } from '../assert.ts'
import { type Bdd, FALSE, type Func, TRUE } from './bdd.ts'
import type { Rules } from './rules.ts'
import { type Space, type Statement, valuesOf } from './space.ts'

/** The sets of a fact's values that have all of some, and none beyond some. */
export interface FactFamily {
  readonly includes: readonly string[]
  readonly among: readonly string[]
}

/** A use that is asked for, or a score that just one side takes for suspicion of a use. */
export type Asked = string | { readonly use: string; readonly score: number }

/** The requests that ask for all of some, and for none of some others. */
export interface UsesFamily {
  readonly includes: readonly Asked[]
  /** A node of the tree stands for all leaves under it. */
  readonly without: readonly Asked[]
}

/** The sets of a fact's values that a function holds for, in families of which no two meet. */
export function factFamilies(space: Space, fact: string, f: Func): readonly FactFamily[] {
  const dimension = space.dimensions.find(({ kind, name }) => kind === 'fact' && name === fact)
  const values = dimension === undefined ? [] : valuesOf(space, dimension)
  const named = (isMeant: (variable: number) => boolean): readonly string[] =>
    values.flatMap(([variable, value]) => (isMeant(variable) ? [value] : []))
  return [...familiesOf(space.bdd, f)].map(({ includes, without }) => ({
    includes: named((variable) => includes.includes(variable)),
    among: named((variable) => !without.includes(variable)),
  }))
}

/** What may be asked for where a function holds, in families of which no two meet. */
export function usesFamilies(
  { bdd, statements }: Space,
  { uses }: Pick<Rules, 'uses'>,
  f: Func,
): readonly UsesFamily[] {
  const nodes = [...uses].filter(([, leaves]) => leaves.length > 1)
  const own = new Set(statements.flatMap((one) => (one.kind === 'use' ? [one.use] : [])))
  // A node that is a statement of its own does not mean the same leaves on both sides.
  const groups = nodes.filter(([id]) => !own.has(id))
  return [...familiesOf(bdd, f)].map(({ includes, without }) => ({
    includes: includes.map((variable) => askedOf(at(statements, variable))),
    without: grouped(
      without.map((variable) => askedOf(at(statements, variable))),
      groups,
    ),
  }))
}

/** A statement of what is asked for. */
export function askedOf(statement: Statement): Asked {
  if (statement.kind === 'signal') return { use: statement.use, score: statement.score }
  return statement.kind === 'use' ? statement.use : statement.value
}

/** Nodes in place of all leaves under them, the highest first. */
function grouped(
  asked: readonly Asked[],
  nodes: readonly (readonly [string, readonly string[]])[],
): readonly Asked[] {
  const left = new Set(asked)
  const whole: string[] = []
  for (const [id, leaves] of nodes) {
    if (!leaves.every((leaf) => left.has(leaf))) continue
    whole.push(id)
    for (const leaf of leaves) left.delete(leaf)
  }
  return [...whole, ...left]
}

interface Family {
  readonly includes: readonly number[]
  readonly without: readonly number[]
}

/** One family for each way to where a function holds. */
function* familiesOf(bdd: Bdd, f: Func): Generator<Family> {
  const variable = bdd.first(f)
  if (f === TRUE) yield { includes: [], without: [] }
  if (f === FALSE || variable === undefined) return
  for (const { includes, without } of familiesOf(bdd, bdd.low(f))) {
    yield { includes, without: [variable, ...without] }
  }
  for (const { includes, without } of familiesOf(bdd, bdd.high(f))) {
    yield { includes: [variable, ...includes], without }
  }
}

/** How many families of some functions there are, all together. */
export function familyCount(bdd: Bdd, functions: Iterable<Func>): number {
  const counts = new Map<Func, number>([
    [FALSE, 0],
    [TRUE, 1],
  ])
  const countOf = (f: Func): number => {
    const known = counts.get(f)
    if (known !== undefined) return known
    const count = countOf(bdd.low(f)) + countOf(bdd.high(f))
    counts.set(f, count)
    return count
  }
  let total = 0
  for (const f of functions) total += countOf(f)
  return total
}
