import { type Bytes, base64Of, bytesOf, bytesOfBase64, concatBytes, textOf } from '../bytes.ts'
import { canonicalJson } from '../canonical-json.ts'
import { parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Verifier } from './key.ts'
import { isEd25519Signature } from './web-crypto.ts'

// Signed statements: DSSE envelopes (https://github.com/secure-systems-lab/dsse) of in-toto statements.

export interface EnvelopeSignature {
  readonly keyid: string
  readonly sig: Bytes
}

export interface Envelope {
  readonly payloadType: string
  /** As it was signed: verified before it is read. */
  readonly payload: Bytes
  readonly signatures: readonly EnvelopeSignature[]
}

export interface EnvelopeError {
  readonly code: 'malformed-envelope' | 'malformed-statement'
  readonly message: string
}

/** What is signed: the type and the payload, each after its length (DSSE pre-authentication encoding). */
export function preAuthenticationOf({ payloadType, payload }: Omit<Envelope, 'signatures'>): Bytes {
  const type = bytesOf(payloadType)
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `
  return concatBytes(bytesOf(head), payload)
}

export function printEnvelope({ payloadType, payload, signatures }: Envelope): Bytes {
  const printed = signatures.map(({ keyid, sig }) => ({ keyid, sig: base64Of(sig) }))
  return bytesOf(JSON.stringify({ payloadType, payload: base64Of(payload), signatures: printed }))
}

export function parseEnvelope(bytes: Uint8Array): Result<Envelope, EnvelopeError> {
  const members = membersOf(bytes)
  const { payloadType, payload: text, signatures } = members ?? {}
  const payload = typeof text === 'string' ? bytesOfBase64(text) : undefined
  if (typeof payloadType !== 'string' || payload === undefined || !Array.isArray(signatures)) {
    return fail({ code: 'malformed-envelope', message: 'this is no DSSE envelope' })
  }
  const read = (signatures as unknown[]).flatMap((signature) => parseSignature(signature) ?? [])
  return read.length === signatures.length
    ? ok({ payloadType, payload, signatures: read })
    : fail({ code: 'malformed-envelope', message: 'a signature of the envelope is malformed' })
}

/** Most signatures of an envelope that are tried. */
const TRIED_MAX = 16

/** Whether a key has signed an envelope. Key ids are hints that nobody has signed, so they are not looked at. */
export async function isEnvelopeSigned(
  envelope: Envelope,
  { publicKey }: Verifier,
): Promise<boolean> {
  const message = preAuthenticationOf(envelope)
  for (const { sig } of envelope.signatures.slice(0, TRIED_MAX)) {
    if (await isEd25519Signature(publicKey, message, sig)) return true
  }
  return false
}

function parseSignature(value: unknown): EnvelopeSignature | undefined {
  const { keyid, sig } = (value ?? {}) as Record<string, unknown>
  const bytes = typeof sig === 'string' ? bytesOfBase64(sig) : undefined
  return typeof keyid === 'string' && bytes !== undefined ? { keyid, sig: bytes } : undefined
}

function membersOf(bytes: Uint8Array): Members | undefined {
  const text = textOf(bytes)
  const json = text === undefined ? undefined : parseJson(text)
  return json?.ok && isObject(json.value) ? json.value : undefined
}

type Members = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a statement is about, by digest. */
export interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

/** An in-toto statement: something claimed of subjects. */
export interface Statement {
  readonly subject: readonly Subject[]
  readonly predicateType: string
  readonly predicate: Readonly<Record<string, unknown>>
}

const STATEMENT = 'https://in-toto.io/Statement/v1'

export function printStatement({ subject, predicateType, predicate }: Statement): Bytes {
  return bytesOf(canonicalJson({ _type: STATEMENT, subject, predicateType, predicate }))
}

export function parseStatement(payload: Uint8Array): Result<Statement, EnvelopeError> {
  const { _type, subject, predicateType, predicate } = membersOf(payload) ?? {}
  const isStatement =
    _type === STATEMENT &&
    Array.isArray(subject) &&
    subject.every(isSubject) &&
    typeof predicateType === 'string' &&
    isObject(predicate)
  if (isStatement) return ok({ subject, predicateType, predicate })
  return fail({ code: 'malformed-statement', message: 'this is no in-toto statement' })
}

function isSubject(value: unknown): value is Subject {
  const { name, digest } = isObject(value) ? value : {}
  return typeof name === 'string' && isObject(digest) && typeof digest['sha256'] === 'string'
}
