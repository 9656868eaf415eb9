import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ContractCommand } from '../src/contract/contract-commands.ts'
import { DAY_MS } from '../src/time.ts'
import { applicationOf, OPENED, soundCommand } from './case-world.ts'
import { APPEAL, OSINT, OVERTURN, suspending } from './contract-story.ts'
import { testServer } from './postgres.ts'
import {
  ANALYSIS,
  assessed,
  CASE,
  DRAFT,
  determined,
  founded,
  inForce,
  who,
} from './register-story.ts'
import { type Answered, RunningRegister } from './running-register.ts'

// Whoever is suspended or declined appeals, over HTTP, and somebody else decides.

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  await founded(register)
})
afterAll(() => register.close())

async function outcome(): Promise<string> {
  return (await register.decide(ANALYSIS)).body.context.outcome
}

function onContract(name: string, command: ContractCommand): Promise<Answered> {
  return register.onContract(who(name), OSINT.id, command)
}

test('an appeal against a suspension is decided by another person, and reinstates nothing', async () => {
  await assessed(register)
  await determined(register)
  await onContract('signer', DRAFT)
  await inForce(register)
  await onContract('officer', suspending('A report of a wrong name'))
  await onContract('rep', APPEAL)
  const first = await register.ask(who('officer'), `contracts/${OSINT.id}`, OVERTURN)
  expect([first.status, first.body.code]).toEqual([403, 'first-decider'])
  const { body } = await onContract('watch', OVERTURN)
  const at = new Date(register.at).toISOString()
  expect(body.state.decisions).toMatchObject([
    { what: 'suspension', by: 'officer', at, appeal: { outcome: 'overturned', decided: at } },
  ])
  expect(await outcome()).toBe('deny')
  await onContract('watch', { act: 'contract.reinstate', reasons: 'The appeal says why' })
  expect(await outcome()).toBe('permit-under-exception')
})

test('an appeal against a case being declined is one of its acts', async () => {
  const id = 'case-18'
  const on = (name: string, act: Parameters<typeof soundCommand>[0]): Promise<Answered> =>
    register.onCase(who(name), id, soundCommand(act, register.at))
  await register.onCase(who('rep'), id, {
    act: 'case.open',
    case: id,
    application: applicationOf(),
  })
  await on('rep', 'case.submit')
  await on('legal', 'case.decline')
  await on('rep', 'case.appeal')
  await on('policy', 'case.decide-appeal')
  const { items } = (await register.get(`/api/v1/cases/${id}/acts`)).body
  expect(items.slice(-2)).toMatchObject([
    { by: 'rep', event: { type: 'decline-appealed' } },
    { by: 'policy', event: { type: 'appeal-decided', outcome: 'overturned' } },
  ])
  expect((await register.get(`/api/v1/cases/${CASE}`)).body.state.appeal).toBeNull()
})
