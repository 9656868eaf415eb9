import * as z from 'zod'
import { BUNDLE_CHARS_MAX } from '../decision/bundle-file.ts'
import type { Digest } from '../digest.ts'
import { parseJson } from '../json.ts'
import { decoded, EVENT_CHARS_MAX, eventsIn } from './event-stream.ts'

// A decision point's side of a register: listens to what is offered, and asks for bundles (docs/register.md).

/** Longest that an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 30_000

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
    const query = from === undefined ? {} : { from }
    const ask = (signal: AbortSignal): Promise<Response> =>
      this.#get('bundle/offers', query, signal)
    for await (const event of eventsIn(ask, stopped)) await tell(offerIn(event))
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
