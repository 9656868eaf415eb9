import { createHash, randomBytes } from 'node:crypto'
import { type ClientRequest, request } from 'node:http'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVIDENCE, OPENED, soundCommand } from '../../test/case-world.ts'
import { OSINT, REPORT_DUE } from '../../test/contract-story.ts'
import { testServer } from '../../test/postgres.ts'
import { assessed, DRAFT, determined, founded, inForce, who } from '../../test/register-story.ts'
import { type Answered, RunningRegister } from '../../test/running-register.ts'
import { EVIDENCE_BYTES_MAX, MEDIA_TYPES } from '../review/finding.ts'
import { DAY_MS } from '../time.ts'

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  const url = await postgres.emptyDatabase()
  register = await RunningRegister.start({ url }, OPENED - DAY_MS)
})
afterAll(async () => {
  await register.close()
})

function hexOf(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function addressOf(hex: string): string {
  return `${register.url}/api/v1/files/${hex}`
}

async function put(body: Buffer | string, type: string, hex = hexOf(body)): Promise<Response> {
  const headers = type === '' ? {} : { 'content-type': type }
  return await fetch(addressOf(hex), { method: 'PUT', headers, body })
}

describe('a file of evidence', () => {
  test.each([...MEDIA_TYPES])('is given back as it came, to be saved: %s', async (type) => {
    const bytes = Buffer.concat([Buffer.from('<script>alert(1)</script>'), randomBytes(64)])
    expect(await (await put(bytes, type)).json()).toEqual({
      digest: `sha256:${hexOf(bytes)}`,
      'media-type': type,
      size: bytes.length,
    })
    const given = await fetch(addressOf(hexOf(bytes)))
    expect(Buffer.from(await given.arrayBuffer()).equals(bytes)).toBe(true)
    expect(Object.fromEntries(given.headers)).toMatchObject({
      'content-type': type,
      'content-length': String(bytes.length),
      'content-disposition': `attachment; filename="${hexOf(bytes)}"`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
    })
  })

  test('is stored once, and as one media type', async () => {
    expect((await put('once', 'text/plain; charset=utf-8')).status).toBe(201)
    expect((await put('once', 'text/plain')).status).toBe(200)
    const other = await put('once', 'text/csv')
    expect(other.status).toBe(422)
    expect(await other.json()).toMatchObject({ code: 'file-differs' })
  })

  test('of the largest size is stored whole', async () => {
    const bytes = randomBytes(EVIDENCE_BYTES_MAX)
    expect((await put(bytes, 'application/pdf')).status).toBe(201)
    const given = await fetch(addressOf(hexOf(bytes)))
    expect(hexOf(Buffer.from(await given.arrayBuffer()))).toBe(hexOf(bytes))
    const headed = await fetch(addressOf(hexOf(bytes)), { method: 'HEAD' })
    expect(headed.headers.get('content-length')).toBe(String(bytes.length))
  })
})

describe('what is no file of evidence', () => {
  test.each([
    ['other bytes than its digest', 422, 'file-differs', 'b', 'text/plain', hexOf('a')],
    ['nothing', 422, 'file-differs', '', 'text/plain', hexOf('')],
    ['a page', 415, 'wrong-content-type', '<p>', 'text/html', hexOf('<p>')],
    ['a digest that is none', 404, 'not-found', 'c', 'text/plain', 'C'.repeat(64)],
    [
      'too many bytes',
      413,
      'body-too-large',
      Buffer.alloc(EVIDENCE_BYTES_MAX + 1),
      'text/plain',
      hexOf('d'),
    ],
  ] as const)('is refused and not stored: %s', async (...[, status, code, body, type, hex]) => {
    const answer = await put(body, type, hex)
    expect(await answer.json()).toMatchObject({ status, code })
    expect((await fetch(addressOf(hex))).status).toBe(404)
  })

  test('one that has too many bytes and does not say so is refused and not stored', async () => {
    const asked = request(addressOf(hexOf('e')), {
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
    })
    const answered = new Promise((resolve, reject) => {
      asked.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject)
    })
    asked.write(Buffer.alloc(EVIDENCE_BYTES_MAX))
    asked.end(Buffer.alloc(EVIDENCE_BYTES_MAX))
    expect(await answered).toBe(413)
    expect((await fetch(addressOf(hexOf('e')))).status).toBe(404)
  })

  test('one that breaks off is not stored', async () => {
    const asked = request(addressOf(hexOf('f')), {
      method: 'PUT',
      headers: { 'content-type': 'text/plain', 'content-length': 1_000 },
    })
    const ended = new Promise((resolve) => asked.on('error', resolve).on('close', resolve))
    asked.write('f', () => asked.destroy())
    await ended
    expect((await put('f', 'text/plain')).status).toBe(201)
  })

  test('only so many come at a time', async () => {
    const begun: ClientRequest[] = []
    const begin = async (): Promise<void> => {
      const headers = { 'content-type': 'text/plain', 'content-length': 2 }
      const asked = request(addressOf(hexOf('g')), { method: 'PUT', headers, agent: false })
      begun.push(asked.on('error', () => undefined))
      asked.write('g')
      // Under way by then, or refused.
      await new Promise((resolve) => {
        asked.on('response', resolve)
        setTimeout(resolve, 100)
      })
    }
    const alsoBegun = async (): Promise<number> => {
      await begin()
      return (await put('h', 'text/plain')).status
    }
    await expect.poll(alsoBegun, { timeout: 10_000 }).toBe(503)
    expect(begun.length).toBeGreaterThanOrEqual(4)
    for (const asked of begun) asked.destroy()
    await expect.poll(async () => (await put('h', 'text/plain')).status).toBeLessThan(300)
  })
})

