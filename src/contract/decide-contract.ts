import type { Act } from '../act.ts'
import { fail } from '../result.ts'
import { quote } from '../suggest.ts'
import { amend } from './amendment.ts'
import { appeal, decideAppeal } from './appealing.ts'
import type { ContractAsking, ContractContext, ContractDecided } from './contract-asking.ts'
import type { ContractAct, ContractCommand } from './contract-commands.ts'
import type { ContractLife } from './contract-life.ts'
import { againstActing } from './contract-permission.ts'
import { refuse } from './contract-refusals.ts'
import { decline, draft, propose, revise, withdraw } from './drafting.ts'
import { meetDuty, reinstateDuty, reportIncident } from './owing.ts'
import { liftStop, reinstate, stop, suspend, terminate } from './pausing.ts'
import { attest, enrol, recordAuthority, unenrol } from './recording.ts'
import { sign } from './signing.ts'

/** What comes of an act on a contract, or why nothing does (semantics §12). */
export function decideContract(
  state: ContractLife | undefined,
  command: ContractCommand,
  act: Act,
  context: ContractContext,
): ContractDecided {
  if (command.act === 'contract.draft') {
    if (!state) return draft(command, act, context)
    const message = `there is a contract ${quote(state.id)}; choose another id`
    return refuse('contract-exists', message)
  }
  if (!state) return refuse('contract-unknown', 'there is no such contract; draft it first')
  const asking: ContractAsking = { state, command, act, context }
  const against = againstActing(asking)
  if (against) return fail(against)
  const decide = DECIDE[command.act] as (asking: ContractAsking) => ContractDecided
  return decide(asking)
}

const DECIDE: {
  readonly [A in Exclude<ContractAct, 'contract.draft'>]: (
    asking: ContractAsking<A>,
  ) => ContractDecided
} = {
  'contract.revise': revise,
  'contract.propose': propose,
  'contract.decline': decline,
  'contract.withdraw': withdraw,
  'contract.sign': sign,
  'contract.enrol': enrol,
  'contract.unenrol': unenrol,
  'contract.attest': attest,
  'contract.record-authority': recordAuthority,
  'contract.meet-duty': meetDuty,
  'contract.reinstate-duty': reinstateDuty,
  'contract.report-incident': reportIncident,
  'contract.stop': stop,
  'contract.lift-stop': liftStop,
  'contract.suspend': suspend,
  'contract.reinstate': reinstate,
  'contract.terminate': terminate,
  'contract.amend': amend,
  'contract.appeal': appeal,
  'contract.decide-appeal': decideAppeal,
}
