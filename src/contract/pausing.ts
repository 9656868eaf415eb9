import { ok } from '../result.ts'
import { printInstantShort } from '../time.ts'
import type { ContractAsking, ContractDecided } from './contract-asking.ts'
import { ROWS_MAX } from './contract-life.ts'
import { nowOrLast } from './contract-permission.ts'
import { refuse } from './contract-refusals.ts'
import { withoutReasons } from './drafting.ts'
import { againstName } from './recording.ts'

// What one person does at once, and what it takes another one to undo (semantics §12.5, §13.1).

export function stop(asking: ContractAsking<'contract.stop'>): ContractDecided {
  const { state, command } = asking
  const { scope, reasons } = command
  if (scope !== 'contract') {
    const against =
      'tailoring' in scope
        ? againstName('tailoring', state.terms.tailorings, scope.tailoring)
        : againstName('deployment', state.terms.deployments, scope.deployment)
    if (against) return against
  }
  if (state.stops.length >= ROWS_MAX) {
    return refuse('too-many', `there are ${ROWS_MAX} stops already; suspend the contract`)
  }
  const from = nowOrLast(asking)
  return withoutReasons(reasons) ?? ok([{ type: 'contract-stopped', scope, from, reasons }])
}

export function liftStop({
  state,
  command,
  act,
}: ContractAsking<'contract.lift-stop'>): ContractDecided {
  const stopped = state.stops[command.stop]
  if (!stopped) {
    return refuse('stop-unknown', `there are ${state.stops.length} stops, counted from 0; name one`)
  }
  if (stopped.until !== null) return refuse('lifted-already', 'this stop has been lifted already')
  if (stopped.by === act.by) return samePerson('lifts the stop')
  return ok([{ type: 'stop-lifted', stop: command.stop }])
}

/** Somebody else may suspend what is suspended: then neither reinstates it. */
export function suspend(asking: ContractAsking<'contract.suspend'>): ContractDecided {
  const { state, command, act } = asking
  const { reasons } = command
  if (state.suspendedBy.includes(act.by)) {
    return refuse('suspended-already', 'you have suspended it; there is nothing to do')
  }
  const from = nowOrLast(asking)
  return withoutReasons(reasons) ?? ok([{ type: 'contract-suspended', from, reasons }])
}

export function reinstate({
  state,
  command,
  act,
}: ContractAsking<'contract.reinstate'>): ContractDecided {
  const { reasons } = command
  if (state.suspendedBy.includes(act.by)) return samePerson('reinstates the contract')
  if (state.states.length >= ROWS_MAX) {
    return refuse('too-many', 'it has been suspended too often to reinstate it; draft another one')
  }
  return withoutReasons(reasons) ?? ok([{ type: 'contract-reinstated', reasons }])
}

/** Ends it sooner, at once or after it has wound down; never later than it would end. */
export function terminate({
  state,
  command,
  act,
}: ContractAsking<'contract.terminate'>): ContractDecided {
  const { from = act.at, reasons } = command
  if (from < act.at) {
    const message = `it would end ${printInstantShort(from)}, before now; end it now or later`
    return refuse('back-dated', message)
  }
  const end = state.ends?.from ?? Infinity
  if (from >= end) {
    return refuse(
      'ends-sooner',
      `it ends ${printInstantShort(end)} anyway; name an earlier instant`,
    )
  }
  return withoutReasons(reasons) ?? ok([{ type: 'contract-terminated', from, reasons }])
}

/** The refusal of what somebody would undo or complete alone. */
export function samePerson(doing: string): ContractDecided {
  return refuse('same-person', `another person ${doing}; ask somebody else`)
}
