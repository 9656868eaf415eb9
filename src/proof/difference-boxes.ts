import { at } from '../assert.ts'
import type { Flip } from '../decision/replayed.ts'
import type { Request } from '../decision/request.ts'
import { FALSE, type Func } from './bdd.ts'
import { type Box, merged } from './boxes.ts'
import { Cutter } from './cut.ts'
import { type Difference, requestIn } from './difference.ts'
import { familyCount } from './families.ts'
import { REGION_AXES, type Region, RegionAxes } from './regions.ts'

/** Most boxes of one direction; where there are more, there are only groups. */
const BOXES_MAX = 50_000

/** Most families of all parts of all boxes of one direction. */
const FAMILIES_MAX = 500_000

/** Requests that are judged differently: all of a region that have, of each part, a set that its function holds for. */
export interface DifferenceBox {
  readonly region: Region
  /** Of each fact that may not be everything. */
  readonly facts: ReadonlyMap<string, Func>
  /** Of what is asked for. */
  readonly uses: Func
  /** One of the requests. */
  readonly witness: Request
}

/**
 * The requests that are judged differently, as disjoint boxes no two of which are one box together. Undefined where
 * there are too many.
 */
export function boxesOf(difference: Difference, flip: Flip): readonly DifferenceBox[] | undefined {
  const { space } = difference
  const cutter = new Cutter(space)
  const regionAxes = new RegionAxes()
  const boxes: Box[] = []
  for (const [where, regions] of regionsByFunction(difference, flip, regionAxes)) {
    const cut = cutter.cut(where)
    if (cut === undefined || boxes.length + cut.length * regions.length > BOXES_MAX)
      return undefined
    for (const region of regions) boxes.push(...cut.map((box) => [...region, ...box]))
  }
  const [whole = []] = cutter.cut(space.wellFormed) ?? []
  const least = merged(boxes, [...regionAxes.axes, ...cutter.axes]).map((box): DifferenceBox => {
    const region = regionAxes.regionOf(box)
    const stated = box.slice(REGION_AXES)
    const facts = cutter.facts.flatMap((fact, i) =>
      stated[i] === whole[i] ? [] : [[fact, at(stated, i)] as const],
    )
    const witness = requestIn(space, region, cutter.witness(stated))
    return { region, facts: new Map(facts), uses: at(stated, cutter.facts.length), witness }
  })
  const functions = least.flatMap(({ facts, uses }) => [...facts.values(), uses])
  return familyCount(space.bdd, functions) > FAMILIES_MAX ? undefined : least
}

/** What changed for whoever has no contract is kept apart: it is mostly the same for those who have one. */
function regionsByFunction(
  { space: { bdd }, ofNobody, ...pieces }: Difference,
  flip: Flip,
  axes: RegionAxes,
): ReadonlyMap<Func, readonly Box[]> {
  const regions = new Map<Func, Box[]>()
  for (const { where, region } of pieces[flip]) {
    const numbers = axes.numbersOf(region)
    for (const part of [bdd.and(where, ofNobody[flip]), bdd.minus(where, ofNobody[flip])]) {
      if (part === FALSE) continue
      const known = regions.get(part)
      if (known) known.push(numbers)
      else regions.set(part, [numbers])
    }
  }
  return new Map([...regions].map(([where, all]) => [where, merged(all, axes.axes)]))
}
