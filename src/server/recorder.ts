import type { Decision } from '../decision/decision.ts'
import type { Request } from '../decision/request.ts'
import type { Instant } from '../time.ts'

/** A decision, and what it was about. */
export interface Recorded {
  readonly decision: Decision
  readonly request: Request
}

/** Where decisions are recorded before they are answers (semantics §13.2). */
export interface Recorder {
  /** Why exceptions have to stop; null while records can be written. */
  readonly unavailable: string | null
  /** Whether more can be recorded now. */
  readonly hasRoom: boolean
  /** Whether so little room is left on the disk that what one customer adds has to be held down. */
  readonly isLow: boolean
  /** Records decisions, and answers the ids of their records once they will not be lost. Fails when they cannot be. */
  record(all: readonly Recorded[]): readonly string[] | Promise<readonly string[]>
  /** Counts a plain permit. */
  count(request: Request, at: Instant): void
}

const NO_RECORD = {
  code: 'record-unavailable',
  text: 'The decision could not be recorded, and without a record there is no exception.',
} as const

/** What becomes of a decision that cannot be recorded: there is no exception without a record. */
export function unrecorded(decision: Decision): Decision {
  if (decision.outcome !== 'permit-under-exception') return decision
  const reasons = [NO_RECORD]
  return { ...decision, outcome: 'deny', contract: null, tailoring: null, obligations: [], reasons }
}
