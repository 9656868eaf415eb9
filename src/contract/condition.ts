import type { Spans } from '../interval.ts'

/** The conditions of semantics §7.4, a to g in order. */
type ConditionKind = 'state' | 'term' | 'authority' | 'safeguard' | 'duty' | 'stop' | 'enrolment'

/** One condition of being in force, and when it holds. */
export interface Condition {
  readonly kind: ConditionKind
  /** The authority, safeguard, duty or deployment meant; empty where there is only one. */
  readonly id: string
  readonly holds: Spans
}
