import { ok, type Result } from '../result.ts'
import { againstDeciding, againstLodging } from './appeal.ts'
import type { ContractAsking, ContractDecided } from './contract-asking.ts'
import type { AdverseDecision, ContractLife } from './contract-life.ts'
import { type ContractRefused, refuse } from './contract-refusals.ts'

// Appeals against what the provider's side has decided of a contract (semantics §12.9).

export function appeal({ state, command }: ContractAsking<'contract.appeal'>): ContractDecided {
  const { decision, grounds } = command
  const known = decisionOf(state, decision)
  if (!known.ok) return known
  const against = againstLodging(known.value.appeal, grounds)
  return against ? refuse(...against) : ok([{ type: 'decision-appealed', decision, grounds }])
}

/** Whoever has taken a decision of that kind of this contract had a part in it: so has each who suspended it. */
export function decideAppeal({
  state,
  command,
  act,
}: ContractAsking<'contract.decide-appeal'>): ContractDecided {
  const { decision, outcome, reasons } = command
  const known = decisionOf(state, decision)
  if (!known.ok) return known
  const { what, appeal: lodged } = known.value
  const isFirst = state.decisions.some((one) => one.what === what && one.by === act.by)
  const against = againstDeciding(lodged, { reasons, isFirst })
  return against ? refuse(...against) : ok([{ type: 'appeal-decided', decision, outcome, reasons }])
}

function decisionOf(
  { decisions }: ContractLife,
  decision: number,
): Result<AdverseDecision, ContractRefused> {
  const known = decisions[decision]
  if (known) return ok(known)
  const message = `the provider has decided ${decisions.length} times against the customer, counted from 0; name one of these`
  return refuse('decision-unknown', message)
}
