import type { Contract } from '../contract/contract.ts'
import { type Occurrence, occurrencesOf } from '../contract/occurrence.ts'
import { type Interval, isInside } from '../interval.ts'
import type { Instant } from '../time.ts'
import { type Bundle, reachesOf } from './bundle.ts'
import { occurrencesInContent } from './bundle-occurrence.ts'
import { effectOfLease, effectOn, type TimedReach, timedReachOf } from './calendar-effect.ts'
import {
  type Affected,
  affectedOf,
  type CalendarEntry,
  entryWith,
  inOrder,
  type Whose,
} from './calendar-entry.ts'
import type { World } from './world.ts'

export interface Calendar {
  /** The soonest, in order of instant and id. */
  readonly entries: readonly CalendarEntry[]
  /** How many more there are. */
  readonly leftOut: number
}

/** Which part of the calendar is wanted. */
export interface Span {
  readonly from: Instant
  /** Not included. */
  readonly until: Instant
  /** Only what concerns this customer; null for all. */
  readonly customer: string | null
  readonly entriesMax: number
}

/**
 * What happens by the clock, and what it changes for whom (semantics §7.5). Of a bundle without its documents it says
 * what the conditions of its reaches say: when they come to hold or cease to.
 */
export function calendarOf(bundle: Bundle, world: World | null, span: Span): Calendar {
  const soonest = new Soonest(span)
  const shared = new SharedEntries()
  const contracts = Map.groupBy(world?.contracts ?? [], ({ customer }) => customer)
  const customers = new Set([...bundle.customers.keys(), ...contracts.keys()])
  for (const customer of span.customer === null ? customers : [span.customer]) {
    const documents = contracts.get(customer) ?? []
    const states = new Map(documents.map(({ id, register }) => [id, register.states]))
    const reaches = reachesOf(bundle.customers.get(customer)).map((reach) =>
      timedReachOf(customer, reach, states.get(reach.contract)),
    )
    const own = world === null ? ofContent(reaches, span) : ofContracts(documents, reaches, span)
    for (const entry of own) soonest.add(entry)
    for (const reach of reaches) addShared(shared, reach, bundle.validUntil)
  }
  if (world !== null) soonest.add(policyEntry(world))
  for (const entry of shared.entries()) soonest.add(entry)
  return soonest.calendar()
}

function* ofContracts(
  contracts: readonly Contract[],
  reaches: readonly TimedReach[],
  span: Interval,
): Generator<CalendarEntry> {
  const byContract = Map.groupBy(reaches, ({ contract }) => contract)
  for (const contract of contracts) {
    const own = byContract.get(contract.id) ?? []
    for (const occurrence of occurrencesOf(contract)) {
      if (!isInside(span, occurrence.at)) continue
      yield entryOf(occurrence, own, { contract: contract.id, customer: contract.customer })
    }
  }
}

function* ofContent(reaches: readonly TimedReach[], span: Interval): Generator<CalendarEntry> {
  for (const own of Map.groupBy(reaches, ({ contract }) => contract).values()) {
    const [{ contract, customer } = { contract: null, customer: null }] = own
    for (const occurrence of occurrencesInContent(own)) {
      if (!isInside(span, occurrence.at)) continue
      yield entryOf(occurrence, own, { contract, customer })
    }
  }
}

function entryOf(
  occurrence: Occurrence,
  reaches: readonly TimedReach[],
  whose: Whose,
): CalendarEntry {
  const affected = reaches.flatMap((reach) => {
    const effect = effectOn(occurrence, reach)
    return effect ? [affectedOf(reach, effect)] : []
  })
  return entryWith(occurrence, affected, whose)
}

function policyEntry({ policy: { id, version, effective } }: World): CalendarEntry {
  const text = `Version ${version} of the policy ${id} takes effect; these documents decide alike before and after.`
  const policy = { at: effective, kind: 'policy', event: 'begins', id, text } as const
  return entryWith(policy, [], { contract: null, customer: null })
}

type SharedOccurrence = Pick<Occurrence, 'at' | 'kind' | 'id' | 'text'>

/** Entries that have to do with many contracts. */
class SharedEntries {
  readonly #found = new Map<string, { occurrence: SharedOccurrence; affected: Affected[] }>()

  add(occurrence: SharedOccurrence, affected: readonly Affected[]): void {
    const key = [occurrence.at, occurrence.kind, occurrence.id].join(' ')
    const same = this.#found.get(key) ?? { occurrence, affected: [] }
    same.affected.push(...affected)
    this.#found.set(key, same)
  }

  *entries(): Generator<CalendarEntry> {
    for (const { occurrence, affected } of this.#found.values()) {
      yield entryWith({ ...occurrence, event: 'ends' }, affected, {
        contract: null,
        customer: null,
      })
    }
  }
}

const EVERYWHERE = (): boolean => true

/** What does not happen to one contract alone: snapshots that cease to serve (semantics §6.4), the end of a lease. */
function addShared(shared: SharedEntries, reach: TimedReach, lease: Instant | null): void {
  for (const { id, serves } of reach.models) {
    const [, at = Infinity] = serves
    if (at === Infinity) continue
    const text = `The snapshot ${id} is no longer eligible; what was determined before is not served by it again.`
    const bearsOn = { kind: 'model', id } as const
    const occurrence = { at, kind: 'model', id, text } as const
    const effect = effectOn({ ...occurrence, event: 'ends', bearsOn, isOver: EVERYWHERE }, reach)
    shared.add(occurrence, effect ? [affectedOf(reach, effect)] : [])
  }
  if (lease === null) return
  const text =
    'The lease of the bundle ends: from then on exceptions stop until a newer one is held.'
  const effect = effectOfLease(reach, lease)
  const affected = effect ? [affectedOf(reach, effect)] : []
  shared.add({ at: lease, kind: 'lease', id: 'bundle', text }, affected)
}

/** Keeps the soonest entries of a span, in memory that more of them do not grow. */
class Soonest {
  readonly #span: Span
  #kept: CalendarEntry[] = []
  #count = 0

  constructor(span: Span) {
    this.#span = span
  }

  add(entry: CalendarEntry): void {
    if (!isInside(this.#span, entry.at)) return
    this.#count++
    this.#kept.push(entry)
    if (this.#kept.length > 2 * this.#span.entriesMax) this.#drop()
  }

  calendar(): Calendar {
    this.#drop()
    return { entries: this.#kept, leftOut: this.#count - this.#kept.length }
  }

  #drop(): void {
    this.#kept = this.#kept.sort(inOrder).slice(0, this.#span.entriesMax)
  }
}
