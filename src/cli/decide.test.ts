import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR } from '../../test/example-world.ts'
import { jsonLines, proviso, spawnProviso } from '../../test/proviso.ts'
import { printBundle } from '../decision/bundle-file.ts'
import { readDirectory } from './directory.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-decide-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

// Most tests decide by a bundle file, which is loaded sooner than the directory that it comes from.
const BUNDLE = join(TEMP, 'example.bundle')
writeFileSync(BUNDLE, [...printBundle(bundleOf(EXAMPLE), sha256)].join(''))

const PERMITTED = {
  id: 'permitted',
  customer: 'ministry-of-assessment',
  deployment: 'desk-1',
  model: 'example-sonnet-20250514',
  uses: ['surveillance.intelligence-analysis'],
  facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] },
  at: '2026-03-02T09:00:00Z',
}
const DENIED = { ...PERMITTED, id: 'denied', model: 'example-haiku-20251001' }

function decide(
  input: Parameters<typeof proviso>[1],
  ...args: readonly string[]
): ReturnType<typeof proviso> {
  return proviso(['decide', BUNDLE, ...args], input)
}

function lines(...requests: readonly unknown[]): string {
  return requests.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join('')
}

test('decisions come one a line in the order of the requests, and whatever they are the exit is 0', async () => {
  const { code, stdout, stderr } = await decide(lines(PERMITTED, DENIED, PERMITTED))
  expect(jsonLines(stdout)).toMatchObject([
    { request: 'permitted', outcome: 'permit-under-exception', nearest: [] },
    { request: 'denied', outcome: 'deny', nearest: [] },
    { request: 'permitted', outcome: 'permit-under-exception' },
  ])
  expect([code, stderr]).toEqual([0, ''])
})

test('a bundle file decides, byte for byte, as the directory that it was compiled from', async () => {
  const input = lines(...readDirectory(EXAMPLE_DIR).cases.map((placed) => placed.case.request))
  const [byBundle, byDirectory] = await Promise.all([
    decide(input, '--nearest'),
    proviso(['decide', EXAMPLE_DIR, '--nearest'], input),
  ])
  expect(byBundle).toMatchObject({ code: 1, stdout: byDirectory.stdout, stderr: '' })
  expect(jsonLines(byBundle.stdout).length).toBeGreaterThan(400)
})

test('a line in error is answered with its number, id, code, field and message, and the others go on', async () => {
  const bad = lines(
    PERMITTED,
    { ...PERMITTED, id: 'r2', facts: { subject: ['foreign'] } },
    'no JSON',
    '{"id":"r4","id":"r4"}',
    { ...PERMITTED, id: 7 },
    DENIED,
  )
  const { code, stdout, stderr } = await decide(bad)
  const [first, ...rest] = jsonLines(stdout)
  const last = rest.pop()
  expect([first?.['request'], last?.['request']]).toEqual(['permitted', 'denied'])
  expect(rest).toMatchObject([
    {
      request: 'r2',
      line: 2,
      error: {
        code: 'unknown-fact',
        field: 'facts.subject',
        message: 'no fact `subject`; did you mean `subjects`?',
      },
    },
    { request: null, line: 3, error: { code: 'malformed-json', field: '' } },
    { request: null, line: 4, error: { code: 'duplicate-key', field: 'id' } },
    { request: null, line: 5, error: { code: 'wrong-type', field: 'id' } },
  ])
  expect([code, stderr]).toEqual([1, ''])
})

test('--at is the instant of a request that states none, and of no other', async () => {
  const { at, ...silent } = PERMITTED
  const early = '2026-01-15T12:00:00Z'
  const [without, with_] = await Promise.all([
    decide(lines(silent, PERMITTED)),
    decide(lines(silent, PERMITTED), '--at', early),
  ])
  expect(jsonLines(without.stdout)).toMatchObject([
    { error: { code: 'missing-at', field: 'at' } },
    { outcome: 'permit-under-exception' },
  ])
  expect(without.code).toBe(1)
  expect(jsonLines(with_.stdout)).toMatchObject([
    { outcome: 'deny', at: '2026-01-15T12:00:00.000Z' },
    { outcome: 'permit-under-exception', at: '2026-03-02T09:00:00.000Z' },
  ])
  expect(with_.code).toBe(0)
})

test('--nearest names what came nearest to a denial, and changes nothing else', async () => {
  const [plain, nearest] = await Promise.all([
    decide(lines(PERMITTED, DENIED)),
    decide(lines(PERMITTED, DENIED), '--nearest'),
  ])
  const found = jsonLines(nearest.stdout)
  expect(found[1]?.['nearest']).toMatchObject([
    { contract: 'osint-2026', tailoring: 'foreign-osint', failed: [{ condition: 'model' }] },
  ])
  expect(found.map((one) => ({ ...one, nearest: [] }))).toEqual(jsonLines(plain.stdout))
})

