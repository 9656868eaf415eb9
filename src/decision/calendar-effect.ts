import type { Condition } from '../contract/condition.ts'
import type { Register } from '../contract/contract.ts'
import type { Occurrence } from '../contract/occurrence.ts'
import { inForceDuring } from '../contract/standing.ts'
import { contains, latest, type Spans } from '../interval.ts'
import type { Instant } from '../time.ts'
import { type ReachContent, spansOfContent } from './content.ts'

/** A reach of some customer, with everything that it takes as instants. */
export interface TimedReach extends Pick<ReachContent, 'contract' | 'tailoring' | 'deployment'> {
  readonly customer: string
  /** Of its contract; undefined where only a bundle is known. */
  readonly states: Register['states'] | undefined
  readonly standing: readonly Condition[]
  readonly inForce: Spans
  readonly models: readonly { readonly id: string; readonly serves: Spans }[]
}

export function timedReachOf(
  customer: string,
  reach: ReachContent,
  states: TimedReach['states'],
): TimedReach {
  const { contract, tailoring, deployment } = reach
  const standing = reach.standing.map((condition): Condition => {
    return { ...condition, holds: spansOfContent(condition.holds) }
  })
  const models = reach.models.map(({ id, serves }) => ({ id, serves: spansOfContent(serves) }))
  const place = { customer, contract, tailoring, deployment, states }
  return { ...place, standing, inForce: inForceDuring(standing), models }
}

/**
 * What happens to a tailoring on a deployment at an instant: it is in force from then or until then, or a snapshot
 * serves it from then or until then while it is in force.
 */
export type Effect =
  | 'in-force-from'
  | 'in-force-until'
  | 'served-from'
  | 'served-until'
  | 'stale-from'
  | 'none'

export interface EffectOn {
  readonly effect: Effect
  /** The snapshots that serve from then or until then; empty for another effect. */
  readonly models: readonly string[]
  /** Why there is no effect; empty where there is one, and of what is only due while the tailoring is in force. */
  readonly because: readonly string[]
}

/**
 * What an occurrence changes for a reach; undefined when it has nothing to do with it.
 *
 * INVARIANT: a tailoring comes to be in force, or ceases to be, exactly where a condition of it changes and all the
 * others hold beside it. So whatever changes is the effect of each occurrence that bears on a changed condition.
 */
export function effectOn(occurrence: Occurrence, reach: TimedReach): EffectOn | undefined {
  const { at, bearsOn, isOver } = occurrence
  if (!isOver(reach)) return undefined
  if (bearsOn === null) return none(failedIn(reach, at))
  const { kind, id } = bearsOn
  if (kind === 'model') return effectOnModels(reach, id, at)
  const condition = reach.standing.find((own) => own.kind === kind && own.id === id)
  if (condition === undefined) return undefined
  const change = changeOf(condition.holds, at)
  if (change === 'holds') return none([HOLDS[kind]])
  const side = change === 'until' ? at - 1 : at
  if (change === 'fails' || !contains(reach.inForce, side)) return none(failedIn(reach, side))
  return { effect: `in-force-${change}`, models: [], because: [] }
}

function effectOnModels(reach: TimedReach, id: string, at: Instant): EffectOn | undefined {
  const own = reach.models.filter((model) => id === '' || model.id === id)
  if (own.length === 0) return undefined
  const changed = own.filter(({ serves }) => serves.includes(at))
  const [first] = changed
  if (first === undefined) return none(['no snapshot serves it'])
  const change = first.serves[0] === at ? 'from' : 'until'
  const side = change === 'until' ? at - 1 : at
  if (!contains(reach.inForce, side)) return none(failedIn(reach, side))
  return { effect: `served-${change}`, models: changed.map((model) => model.id), because: [] }
}

/** What the end of a lease at an instant stops (semantics §10.3). */
export function effectOfLease(reach: TimedReach, at: Instant): EffectOn | undefined {
  if (!contains(reach.inForce, at - 1)) return undefined
  return { effect: 'stale-from', models: [], because: [] }
}

function none(because: readonly string[]): EffectOn {
  return { effect: 'none', models: [], because }
}

/** Whether a set of instants begins or ends at an instant, or holds or fails on both sides of it. */
function changeOf(spans: Spans, at: Instant): 'from' | 'until' | 'holds' | 'fails' {
  const [before, after] = [contains(spans, at - 1), contains(spans, at)]
  if (before === after) return after ? 'holds' : 'fails'
  return after ? 'from' : 'until'
}

/** Why a change to one thing leaves a condition as it was: it holds all the same. */
const HOLDS = {
  state: 'in force before and after',
  term: 'inside its term before and after',
  authority: 'it stands before and after',
  safeguard: 'attested before and after',
  duty: 'nothing outstanding before or after',
  stop: 'not stopped before or after',
  enrolment: 'enrolled before and after',
} as const satisfies Record<Condition['kind'], string>

/** The conditions that do not hold at an instant, in words. */
function failedIn({ standing, states }: TimedReach, at: Instant): readonly string[] {
  const failed = standing.filter(({ holds }) => !contains(holds, at))
  return failed.map(({ kind, id }) => FAILS[kind](kind === 'state' ? stateText(states, at) : id))
}

function stateText(states: TimedReach['states'], at: Instant): string {
  if (states === undefined) return 'not in force'
  return latest(states, at)?.state ?? 'not in force yet'
}

const FAILS = {
  state: (state) => state,
  term: () => 'outside its term',
  authority: (id) => `authority ${id} does not stand`,
  safeguard: (id) => `${id} is not attested`,
  duty: (id) => `duty ${id} is outstanding`,
  stop: () => 'stopped',
  enrolment: () => 'not enrolled',
} as const satisfies Record<Condition['kind'], (id: string) => string>
