import type { PermitCount } from '../decision/payload.ts'

/** Most rows of one entry, and most that are counted before it is time to log them. */
const ROWS_MAX = 1_000

/** Most characters of names in them. */
const CHARS_MAX = 262_144

/** Most rows that wait while they cannot be logged. */
const WAITING_ROWS_MAX = 16_384

/** Most characters of names in those. */
const WAITING_CHARS_MAX = 4_194_304

/** What permits are counted as that there is no row left for. A row of a request has at least one use. */
const OTHER = { customer: 'other', deployment: 'other', uses: [] } as const

interface Row extends PermitCount {
  count: number
}

/** Plain permits that have not been logged yet, counted by customer, deployment and uses (semantics §13.2). */
export class PlainPermits {
  #rows = new Map<string, Row>()
  #chars = 0

  add(customer: string, deployment: string, uses: readonly string[]): void {
    // A set: whoever asks must not make a row for each order of it.
    const set = uses.length === 1 ? uses : [...new Set(uses)].sort()
    const name = nameOf(customer, deployment, set)
    const row = this.#rows.get(name)
    if (row) row.count++
    else this.#addRow(name, { customer, deployment, uses: set, count: 1 })
  }

  #addRow(name: string, row: Row): void {
    const isFull = this.#rows.size >= WAITING_ROWS_MAX || this.#chars >= WAITING_CHARS_MAX
    const key = isFull ? OTHER_NAME : name
    const known = this.#rows.get(key)
    if (known) {
      known.count += row.count
      return
    }
    this.#rows.set(key, isFull ? { ...OTHER, count: row.count } : { ...row })
    this.#chars += key.length
  }

  /** Whether it is time to log them, before there are more than one entry should hold. */
  get isFull(): boolean {
    return this.#rows.size >= ROWS_MAX || this.#chars >= CHARS_MAX
  }

  /** All that was counted, by entries that it goes into; counting begins anew. */
  take(): readonly (readonly PermitCount[])[] {
    const parts: PermitCount[][] = []
    let part: PermitCount[] = []
    let chars = 0
    for (const [name, row] of this.#rows) {
      if (part.length === 0) parts.push(part)
      part.push(row)
      chars += name.length
      if (part.length < ROWS_MAX && chars < CHARS_MAX) continue
      part = []
      chars = 0
    }
    this.#rows = new Map()
    this.#chars = 0
    return parts
  }

  /** Counts that could not be logged go on. */
  putBack(counts: readonly PermitCount[]): void {
    for (const row of counts) {
      const name = nameOf(row.customer, row.deployment, row.uses)
      const known = this.#rows.get(name)
      if (known) known.count += row.count
      else this.#addRow(name, row)
    }
  }
}

/** Ids hold none of these characters. */
function nameOf(customer: string, deployment: string, uses: readonly string[]): string {
  return `${customer}/${deployment}/${uses.length === 1 ? uses[0] : uses.join()}`
}

const OTHER_NAME = nameOf(OTHER.customer, OTHER.deployment, OTHER.uses)
