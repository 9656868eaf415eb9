import * as z from 'zod'
import { BUNDLE_CHARS_MAX } from '../decision/bundle-file.ts'
import type { Digest } from '../digest.ts'
import { parseJson } from '../json.ts'

// A decision point's side of a register: listens to what is offered, and asks for bundles (docs/register.md).

/** Longest that an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 30_000

/** Longest that a stream may be silent, in milliseconds: registers beat every 15 seconds. */
const SILENCE_MS_MAX = 20_000

/** Longest event of a stream, and longest offer, in characters. */
const EVENT_CHARS_MAX = 1_048_576

const offer = z.object({
  lease: z.string(),
  entry: z.string(),
  proof: z.string(),
  /** What has changed since the offer before, when that is short. */
  delta: z.string().optional(),
})

export type HeardOffer = z.output<typeof offer>

export class OfferClient {
  readonly #register: URL
  readonly #headers: Readonly<Record<string, string>>

  constructor(register: URL, apiKey: string | undefined) {
    this.#register = register
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  }

  /** What is offered now. */
  async offer(): Promise<HeardOffer> {
    const response = await this.#get('bundle/offer', {}, AbortSignal.timeout(ANSWER_MS_MAX))
    return offerIn(await textOf(response, EVENT_CHARS_MAX))
  }

  /** The text of a bundle, or what has changed in it since another one. */
  async bundle(is: Digest, from: Digest | undefined): Promise<string> {
    const query = { is, ...(from === undefined ? {} : { from }) }
    const response = await this.#get('bundle', query, AbortSignal.timeout(ANSWER_MS_MAX))
    return await textOf(response, BUNDLE_CHARS_MAX)
  }

  /** Tells each offer as it comes, one after the other, until the register or a silence ends the stream. */
  async hear(
    from: Digest | undefined,
    tell: (heard: HeardOffer) => Promise<void>,
    stopped: AbortSignal,
  ): Promise<void> {
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX)
    try {
      const signal = AbortSignal.any([stopped, silence.signal])
      const response = await this.#get('bundle/offers', from === undefined ? {} : { from }, signal)
      for await (const event of eventsIn(response, () => timer.refresh())) {
        if (event !== '') await tell(offerIn(event))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #get(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const url = new URL(`/api/v1/${path}?${new URLSearchParams(query)}`, this.#register)
    const response = await fetch(url, { headers: this.#headers, signal, redirect: 'error' })
    if (response.ok) return response
    const why = (await textOf(response, EVENT_CHARS_MAX)).slice(0, WHY_CHARS_MAX)
    throw new Error(`${url.origin} answers ${response.status}: ${why}`)
  }
}

/** How much is told of an answer that is an error, in characters. */
const WHY_CHARS_MAX = 1_000

function offerIn(text: string): HeardOffer {
  const json = parseJson(text)
  const read = json.ok ? offer.safeParse(json.value) : undefined
  if (read?.success) return read.data
  throw new Error('what the register says is no offer of a bundle')
}

async function textOf({ body }: Response, most: number): Promise<string> {
  const parts: string[] = []
  let length = 0
  for await (const part of decoded(body)) {
    length += part.length
    if (length > most) throw new Error(`the register’s answer is over ${most} characters`)
    parts.push(part)
  }
  return parts.join('')
}

/** The data of each event of a stream, which is a line here; empty for a beat. */
async function* eventsIn({ body }: Response, heard: () => void): AsyncGenerator<string> {
  let rest = ''
  for await (const part of decoded(body)) {
    heard()
    const events = `${rest}${part}`.split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data: '))
      yield data?.slice('data: '.length) ?? ''
    }
    if (rest.length > EVENT_CHARS_MAX) throw new Error('an event of the register is too long')
  }
}

async function* decoded(body: Response['body']): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const part of body ?? []) yield decoder.decode(part, { stream: true })
  yield decoder.decode()
}
