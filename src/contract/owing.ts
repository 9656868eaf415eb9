import { ok } from '../result.ts'
import { quote } from '../suggest.ts'
import { DAY_MS, type Duration, type Instant, printInstantShort } from '../time.ts'
import type { ContractAsking, ContractDecided } from './contract-asking.ts'
import { type ContractLife, ROWS_MAX } from './contract-life.ts'
import { refuse } from './contract-refusals.ts'
import { samePerson } from './pausing.ts'
import { againstName } from './recording.ts'

// What the customer owes while the contract runs (semantics §12.7).

/** How long after an incident it is reported in time. */
const REPORTED_WITHIN: Duration = 3 * DAY_MS

interface Owed {
  readonly duty: string
  readonly due: Instant
}

function rowOf(
  { duties }: ContractLife,
  { duty, due }: Owed,
): ContractLife['duties'][number] | undefined {
  return duties.find((row) => row.id === duty && row.due === due)
}

function againstOwed({ terms }: ContractLife, { duty, due }: Owed): ContractDecided | undefined {
  const against = againstName('duty', terms.duties, duty)
  if (against) return against
  const all = terms.duties.find(({ id }) => id === duty)?.due ?? []
  if (all.includes(due)) return undefined
  const instants = all.map(printInstantShort).join(', ')
  const message = `${quote(duty)} has nothing due ${printInstantShort(due)}; name one of ${instants}`
  return refuse('nothing-due', message)
}

/** It is met when that is recorded, never before. */
export function meetDuty({
  state,
  command,
}: ContractAsking<'contract.meet-duty'>): ContractDecided {
  const { duty, due, evidence } = command
  const against = againstOwed(state, command)
  if (against) return against
  if (rowOf(state, command)) {
    return refuse('met-already', 'this was met already; name another instant that is due')
  }
  return ok([{ type: 'duty-met', duty, due, evidence }])
}

/** A second person lifts what a duty past its grace has paused. */
export function reinstateDuty({
  state,
  command,
  act,
}: ContractAsking<'contract.reinstate-duty'>): ContractDecided {
  const { duty, due } = command
  const against = againstOwed(state, command)
  if (against) return against
  const row = rowOf(state, command)
  if (!row) return refuse('not-met', 'the duty has to be met first, and that recorded')
  const grace = state.terms.duties.find(({ id }) => id === duty)?.grace ?? 0
  if (row.reinstated !== null || row.met <= due + grace) {
    return refuse('not-outstanding', 'nothing is outstanding of this; there is nothing to do')
  }
  if (row.by === act.by) return samePerson('reinstates than the one who recorded the duty as met')
  return ok([{ type: 'duty-reinstated', duty, due }])
}

export function reportIncident({
  state,
  command,
  act,
}: ContractAsking<'contract.report-incident'>): ContractDecided {
  const { happened, kind, summary } = command
  if (happened > act.at) {
    return refuse('not-happened-yet', 'an incident has happened by now; mend `happened`')
  }
  if (state.incidents.length >= ROWS_MAX) {
    return refuse('too-many', `${ROWS_MAX} incidents are recorded; suspend the contract`)
  }
  const isLate = act.at - happened > REPORTED_WITHIN
  return ok([{ type: 'incident-reported', happened, kind, summary, isLate }])
}
