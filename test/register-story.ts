import type { ContractCommand, ContractCommandOf } from '../src/contract/contract-commands.ts'
import type { Role } from '../src/people.ts'
import type { Application } from '../src/review/application.ts'
import type { CaseCommand } from '../src/review/case-commands.ts'
import { questionsOf } from '../src/review/considerations.ts'
import { signedAuthority } from '../src/review/contract-of.ts'
import { DAY_MS } from '../src/time.ts'
import {
  applicationOf,
  CUSTOMER,
  drafting,
  OPENED,
  PEOPLE,
  PROVIDER,
  soundCommand,
} from './case-world.ts'
import { OSINT } from './contract-story.ts'
import type { Answered, RunningRegister } from './running-register.ts'

// How a register comes to have a determined case and a contract in force, over HTTP.

const PARTIES: Readonly<Record<string, Role>> = {
  ...PEOPLE,
  author: 'policy-author',
  clerk: 'customer-representative',
  watch: 'safeguards-officer',
}

export function who(name: string): readonly [string, Role] {
  return [name, PARTIES[name] as Role]
}

export const APPROVERS = {
  policy: 'approver.policy',
  legal: 'approver.legal',
  safeguards: 'approver.safeguards',
} as const

export const CASE = 'case-17'

/** The terms of the example's contract, with what the application says of an authority and a safeguard. */
export const TERMS = {
  ...OSINT.terms,
  authorities: applicationOf().authorities.map(signedAuthority),
  safeguards: applicationOf().safeguards,
}

export const ANALYSIS = {
  subject: { type: 'deployment', id: `${CUSTOMER}/desk-1` },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}

/** People, and the provider's documents. */
export async function founded(register: RunningRegister): Promise<void> {
  await register.found(PARTIES, CUSTOMER)
  await register.publish('author', APPROVERS, 'officer')
  register.at = OPENED
}

interface Assessed {
  readonly id?: string
  readonly application?: Application
  /** A question that is left open. */
  readonly without?: string
}

/** A case with all that a determination needs. */
export async function assessed(register: RunningRegister, more: Assessed = {}): Promise<void> {
  const { id = CASE, application = applicationOf(), without } = more
  const on = (name: string, command: CaseCommand): Promise<Answered> =>
    register.onCase(who(name), id, command)
  await on('rep', { act: 'case.open', case: id, application })
  await on('rep', soundCommand('case.submit', register.at))
  await on('assessor', soundCommand('case.screen', register.at))
  for (const question of questionsOf(PROVIDER)) {
    if (question !== without) await on('assessor', soundCommand('case.find', register.at, question))
  }
  await on('assessor', soundCommand('case.harms', register.at))
  await on('assessor', soundCommand('case.weigh-benefit', register.at))
}

export async function determined(
  register: RunningRegister,
  { id = CASE, application }: Pick<Assessed, 'id' | 'application'> = {},
): Promise<void> {
  await register.onCase(who('assessor'), id, drafting({}, application))
  for (const name of Object.keys(APPROVERS)) {
    await register.onCase(who(name), id, soundCommand('case.approve', register.at))
  }
}

export const DRAFT: ContractCommandOf<'contract.draft'> = {
  act: 'contract.draft',
  contract: OSINT.id,
  case: CASE,
  terms: TERMS,
}

/** From the drafted contract to an exception that is permitted. */
export async function inForce(register: RunningRegister, drafted = DRAFT): Promise<void> {
  const { contract: id, terms } = drafted
  const on = (name: string, command: ContractCommand): Promise<Answered> =>
    register.onContract(who(name), id, command)
  await on('signer', { act: 'contract.propose' })
  await on('rep', { act: 'contract.sign', side: 'customer' })
  const signed = await on('signer', { act: 'contract.sign', side: 'provider' })
  const { from } = terms.term
  const acknowledges = signed.body.state.digest
  await on('rep', { act: 'contract.enrol', deployment: 'desk-1', from, acknowledges })
  register.at = from
  await on('officer', {
    act: 'contract.record-authority',
    authority: 'assessment-act',
    status: 'in-force',
    from,
    'review-by': from + 100 * DAY_MS,
    source: 'Official gazette',
  })
  const attest = { act: 'contract.attest', safeguard: 'analyst-review', from } as const
  await on('rep', { ...attest, until: from + 30 * DAY_MS })
}

/** All of that: a register in which the example's contract is in force. */
export async function contracted(register: RunningRegister): Promise<void> {
  await founded(register)
  await assessed(register)
  await determined(register)
  await register.onContract(who('signer'), OSINT.id, DRAFT)
  await inForce(register)
}
