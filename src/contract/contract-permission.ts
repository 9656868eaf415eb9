import { excludeEachOther, notDoneBy, type Role } from '../people.ts'
import { quote } from '../suggest.ts'
import { type Instant, printInstantShort } from '../time.ts'
import type { ContractAsking, OnContract } from './contract-asking.ts'
import type { ContractAct } from './contract-commands.ts'
import { contractStateAt } from './contract-life.ts'
import { type ContractRefused, refused } from './contract-refusals.ts'
import { contractActsIn, contractLeadsTo } from './contract-states.ts'

type Doer = 'customer-representative' | 'assessor' | 'approver' | 'signatory' | 'safeguards-officer'

const DRAFTERS = ['signatory', 'assessor'] as const
const PARTIES = ['signatory', 'customer-representative'] as const
const WATCHERS = ['safeguards-officer', 'signatory'] as const
const WITNESSES = ['customer-representative', 'safeguards-officer'] as const

/** Who does what to a contract. Whether a person has the role in which they act is known elsewhere. */
const DOERS: Readonly<Record<ContractAct, readonly Doer[]>> = {
  'contract.draft': DRAFTERS,
  'contract.revise': DRAFTERS,
  'contract.propose': DRAFTERS,
  'contract.decline': PARTIES,
  'contract.withdraw': PARTIES,
  'contract.sign': PARTIES,
  'contract.enrol': ['customer-representative'],
  'contract.unenrol': ['customer-representative', ...WATCHERS],
  'contract.attest': WITNESSES,
  'contract.record-authority': ['assessor', 'approver', 'safeguards-officer'],
  'contract.meet-duty': WITNESSES,
  'contract.reinstate-duty': WATCHERS,
  'contract.report-incident': WITNESSES,
  'contract.stop': ['customer-representative', ...WATCHERS],
  'contract.lift-stop': WATCHERS,
  'contract.suspend': WATCHERS,
  'contract.reinstate': WATCHERS,
  'contract.terminate': ['signatory'],
  'contract.amend': WATCHERS,
  'contract.appeal': ['customer-representative'],
  'contract.decide-appeal': ['approver', ...WATCHERS],
}

/** Acts that are carried out whatever else has happened meanwhile (semantics §13.1). */
const NEVER_WAIT: ReadonlySet<ContractAct> = new Set(['contract.stop', 'contract.suspend'])

/** Why a role does not do an act. */
export function againstDoer(act: ContractAct, role: Role): ContractRefused | undefined {
  const kind = role.startsWith('approver.') ? 'approver' : role
  const doers: readonly string[] = DOERS[act]
  if (doers.includes(kind)) return undefined
  return refused('not-permitted', notDoneBy(act, { doers, role }))
}

/** Why this person does not do this now. */
export function againstActing(asking: ContractAsking): ContractRefused | undefined {
  const { state, command, act, context } = asking
  const against = againstDoer(command.act, act.role)
  if (against) return against
  if (act.role === 'customer-representative' && context.customer !== state.customer) {
    const message = `the contract is of ${quote(state.customer)}; somebody who represents them may act`
    return refused('another-customer', message)
  }
  return againstRoles(asking) ?? againstState(asking)
}

function againstRoles({ state, act }: ContractAsking): ContractRefused | undefined {
  const { by, role } = act
  const other = state.acted.find(({ person, role: earlier }) => {
    return person === by && excludeEachOther(earlier, role)
  })
  if (!other) return undefined
  const message = `${quote(by)} has acted here as ${other.role}, which excludes ${role}; let somebody else act`
  return refused('role-conflict', message)
}

/** When an act takes place that is not refused for a clock which is behind. */
export function nowOrLast({ state, act }: OnContract): Instant {
  return Math.max(act.at, state.actedAt)
}

function againstState(asking: ContractAsking): ContractRefused | undefined {
  const { state, command } = asking
  const at = NEVER_WAIT.has(command.act) ? nowOrLast(asking) : asking.act.at
  if (at < state.actedAt) {
    const message = `the contract was acted on ${printInstantShort(state.actedAt)}; mend the clock`
    return refused('out-of-order', message)
  }
  const now = contractStateAt(state, at)
  if (contractLeadsTo(now, command.act)) return undefined
  if (now === 'lapsed') {
    const lapsed = printInstantShort(state.signBefore)
    return refused('contract-lapsed', `it lapsed ${lapsed}, not signed by both; draft another one`)
  }
  const acts = contractActsIn(now).join(', ')
  const open = acts === '' ? 'it has ended; draft another one' : `it is open to ${acts}`
  return refused('wrong-state', `the contract is ${now}: ${open}`)
}
