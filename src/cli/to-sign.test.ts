import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { drafting, OPENED } from '../../test/case-world.ts'
import { OSINT } from '../../test/contract-story.ts'
import { EXAMPLE_TEXTS } from '../../test/example-world.ts'
import { type MeddlingProxy, meddlingProxy } from '../../test/meddling-proxy.ts'
import { testServer } from '../../test/postgres.ts'
import { proviso, type Ran } from '../../test/proviso.ts'
import { APPROVERS, assessed, CASE, DRAFT, founded, who } from '../../test/register-story.ts'
import { RunningRegister } from '../../test/running-register.ts'
import { printSigner } from '../log/signer.ts'
import { DAY_MS } from '../time.ts'

// People sign what they can read, whatever a server says of it.

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-to-sign-'))
const postgres = testServer()
let register: RunningRegister
let proxy: MeddlingProxy
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  proxy = await meddlingProxy(() => register.url)
  await founded(register)
  await assessed(register)
  await register.onCase(who('assessor'), CASE, drafting())
})
afterAll(async () => {
  await proxy.close()
  await register.close()
  rmSync(TEMP, { recursive: true })
})
beforeEach(() => proxy.reset())

/** Somebody runs a command through whatever lies between. */
function as(person: string, ...args: readonly string[]): Promise<Ran> {
  const [, role] = who(person)
  const key = join(TEMP, `${person}.key`)
  writeFileSync(key, printSigner(register.signerOf(person)), { mode: 0o600 })
  return proviso([...args, '--by', person, '--role', role, '--key', key, '--server', proxy.url])
}

function sha256Of(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

const OTHER = `sha256:${'0'.repeat(64)}`

/** Another digest than that of the text. */
function restated(body: string): string {
  return body.replaceAll(/("digest":")sha256:[0-9a-f]{64}/g, `$1${OTHER}`)
}

/** Each document that is signed: by whom and how, where it is shown, and what its digest is over. */
const DOCUMENTS = [
  {
    name: 'a determination',
    args: ['case', 'approve', CASE],
    by: 'legal',
    shown: `/api/v1/cases/${CASE}/determination`,
    text: ({ text }: { text: string }): string => text,
  },
  {
    name: 'the terms of a contract',
    args: ['contract', 'sign', OSINT.id, '--set', 'side=customer'],
    by: 'rep',
    shown: `/api/v1/contracts/${OSINT.id}/terms`,
    text: ({ text }: { text: string }): string => text,
  },
  {
    name: 'a proposal',
    args: ['provider', 'approve'],
    by: 'legal',
    shown: '/api/v1/provider',
    // Canonical JSON of these texts is what JSON.stringify prints: they are well-formed, and members are in order.
    text: ({ state }: { state: { proposal: { round: number } } }): string =>
      JSON.stringify({ exceptions: EXCEPTIONS, policy: POLICY, round: state.proposal.round }),
  },
] as const

/** The next version, some years on. */
const POLICY = EXAMPLE_TEXTS.policy
  .replace('version: 2025-09-15', 'version: 2031-01-01')
  .replace('effective: 2025-09-15', 'effective: 2031-01-01')
const { exceptions: EXCEPTIONS } = EXAMPLE_TEXTS

test('the text of a determination is shown under the digest that approvers sign', async () => {
  const { body } = await register.get(`/api/v1/cases/${CASE}/determination`)
  const shown = await as('legal', 'case', 'determination', CASE)
  expect(shown.code).toBe(0)
  expect(parse(shown.stdout)).toEqual({
    round: body.round,
    digest: sha256Of(body.text),
    text: JSON.parse(body.text),
  })
})

test.each(DOCUMENTS)('$name is signed by the digest of its text, and by no other', async (one) => {
  await prepared(one.name)
  const { body } = await register.get(one.shown)
  const digest = sha256Of(one.text(body))

  proxy.meddle(({ path }, text) => (path === one.shown ? restated(text) : text))
  const refused = await as(one.by, ...one.args)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(/^proviso: document-differs: [^\n]+; nothing is signed/)
  expect(refused.stderr).toContain(OTHER)
  expect(refused.stderr).toContain(digest)
  expect(proxy.passed).toEqual([`GET ${one.shown}`])

  proxy.reset()
  const signed = await as(one.by, ...one.args)
  expect([signed.code, signed.stderr]).toEqual([0, expect.stringContaining(`, ${digest}\n`)])
})

/** Brings the register to where a document waits. */
async function prepared(name: string): Promise<void> {
  if (name === 'the terms of a contract') {
    for (const person of ['policy', 'safeguards'] as const) {
      await register.onCase([person, APPROVERS[person]], CASE, { act: 'case.approve' })
    }
    await register.onContract(who('signer'), OSINT.id, DRAFT)
    await register.onContract(who('signer'), OSINT.id, { act: 'contract.propose' })
  }
  if (name === 'a proposal') {
    const propose = { act: 'provider.propose', policy: POLICY, exceptions: EXCEPTIONS } as const
    await register.act(['author', 'policy-author'], 'provider', propose)
  }
}

test('a text of another case is not signed, though its digest is right', async () => {
  const path = `/api/v1/cases/${CASE}/determination`
  proxy.meddle((asked, body) => {
    if (asked.path !== path) return body
    const { round, text } = JSON.parse(body)
    const other = text.replace(`"case":"${CASE}"`, '"case":"case-18"')
    return JSON.stringify({ round, digest: sha256Of(other), text: other })
  })
  const refused = await as('policy', 'case', 'approve', CASE)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain('the text is of the case case-18, and not of case-17')
})

const SUSPENDING = ['contract', 'suspend', OSINT.id, '--set', 'reasons=Misuse'] as const
const ACTS = `/api/v1/contracts/${OSINT.id}/acts`

/** The nonces of what was done to the contract. */
async function nonces(): Promise<readonly string[]> {
  const { body } = await register.get(ACTS)
  return body.items.map(({ nonce }: { readonly nonce: string }) => nonce)
}

test('of an act whose answer is lost it is said that nobody knows, and how to find out', async () => {
  await register.onContract(who('signer'), OSINT.id, { act: 'contract.sign', side: 'provider' })
  const isAct = ({ method, path }: { method: string; path: string }): boolean =>
    method === 'POST' && path === ACTS
  proxy.meddle((asked, body) => (isAct(asked) ? 'break' : body))
  const lost = await as('officer', ...SUSPENDING)
  expect([lost.code, lost.stdout]).toEqual([2, ''])
  const said =
    /not known whether contract.suspend was carried out: look whether `proviso contract acts osint-2026` shows the nonce (\S+)\n$/
  const [, carriedOut = ''] = said.exec(lost.stderr) ?? []
  expect(await nonces()).toContain(carriedOut)
  expect(proxy.passed.filter((one) => one === `POST ${ACTS}`)).toHaveLength(1)

  proxy.meddle((asked, body) => (isAct(asked) ? 'gateway timeout' : body))
  const late = await as('signer', ...SUSPENDING)
  expect(late.code).toBe(2)
  expect(await nonces()).toContain(said.exec(late.stderr)?.[1])

  proxy.drop(isAct)
  const dropped = await as('watch', ...SUSPENDING)
  expect(dropped.code).toBe(2)
  const [, never = 'none'] = said.exec(dropped.stderr) ?? []
  expect(never).not.toBe('none')
  expect(await nonces()).not.toContain(never)
})
