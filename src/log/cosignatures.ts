import { assert } from '../assert.ts'
import { type Bytes, concatBytes, parseWholeNumber, textOf } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { timestampIfSigned, type Verifier } from './key.ts'
import { parseNote, parseSignatures, type Signature } from './note.ts'
import { isQuorum, type Trust, type TrustedWitness } from './trust.ts'
import { printAddCheckpoint, SIZE_TYPE, STATUS_OF } from './witness.ts'

// How a log gets its checkpoints cosigned: it asks all witnesses at once (https://c2sp.org/tlog-witness). What comes
// back is outside input, from parties that are trusted for their signatures alone.

/** Longest that one checkpoint's cosignatures are waited for, in milliseconds. */
const ROUND_MS_MAX = 5_000

/** How often a witness is asked about one checkpoint: once more after it has told what it has cosigned last. */
const TRIES_MAX = 2

/** Longest answer of a witness, in bytes. */
const ANSWER_BYTES_MAX = 16_384

export interface CosigningParts {
  /** Its witnesses are asked, and its quorum is what is waited for. */
  readonly trust: Trust
  /** The hashes that show the log's tree of one size to be the beginning of that of another. */
  readonly consistency: (from: number, to: number) => Promise<readonly Bytes[]>
}

/** Why a witness has not cosigned. */
export interface CosigningFailure {
  readonly witness: string
  readonly code:
    | 'no-url'
    | 'unreachable'
    | 'timeout'
    | 'answer-too-long'
    | 'refused'
    | 'wrong-answer'
  readonly message: string
  /** The status of a refusal. 422 from a witness that has cosigned another history. */
  readonly status?: number
}

/** A witness that says to have cosigned a larger tree: this one is older than what the log has shown before. */
export interface Ahead {
  readonly witness: string
  readonly size: number
}

export interface Cosignatures {
  /** Right ones over this very checkpoint, one a witness. */
  readonly cosignatures: readonly Signature[]
  readonly isQuorum: boolean
  readonly ahead: readonly Ahead[]
  readonly failures: readonly CosigningFailure[]
}

type Outcome =
  | { readonly kind: 'cosigned'; readonly signature: Signature }
  | { readonly kind: 'ahead'; readonly size: number }
  | ({ readonly kind: 'failure' } & Omit<CosigningFailure, 'witness'>)

/** A checkpoint to be cosigned. */
interface Asked {
  readonly checkpoint: Checkpoint
  readonly note: string
  readonly text: string
  readonly signal: AbortSignal
}

/** Asks a log's witnesses, and remembers what each has cosigned last. */
export class Cosigning {
  readonly #parts: CosigningParts
  /** A hint alone: a witness tells when it is wrong. */
  readonly #sizes = new Map<Verifier, number>()

  constructor(parts: CosigningParts) {
    this.#parts = parts
  }

  /**
   * Asks all witnesses for cosignatures on a checkpoint, a note that the log has signed. Answers as soon as they are a
   * quorum, or all witnesses have answered, or the time is over. Whatever a witness does, it throws only when a proof
   * cannot be made.
   */
  async ask(note: string): Promise<Cosignatures> {
    const { trust } = this.#parts
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), ROUND_MS_MAX)
    const asked = { ...openOwn(note), note, signal: stop.signal }
    const outcomes = new Map<TrustedWitness, Outcome>()
    try {
      await new Promise<void>((resolve, reject) => {
        const answers = trust.witnesses.map(async (witness) => {
          outcomes.set(witness, await this.#askOne(witness, asked))
          // Without a quorum to reach, every cosignature is worth waiting for.
          if (trust.quorum !== null && isEnough(trust, outcomes)) resolve()
        })
        Promise.all(answers).then(() => resolve(), reject)
      })
      return summed(trust, outcomes)
    } finally {
      clearTimeout(timer)
      stop.abort()
    }
  }

  async #askOne({ key, url }: TrustedWitness, asked: Asked): Promise<Outcome> {
    const endpoint = endpointOf(url)
    if (!endpoint) return failure('no-url', 'the trust file names no http or https URL for it')
    const { size } = asked.checkpoint
    let oldSize = Math.min(this.#sizes.get(key) ?? 0, size)
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const reply = await this.#request(endpoint, asked, oldSize)
      if (!reply.ok) return reply.error
      const told = latestSizeOf(reply.value)
      if (told === undefined) return await this.#read(key, asked, reply.value)
      this.#sizes.set(key, told)
      if (told > size) return { kind: 'ahead', size: told }
      oldSize = told
    }
    return failure('refused', 'it goes on to tell other sizes', STATUS_OF['other-old-size'])
  }

  async #request(
    endpoint: URL,
    { checkpoint, note, signal }: Asked,
    oldSize: number,
  ): Promise<Result<Reply, Outcome>> {
    const path = await this.#parts.consistency(oldSize, checkpoint.size)
    return await post(endpoint, printAddCheckpoint({ oldSize, path, note }), signal)
  }

  /** What a witness has answered that does not speak of another size. */
  async #read(key: Verifier, { checkpoint, text }: Asked, reply: Reply): Promise<Outcome> {
    if (reply.status !== 200) {
      const message = `it refuses with status ${reply.status}: ${excerpt(reply.body)}`
      return failure('refused', message, reply.status)
    }
    const signature = await cosignatureIn(reply.body, key, text)
    if (!signature) return failure('wrong-answer', 'it answers with no cosignature of its key')
    this.#sizes.set(key, checkpoint.size)
    return { kind: 'cosigned', signature }
  }
}

