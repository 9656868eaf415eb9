import type { Act, Recorded } from '../act.ts'
import { assert } from '../assert.ts'
import type { Instant } from '../time.ts'
import { lodged, withOutcome } from './appeal.ts'
import { withStatus } from './authority-status.ts'
import type { Contract } from './contract.ts'
import type { ContractEvent, LaterContractEvent, RowEvent } from './contract-events.ts'
import {
  type AdverseDecision,
  type ContractLife,
  contractOf,
  type StateRow,
} from './contract-life.ts'

/** The contract after an event. */
export function foldContract(
  before: ContractLife | undefined,
  { event, act }: Recorded<ContractEvent>,
): ContractLife {
  const next = withDecision(afterEvent(before, event, act), event, act)
  const isKnown = next.acted.some(({ person, role }) => person === act.by && role === act.role)
  const acted = isKnown ? next.acted : [...next.acted, { person: act.by, role: act.role }]
  return { ...next, acted, actedAt: Math.max(next.actedAt, act.at) }
}

/** What an event decides against the customer, when the provider's side does it. */
const AGAINST: Partial<Record<ContractEvent['type'], AdverseDecision['what']>> = {
  'contract-declined': 'decline',
  'contract-withdrawn': 'withdrawal',
  'contract-suspended': 'suspension',
  'contract-stopped': 'stop',
  'contract-terminated': 'termination',
}

function withDecision(
  life: ContractLife,
  { type }: ContractEvent,
  { by, at, role }: Act,
): ContractLife {
  const what = AGAINST[type]
  if (what === undefined || role === 'customer-representative') return life
  return { ...life, decisions: [...life.decisions, { what, by, at, appeal: null }] }
}

function afterEvent(
  before: ContractLife | undefined,
  event: ContractEvent,
  act: Act,
): ContractLife {
  if (event.type !== 'contract-drafted') {
    assert(before !== undefined, 'what has not been drafted has no other event')
    return afterLater(before, event, act)
  }
  assert(before === undefined, 'a contract is drafted once')
  const { contract: id, customer, renews, draftedFrom, terms, digest } = event
  const life: ContractLife = {
    id,
    customer,
    renews,
    draftedFrom,
    terms,
    digest,
    round: 1,
    versions: [{ round: 1, digest, by: act.by, at: act.at }],
    actedAt: act.at,
    acted: [],
    states: [],
    signBefore: draftedFrom.lapsesAt,
    signatures: [],
    voided: [],
    ends: null,
    suspendedBy: [],
    reasons: null,
    authorities: [],
    attestations: [],
    duties: [],
    enrolments: [],
    stops: [],
    incidents: [],
    decisions: [],
  }
  return moved(life, 'draft', act.at)
}

function afterLater(life: ContractLife, event: LaterContractEvent, act: Act): ContractLife {
  const { by, at } = act
  switch (event.type) {
    case 'terms-revised':
      return moved(
        { ...withTerms(life, event, act), signBefore: life.draftedFrom.lapsesAt },
        'draft',
        at,
      )
    case 'signatures-voided': {
      const voided = event.signatures.map((signature) => ({ ...signature, voided: at }))
      return { ...life, signatures: [], voided: [...life.voided, ...voided] }
    }
    case 'contract-proposed':
      return moved({ ...life, signBefore: event.signBefore }, 'proposed', at)
    case 'contract-declined':
      return moved({ ...life, reasons: event.reasons }, 'declined', at)
    case 'contract-withdrawn':
      return moved({ ...life, reasons: event.reasons }, 'withdrawn', at)
    case 'contract-signed':
      return { ...life, signatures: [...life.signatures, event.signature] }
    case 'contract-approved':
      return moved({ ...life, ends: endOf(life) }, 'approved', at)
    case 'terms-amended':
      return amended(withTerms(life, event, act), at)
    case 'contract-suspended': {
      const { from, reasons } = event
      const suspendedBy = [...life.suspendedBy, by]
      return moved({ ...life, suspendedBy, reasons }, 'suspended', from)
    }
    case 'contract-reinstated': {
      const to = at < life.terms.term.from ? 'approved' : 'in_force'
      return moved({ ...life, suspendedBy: [], reasons: event.reasons }, to, at)
    }
    case 'contract-terminated': {
      const { from, reasons } = event
      return planned({ ...life, ends: { state: 'terminated', from }, reasons }, at)
    }
    default:
      return afterRow(life, event, act)
  }
}

