import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ContractCommand } from '../src/contract/contract-commands.ts'
import { diskFiles } from '../src/log/disk-files.ts'
import { parseEnvelope } from '../src/log/dsse.ts'
import {
  GOVERNANCE_FOLDER,
  governanceOrigin,
  publicKeysOf,
  readLogConfig,
} from '../src/log/log-directory.ts'
import { LogReader } from '../src/log/reader.ts'
import { parseRegisterEntry } from '../src/log/register-entry.ts'
import { isActSigned } from '../src/log/signed-act.ts'
import { DAY_MS } from '../src/time.ts'
import { instantOf, OPENED, renewingApplication } from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { testServer } from './postgres.ts'
import {
  ANALYSIS,
  assessed,
  CASE,
  DRAFT,
  determined,
  founded,
  inForce,
  TERMS,
  who,
} from './register-story.ts'
import { type Answered, RunningRegister } from './running-register.ts'

// From an application to a decision under an exception, to its suspension, to its renewal, over HTTP only; then what
// files and the API's answers show of every step.

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
})
afterAll(async () => {
  await register.close()
})

async function decided(): Promise<{ outcome: string; contract?: string }> {
  return (await register.decide(ANALYSIS)).body.context
}

const { id } = OSINT
const RENEWAL = { case: 'case-18', contract: 'osint-2026-b' }

function on(name: string, command: ContractCommand): Promise<Answered> {
  return register.onContract(who(name), id, command)
}

test('an application becomes a contract in force, and a suspension ends it at once', async () => {
  expect((await register.decide(ANALYSIS)).status).toBe(503)
  expect((await register.get('/readyz')).body.status).toBe('no-policy')
  await founded(register)
  expect((await decided()).outcome).toBe('deny')

  await assessed(register)
  await determined(register)
  expect((await register.get('/api/v1/cases?state=determined')).body.items).toMatchObject([
    { id: CASE, customer: OSINT.customer, state: 'determined' },
  ])
  const wrong = (await register.get('/api/v1/cases?state=in_force')).body
  expect(wrong).toMatchObject({ code: 'malformed-query', problems: [{ code: 'unknown-state' }] })
  await on('signer', DRAFT)
  await inForce(register)
  const { body } = await register.get(`/api/v1/cases/${CASE}`)
  expect(body.state).toMatchObject({ state: 'concluded' })
  expect(await decided()).toMatchObject({ outcome: 'permit-under-exception', contract: id })

  await on('officer', { act: 'contract.suspend', reasons: 'A report of a wrong name' })
  expect((await decided()).outcome).toBe('deny')
  await on('watch', { act: 'contract.reinstate', reasons: 'The name was right' })
  expect((await decided()).outcome).toBe('permit-under-exception')
  register.at += 30 * DAY_MS
  expect((await decided()).outcome).toBe('deny')
})

test('a renewal is assessed anew, and goes on from the instant at which the term ends', async () => {
  register.at = instantOf('2026-07-05T00:00:00Z')
  const application = renewingApplication()
  await assessed(register, { id: RENEWAL.case, application })
  await determined(register, { id: RENEWAL.case, application })
  const { term, duties } = application
  const draft = { ...DRAFT, ...RENEWAL, renews: id, terms: { ...TERMS, term, duties } }
  await register.onContract(who('signer'), RENEWAL.contract, draft)
  await inForce(register, draft)
  expect(register.at).toBe(TERMS.term.until)
  expect(await decided()).toMatchObject({
    outcome: 'permit-under-exception',
    contract: RENEWAL.contract,
  })
  expect((await register.get('/api/v1/contracts?state=expired')).body.items).toMatchObject([{ id }])
})

/** Every act on a thing, as the API shows it. */
async function actsOf(path: string): Promise<readonly Answered['body'][]> {
  const acts: Answered['body'][] = []
  for (let next: string | null = '0'; next !== null; ) {
    const { body } = await register.get(`/api/v1/${path}/acts?limit=20&cursor=${next}`)
    acts.push(...body.items)
    next = body.next
  }
  return acts
}

/** The governance log as whoever has its files and its public key reads it. */
async function governanceLog(): Promise<LogReader> {
  const origin = governanceOrigin(readLogConfig(register.logs))
  const keys = publicKeysOf(register.logs).logs.filter(({ name }) => name === origin)
  const source = diskFiles(join(register.logs, GOVERNANCE_FOLDER))
  const reader = new LogReader({ source, log: { origin, keys }, trust: null })
  await reader.advance()
  return reader
}

test.each([
  ['people', 'people/people'],
  ['provider', 'provider/provider'],
  [`cases/${CASE}`, `case/${CASE}`],
  [`contracts/${id}`, `contract/${id}`],
  [`cases/${RENEWAL.case}`, `case/${RENEWAL.case}`],
  [`contracts/${RENEWAL.contract}`, `contract/${RENEWAL.contract}`],
])(
  'each act on %s opens an entry of the governance log that a signed checkpoint covers',
  async (path, subject) => {
    const acts = await actsOf(path)
    const log = await governanceLog()
    expect(acts.length).toBeGreaterThan(3)
    for (const { entry, opening, by, role, at, event, version } of acts) {
      for await (const { entry: bytes } of log.entries(entry, entry + 1)) {
        const envelope = parseEnvelope(bytes)
        const told = envelope.ok ? parseRegisterEntry(envelope.value) : undefined
        const commitment = createHmac('sha256', Buffer.from(opening.key, 'hex')).update(
          opening.text,
        )
        expect(told?.commitment).toBe(commitment.digest('hex'))
        const opened = JSON.parse(opening.text)
        expect(told).toMatchObject({ seq: opened.seq, type: event.type, at: instantOf(at) })
        expect(`${opened.stream}/${opened.id}`).toBe(subject)
        expect(opened).toMatchObject({ version, act: { by, role, at: instantOf(at) } })
      }
    }
  },
)

test('what was committed to holds the signature of who acted', async () => {
  const subject = `contract/${id}`
  const acts = await actsOf(`contracts/${id}`)
  const suspended = acts.find(({ event }) => event.type === 'contract-suspended')
  const { act } = JSON.parse(suspended.opening.text)
  const signed = { ...act, act: 'contract.suspend', subject }
  expect(await isActSigned(signed, act.proof)).toBe(true)
  expect(await isActSigned({ ...signed, by: 'watch' }, act.proof)).toBe(false)
})
