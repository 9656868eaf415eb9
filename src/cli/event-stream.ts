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
    let rest = ''
    for await (const part of decoded(body)) {
      timer.refresh()
      const events = `${rest}${part}`.split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) yield* dataOf(event)
      if (rest.length > EVENT_CHARS_MAX) throw new Error('an event of the register is too long')
    }
  } finally {
    clearTimeout(timer)
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
