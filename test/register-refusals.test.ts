import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { contractCommand } from '../src/contract/contract-commands.ts'
import { digestOf } from '../src/digest.ts'
import { caseCommand } from '../src/review/case-commands.ts'
import { DAY_MS } from '../src/time.ts'
import {
  drafting,
  EVIDENCE,
  instantOf,
  OPENED,
  renewingApplication,
  soundCommand,
} from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { testServer } from './postgres.ts'
import { assessed, CASE, DRAFT, founded, TERMS, who } from './register-story.ts'
import { type Answered, RunningRegister, type Signing } from './running-register.ts'

// What the register refuses, over HTTP. The tests go on from one another, along one case and its contract.

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  await founded(register)
})
afterAll(() => register.close())

const CASE_PATH = `cases/${CASE}`
const CONTRACT_PATH = `contracts/${OSINT.id}`

/** What is there of a thing, and all that has been done to it. */
async function asItStands(path: string): Promise<readonly unknown[]> {
  const thing = await register.get(`/api/v1/${path}`)
  const acts = path.includes('/') ? await register.get(`/api/v1/${path}/acts`) : null
  // Where each is in the log comes to be known a little later, with what opens it there.
  const items = (acts?.body.items ?? []) as readonly Readonly<Record<string, unknown>>[]
  return [thing.status, thing.body, items.map(({ entry: _, opening: __, ...act }) => act)]
}

/** Somebody asks for what is refused, and nothing has changed. */
async function refused(
  [status, code]: readonly [number, string],
  path: string,
  ask: () => Promise<Answered>,
): Promise<Answered> {
  const before = await asItStands(path)
  const answer = await ask()
  expect([answer.status, answer.body.code]).toEqual([status, code])
  expect(await asItStands(path)).toEqual(before)
  return answer
}

function written(command: object): { readonly act: string } {
  const { act } = command as { readonly act: string }
  const schema = act.startsWith('case.') ? caseCommand : contractCommand
  return z.encode(schema, command as never) as { readonly act: string }
}

function onCase(name: string, command: object, signing: Signing = {}): Promise<Answered> {
  return register.ask(who(name), CASE_PATH, written(command), signing)
}

function onContract(name: string, command: object, signing: Signing = {}): Promise<Answered> {
  return register.ask(who(name), CONTRACT_PATH, written(command), signing)
}

test('a determination lacks a finding', async () => {
  await assessed(register, { without: 'dialogue' })
  await refused([409, 'finding-missing'], CASE_PATH, () => onCase('assessor', drafting()))
  await onCase('assessor', soundCommand('case.find', register.at, 'dialogue'))
  await register.onCase(who('assessor'), CASE, drafting())
})

test('a role that excludes another is not granted', async () => {
  const grant = { act: 'people.grant', person: 'signer', role: 'approver.legal' }
  await refused([403, 'role-conflict'], 'people', () =>
    register.ask(['operator', 'operator'], 'people', grant),
  )
})

test('who has not the role does not act in it', async () => {
  const approve = soundCommand('case.approve', register.at)
  await refused([403, 'not-permitted'], CASE_PATH, () =>
    register.ask(['rep', 'approver.legal'], CASE_PATH, written(approve)),
  )
})

test('who applied does not approve, whatever role they have since', async () => {
  const operator = ['operator', 'operator'] as const
  const revoke = { act: 'people.revoke', person: 'rep', role: 'customer-representative' }
  await register.act(operator, 'people', revoke)
  const role = 'approver.legal' as const
  await register.act(operator, 'people', { act: 'people.grant', person: 'rep', role } as never)
  const approve = written(soundCommand('case.approve', register.at))
  await refused([403, 'self-approval'], CASE_PATH, () =>
    register.ask(['rep', role], CASE_PATH, approve),
  )
  await register.act(operator, 'people', { act: 'people.revoke', person: 'rep', role } as never)
  await register.act(operator, 'people', { ...revoke, act: 'people.grant' })
})

