/** Seconds' worth of evaluations that a key may ask for at once after a pause. */
const BURST_SECONDS = 2

/** Evaluations that any key may ask for at once, so that its rate never forbids a whole batch. */
const BURST_MIN = 1_000

/** What is left to each key, refilled as time goes: one token an evaluation. Bounded by the number of keys. */
export class RateLimits {
  readonly #left = new Map<string, { tokens: number; at: number }>()
  readonly #burstMin: number

  constructor(burstMin = BURST_MIN) {
    this.#burstMin = burstMin
  }

  /**
   * Takes tokens of a key, or none when there are too few.
   * Answers with the seconds to wait, 0 when they were taken. Time is in milliseconds and never goes back.
   */
  take(key: { readonly id: string; readonly rate: number }, tokens: number, now: number): number {
    const burst = Math.max(this.#burstMin, key.rate * BURST_SECONDS)
    let left = this.#left.get(key.id)
    if (!left) {
      left = { tokens: burst, at: now }
      this.#left.set(key.id, left)
    }
    left.tokens = Math.min(burst, left.tokens + ((now - left.at) * key.rate) / 1_000)
    left.at = now
    if (left.tokens < tokens) return Math.max(1, Math.ceil((tokens - left.tokens) / key.rate))
    left.tokens -= tokens
    return 0
  }

  /** Forgets keys that are no more. */
  keepOnly(ids: { has(id: string): boolean }): void {
    for (const id of this.#left.keys()) if (!ids.has(id)) this.#left.delete(id)
  }
}
