import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY_MS } from '../src/time.ts'
import { CUSTOMER, OPENED } from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { EXAMPLE_TEXTS } from './example-world.ts'
import { testServer } from './postgres.ts'
import { proviso } from './proviso.ts'
import {
  ANALYSIS,
  APPROVERS,
  assessed,
  DRAFT,
  determined,
  founded,
  inForce,
  who,
} from './register-story.ts'
import { type Answered, RunningRegister } from './running-register.ts'

// What would lapse by a version of the policy is shown before it is published, over HTTP, and is what lapses then.

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  await founded(register)
})
afterAll(() => register.close())

const PATH = '/api/v1/provider/proposal/effects'
/** Half a lease after the contract comes to be in force. */
const EFFECTIVE = '2026-02-01T00:00:30.000Z'

function nextPolicy(kind: string): string {
  const row = `{ from: 2025-09-15/surveillance.persons, to: [surveillance.persons], kind: ${kind} }`
  return EXAMPLE_TEXTS.policy
    .replace('version: 2025-09-15', 'version: 2026-02-01')
    .replace('effective: 2025-09-15T00:00:00Z', `effective: ${EFFECTIVE}`)
    .replace('lineage:\n', `lineage:\n  - ${row}\n`)
}

async function propose(kind: string): Promise<Answered> {
  const command = { act: 'provider.propose', ...EXAMPLE_TEXTS, policy: nextPolicy(kind) }
  return await register.act(who('author'), 'provider', command)
}

const EFFECTS = ['provider', 'effects', '--server']

test('while no version waits there are no effects', async () => {
  const { status, body } = await register.get(PATH)
  expect([status, body.code]).toEqual([404, 'not-found'])
  const asked = await proviso([...EFFECTS, register.url])
  const why = 'proviso: not-found: no version waits; have one proposed\n'
  expect([asked.code, asked.stderr]).toEqual([1, why])
})

test('a version shows what would lapse, and that lapses at its instant', async () => {
  await assessed(register)
  await determined(register)
  await register.onContract(who('signer'), OSINT.id, DRAFT)
  await propose('split')
  // Nothing is signed, so nothing would lapse.
  expect((await register.get(PATH)).body).toMatchObject({ items: [], next: null })
  await inForce(register)

  const proposed = await propose('narrowed')
  expect((await register.get(PATH)).body.items).toEqual([])
  const { body: again } = await propose('split')
  const { round, digest } = again.state.proposal
  expect(round).toBeGreaterThan(proposed.body.state.proposal.round)
  const lapse = { tailoring: 'foreign-osint', field: 'lifts', id: 'surveillance.persons' }
  const { body } = await register.get(PATH)
  expect(body).toEqual({
    round,
    digest,
    version: '2026-02-01',
    effective: EFFECTIVE,
    replaces: '2025-09-15',
    items: [
      {
        contract: OSINT.id,
        customer: CUSTOMER,
        state: 'in_force',
        lapses: [{ contract: OSINT.id, ...lapse, why: 'it was split' }],
        unreached: [{ tailoring: 'foreign-osint', deployment: 'desk-1' }],
        problems: [],
      },
    ],
    next: null,
  })
  expect((await register.get(`${PATH}?limit=1`)).body.next).toBe(OSINT.id)
  const told = await proviso([...EFFECTS, register.url])
  expect(told.stdout.split('\n')).toEqual([
    `Version 2026-02-01 takes effect ${EFFECTIVE} in place of 2025-09-15.`,
    `${OSINT.id}  ${CUSTOMER}  in_force`,
    '  foreign-osint: lifts surveillance.persons: it was split',
    '  foreign-osint: nothing is left on desk-1',
    '1 contract would lose something.',
    '',
  ])
  const json = await proviso([...EFFECTS, register.url, '--json'])
  expect(JSON.parse(json.stdout)).toEqual(body)
  for (const [person, role] of Object.entries(APPROVERS)) {
    await register.act([person, role], 'provider', { act: 'provider.approve' })
  }
  expect((await register.get(PATH)).status).toBe(404)
  const outcome = async (): Promise<string> =>
    (await register.decide(ANALYSIS)).body.context.outcome
  expect(await outcome()).toBe('permit-under-exception')
  register.at += 29_999
  expect(await outcome()).toBe('permit-under-exception')
  register.at += 1
  expect(await outcome()).toBe('deny')
})

test('a page ends where it was asked to end, and the next one begins there', async () => {
  const later = nextPolicy('same').replaceAll('2026-02-01', '2026-04-01')
  const command = { act: 'provider.propose', ...EXAMPLE_TEXTS, policy: later }
  await register.act(who('author'), 'provider', command)
  const { body } = await register.get(`${PATH}?cursor=${OSINT.id}&limit=1`)
  expect(body).toMatchObject({ items: [], next: null, replaces: '2026-02-01' })
  const none = (await register.get(`${PATH}?limit=0`)).body
  expect(none).toMatchObject({ code: 'malformed-query', problems: [{ code: 'malformed-limit' }] })
})
