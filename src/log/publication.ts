import { equalBytes, parseWholeNumber } from '../bytes.ts'
import { type Digest, digestOf, isDigest } from '../digest.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import { type Envelope, parseStatement, printStatement, type Subject } from './dsse.ts'

// Entries of the governance log that say which bundle was taken, made of which documents, and on whose word.

const PAYLOAD_TYPE = 'application/vnd.proviso.bundle-publication+json;v=1'
const PREDICATE_TYPE = 'urn:proviso:bundle-publication:v1'

export interface Publication {
  readonly bundle: Digest
  readonly serial: number
  /** The digest of the listing of documents, as a publisher signs it. */
  readonly documents: Digest
  /** The publisher's public key; null: nobody has signed the documents. */
  readonly publisher: string | null
  readonly at: Instant
}

/** Which documents of a publisher were taken last. */
export interface LastTaken {
  /** The publisher's public key. */
  readonly publisher: string
  readonly serial: number
  /** When the lease was issued under which they were taken; 0 when there was none. */
  readonly issuedAt: Instant
}

/** Lines: the publisher's public key, the serial, and when the lease was issued where there is one. */
export function printLastTaken({ publisher, serial, issuedAt }: LastTaken): string {
  const issued = issuedAt === 0 ? '' : `${printInstant(issuedAt)}\n`
  return `${publisher}\n${serial}\n${issued}`
}

export function parseLastTaken(text: string): LastTaken | undefined {
  const lines = /^([^\n]+)\n(\d+)\n(?:([^\n]+)\n)?$/.exec(text)
  const [, publisher, serialText = '', issued] = lines ?? []
  const serial = parseWholeNumber(serialText)
  const issuedAt = issued === undefined ? 0 : parseInstant(issued)
  if (publisher === undefined || serial === undefined || issuedAt === undefined) return undefined
  return { publisher, serial, issuedAt }
}

/** What is to be signed. It holds digests, and no name of a document or a customer. */
export function printPublication(publication: Publication): Omit<Envelope, 'signatures'> {
  const { bundle, serial, documents, publisher, at } = publication
  const subject = [subjectOf('bundle', bundle), subjectOf('documents', documents)]
  const predicate = { at: printInstant(at), publisher, serial }
  const payload = printStatement({ subject, predicateType: PREDICATE_TYPE, predicate })
  return { payloadType: PAYLOAD_TYPE, payload }
}

const NO_DIGEST = digestOf('')

/** What a statement says, when it is an entry of this kind as it is printed; undefined of any other. */
export function parsePublication({ payloadType, payload }: Envelope): Publication | undefined {
  const statement = payloadType === PAYLOAD_TYPE ? parseStatement(payload) : undefined
  if (!statement?.ok) return undefined
  const { subject, predicate } = statement.value
  const [bundle = NO_DIGEST, documents = NO_DIGEST] = subject.map(({ digest }) =>
    digestOf(digest.sha256),
  )
  const { at: atText, publisher, serial } = predicate
  const at = typeof atText === 'string' ? parseInstant(atText) : undefined
  const isWellFormed =
    isDigest(bundle) &&
    isDigest(documents) &&
    at !== undefined &&
    (publisher === null || typeof publisher === 'string') &&
    typeof serial === 'number' &&
    Number.isSafeInteger(serial)
  if (!isWellFormed) return undefined
  const publication = { bundle, serial, documents, publisher, at }
  return equalBytes(printPublication(publication).payload, payload) ? publication : undefined
}

function subjectOf(name: string, digest: Digest): Subject {
  return { name, digest: { sha256: digest.slice('sha256:'.length) } }
}
