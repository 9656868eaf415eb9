import type { Digest } from '../digest.ts'
import { type Interval, latest } from '../interval.ts'
import type { Role } from '../people.ts'
import type { Instant } from '../time.ts'
import type { Appeal } from './appeal.ts'
import type { Contract, Register, Terms } from './contract.ts'
import type { DraftedFrom, Signature, VoidedSignature } from './contract-events.ts'
import type { ContractState } from './contract-states.ts'

/** Most versions that the terms of a contract have. */
export const VERSIONS_MAX = 1_000

/** Most rows of a list of the register. */
export const ROWS_MAX = 1_000

/** The same for what narrows, which has room left: as many as a list in a document has. */
export const NARROWING_ROWS_MAX = 1_024

export type StateRow = Register['states'][number]

/** A version of the terms: whose, since when, and its digest. The terms themselves are in the events. */
interface TermsVersion {
  readonly round: number
  readonly digest: Digest
  readonly by: string
  readonly at: Instant
}

/** A row of the register, and who recorded it. */
type By<Row> = Row & { readonly by: string }

interface EnrolmentRow {
  readonly deployment: string
  readonly from: Instant
  readonly until: Instant | null
  /** The digest of the terms that were acknowledged. */
  readonly acknowledged: string
}

interface DutyRow {
  readonly id: string
  readonly due: Instant
  readonly met: Instant
  /** Digest of the minutes, the report, or whatever else shows it. */
  readonly evidence: string
  readonly reinstated: Instant | null
  readonly reinstatedBy: string | null
}

interface StopRow {
  readonly scope: Register['stops'][number]['scope']
  readonly from: Instant
  readonly reasons: string
  readonly until: Instant | null
  readonly liftedBy: string | null
}

interface Incident {
  readonly happened: Instant
  readonly reported: Instant
  readonly kind: string
  /** Digest of what was written of it. */
  readonly summary: string
  readonly isLate: boolean
}

/** Something that the provider's side has decided against the customer, who may appeal against it (semantics §12.9). */
export interface AdverseDecision {
  readonly what: 'decline' | 'withdrawal' | 'suspension' | 'stop' | 'termination'
  readonly by: string
  readonly at: Instant
  readonly appeal: Appeal | null
}

/** A contract from its draft to its end: what its events have made of it. Plain JSON. */
export interface ContractLife {
  readonly id: string
  readonly customer: string
  readonly renews: string | null
  readonly draftedFrom: DraftedFrom
  readonly terms: Terms
  /** Of the terms as they stand. */
  readonly digest: Digest
  /** Grows with every change of the terms. */
  readonly round: number
  readonly versions: readonly TermsVersion[]
  /** Of the last act. */
  readonly actedAt: Instant
  /** Who has acted in which role, each once. */
  readonly acted: readonly { readonly person: string; readonly role: Role }[]
  /** What has been, and ahead what the clock will do without another act (semantics §7.5). */
  readonly states: readonly StateRow[]
  /** When it lapses without both signatures. */
  readonly signBefore: Instant
  /** INVARIANT: until both are there, each is of the present round. */
  readonly signatures: readonly Signature[]
  readonly voided: readonly VoidedSignature[]
  /** How it ends; null until both sides have signed. */
  readonly ends: StateRow | null
  /** Who has suspended it, while it is suspended. */
  readonly suspendedBy: readonly string[]
  /** Why it was last declined, withdrawn, suspended, reinstated or terminated. */
  readonly reasons: string | null
  readonly authorities: readonly By<Register['authorities'][number]>[]
  readonly attestations: readonly By<Register['attestations'][number]>[]
  readonly duties: readonly By<DutyRow>[]
  readonly enrolments: readonly By<EnrolmentRow>[]
  readonly stops: readonly By<StopRow>[]
  readonly incidents: readonly By<Incident>[]
  readonly decisions: readonly AdverseDecision[]
}

/** The state of a contract at an instant: nothing has to run for it to begin, to lapse or to end. */
export function contractStateAt({ states }: ContractLife, at: Instant): ContractState {
  return latest(states, at)?.state ?? 'draft'
}

/** The contract as a document: exactly what is compiled (semantics §7). */
export function contractOf(life: ContractLife): Contract {
  return {
    format: 'proviso/contract@1',
    id: life.id,
    customer: life.customer,
    determination: life.draftedFrom.determination,
    terms: life.terms,
    register: registerOf(life),
  }
}

/** Rows of what an amendment has taken out speak of nothing any more; what ended as it began never was. */
function registerOf(life: ContractLife): Register {
  const { terms } = life
  const has = (rows: readonly { readonly id: string }[], id: string): boolean =>
    rows.some((row) => row.id === id)
  return {
    states: [...life.states],
    authorities: life.authorities
      .filter(({ id }) => has(terms.authorities, id))
      .map(({ by: _, ...row }) => row),
    attestations: life.attestations
      .filter(({ safeguard }) => has(terms.safeguards, safeguard))
      .map(({ by: _, ...row }) => row),
    duties: life.duties
      .filter(({ id }) => has(terms.duties, id))
      .map(({ id, due, met, reinstated }) => ({
        id,
        due,
        met,
        ...(reinstated === null ? {} : { reinstated }),
      })),
    enrolments: life.enrolments
      .filter(({ deployment }) => has(terms.deployments, deployment))
      .map(({ deployment, ...row }) => ({ deployment, ...intervalOf(row) }))
      .filter(isLasting),
    stops: life.stops
      .filter(({ scope }) => isOfTerms(terms, scope))
      .map(({ scope, ...row }) => ({ scope, ...intervalOf(row) }))
      .filter(isLasting),
  }
}

function intervalOf(row: { readonly from: Instant; readonly until: Instant | null }): {
  from: Instant
  until?: Instant
} {
  const { from, until } = row
  return until === null ? { from } : { from, until }
}

function isLasting({ from, until = Infinity }: Interval): boolean {
  return from < until
}

function isOfTerms(terms: Terms, scope: StopRow['scope']): boolean {
  if (scope === 'contract') return true
  return 'tailoring' in scope
    ? terms.tailorings.some(({ id }) => id === scope.tailoring)
    : terms.deployments.some(({ id }) => id === scope.deployment)
}
