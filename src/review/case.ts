import type { Act, Recorded } from '../act.ts'
import { assert } from '../assert.ts'
import { type Appeal, lodged, withOutcome } from '../contract/appeal.ts'
import type { Digest } from '../digest.ts'
import { compareIds } from '../ids.ts'
import type { Role } from '../people.ts'
import type { Instant } from '../time.ts'
import type { Application } from './application.ts'
import type {
  Approval,
  CaseEvent,
  CaseOpened,
  Drafted,
  LaterCaseEvent,
  VoidedApproval,
  VoidedFindings,
} from './case-events.ts'
import { CASE_STATES, type CaseState } from './case-states.ts'
import type { Finding, HarmTable, Screening } from './finding.ts'
import type { Legacy } from './legacy-case.ts'

/** An application on its way to a determination: what its events have made of it. Plain JSON. */
export interface Case {
  readonly id: string
  /** As the last event left it; what it is now the clock says too (`stateAt`). */
  readonly state: CaseState
  /** Grows with every change of what is shown to approvers. */
  readonly round: number
  readonly application: Application
  /** The exception from before there was a register that it was opened for. */
  readonly legacy?: Legacy
  /** Of the last act. */
  readonly actedAt: Instant
  /** When it lapses if nothing more is done; null when it has ended. */
  readonly lapsesAt: Instant | null
  /** Who opened, revised or submitted it. */
  readonly requesters: readonly string[]
  /** Who has acted in which role, each once. */
  readonly acted: readonly { readonly person: string; readonly role: Role }[]
  readonly conflicts: readonly {
    readonly person: string
    readonly reason: string
    readonly at: Instant
  }[]
  readonly screening: Screening | null
  /** One a question, in the order of their ids. */
  readonly findings: readonly Finding[]
  readonly harms: HarmTable | null
  readonly benefit: Finding | null
  readonly drafted: Drafted | null
  /** INVARIANT: each is of the present round. */
  readonly approvals: readonly Approval[]
  readonly voided: readonly VoidedApproval[]
  readonly determined: { readonly decided: Instant; readonly digest: Digest } | null
  /** Why it was last returned, declined or withdrawn. */
  readonly reasons: string | null
  /** Against its being declined. */
  readonly appeal: Appeal | null
  readonly concluded: { readonly contract: string; readonly terms: string } | null
}

/** The state of a case at an instant that is not before its last act: nothing has to run for it to lapse. */
export function stateAt({ state, lapsesAt }: Case, at: Instant): CaseState {
  return lapsesAt !== null && lapsesAt <= at ? 'lapsed' : state
}

/** The case after an event. */
export function foldCase(before: Case | undefined, { event, act }: Recorded<CaseEvent>): Case {
  const next = afterEvent(before, event, act)
  const isKnown = next.acted.some(({ person, role }) => person === act.by && role === act.role)
  const acted = isKnown ? next.acted : [...next.acted, { person: act.by, role: act.role }]
  return { ...next, acted, actedAt: act.at, lapsesAt: lapseOf(next, act.at) }
}

function afterEvent(before: Case | undefined, event: CaseEvent, act: Act): Case {
  if (event.type === 'case-opened') {
    assert(before === undefined, 'a case is opened once')
    return { ...opened(event.case, event.application, act), ...legacyOf(event) }
  }
  assert(before !== undefined, 'a case is opened before anything else happens to it')
  return { ...before, ...changeBy(before, event, act) }
}

function legacyOf({ legacy }: CaseOpened): Pick<Case, 'legacy'> {
  return legacy === undefined ? {} : { legacy }
}

function lapseOf({ state, determined }: Case, at: Instant): Instant | null {
  const { lapses } = CASE_STATES[state]
  if (lapses === null) return null
  return lapses.after + (lapses.since === 'the last act' ? at : (determined?.decided ?? at))
}

function opened(id: string, application: Application, { by, at }: Act): Case {
  return {
    id,
    state: 'draft',
    round: 1,
    application,
    actedAt: at,
    lapsesAt: null,
    requesters: [by],
    acted: [],
    conflicts: [],
    screening: null,
    findings: [],
    harms: null,
    benefit: null,
    drafted: null,
    approvals: [],
    voided: [],
    determined: null,
    reasons: null,
    appeal: null,
    concluded: null,
  }
}

type Change = Partial<Case>

function changeBy(before: Case, event: LaterCaseEvent, act: Act): Change {
  const { by, at } = act
  const round = before.round + 1
  const requesters = before.requesters.includes(by) ? before.requesters : [...before.requesters, by]
  switch (event.type) {
    case 'application-revised':
      return { application: event.application, requesters, round }
    case 'application-submitted':
      return { state: 'submitted', requesters }
    case 'customer-screened': {
      const state = before.state === 'submitted' ? 'screened' : before.state
      return { screening: event.screening, state, round }
    }
    case 'question-found':
      return { findings: withFinding(before.findings, event.finding), round }
    case 'harms-tabled':
      return { harms: { by, at, rows: event.rows }, round }
    case 'benefit-weighed':
      return { benefit: event.finding, round }
    case 'findings-voided':
      return { ...without(before, event.voided), round }
    case 'determination-drafted':
      return { drafted: event.drafted, state: 'determining', round }
    case 'determination-approved':
      return { approvals: [...before.approvals, event.approval] }
    case 'approvals-voided':
      return withoutApprovals(before, event.approvals, at)
    case 'case-determined':
      return { state: 'determined', determined: { decided: event.decided, digest: event.digest } }
    case 'conflict-declared': {
      const { person, reason } = event
      return { conflicts: [...before.conflicts, { person, reason, at }] }
    }
    case 'application-returned':
      return { state: 'returned', reasons: event.reasons }
    case 'case-declined':
      return { state: 'declined', reasons: event.reasons }
    case 'decline-appealed':
      return { appeal: lodged(event.grounds, act) }
    case 'appeal-decided':
      return { appeal: before.appeal && withOutcome(before.appeal, event, act) }
    case 'case-withdrawn':
      return { state: 'withdrawn', reasons: event.reasons }
    case 'case-concluded':
      return { state: 'concluded', concluded: { contract: event.contract, terms: event.terms } }
  }
}

function withFinding(findings: readonly Finding[], finding: Finding): readonly Finding[] {
  const others = findings.filter(({ question }) => question !== finding.question)
  return [...others, finding].sort((a, b) => compareIds(a.question, b.question))
}

function without(before: Case, voided: VoidedFindings): Change {
  const change = {
    screening: voided.screening ? null : before.screening,
    findings: before.findings.filter(({ question }) => !voided.findings.includes(question)),
    harms: voided.harms ? null : before.harms,
    benefit: voided.benefit ? null : before.benefit,
    drafted: voided.determination ? null : before.drafted,
  }
  const isLaid = before.state === 'determining' || before.state === 'determined'
  return isLaid && voided.determination ? { ...change, state: 'screened' } : change
}

/** Without some approvals it is determined no more. */
function withoutApprovals(before: Case, gone: readonly Approval[], at: Instant): Change {
  const isGone = ({ by }: Approval): boolean => gone.some((approval) => approval.by === by)
  const change = {
    approvals: before.approvals.filter((approval) => !isGone(approval)),
    voided: [...before.voided, ...gone.map((approval) => ({ ...approval, voided: at }))],
    determined: null,
  }
  return before.state === 'determined' ? { ...change, state: 'determining' } : change
}
