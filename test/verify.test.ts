import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { beforeAll, expect, test } from 'vitest'
import { printVerifier } from '../src/log/key.ts'
import { printReceipt } from '../src/log/receipt.ts'
import type { Verification } from '../src/log/verification.ts'
import { verifyReceipt } from '../src/log/verify-receipt.ts'
import { builtPackage, graphOf } from './built-package.ts'
import { openPage } from './chromium.ts'
import { ROOT } from './example-world.ts'
import { OPENING, receiptOf, SIGNERS, trusted, trustOf } from './receipts.ts'

// The verifier as it ships: the modules behind `proviso/verify`, and the same in a browser.

const BUILT = builtPackage()
const ENTRY = '/dist/log/verify.js'

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

let receipts: string[]
let expected: Verification[]
beforeAll(async () => {
  const text = printReceipt(await receiptOf())
  const other = printReceipt(await receiptOf({ witnesses: [] }))
  const closed = printReceipt({ ...(await receiptOf()), payload: null })
  const swapped = { key: OPENING.key, text: OPENING.text.replace('r1', 'r2') }
  const changed = printReceipt({ ...(await receiptOf()), payload: swapped })
  const weaker = printReceipt(await receiptOf({ governance: SIGNERS.statement }))
  receipts = [text, closed, text.replace('index 4', 'index 3'), other, changed, weaker, '{']
  const trust = await trusted(trustOf('2'))
  expected = await Promise.all(
    receipts.map((receipt) => {
      return verifyReceipt(receipt, trust, { statementKey: SIGNERS.statement.verifier })
    }),
  )
})

test('Chromium verifies what Node verifies, step by step, and asks nobody', async () => {
  const given = { trust: trustOf('2'), key: printVerifier(SIGNERS.statement.verifier), receipts }
  const html = readFileSync(join(ROOT, 'test/verify-page.html'), 'utf8')
  const page = await openPage((path) => {
    if (path === '/') return html.replace('"GIVEN"', () => JSON.stringify(given))
    return path.startsWith('/dist/') && existsSync(join(BUILT, path))
      ? readFileSync(join(BUILT, path), 'utf8')
      : undefined
  })
  expect(JSON.parse(page.text)).toEqual({ verified: expected, loadedMeanwhile: 0 })
  expect(expected.map(({ ok }) => ok)).toEqual([true, true, false, false, false, false, false])
  expect(page.loaded.toSorted()).toEqual(['/', ...graphOf(BUILT, ENTRY).modules])
})
