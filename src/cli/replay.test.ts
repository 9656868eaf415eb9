import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR } from '../../test/example-world.ts'
import { jsonLines, proviso } from '../../test/proviso.ts'
import { ask, QUESTIONS, RECORDED } from '../../test/questions.ts'
import { BUNDLE, startServer, untilPublished } from '../../test/running-server.ts'
import type { Bundle } from '../decision/bundle.ts'
import { printBundle } from '../decision/bundle-file.ts'
import { decide } from '../decision/decide.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { printDecisionPayload } from '../decision/payload.ts'
import { parseRequest } from '../decision/request.ts'
import type { World } from '../decision/world.ts'
import { readDirectory } from './directory.ts'
import { RECORD_BYTES_MAX } from './record-chunks.ts'
import { RecordTexts } from './record-text.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-replay-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(TEMP, name), content)
  return join(TEMP, name)
}

function bundleFile(name: string, world: World): string {
  return file(name, [...printBundle(bundleOf(world), sha256)].join(''))
}

const OSINT = 'osint-2026'

/** The example without the contract that most of its cases are about. */
const WITHOUT: World = {
  ...EXAMPLE,
  contracts: [...EXAMPLE.contracts].filter(({ id }) => id !== OSINT),
}

const SAME = bundleFile('same.bundle', EXAMPLE)
const FEWER = bundleFile('fewer.bundle', WITHOUT)

/** Of every request of the example's cases that a bundle decides: the line that a log's export has. */
function recordsOf(bundle: Bundle, judge = decide): string[] {
  return readDirectory(EXAMPLE_DIR).cases.flatMap((placed) => {
    const request = parseRequest(placed.case.request)
    const decided = request.ok ? judge(bundle, request.value) : request
    if (!request.ok || !decided.ok) return []
    return printDecisionPayload(decided.value, request.value)
  })
}

const RECORDS = recordsOf(bundleOf(EXAMPLE))
const AFTER = recordsOf(bundleOf(WITHOUT))

function linesOf(records: readonly string[]): string {
  return records.map((record) => `${record}\n`).join('')
}

type Report = Readonly<Record<string, unknown>>

async function replayed(
  records: string | Buffer,
  against: string,
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly report: Report }> {
  const run = await proviso(['replay', '-', '--against', against, '--json', ...args], records)
  expect(run.stderr).toBe('')
  const [report = {}] = jsonLines(run.stdout)
  return { code: run.code, report }
}

function outcomeOf(record: string): string {
  return (JSON.parse(record) as { decision: { outcome: string } }).decision.outcome
}

function isAllowed(record: string): boolean {
  return outcomeOf(record).startsWith('permit')
}

/** Records of one world that the other, which decides the same requests, allows and the first does not. */
function flipped(before: readonly string[], now: readonly string[]): readonly string[] {
  return before.filter((record, i) => isAllowed(record) && !isAllowed(now[i] ?? ''))
}

test('unchanged documents decide every record as it was decided, byte for byte (L9)', async () => {
  expect(new Set(RECORDS.map(outcomeOf)).size).toBe(4)
  const withNearest = recordsOf(bundleOf(EXAMPLE), decideWithNearest)
  expect(linesOf(withNearest)).toContain('"would-need"')
  const all = [...RECORDS, ...withNearest]
  const { code, report } = await replayed(linesOf(all), SAME)
  expect(code).toBe(0)
  expect(report).toMatchObject({
    bundle: bundleOf(EXAMPLE).digest,
    asOf: null,
    judged: all.length,
    identical: all.length,
    ownBundle: all.length,
    differently: 0,
    flips: { widened: 0, narrowed: 0 },
    byCustomer: { rows: [] },
    unknown: { count: 0 },
    inError: { count: 0 },
  })
})

test('what a server has decided and its log exports is decided alike, and read in parts', async () => {
  const log = join(TEMP, 'log')
  const server = await startServer(log)
  for (const question of Object.values(QUESTIONS)) await ask(server, question)
  await untilPublished(server)
  await server.end()
  const { stdout } = await proviso(['log', 'export', '--log', log])
  const records = stdout.trimEnd().split('\n')
  expect(records.map(outcomeOf).sort()).toEqual([...RECORDED].sort())
  const { report } = await replayed(stdout, BUNDLE)
  expect(report).toMatchObject({ judged: 3, identical: 3, ownBundle: 3 })
  const texts = new RecordTexts()
  for (const record of records) expect(texts.read(record)).toBeDefined()
})