test('blank lines are counted and left out; line ends may be of any kind, and the last may be missing', async () => {
  const one = JSON.stringify(PERMITTED)
  const { code, stdout } = await decide(`\n \t\r\n${one}\r\n\n\nx\n${one}`)
  expect(jsonLines(stdout).map(({ request, line }) => line ?? request)).toEqual([
    'permitted',
    6,
    'permitted',
  ])
  expect(code).toBe(1)
})

test('what only looks blank, and what is no UTF-8, is a line in error', async () => {
  const good = Buffer.from(lines(PERMITTED))
  const input = Buffer.concat([
    Buffer.from('\u00a0\n\u2003\n'),
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    good,
  ])
  const { stdout } = await decide(input)
  expect(jsonLines(stdout)).toMatchObject([
    { line: 1, error: { code: 'malformed-json' } },
    { line: 2, error: { code: 'malformed-json' } },
    { line: 3, error: { code: 'malformed-line', message: 'the line is not UTF-8' } },
    { request: 'permitted' },
  ])
})

test('no requests are no decisions', async () => {
  expect(await decide('')).toMatchObject({ code: 0, stdout: '', stderr: '' })
})

test('a line of 10 MB is refused and the next one answered', async () => {
  const { code, stdout } = await decide([`"${'x'.repeat(10_000_000)}"\n`, lines(PERMITTED)])
  expect(jsonLines(stdout)).toMatchObject([
    { request: null, line: 1, error: { code: 'malformed-line', field: '' } },
    { request: 'permitted' },
  ])
  expect(code).toBe(1)
})

test('a line without end takes no memory', async () => {
  const small = await decide(lines(PERMITTED))
  const chunk = 'x'.repeat(1_000_000)
  const { stdout, peakBytes } = await decide(Array<string>(300).fill(chunk))
  expect(jsonLines(stdout)).toMatchObject([{ line: 1, error: { code: 'malformed-line' } }])
  expect(peakBytes).toBeLessThan(small.peakBytes + 100_000_000)
})

test('requests are read from standard input, or from a file, alike', async () => {
  const file = join(TEMP, 'requests.ndjson')
  const input = lines(PERMITTED, DENIED, 'x')
  writeFileSync(file, input)
  const runs = await Promise.all([
    decide(input),
    decide(input, '--requests', '-'),
    decide('', '--requests', file),
  ])
  expect(runs.map(({ stdout }) => stdout)).toEqual(Array(3).fill(runs[0]?.stdout))
  expect(runs.map(({ code }) => code)).toEqual([1, 1, 1])
})

test('whoever asks one at a time is answered one at a time', async () => {
  const child = spawnProviso(['decide', BUNDLE])
  const exit = new Promise((resolve) => child.on('close', resolve))
  const answers = child.stdout.setEncoding('utf8').iterator() as AsyncIterator<string>
  for (const request of [PERMITTED, DENIED, PERMITTED]) {
    child.stdin.write(lines(request))
    const { value } = await answers.next()
    expect(jsonLines(String(value))).toMatchObject([{ request: request.id }])
  }
  child.stdin.end()
  expect(await exit).toBe(0)
})

test('a reader that has seen enough ends the work, without a word', async () => {
  const child = spawnProviso(['decide', BUNDLE])
  const exit = new Promise((resolve) => child.on('close', resolve))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdout.once('data', () => child.stdout.destroy())
  // Requests without end: only the reader's leaving can end it.
  const more = setInterval(() => child.stdin.write(lines(PERMITTED)), 5)
  expect(await exit).toBe(0)
  clearInterval(more)
  expect(stderr).toBe('')
})

const SOAK = process.env['PROVISO_SOAK'] === '1'
const MANY = SOAK ? 1_000_000 : 200_000

test(`${MANY} lines take no more memory than a few`, async () => {
  const request = lines(PERMITTED)
  const few = await decide(request.repeat(100))
  const batch = request.repeat(1_000)
  const begun = performance.now()
  const many = await decide(Array<string>(MANY / 1_000).fill(batch), '--json')
  const seconds = (performance.now() - begun) / 1_000
  expect(many.code).toBe(0)
  const [first = ''] = few.stdout.split('\n')
  expect(many.stdout.length).toBe(MANY * (first.length + 1))
  expect(many.peakBytes).toBeLessThan(few.peakBytes + 120_000_000)
  // The rate is what a soak is run for.
  if (SOAK) console.log(`${Math.round(MANY / seconds)} lines/s, ${many.peakBytes / 1e6} MB`)
})
