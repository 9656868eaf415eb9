import type { Bundle } from '../decision/bundle.ts'
import type { PolicyContent } from '../decision/content.ts'
import type { Flip } from '../decision/replayed.ts'
import type { Request } from '../decision/request.ts'
import { sorted } from '../ids.ts'
import { FALSE, type Func } from './bdd.ts'
import { rulesOfTables } from './bundle-rules.ts'
import { type Cell, cellsOf, nameAmong } from './cells.ts'
import { Judging } from './judging.ts'
import type { Region } from './regions.ts'
import type { ReachRule } from './rules.ts'
import { Space, valuesOf } from './space.ts'
import { instantIn, keyOf } from './subject.ts'

/** The earlier and the later of two. */
export interface Versions<T> {
  readonly before: T
  readonly after: T
}

/** Some requests that are judged differently: those of a region where a function holds. */
export interface Piece {
  readonly region: Region
  readonly where: Func
  /** The tailorings that can be used there, in the order in which they are tried. */
  readonly usable: Versions<readonly ReachRule[]>
}

/** All requests that two bundles judge differently: those that only one of them allows. No two pieces meet. */
export interface Difference extends Readonly<Record<Flip, readonly Piece[]>> {
  readonly space: Space
  readonly judgings: Versions<Judging>
  /** What changed for whoever has no contract. */
  readonly ofNobody: Readonly<Record<Flip, Func>>
}

/**
 * Compares what two bundles decide, whatever their leases. Customers of whom both hold the same are left out, where the
 * rules that all share are the same too: nothing is decided differently for them (semantics L9, L10).
 */
export function differenceOf({ before, after }: Versions<Bundle>): Difference {
  const rules = { before: rulesOfTables(before), after: rulesOfTables(after) }
  const space = new Space(rules.before, rules.after)
  const judgings = {
    before: new Judging(space, 0, rules.before),
    after: new Judging(space, 1, rules.after),
  }
  const isSamePolicy = rulesTextOf(before) === rulesTextOf(after)
  const customers = sorted([...before.customers.keys(), ...after.customers.keys()])
  const changed = customers.filter((id) => {
    return !isSamePolicy || before.customers.get(id)?.text !== after.customers.get(id)?.text
  })
  const views = changed.flatMap((id) => {
    const cells = cellsOf(rules.before.reachesOf(id), rules.after.reachesOf(id))
    return cells.map((cell) => ({ ...cell, customers: { ids: [id], isAllBut: false } }))
  })
  const others = cellsOf([], []).map((cell) => {
    return { ...cell, customers: { ids: customers, isAllBut: true } }
  })
  const flipsIn = flipsOf(space, judgings)
  const pieces = { widened: [] as Piece[], narrowed: [] as Piece[] }
  for (const { usable: sides, ...region } of [...others, ...views]) {
    const usable = versionsOf(sides)
    const flips = flipsIn(usable)
    if (flips.widened !== FALSE) pieces.widened.push({ region, where: flips.widened, usable })
    if (flips.narrowed !== FALSE) pieces.narrowed.push({ region, where: flips.narrowed, usable })
  }
  return { space, judgings, ofNobody: flipsIn({ before: [], after: [] }), ...pieces }
}

function versionsOf([before = [], after = []]: Cell['usable']): Versions<readonly ReachRule[]> {
  return { before, after }
}

/** What of a policy decides: all but names for people, and the registry, which nothing but searches look at. */
function rulesTextOf({ policyText }: Bundle): string {
  const { facts, leaves, uses, restrictions } = JSON.parse(policyText) as PolicyContent
  const decisive = { facts, leaves, uses, restrictions }
  return JSON.stringify(decisive, (key, value: unknown) => (key === 'title' ? undefined : value))
}

/** Where what is allowed differs while just some tailorings can be used. */
function flipsOf(
  { bdd, wellFormed }: Space,
  { before, after }: Versions<Judging>,
): (usable: Piece['usable']) => Readonly<Record<Flip, Func>> {
  const known = new Map<string, Readonly<Record<Flip, Func>>>()
  return (usable) => {
    const key = `${keyOf(usable.before)}\n${keyOf(usable.after)}`
    const same = known.get(key)
    if (same) return same
    const [allowed, allows] = [before.allowed(usable.before), after.allowed(usable.after)]
    const flips = {
      widened: bdd.and(bdd.minus(allows, allowed), wellFormed),
      narrowed: bdd.and(bdd.minus(allowed, allows), wellFormed),
    }
    known.set(key, flips)
    return flips
  }
}

/** A place where a function holds, with facts left unstated where that makes no difference. */
export function plainWitness(space: Space, f: Func): ReadonlySet<number> {
  let truths = space.bdd.witness(f)
  for (const dimension of space.dimensions) {
    const unstated = truths.union(new Set(valuesOf(space, dimension).map(([variable]) => variable)))
    if (space.bdd.holds(f, unstated)) truths = unstated
  }
  return truths
}

/** A request of a region, with what is true of it. */
export function requestIn(space: Space, region: Region, truths: ReadonlySet<number>): Request {
  return {
    id: null,
    customer: nameAmong(region.customers, 'nobody'),
    deployment: nameAmong(region.deployments, 'elsewhere'),
    model: nameAmong(region.models, 'unlisted'),
    ...space.stated(truths),
    at: instantIn(region.times),
  }
}