test('an edit voids approvals, visibly, and what was signed before is no longer taken', async () => {
  const approve = soundCommand('case.approve', register.at)
  const seen = (await register.get(`/api/v1/${CASE_PATH}/determination`)).body
  await register.onCase(who('policy'), CASE, approve)
  await register.onCase(who('legal'), CASE, approve)
  const find = soundCommand('case.find', register.at, 'oversight')
  await register.onCase(who('assessor2'), CASE, find)
  const { state } = (await register.get(`/api/v1/${CASE_PATH}`)).body
  expect(state.approvals).toEqual([])
  expect(state.voided).toMatchObject([{ by: 'policy' }, { by: 'legal' }])
  await refused([409, 'edited-since'], CASE_PATH, () => onCase('safeguards', approve, seen))
})

test('a second approval by the same person is refused', async () => {
  await register.onCase(who('assessor'), CASE, drafting())
  const approve = soundCommand('case.approve', register.at)
  await register.onCase(who('policy'), CASE, approve)
  await refused([409, 'approved-already'], CASE_PATH, () => onCase('policy', approve))
})

test('a finding that has ended, and a term that would be back-dated', async () => {
  const approve = soundCommand('case.approve', register.at)
  const { at } = register
  register.at = OSINT.terms.term.from + 1
  await refused([409, 'back-dated'], CASE_PATH, () => onCase('legal', approve))
  register.at = at + 61 * DAY_MS
  await refused([409, 'finding-stale'], CASE_PATH, () => onCase('legal', approve))
  register.at = at
  await register.onCase(who('legal'), CASE, approve)
  await register.onCase(who('safeguards'), CASE, approve)
})

test('a contract is no wider than what was determined', async () => {
  const term = { ...TERMS.term, until: (TERMS.term.until ?? 0) + DAY_MS }
  const wider = { ...DRAFT, terms: { ...TERMS, term } }
  const { body } = await refused([422, 'wider-than-determined'], CONTRACT_PATH, () =>
    onContract('signer', wider),
  )
  expect(JSON.stringify(body.problems)).toContain('term')
  await register.onContract(who('signer'), OSINT.id, DRAFT)
})

test('a side signs once, for itself, and as it acts', async () => {
  const sign = { act: 'contract.sign', side: 'provider' }
  await refused([409, 'wrong-state'], CONTRACT_PATH, () => onContract('signer', sign))
  await register.onContract(who('signer'), OSINT.id, { act: 'contract.propose' })
  await refused([403, 'wrong-side'], CONTRACT_PATH, () => onContract('rep', sign))
  await register.onContract(who('signer'), OSINT.id, sign as never)
  await refused([409, 'signed-already'], CONTRACT_PATH, () => onContract('signer', sign))
})

const INCIDENT = {
  act: 'contract.report-incident',
  kind: 'wrong-name',
  summary: EVIDENCE[0]?.digest,
}

function incident(): { readonly act: string } {
  return { ...INCIDENT, happened: new Date(register.at).toISOString() } as { act: string }
}

function report(signing: Signing = {}, name = 'officer'): Promise<Answered> {
  return register.ask(who(name), CONTRACT_PATH, incident(), signing)
}

async function nonce(): Promise<string> {
  const response = await fetch(`${register.url}/api/v1/nonces`, { method: 'POST' })
  return ((await response.json()) as { nonce: string }).nonce
}

test('another key, another digest, and a signature on another thing are refused', async () => {
  // The customer's side is signed and what follows, so that acts on the contract are open.
  await register.onContract(who('rep'), OSINT.id, { act: 'contract.sign', side: 'customer' })
  await refused([403, 'not-permitted'], CONTRACT_PATH, () => report({ signer: 'watch' }))
  const digest = digestOf('1'.repeat(64))
  await refused([400, 'wrong-digest'], CONTRACT_PATH, () => report({ digest }))
  await refused([401, 'wrong-signature'], CONTRACT_PATH, () => send({ subject: 'contract/other' }))
})

interface Sent {
  readonly subject?: string
  readonly text?: (body: string) => string
  readonly path?: string
  readonly command?: object
}