test('a finding names only files that are stored as it says', async () => {
  await founded(register)
  const rep = who('rep')
  await register.onCase(rep, 'case-17', soundCommand('case.open', register.at))
  await register.onCase(rep, 'case-17', soundCommand('case.submit', register.at))
  const screen = soundCommand('case.screen', register.at)
  const version = async (): Promise<number> =>
    (await register.get('/api/v1/cases/case-17')).body.version
  const before = await version()
  const [evidence] = EVIDENCE
  const wrong = [
    { ...evidence, digest: `sha256:${hexOf('nothing')}` },
    { ...evidence, size: 1 },
    { ...evidence, 'media-type': 'application/pdf' },
  ]
  for (const named of wrong) {
    const asked = { ...screen, evidence: [...EVIDENCE, named] }
    const refused = await register.ask(who('assessor'), 'cases/case-17', asked)
    expect(refused).toMatchObject({ status: 422, body: { code: 'file-missing' } })
  }
  expect(await version()).toBe(before)
  await register.onCase(who('assessor'), 'case-17', screen)
})

test('a duty is met, and an incident reported, by a file that is stored', async () => {
  await assessed(register, { id: 'case-20' })
  await determined(register, { id: 'case-20' })
  await register.onContract(who('signer'), OSINT.id, { ...DRAFT, case: 'case-20' } as typeof DRAFT)
  await inForce(register)
  const happened = new Date(register.at).toISOString()
  const acts = [
    { act: 'contract.report-incident', happened, kind: 'wrong-name', summary: '' },
    {
      act: 'contract.meet-duty',
      duty: 'first-month-report',
      due: new Date(REPORT_DUE).toISOString(),
      evidence: '',
    },
  ]
  for (const { act, ...fields } of acts) {
    const field = 'summary' in fields ? 'summary' : 'evidence'
    const ask = (digest: string): Promise<Answered> =>
      register.ask(who('rep'), `contracts/${OSINT.id}`, { ...fields, act, [field]: digest } as {
        act: string
      })
    const missing = await ask(`sha256:${hexOf('no minutes')}`)
    expect(missing).toMatchObject({ status: 422, body: { code: 'file-missing' } })
    await put(`minutes of ${act}`, 'text/plain')
    expect(await ask(`sha256:${hexOf(`minutes of ${act}`)}`)).toMatchObject({ status: 200 })
  }
})

test('a file that no act has named is let go of after a day, and one that was named is not', async () => {
  await put('unnamed', 'text/plain')
  await put('sent again', 'text/plain')
  register.at += DAY_MS
  await put('sent again', 'text/plain')
  register.at += 1
  await put('another', 'text/plain')
  const statusOf = async (text: string): Promise<number> =>
    (await fetch(addressOf(hexOf(text)))).status
  expect(await statusOf('unnamed')).toBe(404)
  expect(await statusOf('sent again')).toBe(200)
  expect(await statusOf('minutes of contract.meet-duty')).toBe(200)
})

test('of files that no act has named so many are kept, and no more', async () => {
  register.at += DAY_MS
  const { db } = register.database
  // As many as count for a GiB, each for a page of the database.
  const texts = sql`select n::text::bytea as bytes from generate_series(1, 131072) n`
  const kept = sql`insert into files
    select 'sha256:' || encode(sha256(bytes), 'hex'), 'text/plain', length(bytes), bytes, ${register.at}
    from (${texts}) t returning digest, size, at`
  await sql`with kept as (${kept}) insert into unnamed_files select * from kept`.execute(db)
  const refused = await put('one more', 'text/plain')
  expect(refused.status).toBe(507)
  expect(await refused.json()).toMatchObject({ code: 'files-full' })
  expect((await fetch(addressOf(hexOf('one more')))).status).toBe(404)
  register.at += DAY_MS + 1
  expect((await put('one more', 'text/plain')).status).toBe(201)
})
