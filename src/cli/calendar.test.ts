import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { EXAMPLE, EXAMPLE_DIR, MINIMAL_DIR } from '../../test/example-world.ts'
import { proviso } from '../../test/proviso.ts'
import { printBundle } from '../decision/bundle-file.ts'
import { calendarOf } from '../decision/calendar.ts'
import type { CalendarEntry } from '../decision/calendar-entry.ts'
import { compile } from '../decision/compile.ts'
import { parseInstant, printInstantShort } from '../time.ts'
import { calendar } from './calendar.ts'
import { calendarText } from './calendar-text.ts'
import { effectLines } from './calendar-words.ts'
import { parseArguments } from './command.ts'
import { sha256 } from './load.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-calendar-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

function instant(text: string): number {
  return parseInstant(text) ?? Number.NaN
}

interface Days {
  readonly from: string
  readonly until: string
  readonly customer?: string
}

/** What the example's calendar says, an entry a line: day, kind, event and id, and below it what that changes. */
function shownOf({ from, until, customer }: Days): readonly string[] {
  const span = { from: instant(`${from}T00:00:00Z`), until: instant(`${until}T00:00:00Z`) }
  const bundle = compile(EXAMPLE, sha256)
  const asked = { ...span, customer: customer ?? null, entriesMax: 100 }
  return calendarOf(bundle, EXAMPLE, asked).entries.map((entry) => {
    const { kind, event, id } = entry
    const at = printInstantShort(entry.at).replace('T00:00:00Z', '')
    return [`${at} ${kind} ${id} ${event}`, ...effectLines(entry)].join('\n  ')
  })
}

test('the calendar of the example says what a reader of its contracts expects of March', () => {
  expect(shownOf({ from: '2026-03-02', until: '2026-04-02' })).toEqual([
    `2026-03-09 term maritime-2025 ends
  in force until then: foreign-vessels on harbour-desk
  changes nothing for foreign-vessels on patrol-desk: stopped`,
    `2026-03-09 safeguard watch-review ends
  in force until then: foreign-vessels on harbour-desk
  changes nothing for foreign-vessels on patrol-desk: stopped`,
    `2026-03-10 safeguard morning-review ends
  in force until then: watch-floor on registry, watch-room`,
    `2026-03-12 safeguard flag-check ends
  changes nothing for foreign-vessels on harbour-desk; foreign-vessels on patrol-desk: outside its term, watch-review is not attested`,
    `2026-03-15 safeguard analyst-review ends
  changes nothing for evasion-networks on analysts, shipping-room: suspended`,
    `2026-03-20 duty dialogue due
  changes nothing for crisis-desk on watch-room: terminated`,
    `2026-03-20 term summit-watch ends
  in force until then: summit-watch on fusion-desk, liaison-desk
  changes nothing for summit-watch on reading-room: not enrolled`,
    `2026-03-23 enrolment reading-room begins
  in force from then: regional-outlook on reading-room
  changes nothing for paired-reading on reading-room: dual-review is not attested
  changes nothing for summit-watch on reading-room: outside its term`,
    `2026-04-01 authority outlook-act review-date
  in force until then: origin-conditions on forecast-desk
  changes nothing for origin-conditions on field-office: not enrolled
  changes nothing for smuggling-routes on field-office: authority outlook-order does not stand, not enrolled
  changes nothing for smuggling-routes on forecast-desk: authority outlook-order does not stand`,
  ])
})

test('a level that rises closes a snapshot for those whom it served, and for no more', () => {
  expect(shownOf({ from: '2026-01-27', until: '2026-01-29' })).toEqual([
    `2026-01-28 model example-sonnet-20250929 ends
  served by example-sonnet-20250929 until then: border-outlook-2026/origin-conditions on field-office, forecast-desk; sanctions-watch-2026/evasion-networks on analysts, shipping-room`,
  ])
  const customer = 'ministry-of-assessment'
  expect(shownOf({ from: '2026-01-27', until: '2026-01-29', customer })).toEqual([])
})

test('a duty is owed when it is due, stops what it guards after its grace, until it is reinstated', () => {
  const customer = 'directorate-of-external-affairs'
  expect(shownOf({ from: '2025-12-15', until: '2026-01-08', customer })).toEqual([
    `2025-12-15 duty dialogue due
  changes nothing by itself for desk-research on registry`,
    `2025-12-29 duty dialogue grace-ends
  in force until then: desk-research on registry`,
    `2026-01-07T10:00:00Z duty dialogue reinstated
  in force from then: desk-research on registry`,
  ])
})

test('an attestation that is renewed in time changes nothing, nor does an authority on which nothing rests', () => {
  const customer = 'office-of-sanctions-analysis'
  expect(shownOf({ from: '2026-02-15', until: '2026-02-16', customer })).toEqual([
    `2026-02-15 safeguard analyst-review goes-on
  changes nothing for evasion-networks on analysts, shipping-room: attested before and after`,
  ])
  const outlook = { from: '2026-02-20', until: '2026-02-21', customer: 'border-outlook-service' }
  expect(shownOf(outlook)).toEqual([
    `2026-02-20 authority scrutiny-directive becomes
  changes nothing: no tailoring depends on it`,
  ])
})

test('a policy takes effect at its instant and changes nothing', () => {
  const days = { from: '2025-09-15', until: '2025-09-16', customer: 'joint-assessment-cell' }
  expect(shownOf(days)).toEqual([
    '2025-09-15 policy example-usage-policy begins\n  changes nothing',
  ])
})

