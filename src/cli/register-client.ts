import { hash, randomUUID } from 'node:crypto'
import { canonicalJson } from '../canonical-json.ts'
import { type Digest, digestOf } from '../digest.ts'
import { parseJson } from '../json.ts'
import { signAct } from '../log/signed-act.ts'
import type { Signer } from '../log/signer.ts'
import type { Role } from '../people.ts'
import { fail, ok, type Result } from '../result.ts'
import type { MEDIA_TYPES } from '../review/finding.ts'
import { sha256 } from './load.ts'
import { UsageError } from './usage-error.ts'

// A person's side of the register: reads, signs, and asks for acts (docs/register.md).

/** Longest that an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 30_000

/** How much is told of an answer that is an error, in characters. */
const WHY_CHARS_MAX = 1_000

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

/** A file that the register keeps. */
export interface KeptFile {
  readonly digest: Digest
  readonly 'media-type': (typeof MEDIA_TYPES)[number]
  /** In bytes. */
  readonly size: number
}

interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer<ArrayBuffer>
  /** What is not known when no answer comes, of a request that changes something. */
  readonly unknown?: string
}

export class RegisterClient {
  readonly #server: URL
  readonly #apiKey: string | undefined

  constructor(server: URL, apiKey: string | undefined) {
    this.#server = server
    this.#apiKey = apiKey
  }

  async get(path: string): Promise<Answer> {
    return await this.#ask({ method: 'GET', path })
  }

  /** Sends a file to be kept. Sent twice it is kept once. */
  async keep(
    { digest, 'media-type': type }: KeptFile,
    bytes: Buffer<ArrayBuffer>,
  ): Promise<Answer> {
    const headers = { 'content-type': type }
    return await this.#ask({ method: 'PUT', path: pathOf(digest), headers, body: bytes })
  }

  /** The bytes of a file, which are what its digest says; or why there are none. */
  async fetchFile(digest: Digest): Promise<Result<Buffer, Answer>> {
    const sent = { method: 'GET', path: pathOf(digest) } as const
    const { status, bytes } = await this.#send(sent)
    if (status !== 200) return fail(this.#answerIn(sent, status, bytes))
    const found = digestOf(hash('sha256', bytes, 'hex'))
    if (found === digest) return ok(bytes)
    const detail = `the register gives ${found} for ${digest}; nothing is written, ask whoever runs it`
    return fail({ status: 409, body: { code: 'document-differs', detail } })
  }

  /** Signs an act and asks for it once: whoever gets no answer is told how to see what has become of it. */
  async act({ actor, path, subject, command, waiting }: Acting): Promise<Answer> {
    const given = await this.#ask({ method: 'POST', path: 'nonces' })
    if (given.status !== 201) return given
    const { nonce } = given.body as { readonly nonce: string }
    const { by, role, signer } = actor
    const signed = { by, role, ...waiting, nonce }
    const proof = signAct({ ...signed, act: command.act, subject }, signer)
    const shown = `\`proviso ${wordsOf(subject)}\``
    return await this.#ask({
      method: 'POST',
      path: `${path}/acts`,
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ command, signed: { ...signed, proof } }),
      unknown: `it is not known whether ${command.act} was carried out: look whether ${shown} shows the nonce ${nonce}`,
    })
  }

  /** An answer that goes on, as long as the signal lets it. */
  async open(path: string, signal: AbortSignal): Promise<Response> {
    const sent = { method: 'GET', path } as const
    const response = await this.#fetch(sent, signal).catch((error: Error) => {
      throw this.#notAnswered(sent, error)
    })
    if (response.ok) return response
    const why = (await bytesOf(response)).toString().slice(0, WHY_CHARS_MAX)
    throw new UsageError(`${this.#server.origin} answers ${response.status}: ${why}`)
  }

  async #ask(sent: Sent): Promise<Answer> {
    const { status, bytes } = await this.#send(sent)
    return this.#answerIn(sent, status, bytes)
  }

  #answerIn(sent: Sent, status: number, bytes: Buffer): Answer {
    const json = parseJson(bytes.toString())
    if (!json.ok) {
      throw this.#unanswered(sent, 'is no register: its answer is no JSON', 'name another one')
    }
    if (status < 500 || sent.unknown === undefined) return { status, body: json.value }
    const { detail } = json.value as { readonly detail?: unknown }
    throw this.#unanswered(sent, `fails (${status}: ${String(detail)})`, '')
  }

  async #send(sent: Sent): Promise<{ readonly status: number; readonly bytes: Buffer }> {
    try {
      const response = await this.#fetch(sent, AbortSignal.timeout(ANSWER_MS_MAX))
      return { status: response.status, bytes: await bytesOf(response) }
    } catch (error) {
      throw error instanceof UsageError ? error : this.#notAnswered(sent, error as Error)
    }
  }

  async #fetch({ method, path, headers, body }: Sent, signal: AbortSignal): Promise<Response> {
    const key = this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` }
    return await fetch(new URL(`/api/v1/${path}`, this.#server), {
      method,
      headers: { ...key, ...headers },
      signal,
      redirect: 'error',
      ...(body === undefined ? {} : { body }),
    })
  }

  #notAnswered(sent: Sent, { cause, message }: Error): UsageError {
    const why = cause instanceof Error ? cause.message || codeOf(cause) : message
    const isSent = !NEVER_SENT.has(codeOf(cause))
    const shown = isSent ? sent : { ...sent, unknown: undefined }
    return this.#unanswered(shown, `does not answer (${why})`, 'name the server with --server')
  }

  #unanswered(
    { unknown }: { readonly unknown?: string | undefined },
    what: string,
    advice: string,
  ): UsageError {
    return new UsageError(`${this.#server.origin} ${what}; ${unknown ?? advice}`)
  }
}

function pathOf(digest: Digest): string {
  return `files/${digest.slice('sha256:'.length)}`
}

/** With these there was no connection, so that nothing can have come of it. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function codeOf(cause: unknown): string {
  return String((cause as { readonly code?: unknown } | undefined)?.code)
}

/** The command that shows what was done to a thing. */
function wordsOf(subject: string): string {
  const [kind = '', id = ''] = subject.split('/')
  return kind === id ? `${kind} acts` : `${kind} acts ${id}`
}

/** What a command's signature is over, when it is over no document. */
export function digestOfCommand(command: object): Digest {
  return digestOf(sha256(canonicalJson(command)))
}

async function bytesOf(response: Response): Promise<Buffer> {
  let length = 0
  const parts: Uint8Array[] = []
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > ANSWER_BYTES_MAX) throw new Error('its answer is longer than any of a register')
    parts.push(part)
  }
  return Buffer.concat(parts)
}
