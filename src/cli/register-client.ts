import { randomUUID } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import { type Digest, digestOf } from '../digest.ts'
import { parseJson } from '../json.ts'
import { signAct } from '../log/signed-act.ts'
import type { Signer } from '../log/signer.ts'
import type { Role } from '../people.ts'
import { LOOPBACK } from './listen.ts'
import { sha256 } from './load.ts'
import { UsageError } from './usage-error.ts'

// A person's side of the register: reads, signs, and asks for acts (docs/register.md).

/** Longest that an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 30_000

/** Longest answer, in bytes. */
const ANSWER_BYTES_MAX = 67_108_864

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: JSON that its reader knows.
  readonly body: any
}

/** Who acts, and with which key. */
export interface Actor {
  readonly by: string
  readonly role: Role
  readonly signer: Signer
}

/** What is signed of an act besides the act itself. */
export interface Waiting {
  readonly round: number
  readonly digest: Digest
}

export interface Acting {
  readonly actor: Actor
  /** Below /api/v1, such as `cases/case-17`. */
  readonly path: string
  /** Such as `case/case-17`. */
  readonly subject: string
  readonly command: { readonly act: string }
  readonly waiting: Waiting
}

export class RegisterClient {
  readonly #server: URL
  readonly #apiKey: string | undefined

  constructor(server: string, apiKey: string | undefined) {
    this.#server = serverOf(server)
    this.#apiKey = apiKey
  }

  async get(path: string): Promise<Answer> {
    return await this.#ask('GET', path)
  }

  /** Signs an act and asks for it, once whatever the network does. */
  async act({ actor, path, subject, command, waiting }: Acting): Promise<Answer> {
    const given = await this.#ask('POST', 'nonces')
    if (given.status !== 201) return given
    const { nonce } = given.body as { readonly nonce: string }
    const { by, role, signer } = actor
    const signed = { by, role, ...waiting, nonce }
    const proof = signAct({ ...signed, act: command.act, subject }, signer)
    const body = JSON.stringify({ command, signed: { ...signed, proof } })
    return await this.#ask('POST', `${path}/acts`, body)
  }

  async #ask(method: string, path: string, body?: string): Promise<Answer> {
    const headers = {
      ...(this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(body === undefined ? {} : { 'idempotency-key': randomUUID() }),
    }
    const url = new URL(`/api/v1/${path}`, this.#server)
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    try {
      const sent = body === undefined ? {} : { body }
      const response = await fetch(url, { method, headers, signal, redirect: 'error', ...sent })
      return { status: response.status, body: await bodyOf(response) }
    } catch (error) {
      if (error instanceof UsageError) throw error
      const { cause, message } = error as Error
      const why = cause instanceof Error ? cause.message : message
      throw new UsageError(`${url.origin} does not answer (${why}); name the server with --server`)
    }
  }
}

/** What a command's signature is over, when it is over no document. */
export function digestOfCommand(command: object): Digest {
  return digestOf(sha256(canonicalJson(command)))
}

async function bodyOf(response: Response): Promise<unknown> {
  let length = 0
  const parts: Uint8Array[] = []
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > ANSWER_BYTES_MAX)
      throw new UsageError('the answer is longer than any of a register')
    parts.push(part)
  }
  const json = parseJson(Buffer.concat(parts).toString())
  if (json.ok) return json.value
  throw new UsageError(`${new URL(response.url).origin} is no register: its answer is no JSON`)
}

/** What people sign, and a key, go beyond this machine only where nobody can read them on the way. */
function serverOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:') return url
  if (url?.protocol === 'http:' && LOOPBACK.has(url.hostname.replaceAll(/[[\]]/g, ''))) return url
  throw new UsageError(`--server ${text} is no https URL, nor http on this machine`)
}
