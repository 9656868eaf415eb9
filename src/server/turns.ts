/** Does something one time after the other. Asked for while it is done, it is done once more, however often it is asked for. */
export class Turns {
  readonly #act: () => Promise<void>
  #last: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  /** What is done must not throw. */
  constructor(act: () => Promise<void>) {
    this.#act = act
  }

  /** Done when it was done once from now on. */
  ask(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined
      return this.#act()
    })
    this.#last = this.#next
    return this.#next
  }

  /** Done when all that was asked for is. */
  get ended(): Promise<void> {
    return this.#last
  }
}
