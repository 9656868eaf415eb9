import { DAY_MS, type Instant, parseInstant } from '../time.ts'

/** `2026-01-31T09:00:00.000Z`, and the day in it, in characters. */
const INSTANT_CHARS = 24
const DAY_CHARS = 10

/** How many days are known at a time. */
const DAYS_MAX = 64

/** Reads many instants with milliseconds, most of them of the same few days. */
export class InstantTexts {
  readonly #days = new Map<string, Instant>()

  /** Undefined for a text that is none, or is written in another way. */
  read(text: string): Instant | undefined {
    const ms = text.length === INSTANT_CHARS ? msOfDay(text) : Number.NaN
    if (Number.isNaN(ms)) return undefined
    const day = text.slice(0, DAY_CHARS)
    const start = this.#days.get(day)
    if (start !== undefined) return start + ms
    const instant = parseInstant(text)
    if (instant === undefined) return undefined
    if (this.#days.size === DAYS_MAX) this.#days.clear()
    this.#days.set(day, Math.floor(instant / DAY_MS) * DAY_MS)
    return instant
  }
}

/** What `T09:00:00.000Z` after the day says, in milliseconds; NaN for another text. */
function msOfDay(text: string): number {
  const isMarked = text[10] === 'T' && text[13] === ':' && text[16] === ':' && text[19] === '.'
  if (!isMarked || text[23] !== 'Z') return Number.NaN
  const hours = twoDigits(text, 11)
  const minutes = twoDigits(text, 14)
  const seconds = twoDigits(text, 17)
  const ms = 10 * twoDigits(text, 20) + digit(text, 22)
  return hours < 24 && minutes < 60 && seconds < 60
    ? ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms
    : Number.NaN
}

function twoDigits(text: string, index: number): number {
  return 10 * digit(text, index) + digit(text, index + 1)
}

function digit(text: string, index: number): number {
  const value = text.charCodeAt(index) - 0x30
  return value >= 0 && value <= 9 ? value : Number.NaN
}
