import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'
import type { Bundle } from './bundle.ts'
import type { Decision, Outcome, Reason, ReasonCode } from './decision.ts'
import type { Request, RequestError } from './request.ts'
import { type Resolved, resolve, roomFor, type UseSet } from './resolve.ts'
import {
  hasBit,
  type ReachTable,
  type RestrictionTable,
  type Tables,
  type Words,
  wordAt,
} from './tables.ts'

/** What one set of uses comes to (semantics §8.2). Filled anew for each judgement. */
interface Judgement {
  /** The first `count` are those triggered. The array itself never changes its length. */
  readonly triggered: RestrictionTable[]
  count: number
  /** Obligations of the policy itself, one list an excuse (semantics §5.2); null for none. */
  duties: (readonly string[])[] | null
  code: ReasonCode
  reach: ReachTable | null
  /** What the policy alone says of the certain uses. */
  base: Decision['base']
}

interface Room {
  readonly resolved: Resolved
  readonly judgement: Judgement
}

/** Room to work in, one for each policy: decisions are synchronous, so no two are ever under way. */
const rooms = new WeakMap<Tables, Room>()
let latest: { readonly tables: Tables; readonly room: Room } | undefined

function roomOf(tables: Tables): Room {
  if (latest?.tables === tables) return latest.room
  const room = rooms.get(tables) ?? newRoom(tables)
  rooms.set(tables, room)
  latest = { tables, room }
  return room
}

function newRoom(tables: Tables): Room {
  return {
    resolved: roomFor(tables),
    judgement: {
      triggered: [...tables.restrictions],
      count: 0,
      duties: null,
      code: 'no-restriction',
      reach: null,
      base: 'permit',
    },
  }
}

/** The decision on a request (semantics §8). Equal to `decideByDefinition`, by test. */
export function decide(bundle: Bundle, request: Request): Result<Decision, RequestError> {
  const room = roomOf(bundle.tables)
  const { resolved, judgement } = room
  const found = resolve(bundle.tables, request, resolved)
  if (!found.ok) return fail(found.error)

  judge(bundle, request, room, resolved.certain)
  judgement.base = judgement.count === 0 ? 'permit' : 'deny'
  if (!isAllowed(judgement.code)) return ok(answer(bundle, request, 'deny', judgement))
  if (resolved.isDoubted) {
    judge(bundle, request, room, resolved.suspected)
    if (!isAllowed(judgement.code)) {
      judgement.code = 'suspected'
      return ok(answer(bundle, request, 'refer', judgement))
    }
  }
  const outcome = judgement.reach === null ? 'permit' : 'permit-under-exception'
  return ok(answer(bundle, request, outcome, judgement))
}

function isAllowed(code: ReasonCode): boolean {
  return code === 'no-restriction' || code === 'tailored'
}

/** Judges a set of uses (semantics §8.2). */
function judge(bundle: Bundle, request: Request, room: Room, uses: UseSet): void {
  const into = room.judgement
  into.reach = null
  collect(bundle.tables, room.resolved.facts, uses, into)
  into.code = 'no-restriction'
  if (into.count === 0) return
  into.code = 'no-tailoring'
  for (let i = 0; i < into.count; i++) {
    if ((into.triggered[i] as RestrictionTable).never !== null) return
  }
  if (bundle.validUntil !== null && request.at >= bundle.validUntil) {
    into.code = 'bundle-stale'
    return
  }
  into.reach = suitable(bundle, request, room, uses.leaves)
  if (into.reach !== null) into.code = 'tailored'
}

/** The first of the customer's tailorings, in order, that does all of it; null when none does. */
function suitable(bundle: Bundle, request: Request, room: Room, leaves: Words): ReachTable | null {
  const customer = bundle.customers.get(request.customer)
  if (customer === undefined) return null
  const model = bundle.tables.models.get(request.model) ?? NO_MODEL
  const { all } = customer
  const { deployment, at } = request
  if (all.length === 0) {
    const isFor = customer.deployment === deployment && isUsable(customer, model, at)
    return isFor && suits(customer, room, leaves) ? customer : null
  }
  for (let i = firstOf(all, deployment); i < all.length; i++) {
    const reach = all[i] as ReachTable
    if (reach.deployment !== deployment) return null
    if (isUsable(reach, model, at) && suits(reach, room, leaves)) return reach
  }
  return null
}

/** The number of a snapshot that no tailoring names. */
const NO_MODEL = -1

/** The index of the first reach for a deployment, or of one for a later deployment, by bisection. */
export function firstOf(reaches: readonly ReachTable[], deployment: string): number {
  let low = 0
  let high = reaches.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((reaches[middle] as ReachTable).deployment < deployment) low = middle + 1
    else high = middle
  }
  return low
}

