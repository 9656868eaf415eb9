import type { AppealDecided } from '../contract/appeal.ts'
import type { Digest } from '../digest.ts'
import type { Instant } from '../time.ts'
import type { Application, DraftDetermination } from './application.ts'
import type { Finding, HarmRow, Screening } from './finding.ts'
import type { Legacy } from './legacy-case.ts'

/** An approval as it was given: by whom, in which role, of what. */
export interface Approval {
  readonly by: string
  /** The role in the quorum, such as `legal`. */
  readonly role: string
  readonly at: Instant
  readonly round: number
  readonly digest: Digest
  readonly nonce: string
}

/** An approval that no longer counts. */
export interface VoidedApproval extends Approval {
  readonly voided: Instant
}

/** A field in which a renewal is other than the contract it continues (semantics §12.5). */
export interface RenewalChange {
  readonly field: string
  readonly effect: 'widened' | 'narrowed' | 'both' | 'recorded'
}

/** A determination as it is laid before the approvers. */
export interface Drafted {
  readonly by: string
  readonly at: Instant
  /** `<id>@<version>` of the policy that it was checked against. */
  readonly policy: string
  readonly determination: DraftDetermination
  /** Computed, never declared; empty when nothing is renewed. */
  readonly changes: readonly RenewalChange[]
}

/** What no longer counts of an assessment, by whose author it was or what it was about. */
export interface VoidedFindings {
  readonly screening: boolean
  /** Ids of considerations, sorted. */
  readonly findings: readonly string[]
  readonly harms: boolean
  readonly benefit: boolean
  readonly determination: boolean
}

export interface CaseOpened {
  readonly type: 'case-opened'
  readonly case: string
  readonly application: Application
  /** What it was opened for, when that was no application. */
  readonly legacy?: Legacy
}

/** What has happened to a case. */
export type CaseEvent = CaseOpened | LaterCaseEvent

/** What has happened to a case that was open. */
export type LaterCaseEvent =
  | { readonly type: 'application-revised'; readonly application: Application }
  | { readonly type: 'application-submitted' }
  | { readonly type: 'customer-screened'; readonly screening: Screening }
  | { readonly type: 'question-found'; readonly finding: Finding }
  | { readonly type: 'harms-tabled'; readonly rows: readonly HarmRow[] }
  | { readonly type: 'benefit-weighed'; readonly finding: Finding }
  | { readonly type: 'findings-voided'; readonly voided: VoidedFindings; readonly why: string }
  | { readonly type: 'determination-drafted'; readonly drafted: Drafted }
  | { readonly type: 'determination-approved'; readonly approval: Approval }
  | {
      readonly type: 'approvals-voided'
      readonly approvals: readonly Approval[]
      readonly why: string
    }
  | { readonly type: 'case-determined'; readonly decided: Instant; readonly digest: Digest }
  | { readonly type: 'conflict-declared'; readonly person: string; readonly reason: string }
  | { readonly type: 'application-returned'; readonly reasons: string }
  | { readonly type: 'case-declined'; readonly reasons: string }
  | { readonly type: 'decline-appealed'; readonly grounds: string }
  | ({ readonly type: 'appeal-decided' } & AppealDecided)
  | { readonly type: 'case-withdrawn'; readonly reasons: string }
  | { readonly type: 'case-concluded'; readonly contract: string; readonly terms: string }
