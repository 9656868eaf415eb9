import type { Instant } from '../time.ts'

/** The clock on the wall, or one that begins at an instant when it is first asked and goes on from there. */
export class Clock {
  #start: Instant | undefined
  /** By the clock that never goes back, in milliseconds. */
  #startedAt: number | undefined
  #isMovedOn = false

  /** Without an instant it is the clock on the wall. */
  constructor(start: Instant | undefined) {
    this.#start = start
  }

  /** Where it began, or went on from; undefined: it is the clock on the wall. */
  get start(): Instant | undefined {
    return this.#start
  }

  /** Whether it went on from a later instant than it was to begin at. */
  get isMovedOn(): boolean {
    return this.#isMovedOn
  }

  readonly now = (): Instant => {
    if (this.#start === undefined) return Date.now()
    this.#startedAt ??= performance.now()
    return this.#start + Math.floor(performance.now() - this.#startedAt)
  }

  /** Goes on from an instant unless it is past that. The clock on the wall is not moved. */
  moveOnTo(instant: Instant): void {
    if (this.#start === undefined || this.now() >= instant) return
    this.#start = instant
    this.#startedAt = performance.now()
    this.#isMovedOn = true
  }
}
