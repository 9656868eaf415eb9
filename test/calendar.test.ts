import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escaped, folded, printCalendarFile } from '../src/cli/calendar-ics.ts'
import { effectLines, happensText } from '../src/cli/calendar-words.ts'
import type { Contract } from '../src/contract/contract.ts'
import { type Place, type Reach, reachOf } from '../src/contract/reach.ts'
import { calendarOf, type Span } from '../src/decision/calendar.ts'
import type { CalendarEntry } from '../src/decision/calendar-entry.ts'
import { decide } from '../src/decision/decide.ts'
import type { Decision } from '../src/decision/decision.ts'
import { serves, standing } from '../src/decision/definition.ts'
import type { World } from '../src/decision/world.ts'
import { providerOf } from '../src/policy/provider.ts'
import { DAY_MS, type Instant } from '../src/time.ts'
import { anyTrial, day } from './any-world.ts'
import { bundleOf, sha256 } from './bundle-of.ts'
import { programOf } from './debian-packages.ts'
import { EXAMPLE } from './example-world.ts'
import { RUNS } from './runs.ts'

// A calendar is held against the definition of being in force, which knows of no intervals: what it says happens at an
// instant is what is otherwise then than a millisecond before, and between its instants nothing is.

/** How many random worlds are looked at on every day, and how many otherwise. */
const WORLDS = Math.ceil(RUNS / 4)
const FEWER_WORLDS = Math.ceil(RUNS / 10)

/** The days around everything that a random world states. */
const DAYS = { from: -2, until: 22 } as const

const SPAN: Span = {
  from: day(DAYS.from),
  until: day(DAYS.until),
  customer: null,
  entriesMax: 1_000,
}

const anyWorld = anyTrial.map(({ world: { validUntil: _, ...world }, requests }) => {
  return { world: world as World, requests }
})

function entriesOf(world: World, customer: string | null = null): readonly CalendarEntry[] {
  return calendarOf(bundleOf(world), world, { ...SPAN, customer }).entries
}

const DIRECTIONS = { from: 1, until: -1 } as const

/** What entries say: of each tailoring on a deployment, or snapshot that serves it, whether it begins or ends. */
function claimsIn(entries: readonly CalendarEntry[]): readonly string[] {
  const claims = entries.flatMap(({ at, affected }) =>
    affected.flatMap(({ effect, contract, tailoring, deployments, models }) => {
      const [, what, direction] = /^(in-force|served)-(from|until)$/.exec(effect) ?? []
      if (what === undefined) return []
      const sign = DIRECTIONS[direction as keyof typeof DIRECTIONS]
      const subjects = what === 'served' ? models : ['in force']
      return deployments.flatMap((deployment) =>
        subjects.map((subject) => [at, contract, tailoring, deployment, subject, sign].join(' ')),
      )
    }),
  )
  return [...new Set(claims)].sort()
}

interface Placed {
  readonly contract: Contract
  readonly place: Place
  readonly reach: Reach
}

function placesOf(world: World): readonly Placed[] {
  const provider = providerOf(world)
  return world.contracts.flatMap((contract) =>
    contract.terms.tailorings.flatMap((tailoring) =>
      contract.terms.deployments.flatMap((deployment) => {
        const place = { tailoring: tailoring.id, deployment: deployment.id }
        const reach = reachOf(provider, contract, place)
        return reach ? [{ contract, place, reach }] : []
      }),
    ),
  )
}

/** What is so at an instant, by the definition: `in force`, and each snapshot that serves meanwhile. */
function soAt(world: World, places: readonly Placed[], at: Instant): ReadonlySet<string> {
  const named = places.flatMap(({ contract, place, reach }) => {
    if (!Object.values(standing(contract, reach, place, at)).every(Boolean)) return []
    const { decided } = contract.determination
    const serving = reach.models.filter((model) => serves(world, { model, at }, decided))
    const name = [contract.id, place.tailoring, place.deployment].join(' ')
    return ['in force', ...serving].map((subject) => `${name} ${subject}`)
  })
  return new Set(named)
}

/** Every instant that a random world can name is a day of the grid. */
const GRID = Array.from({ length: DAYS.until - DAYS.from }, (_, i) => day(DAYS.from + i))

/**
 * What changes on each day, by the definition. Where a tailoring comes to be in force or ceases to be, its snapshots
 * follow from that; of those only ones that themselves come to serve or cease to on that day are named.
 */
function changesIn(world: World): readonly string[] {
  const places = placesOf(world)
  return GRID.flatMap((at) => {
    const [before, after] = [soAt(world, places, at - 1), soAt(world, places, at)]
    const begun = [...after].filter((one) => !before.has(one)).map((one) => `${at} ${one} 1`)
    const ended = [...before].filter((one) => !after.has(one)).map((one) => `${at} ${one} -1`)
    return [...begun, ...ended]
  })
}

/** Whether a claim is of a snapshot, in a place that comes to be in force or ceases to be at that instant anyway. */
function isImplied(claim: string, all: ReadonlySet<string>): boolean {
  const [at, contract, tailoring, deployment, subject, sign] = claim.split(' ')
  const whole = [at, contract, tailoring, deployment, 'in force', sign].join(' ')
  return subject !== 'in' && all.has(whole)
}

