import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY_MS, printInstantShort } from '../src/time.ts'
import { OPENED } from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { testServer } from './postgres.ts'
import { ANALYSIS, assessed, DRAFT, determined, founded, inForce, who } from './register-story.ts'
import { type Answered, RunningRegister } from './running-register.ts'

// What is recorded of an authority once takes effect in every contract that cites it, over HTTP.

const postgres = testServer()
let register: RunningRegister
let url: string
beforeAll(async () => {
  url = await postgres.emptyDatabase()
  register = await RunningRegister.start({ url }, OPENED - DAY_MS)
  await founded(register)
})
afterAll(() => register.close())

async function outcome(): Promise<string> {
  return (await register.decide(ANALYSIS)).body.context.outcome
}

const ACT = { scheme: 'eli', id: 'https://laws.fx.example/eli/fx/act/2019/14' }

/** Records a status of the act that the contract cites by its path alone. */
function record(status: string, days = 0): Promise<Answered> {
  const from = printInstantShort(register.at + days * DAY_MS)
  const review = status === 'in-force' ? { 'review-by': printInstantShort(register.at + 9e9) } : {}
  const command = { act: 'authorities.record', citation: ACT, status, from, source: 'A gazette' }
  return register.ask(who('officer'), 'provider', { ...command, ...review } as { act: string })
}

test('a repeal ends the exceptions of contracts that cite what is repealed, and is dated', async () => {
  await assessed(register)
  await determined(register)
  await register.onContract(who('signer'), OSINT.id, DRAFT)
  await inForce(register)
  register.at += DAY_MS
  expect((await record('in-force')).status).toBe(200)
  expect(await outcome()).toBe('permit-under-exception')

  const repealed = await record('repealed', 2)
  expect(repealed.body.state.authorities).toMatchObject([
    { citation: ACT, statuses: [{ status: 'in-force' }, { status: 'repealed', by: 'officer' }] },
  ])
  expect(await outcome()).toBe('permit-under-exception')
  register.at += 2 * DAY_MS
  expect(await outcome()).toBe('deny')

  const { status, body } = await record('in-force', -1)
  expect([status, body.code]).toEqual([409, 'back-dated'])
  expect((await record('in-force')).status).toBe(200)
  expect(await outcome()).toBe('permit-under-exception')
})

test('what is recorded of the contract alone is no stronger than what is recorded for all', async () => {
  expect((await record('enjoined')).status).toBe(200)
  await register.onContract(who('officer'), OSINT.id, {
    act: 'contract.record-authority',
    authority: 'assessment-act',
    status: 'in-force',
    from: register.at,
    'review-by': register.at + 9 * DAY_MS,
    source: 'A colleague',
  })
  expect(await outcome()).toBe('deny')
})
