import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ContractCommand } from '../src/contract/contract-commands.ts'
import type { Role } from '../src/people.ts'
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
import { testServer } from './postgres.ts'
import { type Answered, RunningRegister } from './running-register.ts'

// From an application to a decision under an exception, to its suspension and to its end, over HTTP only.

const PARTIES: Readonly<Record<string, Role>> = {
  ...PEOPLE,
  author: 'policy-author',
  clerk: 'customer-representative',
  watch: 'safeguards-officer',
}

function who(name: string): readonly [string, Role] {
  return [name, PARTIES[name] as Role]
}

const APPROVERS = {
  policy: 'approver.policy',
  legal: 'approver.legal',
  safeguards: 'approver.safeguards',
} as const

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
})
afterAll(async () => {
  await register.close()
})

/** The terms of the example's contract, with what the application says of an authority and a safeguard. */
const TERMS = {
  ...OSINT.terms,
  authorities: applicationOf().authorities.map(signedAuthority),
  safeguards: applicationOf().safeguards,
}

const ANALYSIS = {
  subject: { type: 'deployment', id: `${CUSTOMER}/desk-1` },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}

async function outcome(): Promise<string> {
  return (await register.decide(ANALYSIS)).body.context.outcome
}

test('an application becomes a contract in force, and a suspension ends it at once', async () => {
  expect((await register.decide(ANALYSIS)).status).toBe(503)
  expect((await register.get('/readyz')).body.status).toBe('no-policy')
  await register.found(PARTIES, CUSTOMER)
  await register.publish('author', APPROVERS, 'officer')
  expect(await outcome()).toBe('deny')

  register.at = OPENED
  const onCase = (name: string, command: CaseCommand): Promise<Answered> =>
    register.onCase(who(name), 'case-17', command)
  await onCase('rep', soundCommand('case.open', register.at))
  await onCase('rep', soundCommand('case.submit', register.at))
  await onCase('assessor', soundCommand('case.screen', register.at))
  for (const question of questionsOf(PROVIDER)) {
    await onCase('assessor', soundCommand('case.find', register.at, question))
  }
  await onCase('assessor', soundCommand('case.harms', register.at))
  await onCase('assessor', soundCommand('case.weigh-benefit', register.at))
  await onCase('assessor', drafting())
  for (const name of Object.keys(APPROVERS)) {
    await onCase(name, soundCommand('case.approve', register.at))
  }
  expect((await register.get('/api/v1/cases?state=determined')).body.items).toMatchObject([
    { id: 'case-17', customer: CUSTOMER, state: 'determined' },
  ])

  const { id } = OSINT
  const onContract = (name: string, command: ContractCommand): Promise<Answered> =>
    register.onContract(who(name), id, command)
  await onContract('signer', { act: 'contract.draft', contract: id, case: 'case-17', terms: TERMS })
  await onContract('signer', { act: 'contract.propose' })
  await onContract('rep', { act: 'contract.sign', side: 'customer' })
  const signed = await onContract('signer', { act: 'contract.sign', side: 'provider' })
  expect((await register.get('/api/v1/cases/case-17')).body.state).toMatchObject({
    state: 'concluded',
  })
  const { from } = OSINT.terms.term
  await onContract('rep', {
    act: 'contract.enrol',
    deployment: 'desk-1',
    from,
    acknowledges: signed.body.state.digest,
  })
  register.at = from
  await onContract('officer', {
    act: 'contract.record-authority',
    authority: 'assessment-act',
    status: 'in-force',
    from,
    'review-by': from + 100 * DAY_MS,
    source: 'Official gazette',
  })
  const attest = { act: 'contract.attest', safeguard: 'analyst-review', from } as const
  await onContract('rep', { ...attest, until: from + 30 * DAY_MS })
  expect(await outcome()).toBe('permit-under-exception')

  await onContract('officer', { act: 'contract.suspend', reasons: 'A report of a wrong name' })
  expect(await outcome()).toBe('deny')
  await onContract('watch', { act: 'contract.reinstate', reasons: 'The name was right' })
  expect(await outcome()).toBe('permit-under-exception')
  register.at = from + 30 * DAY_MS
  expect(await outcome()).toBe('deny')
})