/** How much was tried, so that it shows whether anything was. */
const met = { effects: 0, none: 0, served: 0, flips: 0, alike: 0 }

test('what a calendar says changes at an instant is what does, and it says all of it', () => {
  const property = fc.property(anyWorld, ({ world }) => {
    const entries = entriesOf(world)
    const claims = claimsIn(entries)
    const changes = new Set(changesIn(world))
    expect(claims.filter((claim) => !changes.has(claim))).toEqual([])
    const unsaid = [...changes].filter((change) => !claims.includes(change))
    expect(unsaid.filter((change) => !isImplied(change, changes))).toEqual([])
    expect(entries.filter(({ at }) => (at - day(0)) % DAY_MS !== 0)).toEqual([])
    met.effects += claims.length
    met.served += claims.filter((claim) => claim.includes(' model-')).length
    met.none += entries.filter(({ effect }) => effect === 'none').length
  })
  fc.assert(property, { numRuns: WORLDS })
})

test('an entry has the effect of what it affects, and a reason where there is none', () => {
  const property = fc.property(anyWorld, ({ world }) => {
    for (const { event, effect, affected } of entriesOf(world)) {
      const effects = new Set(affected.map((one) => one.effect)).difference(new Set(['none']))
      expect([...effects]).toEqual(effect === 'none' ? [] : [effect])
      for (const { effect: own, because } of affected) {
        if (event === 'due') expect(own).toBe('none')
        else expect(because.length > 0).toBe(own === 'none')
      }
    }
  })
  fc.assert(property, { numRuns: FEWER_WORLDS })
})

test('between two entries with an effect every request of a customer is decided alike', () => {
  const property = fc.property(anyWorld, ({ world, requests }) => {
    const bundle = bundleOf(world)
    for (const request of requests) {
      const cuts = entriesOf(world, request.customer).flatMap(({ at, effect }) =>
        effect === 'none' ? [] : [at],
      )
      const edges = [...new Set([SPAN.from, ...cuts, SPAN.until])]
      const gaps = edges.slice(1).map((until, i) => {
        const from = edges[i] ?? until
        const asked = [from, until - 1, Math.min(Math.max(request.at, from), until - 1)]
        const [first, ...others] = asked.map((at) => meaningOf(decide(bundle, { ...request, at })))
        for (const other of others) expect(other).toEqual(first)
        return first
      })
      met.alike += gaps.length
      met.flips += gaps.filter((gap, i) => i > 0 && gap !== gaps[i - 1]).length
    }
  })
  fc.assert(property, { numRuns: WORLDS })
})

function meaningOf(decided: ReturnType<typeof decide>): string {
  if (!decided.ok) throw new Error(decided.error.message)
  const { outcome, triggered, contract, tailoring }: Decision = decided.value
  return JSON.stringify({ outcome, triggered, contract, tailoring })
}

test('the worlds above change by the clock, and much that happens changes nothing', () => {
  expect(Math.min(met.effects, met.none, met.alike)).toBeGreaterThan(100)
  expect(Math.min(met.served, met.flips)).toBeGreaterThan(3)
})

test('a bundle file knows the same effects as the documents that it was compiled from', () => {
  const property = fc.property(anyWorld, ({ world }) => {
    const { entries } = calendarOf(bundleOf(world), null, SPAN)
    expect(claimsIn(entries)).toEqual(claimsIn(entriesOf(world)))
  })
  fc.assert(property, { numRuns: FEWER_WORLDS })
})

test('the calendar of a customer is what concerns the customer in the calendar of all, in order', () => {
  const property = fc.property(anyWorld, ({ world }) => {
    const all = entriesOf(world)
    const sorted = all.toSorted((a, b) => a.at - b.at)
    expect(all).toEqual(sorted)
    for (const id of ['agency', 'bureau']) {
      const own = entriesOf(world, id)
      const concerns = (entry: CalendarEntry): boolean =>
        entry.customer === id || (entry.contract === null && entry.kind !== 'model')
      expect(own.filter(concerns)).toEqual(all.filter(concerns))
      expect(own.flatMap(({ affected }) => affected).filter((one) => one.customer !== id)).toEqual(
        [],
      )
    }
  })
  fc.assert(property, { numRuns: FEWER_WORLDS })
})

test('documents in another order have the same calendar', () => {
  const property = fc.property(anyWorld, ({ world }) => {
    const reversed = { ...world, contracts: world.contracts.toReversed() }
    expect(entriesOf(reversed)).toEqual(entriesOf(world))
  })
  fc.assert(property, { numRuns: FEWER_WORLDS })
})

test('a calendar that is too long keeps the soonest and counts the others', () => {
  const all = calendarOf(bundleOf(EXAMPLE), EXAMPLE, { ...SPAN, until: day(365) })
  const few = calendarOf(bundleOf(EXAMPLE), EXAMPLE, { ...SPAN, until: day(365), entriesMax: 5 })
  expect(few.entries).toEqual(all.entries.slice(0, 5))
  expect(few.leftOut).toBe(all.entries.length - 5)
  expect(all.leftOut).toBe(0)
})