/** Sends an act as it is not sent by whoever means well. */
async function send({
  subject,
  text = String,
  path = CONTRACT_PATH,
  command,
}: Sent): Promise<Answered> {
  const asked = command ?? incident()
  const body = await register.bodyOf(
    who('officer'),
    path,
    asked as { act: string },
    subject === undefined ? {} : { subject },
  )
  const response = await fetch(`${register.url}/api/v1/${path}/acts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: text(body),
  })
  const answer = await response.text()
  return { status: response.status, etag: null, body: answer === '' ? null : JSON.parse(answer) }
}

test('a nonce serves once, and only one that was given out', async () => {
  const given = await nonce()
  expect((await report({ nonce: given })).status).toBe(200)
  await refused([409, 'nonce-served'], CONTRACT_PATH, () => report({ nonce: given }))
  await refused([409, 'nonce-unknown'], CONTRACT_PATH, () => report({ nonce: 'of-nobody' }))
})

test('an old version is told what has changed', async () => {
  const { version } = (await report()).body
  const headers = { 'if-match': `"${version - 1}"` }
  const { body } = await refused([409, 'version-conflict'], CONTRACT_PATH, () =>
    report({ headers }),
  )
  expect(body).toMatchObject({ version, changed: ['incident-reported'] })
})

test('a request that is sent again is carried out once, and its key serves no other', async () => {
  const headers = { 'idempotency-key': 'once' }
  const same = { nonce: await nonce(), round: (await report()).body.version, headers }
  const first = await report(same)
  expect(first.status).toBe(200)
  const before = await asItStands(CONTRACT_PATH)
  expect(await report(same)).toEqual(first)
  expect(await asItStands(CONTRACT_PATH)).toEqual(before)
  await refused([409, 'idempotency-key-reused'], CONTRACT_PATH, () => report({ headers }))
})

test('what is no act, and what is no JSON of one meaning', async () => {
  const unknown = { ...incident(), act: 'contract.erase' }
  await refused([400, 'unknown-act'], CONTRACT_PATH, () => send({ command: unknown }))
  const mistyped = await send({ command: { ...incident(), act: 'contract.report-incidnt' } })
  expect(mistyped.body.detail).toContain('did you mean `contract.report-incident`?')
  const other = { ...incident(), act: 'case.submit' }
  await refused([400, 'unknown-act'], CONTRACT_PATH, () => send({ command: other }))
  const nul = { act: 'contract.suspend', reasons: 'a\u0000b' }
  await refused([400, 'malformed-command'], CONTRACT_PATH, () => send({ command: nul }))
  const twice = (body: string): string => body.replace('{', '{"signed":{},')
  await refused([400, 'malformed-json'], CONTRACT_PATH, () => send({ text: twice }))
  const huge = (body: string): string => body + ' '.repeat(16 * 1_048_576)
  const before = await asItStands(CONTRACT_PATH)
  expect((await send({ text: huge })).status).toBe(413)
  expect(await asItStands(CONTRACT_PATH)).toEqual(before)
})

test('a renewal before its window opens, and one after the term has ended', async () => {
  const id = 'case-18'
  const path = `cases/${id}`
  const application = renewingApplication()
  register.at = instantOf('2026-06-30T00:00:00Z')
  await assessed(register, { id, application })
  await register.onCase(who('assessor'), id, drafting({}, application))
  const approve = written(soundCommand('case.approve', register.at))
  await refused([409, 'outside-renewal-window'], path, () =>
    register.ask(who('policy'), path, approve),
  )
  register.at = instantOf('2026-07-31T00:00:01Z')
  await refused([409, 'back-dated'], path, () => register.ask(who('policy'), path, approve))
  await refused([409, 'outside-renewal-window'], path, async () => {
    const late = { term: { from: '2026-08-01T00:00:00Z', until: '2027-01-20T00:00:00Z' } }
    return await register.ask(who('assessor'), path, written(drafting(late, application)))
  })
})
