import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Kysely, Transaction } from 'kysely'
import { type Digest, digestOf, isDigest } from '../digest.ts'
import { fail, ok } from '../result.ts'
import { EVIDENCE_BYTES_MAX, MEDIA_TYPES } from '../review/finding.ts'
import {
  bytesOfFile,
  type FileName,
  fileNamed,
  keepFile,
  nameFile,
  UNNAMED_BYTES_MAX,
} from '../store/files.ts'
import type { Schema } from '../store/schema.ts'
import { transact } from '../store/transact.ts'
import { quote } from '../suggest.ts'
import type { Instant } from '../time.ts'
import type { Refused } from './register.ts'
import { refuseAct } from './register-problem.ts'

// Files of evidence: taken in and given out as bytes, and never shown as what they say they are.

/** Most files on their way at a time, either way: each that comes in is in memory. */
const TRANSFERS_MAX = 4

/** Longest that one may be on its way, in milliseconds. */
const TRANSFER_MS_MAX = 60_000

export type OfFile = FastifyRequest<{ Params: { digest?: string } }>

/** A file as it came in. */
interface Received {
  readonly digest: Digest
  readonly bytes: Buffer
}

/** Reads bodies as files, and nothing else. */
export function receiveFiles(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser([...MEDIA_TYPES], (request: FastifyRequest, payload: IncomingMessage) =>
    receive(request, payload),
  )
}

/** Hashes bytes as they come. One too many ends it, and what has come is forgotten. */
async function receive({ headers }: FastifyRequest, payload: IncomingMessage): Promise<Received> {
  if (Number(headers['content-length'] ?? 0) > EVIDENCE_BYTES_MAX) throw tooLarge()
  const hash = createHash('sha256')
  const chunks: Buffer[] = []
  let size = 0
  try {
    // A stream that is destroyed takes the connection with it, and the answer.
    for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length
      if (size > EVIDENCE_BYTES_MAX) break
      hash.update(chunk as Buffer)
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    throw Object.assign(error as Error, { statusCode: 400 })
  }
  // What still comes is let go by, until the time for a request is over.
  payload.resume()
  if (size > EVIDENCE_BYTES_MAX) throw tooLarge()
  return { digest: digestOf(hash.digest('hex')), bytes: Buffer.concat(chunks) }
}

function tooLarge(): Error {
  const message = `a file has at most ${EVIDENCE_BYTES_MAX} bytes`
  return Object.assign(new Error(message), { statusCode: 413 })
}

/** Lets so many transfers go on at a time, and none of them for ever. */
export class Transfers {
  #count = 0

  /** Whether there was room; then it is taken until the answer has been sent, or the connection has ended. */
  begin({ raw }: FastifyReply): boolean {
    if (this.#count >= TRANSFERS_MAX) return false
    this.#count += 1
    const timer = setTimeout(() => raw.destroy(), TRANSFER_MS_MAX)
    raw.once('close', () => {
      clearTimeout(timer)
      this.#count -= 1
    })
    return true
  }
}

export function refuseBusy(reply: FastifyReply): FastifyReply {
  reply.header('retry-after', 1)
  return refuseAct(reply, { code: 'busy', message: 'other files are on their way; try again soon' })
}

const FULL: Refused = {
  code: 'files-full',
  message: `files that no act has named take ${UNNAMED_BYTES_MAX / 2 ** 30} GiB; name them in acts, or wait: such a file is let go of after a day`,
}

/** Keeps what came in under the digest that it was sent as. */
export async function takeFile(
  { params, headers, body }: OfFile,
  reply: FastifyReply,
  { db, at }: { readonly db: Kysely<Schema>; readonly at: Instant },
): Promise<FastifyReply> {
  const digest = digestIn(params)
  if (digest === undefined) return noFile(reply)
  const received = body as Received | null
  const bytes = received?.bytes ?? Buffer.alloc(0)
  if (received?.digest !== digest || bytes.length === 0) {
    const message = 'the bytes that came have another digest than the address; send them anew'
    return refuseAct(reply, { code: 'file-differs', message })
  }
  const mediaType = typeIn(headers['content-type'] ?? '')
  const keeping = await transact(db, async (trx) => {
    const becomes = await keepFile(trx, { digest, mediaType }, bytes, at)
    return becomes === 'full' ? fail(FULL) : ok(becomes)
  })
  if (!keeping.ok) return refuseAct(reply, keeping.error)
  const isNew = keeping.value === 'new'
  const kept = isNew ? undefined : await fileNamed(db, digest)
  if (kept && kept.mediaType !== mediaType) {
    const message = `it is stored as ${kept.mediaType}; name it so`
    return refuseAct(reply, { code: 'file-differs', message })
  }
  const named = { digest, 'media-type': mediaType, size: bytes.length }
  return reply
    .code(isNew ? 201 : 200)
    .header('cache-control', 'no-store')
    .send(named)
}

function typeIn(header: string): string {
  return (header.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** Gives a file for saving: whoever opens its address in a browser runs nothing that is in it. */
export async function giveFile(
  { params }: OfFile,
  reply: FastifyReply,
  db: Kysely<Schema>,
): Promise<FastifyReply> {
  const digest = digestIn(params)
  const file = digest && (await fileNamed(db, digest))
  if (!file) return noFile(reply)
  reply
    .type(file.mediaType)
    .header('content-length', file.size)
    .header('content-disposition', `attachment; filename="${params.digest}"`)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', 'sandbox')
    .header('cache-control', 'no-store')
  return reply.send(Readable.from(bytesOfFile(db, file), { objectMode: false }))
}

function digestIn({ digest: hex = '' }: OfFile['params']): Digest | undefined {
  const digest = `sha256:${hex}`
  return isDigest(digest) ? digest : undefined
}

function noFile(reply: FastifyReply): FastifyReply {
  const message = 'no file has this digest; it is 64 lower-case hexadecimal digits'
  return refuseAct(reply, { code: 'not-found', message })
}

/** Has the files that an act names kept for good; refuses one that names a file that is not stored, or not as it says. */
export async function missingFile(
  trx: Transaction<Schema>,
  command: { readonly act: string },
): Promise<Refused | undefined> {
  for (const { digest, as } of filesIn(command)) {
    const file = await nameFile(trx, digest)
    const isAsSaid = !as || (file?.mediaType === as['media-type'] && file.size === as.size)
    if (file && isAsSaid) continue
    const said = as
      ? `${quote(as.title)} (${digest}, ${as['media-type']} of ${as.size} bytes)`
      : digest
    return { code: 'file-missing', message: `${said} is not stored; send the file first` }
  }
  return undefined
}

interface Evidence {
  readonly digest: string
  readonly 'media-type': FileName['mediaType']
  readonly size: number
  readonly title: string
}

/** A file that is named, by its digest alone or as more. */
interface Named {
  readonly digest: string
  readonly as?: Evidence
}

/** Where acts name a file by its digest alone. */
const DIGEST_OF_FILE: Readonly<Record<string, string>> = {
  'contract.meet-duty': 'evidence',
  'contract.report-incident': 'summary',
}

function filesIn(command: { readonly act: string }): readonly Named[] {
  const field = DIGEST_OF_FILE[command.act] ?? 'evidence'
  const named = (command as Readonly<Record<string, unknown>>)[field]
  if (typeof named === 'string') return [{ digest: named }]
  const listed = Array.isArray(named) ? (named as Evidence[]) : []
  return listed.map((as) => ({ digest: as.digest, as }))
}