/** Prints what each event of each file says, as icalendar reads it. */
const READ_BACK = `
import json, sys
from icalendar import Calendar
def read(text):
    calendar = Calendar.from_ical(text)
    events = [{
        'uid': str(event['UID']),
        'stamp': event.decoded('DTSTAMP').isoformat(),
        'start': event.decoded('DTSTART').isoformat(),
        'summary': str(event['SUMMARY']),
        'description': str(event['DESCRIPTION']),
        'categories': [str(category) for category in event['CATEGORIES'].cats],
        'transp': str(event['TRANSP']),
        'errors': [str(error) for error in event.errors],
    } for event in calendar.walk('VEVENT')]
    return {'prodid': str(calendar['PRODID']), 'version': str(calendar['VERSION']), 'events': events,
            'errors': [str(error) for error in calendar.errors]}
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`

interface ReadBack {
  readonly prodid: string
  readonly version: string
  readonly errors: readonly string[]
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

/** Files as the iCalendar library of Debian reads them, in Debian's Python: another one would not find it. */
function readBack(files: readonly string[]): readonly ReadBack[] {
  programOf('python3-icalendar')
  const input = JSON.stringify(files)
  const ran = spawnSync('/usr/bin/python3', ['-c', READ_BACK], { input, encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(ran.stderr)
  return JSON.parse(ran.stdout) as readonly ReadBack[]
}

/** Everything that needs escaping or folding. */
const ODD = `Comma, semicolon; backslash \\ quote " and colon:\nnew line ${'é€🗓'.repeat(40)}`

test('an iCalendar file is read by another library as it was meant', () => {
  const from = day(60) + 9 * 3_600_000 + 123
  const policy = EXAMPLE.policy.id
  const { entries } = calendarOf(bundleOf(EXAMPLE), EXAMPLE, { ...SPAN, until: day(366) })
  const [first] = entries
  if (first === undefined) throw new Error('the example has an empty calendar')
  const odd = [{ ...first, at: day(61) + 999, contract: null, text: ODD }, first, first]
  const sets = [entries, odd, []]
  const files = sets.map((some) => printCalendarFile({ policy, from, entries: some }, sha256))
  for (const file of files) {
    const lines = file.split('\r\n')
    expect(lines.join('')).not.toMatch(/[\r\n]/)
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(75)
    expect(lines.at(-1)).toBe('')
  }
  const read = readBack(files)
  for (const { version, prodid, errors } of read) {
    expect({ version, prodid, errors }).toEqual({
      version: '2.0',
      prodid: '-//Proviso//proviso calendar//EN',
      errors: [],
    })
  }
  expect(read.map(({ events }) => events.map(({ uid: _, ...event }) => event))).toEqual(
    sets.map((some) =>
      some.map((entry) => ({
        stamp: '2026-03-02T09:00:00+00:00',
        start: new Date(Math.floor(entry.at / 1_000) * 1_000)
          .toISOString()
          .replace('.000Z', '+00:00'),
        summary: happensText(entry),
        description: effectLines(entry).join('\n'),
        categories: [entry.kind, entry.effect],
        transp: 'TRANSPARENT',
        errors: [],
      })),
    ),
  )
  for (const { events } of read) {
    expect(new Set(events.map(({ uid }) => uid)).size).toBe(events.length)
  }
})

test('a line is folded beside characters, wherever they stand in it', () => {
  for (let before = 0; before < 100; before++) {
    const line = `${'x'.repeat(before)}${'é€🗓'.repeat(20)}`
    const lines = folded(line).split('\r\n ')
    expect(lines.join('')).toBe(line)
    expect(lines.every((part) => part.isWellFormed())).toBe(true)
    const octets = lines.map((part, i) => Buffer.byteLength(part) + Math.min(i, 1))
    expect(Math.max(...octets)).toBeLessThanOrEqual(75)
  }
})

test('text in an iCalendar file is escaped as RFC 5545 says', () => {
  // Not read back: icalendar 4.0.3 takes two backslashes for one, and one before an n for the end of a line.
  expect(escaped('a\\nb, c; d: e\r\nf')).toBe('a\\\\nb\\, c\\; d: e\\nf')
})

test('an event keeps its name when only what it changes is otherwise', () => {
  const { entries } = calendarOf(bundleOf(EXAMPLE), EXAMPLE, { ...SPAN, until: day(366) })
  const uidsOf = (some: readonly CalendarEntry[], from: Instant): readonly string[] => {
    const file = printCalendarFile({ policy: 'policy', from, entries: some }, sha256)
    return [...file.matchAll(/^UID:(.*)\r$/gm)].map(([, uid]) => uid ?? '')
  }
  const later = entries.slice(3).map((entry) => ({ ...entry, affected: [] }))
  expect(uidsOf(later, day(1))).toEqual(uidsOf(entries, day(0)).slice(3))
})
