/** How many times longer than usual the pause is after a task that has failed again and again. */
const PAUSES_MAX = 4

/** A task that is done again and again, never twice at once, and more rarely while it fails. */
export class Repeating {
  readonly #ms: number
  readonly #task: () => Promise<void>
  readonly #onTrouble: (error: Error) => void
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #failures = 0
  #isEnded = false

  constructor(ms: number, task: () => Promise<void>, onTrouble: (error: Error) => void) {
    this.#ms = ms
    this.#task = task
    this.#onTrouble = onTrouble
    this.#wait()
  }

  #wait(): void {
    if (this.#isEnded) return
    const pause = this.#ms * Math.min(2 ** this.#failures, PAUSES_MAX)
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
    }, pause)
    this.#timer.unref()
  }

  async #run(): Promise<void> {
    try {
      await this.#task()
      this.#failures = 0
    } catch (error) {
      this.#failures++
      this.#onTrouble(error as Error)
    }
    this.#wait()
  }

  /** Done when the task that is under way is. */
  async end(): Promise<void> {
    this.#isEnded = true
    clearTimeout(this.#timer)
    await this.#running
  }
}
