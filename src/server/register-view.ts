import { printDuration, printInstant } from '../time.ts'

// What the register shows of its states and events: as they are kept, but instants and durations as texts.

/** Members of states and events that are instants: milliseconds as they are kept. */
const INSTANTS: ReadonlySet<string> = new Set([
  'actedAt',
  'as-of',
  'at',
  'decided',
  'due',
  'effective',
  'from',
  'happened',
  'lapsesAt',
  'met',
  'published',
  'reinstated',
  'reported',
  'review-by',
  'signBefore',
  'until',
  'valid-until',
  'voided',
])

const DURATIONS: ReadonlySet<string> = new Set(['grace'])

/** A state or an event as it is shown; `name` is the member that it stands in. */
export function shown(value: unknown, name = ''): unknown {
  if (typeof value === 'number') return shownNumber(value, name)
  if (Array.isArray(value)) return value.map((one: unknown) => shown(one, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shown(one, key)]))
}

function shownNumber(value: number, name: string): string | number {
  if (INSTANTS.has(name)) return printInstant(value)
  return DURATIONS.has(name) ? printDuration(value) : value
}
