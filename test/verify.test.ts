import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { beforeAll, expect, test } from 'vitest'
import { bytesOf, textOf } from '../src/bytes.ts'
import { keyIdOf, printVerifier } from '../src/log/key.ts'
import { printReceipt } from '../src/log/receipt.ts'
import type { Verification } from '../src/log/verification.ts'
import { verifyReceipt } from '../src/log/verify-receipt.ts'
import { builtPackage, graphOf } from './built-package.ts'
import { openPage } from './chromium.ts'
import { ROOT } from './example-world.ts'
import { LINES, OPENING, receiptOf, SIGNERS, signerNamed, trusted, trustOf } from './receipts.ts'

// The verifier as it ships: the modules behind `proviso/verify`, and the same in a browser.

const BUILT = builtPackage()
const ENTRY = '/dist/log/verify.js'

/** 32 such bytes are the y of no point of edwards25519. */
const OFF_CURVE = 2

/** Most that it may weigh, in bytes: what a page loads to check a receipt. */
const MINIFIED_BYTES_MAX = 30_000

test('`proviso/verify` loads no package and no module of Node', () => {
  const { modules, foreign } = graphOf(BUILT, ENTRY)
  expect(foreign).toEqual([])
  expect(modules).toContain('/dist/log/merkle.js')
  expect(graphOf(BUILT, '/dist/log/signer.js').foreign).toHaveLength(1)
})

test('all that it loads is at most 30 kB when minified', async () => {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      target: 'es2024',
      rolldownOptions: { input: join(BUILT, ENTRY), preserveEntrySignatures: 'strict' },
      modulePreload: { polyfill: false },
    },
  })
  const chunks = 'output' in built ? built.output : []
  const [chunk] = chunks
  expect(chunks).toHaveLength(1)
  const code = chunk?.type === 'chunk' ? chunk.code : ''
  expect(code).toMatch(/verifyReceipt/)
  expect(code.length).toBeGreaterThan(10_000)
  expect(Buffer.byteLength(code)).toBeLessThanOrEqual(MINIFIED_BYTES_MAX)
})

/** A receipt, and whom to trust for it. */
interface Case {
  readonly receipt: string
  readonly trust: string
}

const KEYS = { statementKey: SIGNERS.statement.verifier }

let cases: readonly Case[]
let expected: readonly Verification[]
beforeAll(async () => {
  const text = printReceipt(await receiptOf())
  const closed = printReceipt({ ...(await receiptOf()), payload: null })
  const swapped = { key: OPENING.key, text: OPENING.text.replace('r1', 'r2') }
  const receipts = [
    text,
    closed,
    text.replace('index 4', 'index 3'),
    printReceipt(await receiptOf({ witnesses: [] })),
    printReceipt({ ...(await receiptOf()), payload: swapped }),
    printReceipt(await receiptOf({ governance: SIGNERS.statement })),
    printReceipt(await receiptOf({ anchor: shortlySigned })),
    '{',
  ]
  const usual = receipts.map((receipt) => ({ receipt, trust: trustOf('2') }))
  cases = [...usual, await offTheCurve()]
  expected = await Promise.all(
    cases.map(async ({ receipt, trust }) => verifyReceipt(receipt, await trusted(trust), KEYS)),
  )
})

/** An envelope with a signature of three bytes, as platforms may not expect. */
function shortlySigned(bytes: Uint8Array): Uint8Array {
  const envelope = JSON.parse(textOf(bytes) ?? '') as object
  return bytesOf(JSON.stringify({ ...envelope, signatures: [{ keyid: '', sig: 'AAAA' }] }))
}

/** A witness whose key is no point of the curve: nothing fits it, and no platform may give up over it. */
async function offTheCurve(): Promise<Case> {
  const signer = signerNamed('lost.example', 30, 'cosignature')
  const { name, kind } = signer.verifier
  const publicKey = new Uint8Array(32).fill(OFF_CURVE)
  const verifier = { name, kind, publicKey, keyId: await keyIdOf(name, kind, publicKey) }
  const receipt = printReceipt(await receiptOf({ witnesses: [{ ...signer, verifier }] }))
  const witness = `witness lost ${printVerifier(verifier)}`
  return { receipt, trust: [LINES.governance, witness, 'quorum lost'].join('\n') }
}

test('Chromium verifies what Node verifies, step by step, and asks nobody', async () => {
  const given = { cases, key: printVerifier(KEYS.statementKey) }
  const html = readFileSync(join(ROOT, 'test/verify-page.html'), 'utf8')
  const page = await openPage((path) => {
    if (path === '/') return html.replace('"GIVEN"', () => JSON.stringify(given))
    return path.startsWith('/dist/') && existsSync(join(BUILT, path))
      ? readFileSync(join(BUILT, path), 'utf8')
      : undefined
  })
  expect(JSON.parse(page.text)).toEqual({ verified: expected, loadedMeanwhile: 0 })
  expect(expected.map(({ ok, steps }) => ok || steps.at(-1)?.step)).toEqual([
    true,
    true,
    'record',
    'witnesses',
    'payload',
    'governance-checkpoint',
    'anchor-signature',
    'receipt',
    'witnesses',
  ])
  expect(page.loaded.toSorted()).toEqual(['/', ...graphOf(BUILT, ENTRY).modules])
})
