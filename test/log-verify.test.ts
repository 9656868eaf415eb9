import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { printVerifier } from '../src/log/key.ts'
import { printReceipt, type Receipt } from '../src/log/receipt.ts'
import { proviso } from './proviso.ts'
import { OPENING, receiptOf, SIGNERS, trustOf } from './receipts.ts'

// `proviso log verify`, as whoever was given a receipt runs it.

const DIR = mkdtempSync(join(tmpdir(), 'proviso-verify-'))

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(DIR, name), content)
  return join(DIR, name)
}

let receipt: Receipt
let given: string
const TRUST = file('trust', trustOf('2'))
beforeAll(async () => {
  receipt = await receiptOf()
  given = file('given', printReceipt(receipt))
})

test('a receipt that verifies prints its steps and what it is about, and exits 0', async () => {
  const key = file('key', `${printVerifier(SIGNERS.statement.verifier)}\n`)
  const args = ['log', 'verify', given, '--trust', TRUST, '--statement-key', key]
  const { code, stdout, stderr } = await proviso(args)
  expect(stderr).toBe('')
  expect(stdout).toBe(`✓ receipt: the receipt is well formed
✓ record: the record is well formed, number 4 of its log
✓ governance-checkpoint: \`proviso.example/governance\` has signed its checkpoint of 3 entries
✓ witnesses: \`north\`, \`south\`, \`west\` cosigned it, which is a quorum
✓ anchor-entry: the anchor is entry 1 of \`proviso.example/governance\`
✓ anchor: the anchor holds this checkpoint of \`proviso.example/decisions/eu-1/3\`
✓ anchor-signature: \`proviso.example/statements\` has signed the anchor
✓ decision-checkpoint: \`proviso.example/decisions/eu-1/3\` has signed its checkpoint
✓ record-entry: the record is entry 4 of \`proviso.example/decisions/eu-1/3\`
✓ payload: the payload is what the record commits to
✓ decision: the payload says what the record says

record    4 of proviso.example/decisions/eu-1/3
outcome   permit-under-exception
at        2026-03-02T09:00:00Z
bundle    sha256:${'ab'.repeat(32)}
contract  pseudonym ${'09'.repeat(32)}
anchored  2026-03-02T09:00:08Z in proviso.example/governance
cosigned  2026-03-02T09:00:09Z by north
cosigned  2026-03-02T09:00:09Z by south
cosigned  2026-03-02T09:00:09Z by west

verified
does not prove: that every decision was logged, only that this record was: what was never recorded no log can show; nor that the answer was acted upon
`)
  expect(code).toBe(0)
})

test('one that does not verify ends with the step that fails, and exits 1', async () => {
  const path = file('few', printReceipt(await receiptOf({ witnesses: [] })))
  const { code, stdout } = await proviso(['log', 'verify', path, '--trust', TRUST])
  expect(stdout).toMatch(
    /^✗ witnesses: no witness cosigned it, which is no quorum by the trust file\n\nnot verified\n/m,
  )
  expect(stdout).not.toMatch(/^(?:outcome|. anchor)/m)
  expect(code).toBe(1)
})

test('a payload in a file of its own opens a receipt that does not disclose it', async () => {
  const closed = file('closed', printReceipt({ ...receipt, payload: null }))
  const args = ['log', 'verify', closed, '--trust', TRUST]
  const alone = await proviso(args)
  expect(alone.stdout).toMatch(/^– payload: the payload is not disclosed$/m)
  expect(alone.code).toBe(0)
  const key = Buffer.from(OPENING.key).toString('base64')
  const payload = file('payload', JSON.stringify({ key, text: OPENING.text }))
  const opened = await proviso([...args, '--payload', payload])
  expect(opened.stdout).toMatch(/^✓ payload: /m)
  const wrong = file('wrong', JSON.stringify({ key, text: `${OPENING.text} ` }))
  expect(await proviso([...args, '--payload', wrong])).toMatchObject({ code: 1 })
})

test('--json answers with the verification, instants as text', async () => {
  const { code, stdout } = await proviso(['log', 'verify', given, '--trust', TRUST, '--json'])
  const at = '2026-03-02T09:00:09.000Z'
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    steps: expect.arrayContaining([
      { step: 'anchor-signature', ok: null, text: expect.stringMatching(/no key was given/) },
    ]),
    facts: {
      at: '2026-03-02T09:00:00.000Z',
      anchored: '2026-03-02T09:00:08.000Z',
      cosigned: ['north', 'south', 'west'].map((witness) => ({ witness, at })),
    },
    doesNotProve: expect.stringMatching(/no log can show/),
  })
  expect(code).toBe(0)
  const broken = file('broken', '{')
  const refused = await proviso(['log', 'verify', broken, '--trust', TRUST, '--json'])
  expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, facts: null })
  expect(refused.code).toBe(1)
})

test('what cannot be read exits 2 with one sentence', async () => {
  const latin = file('latin', Buffer.from([0x7b, 0xe9, 0x7d]))
  const none = join(DIR, 'none')
  const broken = file('broken', '{')
  const calls: readonly (readonly [readonly string[], RegExp])[] = [
    [[none, '--trust', TRUST], /no file .*none/],
    [[given, '--trust', none], /no file .*none/],
    [[given], /say whom to trust: --trust FILE/],
    [[latin, '--trust', TRUST], /latin is not UTF-8/],
    [[given, '--trust', broken], /broken: line 1: a line begins with log/],
    [[given, '--trust', TRUST, '--payload', broken], /broken: this is no payload/],
    [[given, '--trust', TRUST, '--statement-key', broken], /broken: this is no public key/],
  ]
  for (const [args, message] of calls) {
    const { code, stdout, stderr } = await proviso(['log', 'verify', ...args])
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  }
})