describe('a contract that a draft no longer has', () => {
  const lost = flipped(RECORDS, AFTER)

  test('narrows what it allowed, counted by customer, restriction and reason', async () => {
    expect(lost.length).toBeGreaterThan(10)
    const { code, report } = await replayed(linesOf(RECORDS), FEWER)
    expect(code).toBe(0)
    expect(report).toMatchObject({
      judged: RECORDS.length,
      ownBundle: 0,
      flips: { widened: 0, narrowed: lost.length },
      byCustomer: {
        rows: [{ customer: 'ministry-of-assessment', widened: 0, narrowed: lost.length }],
      },
      // A detector's suspicion is what one of them now comes to.
      byReason: {
        rows: [
          { reason: 'no-tailoring', narrowed: lost.length - 1 },
          { reason: 'suspected', narrowed: 1 },
        ],
      },
    })
    const { examples, byRestriction } = report as {
      examples: { narrowed: readonly { line: number }[] }
      byRestriction: { rows: readonly { restriction: string; narrowed: number }[] }
    }
    const first = RECORDS.flatMap((record, i) => (lost.includes(record) ? [i + 1] : [])).slice(0, 5)
    expect(examples.narrowed.map(({ line }) => line)).toEqual(first)
    expect(examples.narrowed[0]).toMatchObject({
      customer: 'ministry-of-assessment',
      recorded: { outcome: 'permit-under-exception', contract: OSINT },
      now: { outcome: 'deny', contract: null, codes: ['no-tailoring'] },
    })
    expect(byRestriction.rows).toContainEqual(
      expect.objectContaining({ restriction: 'surveillance.persons' }),
    )
  })

  test('widens the same records the other way round', async () => {
    const { report } = await replayed(linesOf(AFTER), SAME)
    expect(report).toMatchObject({ flips: { widened: lost.length, narrowed: 0 } })
  })

  test('is told to people with counts, names and examples', async () => {
    const path = file('records.ndjson', linesOf(RECORDS))
    const { code, stdout } = await proviso(['replay', path, '--against', FEWER])
    expect(code).toBe(0)
    expect(stdout).toContain(`  ${lost.length} narrowed: allowed before, not now\n`)
    expect(stdout).toMatch(/^ {2}by customer +widened +narrowed$/m)
    expect(stdout).toMatch(new RegExp(`^ {2}ministry-of-assessment +0 +${lost.length}$`, 'm'))
    expect(stdout).toMatch(/^ {4}now deny \(surveillance\.persons: no-tailoring\)$/m)
  })
})

test('--as-of judges every request on what is in force then', async () => {
  const long = await replayed(linesOf(RECORDS), SAME, '--as-of', '2040-01-01T00:00:00Z')
  const exceptions = RECORDS.filter((record) => outcomeOf(record) === 'permit-under-exception')
  expect(long.report).toMatchObject({
    asOf: '2040-01-01T00:00:00Z',
    flips: { widened: 0, narrowed: exceptions.length },
  })
  // What no time changes is still the same decision.
  expect(long.report['identical']).toBeGreaterThan(100)
})

