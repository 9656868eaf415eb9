import type { Act } from '../act.ts'
import { fail, ok } from '../result.ts'
import { quote } from '../suggest.ts'
import { appeal, decideAppeal } from './appeals.ts'
import type { Asking, CaseContext, Decided } from './asking.ts'
import type { Case } from './case.ts'
import type { CaseAct, CaseCommand, CommandOf } from './case-commands.ts'
import type { CaseEvent } from './case-events.ts'
import { refused } from './case-refusals.ts'
import { problemsOfApplication } from './check-application.ts'
import { find, screen, weighBenefit, withoutReasons } from './considerations.ts'
import { draftedDetermination } from './determination.ts'
import { tableHarms } from './harm-table.ts'
import { unstatedApplication } from './legacy-case.ts'
import { againstActing, againstCustomer, againstDoer } from './permission.ts'
import { approve } from './quorum.ts'
import { againstRenewed } from './renewal.ts'
import { allFindings, findingsBy, voidApprovals, voidFindings } from './voiding.ts'

/** What comes of an act on a case, or why nothing does (semantics §12). */
export function decideCase(
  state: Case | undefined,
  command: CaseCommand,
  act: Act,
  context: CaseContext,
): Decided {
  if (command.act === 'case.open') return open(state, command, act, context)
  if (command.act === 'case.import') return bringIn(state, command, act)
  if (!state) return fail(refused('case-unknown', 'there is no such case; open it first'))
  const asking: Asking = { state, command, act, context }
  const against = againstActing(asking)
  if (against) return fail(against)
  const decide = DECIDE[command.act] as (asking: Asking) => Decided
  return decide(asking)
}

type LaterAct = Exclude<CaseAct, 'case.open' | 'case.import'>

const DECIDE: { readonly [A in LaterAct]: (asking: Asking<A>) => Decided } = {
  'case.revise': revise,
  'case.submit': submit,
  'case.screen': screen,
  'case.find': find,
  'case.harms': tableHarms,
  'case.weigh-benefit': weighBenefit,
  'case.draft-determination': draftedDetermination,
  'case.approve': approve,
  'case.declare-conflict': declareConflict,
  'case.return': returned,
  'case.decline': declined,
  'case.withdraw': withdraw,
  'case.appeal': appeal,
  'case.decide-appeal': decideAppeal,
  'case.conclude': conclude,
}

function open(
  state: Case | undefined,
  { case: id, application }: CommandOf<'case.open'>,
  { role }: Act,
  { customer }: CaseContext,
): Decided {
  if (state) return existing(state)
  const against =
    againstDoer('case.open', role) ?? againstCustomer(role, application.customer, customer)
  return against ? fail(against) : ok([{ type: 'case-opened', case: id, application }])
}

/** The exception gives nothing: its customer has to apply, as anybody has (semantics §12.1). */
function bringIn(
  state: Case | undefined,
  { case: id, customer, legacy }: CommandOf<'case.import'>,
  { role, at }: Act,
): Decided {
  if (state) return existing(state)
  const against = againstDoer('case.import', role)
  if (against) return fail(against)
  const application = unstatedApplication(customer, at)
  return ok([{ type: 'case-opened', case: id, application, legacy }])
}

function existing({ id }: Case): Decided {
  return fail(refused('case-exists', `there is a case ${quote(id)}; choose another id`))
}

/** What was found before was found of another application (semantics §12.4). */
function revise({ state, command }: Asking<'case.revise'>): Decided {
  const { application } = command
  const { customer } = state.application
  if (application.customer !== customer) {
    const message = `the case is of ${quote(customer)}; open another one for another customer`
    return fail(refused('customer-changed', message))
  }
  return ok([
    { type: 'application-revised', application },
    ...voidFindings(allFindings(state), 'the application was revised'),
  ])
}

function submit({ state, context }: Asking<'case.submit'>): Decided {
  const against = againstRenewed(state, context)
  if (against) return fail(against)
  const problems = problemsOfApplication(context.provider, state.application)
  if (problems.length === 0) return ok([{ type: 'application-submitted' }])
  const message = 'revise the application in the fields that are named, then submit it'
  return fail(refused('application-unsound', message, problems))
}

/** Voids what the person has found, drafted and approved; they do not act in the case again. */
function declareConflict({ state, command, act }: Asking<'case.declare-conflict'>): Decided {
  const { person, reason } = command
  if (person !== act.by && act.role !== 'safeguards-officer') {
    const message = 'people declare their own conflicts; of others a safeguards officer does'
    return fail(refused('not-permitted', message))
  }
  if (reason.trim() === '') return fail(withoutReasons('the reason'))
  if (state.conflicts.some((conflict) => conflict.person === person)) {
    return fail(refused('conflict-known', `the conflict of ${quote(person)} is declared already`))
  }
  const why = `${person} has a conflict of interest`
  const voided = voidFindings(findingsBy(state, person), why)
  // Where something shown falls, the text is another one; where only an approval falls, the others stand.
  const theirs = state.approvals.filter(({ by }) => by === person)
  const approvals = voided.length > 0 ? state.approvals : theirs
  return ok([
    { type: 'conflict-declared', person, reason },
    ...voidApprovals({ ...state, approvals }, why),
    ...voided,
  ])
}

function returned({ state, command }: Asking<'case.return'>): Decided {
  const { reasons } = command
  if (reasons.trim() === '') return fail(withoutReasons('the list of reasons'))
  const nothing = { screening: false, findings: [], harms: false, benefit: false }
  const determination = state.drafted !== null
  return ok([
    ...voidApprovals(state, 'the application was returned'),
    ...voidFindings({ ...nothing, determination }, 'the application was returned'),
    { type: 'application-returned', reasons },
  ])
}

function declined({ command }: Asking<'case.decline'>): Decided {
  return closed('case-declined', command.reasons)
}

function withdraw({ command }: Asking<'case.withdraw'>): Decided {
  return closed('case-withdrawn', command.reasons)
}

function closed(type: 'case-declined' | 'case-withdrawn', reasons: string): Decided {
  if (reasons.trim() === '') return fail(withoutReasons('the list of reasons'))
  return ok([{ type, reasons }])
}

function conclude({ command }: Asking<'case.conclude'>): Decided {
  const { contract, terms } = command
  const event: CaseEvent = { type: 'case-concluded', contract, terms }
  return ok([event])
}