test('the lease of a bundle ends, and with it what is in force then', () => {
  const validUntil = instant('2026-03-09T00:00:00Z')
  const bundle = compile(EXAMPLE, sha256, { serial: 1, issuedAt: null, validUntil })
  const customer = 'coastal-threat-centre'
  const span = { from: validUntil, until: validUntil + 1, customer, entriesMax: 100 }
  const { entries } = calendarOf(bundle, null, span)
  expect(entries.map((entry) => [entry.kind, ...effectLines(entry)])).toContainEqual([
    'lease',
    'no exception from then: maritime-2025/foreign-vessels on harbour-desk',
  ])
})

test('text shows the soonest, and says how many more there are and how to see them', () => {
  const entry: CalendarEntry = {
    at: instant('2026-01-01T00:00:00Z'),
    kind: 'state',
    event: 'becomes',
    id: 'c',
    text: 'The contract expires.',
    contract: 'c',
    customer: 'agency',
    effect: 'none',
    affected: [],
  }
  const entries = Array.from({ length: 120 }, () => entry)
  const span = { from: 0, until: entry.at + 1, customer: null, entriesMax: 120 }
  const text = calendarText({ entries, leftOut: 3 }, span)
  expect(text.match(/The contract expires/g)).toHaveLength(100)
  expect(text).toContain('123 entries from 1970-01-01T00:00:00Z')
  expect(text).toMatch(/\n23 more: see --json, --customer, --from and --until$/)
})

test('many reaches that one thing changes are one entry with few lines', () => {
  const affected = Array.from({ length: 40 }, (_, i) => ({
    customer: 'agency',
    contract: 'c',
    tailoring: `t-${i}`,
    deployments: ['desk'],
    effect: 'none',
    models: [],
    because: [`duty d-${i} is outstanding`],
  })) satisfies CalendarEntry['affected']
  const [first] = affected
  if (first === undefined) throw new Error('nothing is affected')
  const lines = (some: CalendarEntry['affected']): readonly string[] =>
    effectLines({
      at: 0,
      kind: 'term',
      event: 'ends',
      id: 'c',
      text: '',
      contract: 'c',
      customer: 'agency',
      effect: 'none',
      affected: some,
    })
  expect(lines(affected)).toHaveLength(9)
  expect(lines(affected).at(-1)).toBe('and 32 lines more, see --json')
  const alike = affected.map((one) => ({ ...one, because: ['suspended'] }))
  expect(lines(alike)).toHaveLength(1)
})

test('JSON has every entry, beside an iCalendar file, and a bundle knows the same effects', async () => {
  const [file, bundle] = [join(TEMP, 'calendar.ics'), join(TEMP, 'bundle')]
  const span = ['--from', '2026-03-02T09:00:00Z', '--until', '2026-03-12T00:00:00Z']
  writeFileSync(bundle, [...printBundle(compile(EXAMPLE, sha256), sha256)].join(''))
  const [ran, ofBundle] = await Promise.all([
    proviso(['calendar', EXAMPLE_DIR, ...span, '--json', '--ics', '-o', file]),
    proviso(['calendar', bundle, ...span, '--json']),
  ])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  const {
    entries,
    bundle: digest,
    ...rest
  } = JSON.parse(ran.stdout) as { entries: unknown[] } & {
    bundle: string
  }
  expect(rest).toEqual({
    from: '2026-03-02T09:00:00Z',
    until: '2026-03-12T00:00:00Z',
    customer: null,
    leftOut: 0,
  })
  expect(digest).toMatch(/^sha256:/)
  const place = { customer: 'directorate-of-external-affairs', contract: 'cables-2026' }
  const affected = {
    ...place,
    tailoring: 'watch-floor',
    deployments: ['registry', 'watch-room'],
    effect: 'in-force-until',
    models: [],
    because: [],
  }
  const entry = {
    at: '2026-03-10T00:00:00Z',
    kind: 'safeguard',
    event: 'ends',
    id: 'morning-review',
    text: 'The attestation of morning-review runs out.',
    ...place,
    effect: 'in-force-until',
    affected: [affected],
  }
  expect(entries).toHaveLength(3)
  expect(entries[2]).toEqual(entry)
  expect(readFileSync(file, 'utf8').match(/BEGIN:VEVENT\r\n/g)).toHaveLength(3)
  expect((JSON.parse(ofBundle.stdout) as { entries: unknown[] }).entries).toContainEqual(entry)
})

test.each([
  ['--from is no instant', ['--from', 'tomorrow'], /--from tomorrow is no instant/],
  ['--until is no instant', ['--until', '2026-02-30T00:00:00Z'], /--until .* is no instant/],
  [
    '--until is before --from',
    ['--from', '2026-03-02T00:00:00Z', '--until', '2026-03-01T00:00:00Z'],
    /--until 2026-03-01T00:00:00Z is not after --from 2026-03-02T00:00:00Z/,
  ],
  [
    'a customer is misspelt',
    ['--customer', 'ministy'],
    /--customer ministy .*; did you mean `ministry`\?/,
  ],
  ['-o stands alone', ['-o', 'FILE'], /-o .* --ics/],
  ['two things are to be printed', ['--json', '--ics'], /--ics and --json/],
])('wrong usage is told in a sentence that names the option: %s', async (_, options, message) => {
  const args = parseArguments('calendar', calendar, [MINIMAL_DIR, ...options])
  await expect(async () => await calendar.run(args)).rejects.toThrow(message)
})

test('wrong usage exits 2, a directory with errors 1', async () => {
  const broken = join(TEMP, 'broken')
  cpSync(MINIMAL_DIR, broken, { recursive: true })
  writeFileSync(join(broken, 'models.yaml'), 'format: proviso/models@1\nmodels: 3\n')
  const [wrong, refused] = await Promise.all([
    proviso(['calendar', MINIMAL_DIR, '--customer', 'ministy']),
    proviso(['calendar', broken]),
  ])
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toContain('--customer ministy')
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain('models.yaml:2')
})