/** What is recorded to have happened, beside states. */
function afterRow(life: ContractLife, event: RowEvent, act: Act): ContractLife {
  const { by, at } = act
  switch (event.type) {
    case 'deployment-enrolled': {
      const { deployment, from, acknowledged } = event
      const row = { deployment, from, until: null, acknowledged, by }
      return { ...life, enrolments: [...life.enrolments, row] }
    }
    case 'deployment-unenrolled':
      return { ...life, enrolments: life.enrolments.map((row) => endedBy(row, event)) }
    case 'safeguard-attested': {
      const { safeguard, from, until } = event
      return { ...life, attestations: [...life.attestations, { safeguard, from, until, by }] }
    }
    case 'authority-recorded': {
      const isOther = ({ id }: { readonly id: string }): boolean => id !== event.row.id
      return { ...life, authorities: withStatus(life.authorities, { ...event.row, by }, isOther) }
    }
    case 'duty-met': {
      const { duty: id, due, evidence } = event
      const row = { id, due, met: at, evidence, reinstated: null, reinstatedBy: null, by }
      return { ...life, duties: [...life.duties, row] }
    }
    case 'duty-reinstated': {
      const reinstated = { reinstated: at, reinstatedBy: by }
      const isIt = ({ id, due }: ContractLife['duties'][number]): boolean =>
        id === event.duty && due === event.due
      return {
        ...life,
        duties: life.duties.map((row) => (isIt(row) ? { ...row, ...reinstated } : row)),
      }
    }
    case 'incident-reported': {
      const { happened, kind, summary, isLate } = event
      const incident = { happened, reported: at, kind, summary, isLate, by }
      return { ...life, incidents: [...life.incidents, incident] }
    }
    case 'contract-stopped': {
      const { scope, from, reasons } = event
      const stop = { scope, from, reasons, until: null, liftedBy: null, by }
      return { ...life, stops: [...life.stops, stop] }
    }
    case 'decision-appealed': {
      const appeal = lodged(event.grounds, act)
      return { ...life, decisions: withAppeal(life, event.decision, () => appeal) }
    }
    case 'appeal-decided': {
      const decided = ({ appeal }: AdverseDecision): AdverseDecision['appeal'] =>
        appeal && withOutcome(appeal, event, act)
      return { ...life, decisions: withAppeal(life, event.decision, decided) }
    }
    case 'stop-lifted': {
      const lifted = { until: at, liftedBy: by }
      const stops = life.stops.map((stop, i) => (i === event.stop ? { ...stop, ...lifted } : stop))
      return { ...life, stops }
    }
  }
}

function withAppeal(
  { decisions }: ContractLife,
  decision: number,
  appealOf: (decision: AdverseDecision) => AdverseDecision['appeal'],
): ContractLife['decisions'] {
  return decisions.map((one, i) => (i === decision ? { ...one, appeal: appealOf(one) } : one))
}

function withTerms(
  life: ContractLife,
  { terms, digest }: Pick<ContractLife, 'terms' | 'digest'>,
  { by, at }: Act,
): ContractLife {
  const round = life.round + 1
  return { ...life, terms, digest, round, versions: [...life.versions, { round, digest, by, at }] }
}

function endOf({ terms }: ContractLife): StateRow {
  const { until } = terms.term
  assert(until !== undefined, 'no term that is signed is open')
  return { state: 'expired', from: until }
}

function amended(life: ContractLife, at: Instant): ContractLife {
  const end = endOf(life)
  const isSooner = life.ends !== null && life.ends.from < end.from
  return planned({ ...life, ends: isSooner ? life.ends : end }, at)
}

/** Ends the enrolments of a deployment that would last longer. */
function endedBy(
  row: ContractLife['enrolments'][number],
  { deployment, until }: { readonly deployment: string; readonly until: Instant },
): ContractLife['enrolments'][number] {
  const isLonger = row.deployment === deployment && (row.until ?? Infinity) > until
  return isLonger ? { ...row, until: Math.max(until, row.from) } : row
}

/** The contract in another state from an instant, with what then follows by the clock. */
function moved(life: ContractLife, state: StateRow['state'], from: Instant): ContractLife {
  return planned({ ...life, states: [...life.states, { state, from }] }, from)
}

/** The contract with what will follow by the clock, as it is known at an instant. */
function planned(life: ContractLife, at: Instant): ContractLife {
  const past = life.states.filter(({ from }) => from <= at)
  const now = past.at(-1)
  return { ...life, states: now ? [...past, ...aheadOf(life, now.state)] : past }
}

function aheadOf(
  { signBefore, ends, terms }: ContractLife,
  state: StateRow['state'],
): readonly StateRow[] {
  const end = ends ? [ends] : []
  switch (state) {
    case 'draft':
    case 'proposed':
      return [{ state: 'lapsed', from: signBefore }]
    case 'approved': {
      // What was suspended before it began may be to end before that too.
      const { from } = terms.term
      return from < (ends?.from ?? Infinity) ? [{ state: 'in_force', from }, ...end] : end
    }
    case 'in_force':
    case 'suspended':
      return end
    default:
      return []
  }
}

/** Events that apply before they are under a published checkpoint (semantics §13.1). */
export const AT_ONCE: ReadonlySet<ContractEvent['type']> = new Set([
  'contract-stopped',
  'contract-suspended',
])

/**
 * The contract that may be compiled: by the events under a published checkpoint, and by those stops and suspensions
 * that are not there yet (semantics §13.1).
 */
export function effectiveContract(
  published: ContractLife,
  unpublished: readonly Recorded<ContractEvent>[],
): Contract {
  return contractOf(
    unpublished.filter(({ event }) => AT_ONCE.has(event.type)).reduce(foldContract, published),
  )
}
