import type { Digest } from '../digest.ts'
import { type Instant, printInstant } from '../time.ts'

export const OUTCOMES = ['permit', 'permit-under-exception', 'deny', 'refer'] as const
export type Outcome = (typeof OUTCOMES)[number]

export type ReasonCode =
  | 'no-restriction'
  | 'tailored'
  | 'floor'
  | 'not-tailorable'
  | 'no-tailoring'
  | 'bundle-stale'
  | 'suspected'
  | 'record-unavailable'

export interface Reason {
  readonly code: ReasonCode
  readonly restriction?: string
  /** A sentence for the person who is told of the decision. */
  readonly text: string
}

/** A condition of a tailoring that does not hold for a request, and what would make it hold. */
export interface FailedCondition {
  readonly condition: string
  readonly text: string
  readonly 'would-need': string
}

/** A tailoring of the customer's own that lifts all that was triggered, but does not apply (semantics §8.5). */
export interface NearMiss {
  readonly contract: string
  readonly tailoring: string
  readonly failed: readonly FailedCondition[]
}

/** The answer to a request (semantics §8.5). */
export interface Decision {
  readonly request: string | null
  readonly outcome: Outcome
  /** What the policy says without any exception, of the uses that are certain. */
  readonly base: 'permit' | 'deny'
  /** Ids of restrictions, sorted. */
  readonly triggered: readonly string[]
  /** The contract and tailoring used; null when none is. */
  readonly contract: string | null
  readonly tailoring: string | null
  /** Ids, sorted: what the enforcement point must do; none on a denial or a referral. */
  readonly obligations: readonly string[]
  readonly reasons: readonly Reason[]
  readonly nearest: readonly NearMiss[]
  readonly at: Instant
  readonly bundle: Digest
}

export function allows({ outcome }: Pick<Decision, 'outcome'>): boolean {
  return outcome === 'permit' || outcome === 'permit-under-exception'
}

/** A decision as it is written to the outside: JSON members in a fixed order, instants as text. */
export function printableOf(decision: Decision): Record<string, unknown> {
  const { request, outcome, base, triggered, contract, tailoring } = decision
  return {
    request,
    outcome,
    base,
    triggered,
    ...(contract === null ? {} : { contract, tailoring }),
    obligations: decision.obligations,
    reasons: decision.reasons,
    nearest: decision.nearest,
    at: printInstant(decision.at),
    bundle: decision.bundle,
  }
}
