import type { Calendar, Span } from '../decision/calendar.ts'
import type { CalendarEntry } from '../decision/calendar-entry.ts'
import { printInstantShort } from '../time.ts'
import { effectLines, happensText } from './calendar-words.ts'
import { counted, styled } from './output.ts'

/** Most entries that people are shown on a terminal. */
const SHOWN_MAX = 100

/** `2026-03-09`, of a printed instant. */
const DAY_CHARS = 10

/** As far as a line is indented that belongs to an entry, behind `  00:00:00Z  `. */
const INDENT = ' '.repeat(13)

export function calendarText({ entries, leftOut }: Calendar, { from, until }: Span): string {
  const shown = entries.slice(0, SHOWN_MAX)
  const days = Map.groupBy(shown, ({ at }) => printInstantShort(at).slice(0, DAY_CHARS))
  const more = leftOut + entries.length - shown.length
  const [start, end] = [from, until].map(printInstantShort)
  return [
    `${counted(entries.length + leftOut, 'entry', 'entries')} from ${start} until ${end}`,
    ...[...days].flatMap(([day, some]) => [`\n${styled('bold', day)}`, ...some.map(entryText)]),
    ...(more > 0
      ? [`\n${more.toLocaleString('en')} more: see --json, --customer, --from and --until`]
      : []),
  ].join('\n')
}

function entryText(entry: CalendarEntry): string {
  const time = printInstantShort(entry.at).slice(DAY_CHARS + 1)
  const effects = effectLines(entry).map((line) => `${INDENT}${emphasised(entry, line)}`)
  return [`  ${time.padEnd(INDENT.length - 2)}${happensText(entry)}`, ...effects].join('\n')
}

function emphasised({ effect }: CalendarEntry, line: string): string {
  if (effect === 'none' || line.startsWith('changes nothing')) return styled('dim', line)
  return styled(effect.endsWith('-from') && effect !== 'stale-from' ? 'green' : 'yellow', line)
}
