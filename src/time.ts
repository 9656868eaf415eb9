/** Milliseconds since 1970-01-01T00:00:00Z, an integer (semantics §1.2). */
export type Instant = number

/** A length of time in milliseconds, a whole number of 24-hour days (semantics §1.2). */
export type Duration = number

export const DAY_MS = 86_400_000

/** 9999-12-31T23:59:59.999Z: the last instant that has a text (RFC 3339 §1). */
export const INSTANT_MAX: Instant = 253_402_300_799_999

/** Longest duration a document may state, in days: a hundred years. */
const DURATION_DAYS_MAX = 36_500

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/
const DURATION = /^P(0|[1-9]\d{0,4})D$/

/** The instant that an RFC 3339 UTC text names, at most to the millisecond; otherwise undefined. */
export function parseInstant(text: string): Instant | undefined {
  if (text.length > 24 || !INSTANT.test(text)) return undefined
  const instant = Date.parse(text)
  // Date.parse rolls 30 February over to March; only a text that prints back as itself is a date.
  return Number.isNaN(instant) || printInstant(instant).slice(0, 19) !== text.slice(0, 19)
    ? undefined
    : instant
}

/** `2026-03-01T00:00:00.000Z`, always with milliseconds. */
export function printInstant(instant: Instant): string {
  return new Date(instant).toISOString()
}

/** `2026-03-01T00:00:00Z`: as people write it, milliseconds only where there are some. */
export function printInstantShort(instant: Instant): string {
  return printInstant(instant).replace('.000Z', 'Z')
}

/** The length of `P<n>D`; otherwise undefined. */
export function parseDuration(text: string): Duration | undefined {
  const days = Number(DURATION.exec(text)?.[1])
  return days <= DURATION_DAYS_MAX ? days * DAY_MS : undefined
}

export function printDuration(duration: Duration): string {
  return `P${duration / DAY_MS}D`
}