/** Finds the restrictions that a set of uses triggers, and the excuses that oblige (semantics §5.2). */
function collect(tables: Tables, facts: Words, uses: UseSet, into: Judgement): void {
  into.count = 0
  into.duties = null
  for (let w = 0; w < uses.restrictions.length; w++) {
    // Each turn takes the lowest bit, so that restrictions come in the order of their ids.
    for (let bits = wordAt(uses.restrictions, w); bits !== 0; bits &= bits - 1) {
      const index = 32 * w + 31 - Math.clz32(bits & -bits)
      const restriction = tables.restrictions[index] as RestrictionTable
      if (!touches(restriction.when, facts)) continue
      const excuse = excuseOf(restriction, facts)
      if (excuse === undefined) into.triggered[into.count++] = restriction
      else into.duties = [...(into.duties ?? []), excuse]
    }
  }
}

/** Semantics §4. A scope is flat pairs of fact index and mask. */
function touches(scope: Words, facts: Words): boolean {
  for (let i = 0; i < scope.length; i += 2) {
    if ((wordAt(facts, wordAt(scope, i)) & wordAt(scope, i + 1)) === 0) return false
  }
  return true
}

function covers(scope: Words, facts: Words): boolean {
  for (let i = 0; i < scope.length; i += 2) {
    if ((wordAt(facts, wordAt(scope, i)) & ~wordAt(scope, i + 1)) !== 0) return false
  }
  return true
}

/** The obligations of the first `unless` entry that covers the request. */
function excuseOf({ unless }: RestrictionTable, facts: Words): readonly string[] | undefined {
  for (let i = 0; i < unless.length; i++) {
    const entry = unless[i] as RestrictionTable['unless'][number]
    if (covers(entry.scope, facts)) return entry.obligations
  }
  return undefined
}

/** Whether one tailoring does all of it (semantics §8.2 d). */
function suits(reach: ReachTable, room: Room, leaves: Words): boolean {
  const { triggered, count } = room.judgement
  for (let i = 0; i < count; i++) {
    const { index, prohibits } = triggered[i] as RestrictionTable
    if (!hasBit(reach.lifts, index)) return false
    if (exceeds(leaves, prohibits, reach.uses)) return false
  }
  return coversAll(reach.scope, room.resolved.facts)
}

/** Whether a use that is both asked for and prohibited lies outside those allowed. */
function exceeds(leaves: Words, prohibits: Words, allowed: Words): boolean {
  for (let w = 0; w < leaves.length; w++) {
    if ((wordAt(leaves, w) & wordAt(prohibits, w) & ~wordAt(allowed, w)) !== 0) return true
  }
  return false
}

/** Covers, for a scope that has a mask for every fact. */
function coversAll(scope: Words, facts: Words): boolean {
  for (let f = 0; f < scope.length; f++) {
    if ((wordAt(facts, f) & ~wordAt(scope, f)) !== 0) return false
  }
  return true
}

/** Whether the tailoring is in force and the snapshot serves it (semantics §6.4, §7.4). */
function isUsable({ usable }: ReachTable, model: number, t: Instant): boolean {
  for (let i = 0; i < usable.length; i += 3) {
    const isOfModel = usable[i] === model
    if (isOfModel && t >= (usable[i + 1] as number) && t < (usable[i + 2] as number)) return true
  }
  return false
}

function answer(
  bundle: Bundle,
  request: Request,
  outcome: Outcome,
  { base, triggered, count, duties, code, reach }: Judgement,
): Decision {
  const only = count === 1 ? (triggered[0] as RestrictionTable) : null
  const all = only === null ? triggered.slice(0, count) : NONE
  return {
    request: request.id,
    outcome,
    base,
    triggered: only === null ? all.map(({ content }) => content.id) : only.alone,
    contract: reach === null ? null : reach.contract,
    tailoring: reach === null ? null : reach.tailoring,
    obligations: isAllowed(code) ? obligationsOf(duties, reach) : NONE,
    reasons: only === null ? reasonsOf(all, code) : reasonOf(only, code),
    nearest: NONE,
    at: request.at,
    bundle: bundle.digest,
  }
}

const NONE: readonly never[] = Object.freeze([])

const NO_RESTRICTION: readonly [Reason] = Object.freeze([
  Object.freeze({
    code: 'no-restriction',
    text: 'No restriction applies to this request.',
  } as const),
])

/** A restriction that nothing lifts says so, whatever else stopped the request. */
function reasonOf({ never, reasons }: RestrictionTable, code: ReasonCode): readonly [Reason] {
  return reasons[code === 'no-tailoring' && never !== null ? never : code]
}

function reasonsOf(triggered: readonly RestrictionTable[], code: ReasonCode): readonly Reason[] {
  if (triggered.length === 0) return NO_RESTRICTION
  return triggered.map((restriction) => reasonOf(restriction, code)[0])
}

/** Sorted and each once; made only when policy and tailoring both oblige (semantics L11). */
function obligationsOf(
  duties: readonly (readonly string[])[] | null,
  reach: ReachTable | null,
): readonly string[] {
  if (duties === null) return reach === null ? NONE : reach.obligations
  const all = reach === null ? duties.flat() : [...duties.flat(), ...reach.obligations]
  return Object.freeze([...new Set(all)].sort())
}
