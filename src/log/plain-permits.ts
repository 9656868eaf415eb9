import type { PermitCount } from '../decision/payload.ts'

/** Most rows that are counted before they are logged. */
const ROWS_MAX = 1_000

/** Most characters of names in them. */
const CHARS_MAX = 262_144

/** Plain permits that have not been logged yet, counted by customer, deployment and uses (semantics §13.2). */
export class PlainPermits {
  #rows = new Map<string, { -readonly [K in keyof PermitCount]: PermitCount[K] }>()
  #chars = 0

  add(customer: string, deployment: string, uses: readonly string[]): void {
    // Ids hold none of these characters.
    const name = `${customer}/${deployment}/${uses.length === 1 ? uses[0] : uses.join()}`
    const row = this.#rows.get(name)
    if (row) row.count++
    else this.#addRow(name, { customer, deployment, uses, count: 1 })
  }

  #addRow(name: string, row: PermitCount): void {
    this.#rows.set(name, { ...row })
    this.#chars += name.length
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0
  }

  /** Whether it is time to log them, before there are more than one payload should hold. */
  get isFull(): boolean {
    return this.#rows.size >= ROWS_MAX || this.#chars >= CHARS_MAX
  }

  /** All that was counted; counting begins anew. */
  take(): readonly PermitCount[] {
    const counts = [...this.#rows.values()]
    this.#rows = new Map()
    this.#chars = 0
    return counts
  }

  /** Counts that could not be logged go on. */
  putBack(counts: readonly PermitCount[]): void {
    for (const row of counts) {
      const name = `${row.customer}/${row.deployment}/${row.uses.join()}`
      const known = this.#rows.get(name)
      if (known) known.count += row.count
      else this.#addRow(name, row)
    }
  }
}
