import { setTimeout as wait } from 'node:timers/promises'
import { concatBytes } from '../bytes.ts'
import { LogFailure } from './failure.ts'
import type { LogSource } from './source.ts'
import { ENTRY_BYTES_MAX, TILE_WIDTH } from './tile.ts'

// A log that a server shows (https://c2sp.org/tlog-tiles).

/** Longest that a file is waited for, in milliseconds. */
const REQUEST_MS_MAX = 15_000

/** How long a server is left alone before it is asked once more, in milliseconds. */
const RETRY_WAIT_MS = 500

/** Longest file, in bytes: the longest bundle of entries. */
const BODY_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_BYTES_MAX)

/** Most redirects of one request. */
const REDIRECTS_MAX = 3

export interface HttpOptions {
  /** Ends in a slash. */
  readonly base: URL
  /** A key that bundles of entries are asked for with; null: none. */
  readonly key: string | null
}

export function httpSource({ base, key }: HttpOptions): LogSource {
  const headers = key === null ? {} : { authorization: `Bearer ${key}` }
  return {
    read: async (path): Promise<Uint8Array | undefined> => {
      const url = new URL(path, base)
      const first = await ask(url, headers)
      if (first !== AGAIN) return first
      await wait(RETRY_WAIT_MS)
      const second = await ask(url, headers)
      if (second !== AGAIN) return second
      throw new LogFailure('unreachable', `${url.href} does not answer; try again later`)
    },
  }
}

/** What may go better if it is asked once more. */
const AGAIN = Symbol('again')

type Answer = Uint8Array | undefined | typeof AGAIN

async function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const signal = AbortSignal.timeout(REQUEST_MS_MAX)
  let at = url
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    let response: Response
    try {
      response = await fetch(at, { headers, signal, redirect: 'manual' })
    } catch {
      return AGAIN
    }
    if (response.status < 300 || response.status > 399) return await answerOf(at, response)
    await response.body?.cancel()
    at = targetOf(at, response)
  }
  throw new LogFailure('unreachable', `${url.href} is redirected over ${REDIRECTS_MAX} times`)
}

/** Where an answer sends us. Another server may not be given the key, nor speak for the log. */
function targetOf(url: URL, { headers }: Response): URL {
  const location = headers.get('location') ?? ''
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined
  if (target?.origin === url.origin) return target
  const message = `${url.href} sends us to another server; name the URL where the log is`
  throw new LogFailure('unreachable', message)
}

async function answerOf(url: URL, response: Response): Promise<Answer> {
  const { status } = response
  if (status === 200) return await bodyOf(url, response)
  await response.body?.cancel()
  if (status === 404) return undefined
  if (status === 401 || status === 403) {
    const message = `${url.href} asks for a key of scope auditor; give its file with --key-file`
    throw new LogFailure('no-access', message)
  }
  if (status === 429 || status >= 500) return AGAIN
  throw new LogFailure('unreachable', `${url.href} answers with status ${status}`)
}

async function bodyOf(url: URL, { body }: Response): Promise<Answer> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const part of body ?? []) {
      length += part.length
      if (length > BODY_BYTES_MAX) break
      parts.push(part)
    }
  } catch {
    return AGAIN
  }
  if (length <= BODY_BYTES_MAX) return concatBytes(...parts)
  throw new LogFailure('unreachable', `${url.href} is over ${BODY_BYTES_MAX} bytes, as no file is`)
}
