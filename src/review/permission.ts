import { excludeEachOther, notDoneBy, type Role } from '../people.ts'
import { quote } from '../suggest.ts'
import { printInstantShort } from '../time.ts'
import type { Asking } from './asking.ts'
import { stateAt } from './case.ts'
import type { CaseAct } from './case-commands.ts'
import { type CaseRefusal, type Refused, refused } from './case-refusals.ts'
import { actsIn, leadsTo } from './case-states.ts'

type Doer =
  | 'customer-representative'
  | 'assessor'
  | 'approver'
  | 'signatory'
  | 'operator'
  | 'anybody'

/** Who does what in a case. Whether a person has the role in which they act is known elsewhere. */
const DOERS: Readonly<Record<CaseAct, readonly Doer[]>> = {
  'case.open': ['customer-representative'],
  'case.import': ['operator'],
  'case.revise': ['customer-representative'],
  'case.submit': ['customer-representative'],
  'case.withdraw': ['customer-representative'],
  'case.screen': ['assessor'],
  'case.find': ['assessor'],
  'case.harms': ['assessor'],
  'case.weigh-benefit': ['assessor'],
  'case.draft-determination': ['assessor'],
  'case.approve': ['approver'],
  'case.return': ['assessor', 'approver'],
  'case.decline': ['assessor', 'approver'],
  'case.appeal': ['customer-representative'],
  'case.decide-appeal': ['assessor', 'approver'],
  // Whoever signs last.
  'case.conclude': ['signatory', 'customer-representative'],
  'case.declare-conflict': ['anybody'],
}

/** Why a role does not do an act. */
export function againstDoer(act: CaseAct, role: Role): Refused | undefined {
  const kind = role.startsWith('approver.') ? 'approver' : role
  const doers: readonly string[] = DOERS[act]
  if (doers.includes(kind) || doers.includes('anybody')) return undefined
  return refused('not-permitted', notDoneBy(act, { doers, role }))
}

/** Why a representative does not act for the customer whose case it is. */
export function againstCustomer(
  role: Role,
  customer: string,
  represented: string | null,
): Refused | undefined {
  if (role !== 'customer-representative' || represented === customer) return undefined
  const message = `the case is of ${quote(customer)}; somebody who represents them may act`
  return refused('another-customer', message)
}

/** Why this person does not do this now (semantics §12.3). */
export function againstActing(asking: Asking): Refused | undefined {
  const { state, command, act, context } = asking
  return (
    againstDoer(command.act, act.role) ??
    againstCustomer(act.role, state.application.customer, context.customer) ??
    (command.act === 'case.declare-conflict' ? undefined : againstPerson(asking)) ??
    againstState(asking)
  )
}

function againstPerson({ state, act }: Asking): Refused | undefined {
  const { by, role } = act
  if (state.conflicts.some(({ person }) => person === by)) {
    const message = `${quote(by)} has a conflict of interest in this case; let somebody else act`
    return refused('conflict-of-interest', message)
  }
  const self = selfDealing(role)
  if (self && state.requesters.includes(by)) {
    return refused(self, `${quote(by)} has applied, so somebody else has to judge`)
  }
  const other = state.acted.find(({ person, role: earlier }) => {
    return person === by && excludeEachOther(earlier, role)
  })
  if (!other) return undefined
  const message = `${quote(by)} has acted here as ${other.role}, which excludes ${role}; let somebody else act`
  return refused('role-conflict', message)
}

function selfDealing(role: Role): CaseRefusal | undefined {
  if (role === 'assessor') return 'requester-cannot-assess'
  return role.startsWith('approver.') ? 'self-approval' : undefined
}

function againstState({ state, command, act }: Asking): Refused | undefined {
  if (act.at < state.actedAt) {
    const message = `the case was acted on ${printInstantShort(state.actedAt)}; mend the clock`
    return refused('out-of-order', message)
  }
  const now = stateAt(state, act.at)
  if (leadsTo(now, command.act)) return undefined
  if (now === 'lapsed') {
    const lapsed = printInstantShort(state.lapsesAt ?? act.at)
    return refused('case-lapsed', `the case lapsed ${lapsed}; open another one`)
  }
  const acts = actsIn(now).join(', ')
  const open = acts === '' ? 'it has ended; open another one' : `it is open to ${acts}`
  return refused('wrong-state', `the case is ${now}: ${open}`)
}
