import { at } from '../assert.ts'
import { sorted } from '../ids.ts'
import { contains, type Spans } from '../interval.ts'
import type { Instant } from '../time.ts'
import type { ReachRule } from './rules.ts'

/** Names that behave alike: those listed, or all but those listed. */
export interface Names {
  readonly ids: readonly string[]
  readonly isAllBut: boolean
}

/** Whether an id is among some names. */
export function isNamed({ ids, isAllBut }: Names, id: string): boolean {
  return ids.includes(id) !== isAllBut
}

/** The names that are among any of some; ids in order. */
export function uniteNames(all: readonly Names[]): Names {
  const excepted = all.filter(({ isAllBut }) => isAllBut).map(({ ids }) => new Set(ids))
  const listed = new Set(all.flatMap(({ ids, isAllBut }) => (isAllBut ? [] : ids)))
  const [first, ...others] = excepted
  if (first === undefined) return { ids: sorted([...listed]), isAllBut: false }
  const left = others.reduce((ids, other) => ids.intersection(other), first).difference(listed)
  return { ids: sorted([...left]), isAllBut: true }
}

/** A name among some: one that is listed, or one like `unlisted` that is not. */
export function nameAmong({ ids, isAllBut }: Names, unlisted: string): string {
  if (!isAllBut) return at(ids, 0)
  const taken = new Set(ids)
  let other = unlisted
  for (let n = 2; taken.has(other); n++) other = `${unlisted}-${n}`
  return other
}

/** Where and when just some of a customer's tailorings can be used. */
export interface Cell {
  readonly deployments: Names
  readonly models: Names
  /** Not empty. */
  readonly times: Spans
  /** Those of each side that can be used, in the order in which they are tried. */
  readonly usable: readonly (readonly ReachRule[])[]
}

/** Where and when what can be used of a customer's tailorings is the same, on all sides: each place in just one cell. */
export function cellsOf(...sides: readonly (readonly ReachRule[])[]): readonly Cell[] {
  const known = sorted(sides.flat().map(({ deployment }) => deployment))
  const here = known.flatMap((deployment) => {
    const own = sides.map((side) => side.filter((reach) => reach.deployment === deployment))
    return cellsAt({ ids: [deployment], isAllBut: false }, own)
  })
  const elsewhere = cellsAt(
    { ids: known, isAllBut: true },
    sides.map(() => []),
  )
  return [...here, ...elsewhere]
}

function cellsAt(deployments: Names, sides: readonly (readonly ReachRule[])[]): readonly Cell[] {
  const known = sorted(sides.flat().flatMap(({ usable }) => [...usable.keys()]))
  const served = known.flatMap((model) => {
    const models = { ids: [model], isAllBut: false }
    return periodsOf(sides, model).map((period) => ({ deployments, models, ...period }))
  })
  const models = { ids: known, isAllBut: true }
  const others = { deployments, models, times: [-Infinity, Infinity], usable: sides.map(() => []) }
  return [...served, others]
}

type Period = Pick<Cell, 'times' | 'usable'>

/** The times of a snapshot, by what can be used in them. */
function periodsOf(sides: readonly (readonly ReachRule[])[], model: string): readonly Period[] {
  const spans = sides.map((side) => side.map(({ usable }) => usable.get(model) ?? []))
  const edges = [...new Set(spans.flat(2))].filter(Number.isFinite).sort((a, b) => a - b)
  const periods = new Map<string, { times: number[]; usable: readonly (readonly ReachRule[])[] }>()
  for (const [i, from] of [-Infinity, ...edges].entries()) {
    const instant: Instant = from === -Infinity ? (edges[0] ?? 0) - 1 : from
    const key = spans
      .map((side) => side.map((own) => Number(contains(own, instant))).join(''))
      .join()
    const until = edges[i] ?? Infinity
    const period = periods.get(key)
    if (period === undefined) {
      const usable = sides.map((side, s) =>
        side.filter((_, n) => contains(spans[s]?.[n] ?? [], instant)),
      )
      periods.set(key, { times: [from, until], usable })
    } else if (period.times.at(-1) === from) period.times.splice(-1, 1, until)
    else period.times.push(from, until)
  }
  return [...periods.values()]
}