/** The log's own checkpoint, which is well formed. */
function openOwn(note: string): { readonly checkpoint: Checkpoint; readonly text: string } {
  const opened = parseNote(note)
  assert(opened.ok, 'a log has signed what is no note')
  const { text } = opened.value
  const checkpoint = parseCheckpoint(text)
  assert(checkpoint.ok, 'a log has signed what is no checkpoint')
  return { checkpoint: checkpoint.value, text }
}

function isEnough(trust: Trust, outcomes: ReadonlyMap<TrustedWitness, Outcome>): boolean {
  const cosigned = [...outcomes].filter(([, { kind }]) => kind === 'cosigned')
  return isQuorum(trust, new Set(cosigned.map(([{ key }]) => key)))
}

function summed(trust: Trust, outcomes: ReadonlyMap<TrustedWitness, Outcome>): Cosignatures {
  const cosignatures: Signature[] = []
  const ahead: Ahead[] = []
  const failures: CosigningFailure[] = []
  for (const [{ name }, outcome] of outcomes) {
    if (outcome.kind === 'cosigned') cosignatures.push(outcome.signature)
    else if (outcome.kind === 'ahead') ahead.push({ witness: name, size: outcome.size })
    else {
      const { kind: _, ...rest } = outcome
      failures.push({ witness: name, ...rest })
    }
  }
  return { cosignatures, isQuorum: isEnough(trust, outcomes), ahead, failures }
}

function failure(code: CosigningFailure['code'], message: string, status?: number): Outcome {
  return { kind: 'failure', code, message, ...(status === undefined ? {} : { status }) }
}

/** Where a witness takes checkpoints: below its submission prefix. */
function endpointOf(url: string | null): URL | undefined {
  const prefix = url === null || !URL.canParse(url) ? undefined : new URL(url)
  if (!prefix || !/^https?:$/.test(prefix.protocol)) return undefined
  if (prefix.username !== '' || prefix.password !== '' || prefix.search !== '') return undefined
  return new URL(`${prefix.origin}${prefix.pathname.replace(/\/$/, '')}/add-checkpoint`)
}

interface Reply {
  readonly status: number
  /** Without parameters. */
  readonly type: string
  readonly body: string
}

/** Never throws, and ends when the signal says so. */
async function post(
  endpoint: URL,
  body: Bytes,
  signal: AbortSignal,
): Promise<Result<Reply, Outcome>> {
  try {
    const response = await fetch(endpoint, { method: 'POST', body, signal, redirect: 'error' })
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
    const bytes = await readBounded(response)
    const text = bytes && textOf(bytes)
    if (text !== undefined) return ok({ status: response.status, type: type.trim(), body: text })
    if (bytes) return fail(failure('wrong-answer', 'its answer is not UTF-8'))
    return fail(failure('answer-too-long', `its answer is over ${ANSWER_BYTES_MAX} bytes`))
  } catch (error) {
    if (signal.aborted) return fail(failure('timeout', 'it has not answered in time'))
    return fail(failure('unreachable', `it cannot be reached: ${reasonOf(error as Error)}`))
  }
}

/** The platform says that it failed, and keeps the reason below that. */
function reasonOf({ message, cause }: Error): string {
  const { message: reason, code } = (cause ?? {}) as NodeJS.ErrnoException
  return excerpt(reason || code || message)
}

/** The body of an answer; undefined when it is too long, and then the rest is not read. */
async function readBounded({ body }: Response): Promise<Bytes | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body ?? []) {
    length += part.length
    // Leaving the loop closes the connection.
    if (length > ANSWER_BYTES_MAX) return undefined
    parts.push(part)
  }
  return concatBytes(...parts)
}

/** The size that a witness says to have cosigned last; undefined when it says something else. */
function latestSizeOf({ status, type, body }: Reply): number | undefined {
  if (status !== STATUS_OF['other-old-size'] || type !== SIZE_TYPE || !body.endsWith('\n'))
    return undefined
  return parseWholeNumber(body.slice(0, -1))
}

/** A witness's cosignature in its answer, when every signature of its key there is right and says when it was made. */
async function cosignatureIn(
  body: string,
  key: Verifier,
  text: string,
): Promise<Signature | undefined> {
  const signatures = parseSignatures(body)
  if (!signatures.ok) return undefined
  const own = signatures.value.filter(({ name, keyId }) => name === key.name && keyId === key.keyId)
  for (const { bytes } of own) {
    // Undefined when it is wrong, and 0 when it does not say: neither is worth anything.
    if (!(await timestampIfSigned(key, text, bytes))) return undefined
  }
  return own[0]
}

/** Most characters of a witness's answer that are shown. */
const EXCERPT_CHARS_MAX = 200

/** The beginning of outside text, on one line and without what a terminal would take for commands. */
function excerpt(text: string): string {
  return text
    .slice(0, EXCERPT_CHARS_MAX)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
}
