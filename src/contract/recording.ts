import { ok } from '../result.ts'
import { didYouMean, quote } from '../suggest.ts'
import { DAY_MS, type Duration, type Instant, printInstantShort } from '../time.ts'
import { againstStatus } from './authority-status.ts'
import type { Register } from './contract.ts'
import type { ContractAsking, ContractDecided } from './contract-asking.ts'
import { NARROWING_ROWS_MAX, ROWS_MAX } from './contract-life.ts'
import { refuse } from './contract-refusals.ts'
import { isStanding } from './standing.ts'

// What is recorded to be so of a contract: who is admitted, what is in place, what the law says (semantics §7.4 c, d, g).

/** How far ahead an attestation reaches: a safeguard is attested anew each month. */
const ATTESTED_MAX: Duration = 31 * DAY_MS

type Named = readonly { readonly id: string }[]

/** The refusal of a name that the terms have nothing of. */
export function againstName(kind: string, rows: Named, id: string): ContractDecided | undefined {
  const ids = rows.map((row) => row.id)
  if (ids.includes(id)) return undefined
  const meant = didYouMean(id, ids) || `; name one of ${ids.join(', ')}`
  return refuse('unknown-name', `the terms have no ${kind} ${quote(id)}${meant}`)
}

/** The refusal of what would begin or end before it is recorded (semantics §12.6). */
function againstPast(instant: Instant, at: Instant): ContractDecided | undefined {
  if (instant >= at) return undefined
  const message = `${printInstantShort(instant)} is before now; name an instant from now on`
  return refuse('back-dated', message)
}

function againstMore(rows: readonly unknown[]): ContractDecided | undefined {
  if (rows.length < ROWS_MAX) return undefined
  return refuse('too-many', `a contract records at most ${ROWS_MAX} of these; draft another one`)
}

export function enrol({ state, command, act }: ContractAsking<'contract.enrol'>): ContractDecided {
  const { deployment, from, acknowledges } = command
  const against =
    againstName('deployment', state.terms.deployments, deployment) ??
    againstPast(from, act.at) ??
    againstMore(state.enrolments)
  if (against) return against
  if (acknowledges !== state.digest) {
    const message = 'these are not the terms that stand; read them and acknowledge their digest'
    return refuse('edited-since', message)
  }
  if (state.ends?.state === 'terminated') {
    return refuse('winding-down', 'the contract is being wound down; nothing more is enrolled')
  }
  const rows = state.enrolments.filter((row) => row.deployment === deployment)
  if (rows.some(({ until }) => until === null || until > from)) {
    return refuse(
      'enrolled-already',
      `${quote(deployment)} is enrolled then; there is nothing to do`,
    )
  }
  return ok([{ type: 'deployment-enrolled', deployment, from, acknowledged: state.digest }])
}

export function unenrol({
  state,
  command,
  act,
}: ContractAsking<'contract.unenrol'>): ContractDecided {
  const { deployment, until = act.at } = command
  const against =
    againstName('deployment', state.terms.deployments, deployment) ?? againstPast(until, act.at)
  if (against) return against
  const rows = state.enrolments.filter((row) => row.deployment === deployment)
  if (rows.some((row) => row.until === null || row.until > until)) {
    return ok([{ type: 'deployment-unenrolled', deployment, until }])
  }
  return refuse('not-enrolled', `${quote(deployment)} is not enrolled then; there is nothing to do`)
}

export function attest({
  state,
  command,
  act,
}: ContractAsking<'contract.attest'>): ContractDecided {
  const { safeguard, from, until } = command
  const against =
    againstName('safeguard', state.terms.safeguards, safeguard) ??
    againstPast(from, act.at) ??
    againstMore(state.attestations)
  if (against) return against
  if (until <= from) return refuse('empty-interval', '`until` is not after `from`; mend them')
  const last = act.at + ATTESTED_MAX
  if (until > last) {
    const message = `attested until ${printInstantShort(last)} at most; attest it anew by then`
    return refuse('attested-too-long', message)
  }
  return ok([{ type: 'safeguard-attested', safeguard, from, until }])
}

export function recordAuthority({
  state,
  command,
  act,
}: ContractAsking<'contract.record-authority'>): ContractDecided {
  const { act: _, authority: id, ...status } = command
  const against = againstName('authority', state.terms.authorities, id)
  if (against) return against
  const unfit = againstStatus(status, act.at)
  if (unfit) return refuse(...unfit)
  const full = isStanding(status.status) ? againstMore(state.authorities) : againstFull(state)
  if (full) return full
  const row: Register['authorities'][number] = { id, ...status }
  return ok([{ type: 'authority-recorded', row }])
}

function againstFull({ authorities }: ContractAsking['state']): ContractDecided | undefined {
  if (authorities.length < NARROWING_ROWS_MAX) return undefined
  return refuse('too-many', 'there is no room for another status; suspend the contract')
}
