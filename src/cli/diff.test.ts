import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { EXAMPLE_DIR } from '../../test/example-world.ts'
import { proviso } from '../../test/proviso.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-diff-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

/** The example with a contract that allows less. */
const NARROWER = join(TEMP, 'narrower')
cpSync(EXAMPLE_DIR, NARROWER, { recursive: true })
const CONTRACT = join(NARROWER, 'contracts', 'border-outlook-2026.yaml')
const text = readFileSync(CONTRACT, 'utf8')
const terms = text.indexOf('\nterms:')
const fewer = text
  .slice(terms)
  .replaceAll('data-source: [public, partner]', 'data-source: [public]')
writeFileSync(CONTRACT, text.slice(0, terms) + fewer)

test('what is the same makes no difference', async () => {
  const { code, stdout } = await proviso(['diff', EXAMPLE_DIR, EXAMPLE_DIR])
  expect(code).toBe(0)
  expect(stdout).toContain('nobody gains anything')
  expect(stdout).toContain('nobody loses anything')
})

test('a contract that allows less widens nothing, and the other way round it does', async () => {
  const narrowed = await proviso(['diff', EXAMPLE_DIR, NARROWER])
  expect(narrowed.code).toBe(0)
  expect(narrowed.stdout).toContain('nobody gains anything')
  const field = 'terms.tailorings.origin-conditions.scope'
  expect(narrowed.stdout).toContain(`${field}: narrowed`)
  const widened = await proviso(['diff', NARROWER, EXAMPLE_DIR])
  expect(widened.code).toBe(1)
  const gain = 'border-outlook-2026/origin-conditions newly allows border-outlook-service'
  expect(widened.stdout).toContain(gain)
  expect(widened.stdout).toContain(`${field}: widened`)
})

test('the page says what the text says, and runs no script', async () => {
  const page = join(TEMP, 'page.html')
  const { code } = await proviso(['diff', NARROWER, EXAMPLE_DIR, '--report', 'html', '-o', page])
  expect(code).toBe(1)
  const html = readFileSync(page, 'utf8')
  expect(html).toContain('border-outlook-2026')
  expect(html).not.toMatch(/<script|https?:\/\/[^"]*\.(js|css)/)
})

test('a line that is no record is named, and the others are judged', async () => {
  const request = {
    id: 'r1',
    customer: 'border-outlook-service',
    deployment: 'field-office',
    model: 'example-haiku-20251001',
    uses: ['surveillance.intelligence-analysis'],
    facts: {
      'human-review': ['yes'],
      act: ['analyse'],
      subjects: ['foreign'],
      'data-source': ['partner'],
    },
    signals: [],
    at: '2026-02-03T11:00:00.000Z',
  }
  const requests = join(TEMP, 'requests.ndjson')
  writeFileSync(requests, JSON.stringify(request))
  const { stdout: decision } = await proviso(['decide', EXAMPLE_DIR, '--requests', requests])
  const line = JSON.stringify({ request, decision: JSON.parse(decision) })
  const records = join(TEMP, 'records.ndjson')
  writeFileSync(records, `${line}\n{"torn\n${line}\n`)
  const args = ['diff', EXAMPLE_DIR, NARROWER, '--records', records, '--json']
  const { code, stdout } = await proviso(args)
  expect(code).toBe(1)
  expect(JSON.parse(stdout).records).toMatchObject({
    judged: 2,
    flips: { widened: 0, narrowed: 2 },
    inError: { count: 1, first: [{ line: 2 }] },
  })
})
