import { canonicalJson } from '../canonical-json.ts'
import type { CalendarEntry } from '../decision/calendar-entry.ts'
import type { Sha256 } from '../digest.ts'
import { type Instant, printInstant } from '../time.ts'
import { effectLines, happensText } from './calendar-words.ts'

/** What an iCalendar file is made of. */
export interface CalendarFile {
  /** Id of the policy that the entries are of. */
  readonly policy: string
  /** The instant that the file speaks as of: its only time stamp, so that the same input gives the same file. */
  readonly from: Instant
  readonly entries: readonly CalendarEntry[]
}

/** Stands in a file without an event: RFC 5545 §3.4 asks for at least one component. */
const NO_EVENT = [
  'BEGIN:VTIMEZONE',
  'TZID:UTC',
  'BEGIN:STANDARD',
  'DTSTART:19700101T000000',
  'TZOFFSETFROM:+0000',
  'TZOFFSETTO:+0000',
  'END:STANDARD',
  'END:VTIMEZONE',
]

/** An iCalendar object with one event an entry (RFC 5545). */
export function printCalendarFile({ policy, from, entries }: CalendarFile, sha256: Sha256): string {
  const uids = new Uids(policy, sha256)
  const events = entries.flatMap((entry) => eventLines(entry, uids.uidOf(entry), from))
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Proviso//proviso calendar//EN',
    'CALSCALE:GREGORIAN',
    ...(events.length === 0 ? NO_EVENT : events),
    'END:VCALENDAR',
  ]
    .map((line) => `${folded(line)}\r\n`)
    .join('')
}

function eventLines(entry: CalendarEntry, uid: string, from: Instant): readonly string[] {
  return [
    'BEGIN:VEVENT',
    `UID:${uid}`,
    `DTSTAMP:${utcOf(from)}`,
    `DTSTART:${utcOf(entry.at)}`,
    `SUMMARY:${escaped(happensText(entry))}`,
    `DESCRIPTION:${escaped(effectLines(entry).join('\n'))}`,
    `CATEGORIES:${escaped(entry.kind)},${escaped(entry.effect)}`,
    'TRANSP:TRANSPARENT',
    'END:VEVENT',
  ]
}

/** How much of a digest names an event, in hexadecimal digits. */
const UID_DIGITS = 32

/**
 * Names for events that stay the same as long as what happens does, whatever it changes by then, so that a calendar
 * program brings an event up to date instead of adding it again.
 */
class Uids {
  readonly #policy: string
  readonly #sha256: Sha256
  readonly #seen = new Map<string, number>()

  constructor(policy: string, sha256: Sha256) {
    this.#policy = policy
    this.#sha256 = sha256
  }

  uidOf({ at, kind, event, id, contract }: CalendarEntry): string {
    const identity = canonicalJson({ policy: this.#policy, at, kind, event, id, contract })
    // Two that nothing else tells apart, such as two meetings made up for at once.
    const nth = this.#seen.get(identity) ?? 0
    this.#seen.set(identity, nth + 1)
    return `${this.#sha256(`${nth} ${identity}`).slice(0, UID_DIGITS)}@proviso`
  }
}

/** `20260309T000000Z`: the second that an instant lies in (RFC 5545 §3.3.5, form 2). */
function utcOf(instant: Instant): string {
  return `${printInstant(instant).slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

/** A value of type TEXT (RFC 5545 §3.3.11). */
export function escaped(text: string): string {
  return text.replaceAll(/[\\;,]/g, '\\$&').replaceAll(/\r\n|\r|\n/g, '\\n')
}

/** Longest line without its end, in octets (RFC 5545 §3.1). */
const LINE_OCTETS_MAX = 75

/** A content line folded between characters, never inside one. */
export function folded(line: string): string {
  const lines: string[] = []
  let current = ''
  let octets = 0
  for (const character of line) {
    const more = Buffer.byteLength(character)
    if (octets + more > LINE_OCTETS_MAX) {
      lines.push(current)
      current = ' '
      octets = 1
    }
    current += character
    octets += more
  }
  return [...lines, current].join('\r\n')
}
