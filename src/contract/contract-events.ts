import type { Digest } from '../digest.ts'
import type { Instant } from '../time.ts'
import type { AppealDecided } from './appeal.ts'
import type { Determination, Register, Terms } from './contract.ts'
import type { ContractCommandOf } from './contract-commands.ts'

/** A signature as it was given: for which side, by whom, of what. */
export interface Signature {
  readonly side: ContractCommandOf<'contract.sign'>['side']
  readonly by: string
  readonly at: Instant
  readonly round: number
  readonly digest: Digest
  readonly nonce: string
}

/** A signature that no longer counts. */
export interface VoidedSignature extends Signature {
  readonly voided: Instant
}

/** What a contract keeps of the determination that it was drafted from. */
export interface DraftedFrom {
  readonly determination: Determination
  /** Of what the approvers approved. */
  readonly digest: Digest
  /** From when on it can no longer be signed on. */
  readonly lapsesAt: Instant
}

interface ContractDrafted {
  readonly type: 'contract-drafted'
  readonly contract: string
  readonly customer: string
  readonly renews: string | null
  readonly draftedFrom: DraftedFrom
  readonly terms: Terms
  readonly digest: Digest
}

/** What has happened to a contract. */
export type ContractEvent = ContractDrafted | LaterContractEvent

/** What has happened to a contract that was drafted. */
export type LaterContractEvent = TermsEvent | RowEvent

/** What changes the terms, or the state. */
type TermsEvent =
  | { readonly type: 'terms-revised'; readonly terms: Terms; readonly digest: Digest }
  | {
      readonly type: 'signatures-voided'
      readonly signatures: readonly Signature[]
      readonly why: string
    }
  | { readonly type: 'contract-proposed'; readonly signBefore: Instant }
  | { readonly type: 'contract-declined'; readonly reasons: string }
  | { readonly type: 'contract-withdrawn'; readonly reasons: string }
  | { readonly type: 'contract-signed'; readonly signature: Signature }
  /** Both sides have signed. */
  | { readonly type: 'contract-approved' }
  | { readonly type: 'contract-suspended'; readonly from: Instant; readonly reasons: string }
  | { readonly type: 'contract-reinstated'; readonly reasons: string }
  | { readonly type: 'contract-terminated'; readonly from: Instant; readonly reasons: string }
  | { readonly type: 'terms-amended'; readonly terms: Terms; readonly digest: Digest }

/** What is recorded beside. */
export type RowEvent =
  | {
      readonly type: 'deployment-enrolled'
      readonly deployment: string
      readonly from: Instant
      readonly acknowledged: Digest
    }
  | { readonly type: 'deployment-unenrolled'; readonly deployment: string; readonly until: Instant }
  | {
      readonly type: 'safeguard-attested'
      readonly safeguard: string
      readonly from: Instant
      readonly until: Instant
    }
  | { readonly type: 'authority-recorded'; readonly row: Register['authorities'][number] }
  | {
      readonly type: 'duty-met'
      readonly duty: string
      readonly due: Instant
      readonly evidence: string
    }
  | { readonly type: 'duty-reinstated'; readonly duty: string; readonly due: Instant }
  | {
      readonly type: 'incident-reported'
      readonly happened: Instant
      readonly kind: string
      readonly summary: string
      readonly isLate: boolean
    }
  | {
      readonly type: 'contract-stopped'
      readonly scope: Register['stops'][number]['scope']
      readonly from: Instant
      readonly reasons: string
    }
  | { readonly type: 'stop-lifted'; readonly stop: number }
  | { readonly type: 'decision-appealed'; readonly decision: number; readonly grounds: string }
  | ({ readonly type: 'appeal-decided'; readonly decision: number } & AppealDecided)
