// Server-sent events of a register, as each is sent: its data is one line.

/** Longest event of a stream, in characters. */
export const EVENT_CHARS_MAX = 1_048_576

/** Longest that a stream may be silent, in milliseconds: registers beat every 15 seconds. */
const SILENCE_MS_MAX = 20_000

/** The data of each event of a stream, until whoever sends it, a silence or `stopped` ends it; the last two throw. */
export async function* eventsIn(
  ask: (signal: AbortSignal) => Promise<Response>,
  stopped: AbortSignal,
): AsyncGenerator<string> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX)
  try {
    const { body } = await ask(AbortSignal.any([stopped, silence.signal]))
    const begun = new BegunEvent()
    for await (const part of decoded(body)) {
      timer.refresh()
      for (const event of begun.goneOn(part)) yield* dataOf(event)
      if (begun.length > EVENT_CHARS_MAX) throw new Error('an event of the register is too long')
    }
  } finally {
    clearTimeout(timer)
  }
}

/** An event as far as it has come. Its parts are put together at its end: there may be as many as it has characters. */
class BegunEvent {
  #parts: string[] = []
  #length = 0
  #last = ''

  get length(): number {
    return this.#length
  }

  /** The events that end in a part. */
  goneOn(part: string): readonly string[] {
    this.#parts.push(part)
    this.#length += part.length
    const seam = `${this.#last}${part}`
    this.#last = seam.slice(-1)
    if (!seam.includes('\n\n')) return []
    const events = this.#parts.join('').split('\n\n')
    const rest = events.pop() ?? ''
    this.#parts = [rest]
    this.#length = rest.length
    return events
  }
}

/** Nothing of a beat. */
function dataOf(event: string): readonly string[] {
  return event.split('\n').flatMap((line) => /^data: (.*)$/.exec(line)?.[1] ?? [])
}

export async function* decoded(body: Response['body']): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const part of body ?? []) yield decoder.decode(part, { stream: true })
  yield decoder.decode()
}