test('a record that names what a draft does not have is counted apart', async () => {
  const [record = ''] = RECORDS
  const other = record.replace(/"uses":\["[^"]+"/, '"uses":["no-such-use"')
  expect(other).not.toBe(record)
  const { code, report } = await replayed(linesOf([record, other, record]), SAME)
  expect(code).toBe(1)
  expect(report).toMatchObject({
    judged: 2,
    unknown: {
      count: 1,
      kinds: [{ code: 'unknown-use', field: 'request.uses', count: 1 }],
      first: [{ line: 2, code: 'unknown-use' }],
    },
    inError: { count: 0 },
  })
})

describe('a file with a corrupt middle', () => {
  const [a = '', b = ''] = RECORDS
  const corrupt: readonly (readonly [name: string, line: string | Buffer, code: string])[] = [
    ['cut off', a.slice(0, 200), 'malformed-json'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'malformed-line'],
    ['too long', `"${'x'.repeat(RECORD_BYTES_MAX)}"`, 'malformed-line'],
    ['much too long', `"${'é'.repeat(RECORD_BYTES_MAX)}"`, 'malformed-line'],
    ['a request alone', '{"id":"r1"}', 'malformed-record'],
    [
      'an outcome that is none',
      a.replace(/"outcome":"[^"]*"/, '"outcome":"maybe"'),
      'malformed-decision',
    ],
    ['no customer', a.replace(/"customer":"[^"]*",/, ''), 'missing-field'],
    ['a member twice', a.replace('"facts"', '"uses":["general"],"facts"'), 'duplicate-key'],
  ]

  test('is judged but for those lines, which are named', async () => {
    const parts = corrupt.flatMap(([, line]) => [line, '\n', b, '\r\n', '\n'])
    const whole = Buffer.concat([`${a}\n`, ...parts, a].map((part) => Buffer.from(part)))
    const { code, report } = await replayed(whole, SAME)
    expect(code).toBe(1)
    const judged = corrupt.length + 2
    const count = corrupt.length
    expect(report).toMatchObject({ judged, identical: judged, inError: { count } })
    const { first, kinds } = report['inError'] as {
      first: readonly { line: number; code: string; message: string }[]
      kinds: readonly { code: string; count: number }[]
    }
    const named = corrupt.slice(0, 5).map(([, , kind], i) => ({ line: 2 + 3 * i, code: kind }))
    expect(first).toMatchObject(named)
    for (const kind of new Set(corrupt.map(([, , one]) => one))) {
      const times = corrupt.filter(([, , one]) => one === kind).length
      const counts = kinds.filter((row) => row.code === kind).map((row) => row.count)
      expect(counts.reduce((sum, one) => sum + one, 0)).toBe(times)
    }
  })

  test('is told to people in a sentence, and exits 1', async () => {
    const { code, stdout } = await proviso(
      ['replay', '-', '--against', SAME],
      `${a}\n{"decision":\n${b}\n`,
    )
    expect(code).toBe(1)
    expect(stdout).toMatch(/^1 line in error, and not judged; the first of them:$/m)
    expect(stdout).toMatch(/^ {2}line 2: malformed-json: not JSON: /m)
    expect(stdout).toMatch(/^2 recorded requests judged/)
  })
})

test('a file of many pieces is added up in its order, whatever thread is done first', async () => {
  const times = Math.ceil(6_000_000 / linesOf(RECORDS).length)
  const path = file('long.ndjson', linesOf(Array(times).fill(linesOf(RECORDS).trimEnd())))
  const { stdout } = await proviso(['replay', path, '--against', FEWER, '--json'])
  const [long = {}] = jsonLines(stdout)
  const { report: short } = await replayed(linesOf(RECORDS), FEWER)
  expect(long).toMatchObject({
    judged: times * RECORDS.length,
    identical: times * (short['identical'] as number),
    examples: { narrowed: (short as { examples: { narrowed: unknown } }).examples.narrowed },
  })
  const { byCustomer } = long as { byCustomer: { rows: readonly object[] } }
  const lost = flipped(RECORDS, AFTER).length
  expect(byCustomer.rows).toMatchObject([{ widened: 0, narrowed: times * lost }])
})

test('what cannot be replayed is wrong usage, in one sentence', async () => {
  const path = file('empty.ndjson', '')
  const runs = await Promise.all([
    proviso(['replay', path]),
    proviso(['replay', join(TEMP, 'none'), '--against', SAME]),
    proviso(['replay', TEMP, '--against', SAME]),
    proviso(['replay', path, '--against', join(TEMP, 'none')]),
    proviso(['replay', path, '--against', SAME, '--as-of', 'noon']),
  ])
  expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(Array(5).fill([2, '']))
  for (const { stderr } of runs) expect(stderr).toMatch(/^proviso: [^\n]+\n$/)
})

test('a file without records is judged, and nothing of it flips', async () => {
  expect(await replayed('\n \n', SAME)).toMatchObject({ code: 0, report: { judged: 0 } })
})
