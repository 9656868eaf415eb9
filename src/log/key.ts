import {
  type Bytes,
  base64Of,
  bytesOf,
  bytesOfBase64,
  bytesOfUint64,
  concatBytes,
  hexOf,
  uint64At,
} from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { isEd25519Signature, sha256 } from './web-crypto.ts'

// Keys that signed notes are checked with (https://c2sp.org/signed-note, https://c2sp.org/tlog-cosignature).

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const NAME_CHARS_MAX = 256

/** What a key makes: signatures of notes, or a witness's cosignatures, which carry when they were made. */
export type KeyKind = 'signature' | 'cosignature'

interface Kind {
  readonly kind: KeyKind
  /** Seconds since 1970 that the signature states; undefined when it is of another length. */
  timestampOf(signature: Uint8Array): number | undefined
  /** What is signed of a note's text. */
  messageOf(text: string, timestamp: number): Bytes
}

/** Bytes before the signature proper in a cosignature: when it was made. */
const TIMESTAMP_BYTES = 8

/** By the byte that stands for each in a key; another algorithm is a row here. */
const KINDS: Readonly<Record<number, Kind>> = {
  1: {
    kind: 'signature',
    timestampOf: ({ length }) => (length === SIGNATURE_BYTES ? 0 : undefined),
    messageOf: (text) => bytesOf(text),
  },
  4: {
    kind: 'cosignature',
    timestampOf: (signature) =>
      signature.length === TIMESTAMP_BYTES + SIGNATURE_BYTES ? uint64At(signature, 0) : undefined,
    messageOf: cosignedMessage,
  },
}

/** The byte that stands for a kind in a key. */
export const KIND_BYTE = { signature: 1, cosignature: 4 } as const satisfies Record<KeyKind, number>

/** What a witness signs of a checkpoint's text (tlog-cosignature, Ed25519 signed message). */
export function cosignedMessage(text: string, timestamp: number): Bytes {
  return bytesOf(`cosignature/v1\ntime ${timestamp}\n${text}`)
}

/** The bytes of a cosignature: when it was made, and the signature proper. */
export function cosignatureOf(timestamp: number, signature: Uint8Array): Bytes {
  return concatBytes(bytesOfUint64(timestamp), signature)
}

/** A key that signatures are checked with. */
export interface Verifier {
  readonly name: string
  readonly kind: KeyKind
  /** Eight hexadecimal digits. */
  readonly keyId: string
  readonly publicKey: Bytes
}

export interface KeyError {
  readonly code: 'malformed-key'
  readonly message: string
}

/**
 * A key's name has no white space, no plus and no control character. What else prints differs from one version of
 * Unicode to the next, so nothing is asked of it: a note is malformed for all or for none.
 */
export function isKeyName(text: string): boolean {
  const isName = /^[^+\p{White_Space}\p{Cc}]+$/u.test(text)
  return isName && text.length <= NAME_CHARS_MAX && text.isWellFormed()
}

/** The first 4 bytes of SHA-256(name, newline, byte of the kind, key). */
export async function keyIdOf(name: string, kind: KeyKind, publicKey: Uint8Array): Promise<string> {
  const parts = [bytesOf(`${name}\n`), Uint8Array.of(KIND_BYTE[kind]), publicKey]
  return hexOf((await sha256(concatBytes(...parts))).subarray(0, 4))
}

/** `<name>+<key id>+<base64>`. */
export function printVerifier({ name, kind, keyId, publicKey }: Verifier): string {
  return `${name}+${keyId}+${base64Of(concatBytes(Uint8Array.of(KIND_BYTE[kind]), publicKey))}`
}

/** Reads a public key; one that any text may pass under, or that is written a second way, is refused. */
export async function parseVerifier(text: string): Promise<Result<Verifier, KeyError>> {
  const parsed = parseKeyText(text)
  if (!parsed || isWeak(parsed.key)) return malformedKey('public')
  const { name, kind, key: publicKey } = parsed
  const keyId = await keyIdOf(name, kind, publicKey)
  return keyId === parsed.keyId ? ok({ name, kind, keyId, publicKey }) : malformedKey('public')
}

export function malformedKey(which: 'private' | 'public'): Result<never, KeyError> {
  const message = `this is no ${which} key; make a pair with \`proviso keygen\``
  return fail({ code: 'malformed-key', message })
}

export interface KeyText {
  readonly name: string
  readonly kind: KeyKind
  readonly keyId: string
  readonly key: Bytes
}

/** The parts of a printed key, its key id not yet checked. */
export function parseKeyText(text: string): KeyText | undefined {
  // The base64 may hold a plus; the name may not.
  const [, name = '', keyId = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const bytes = bytesOfBase64(base64)
  const kind = KINDS[bytes?.[0] ?? 0]?.kind
  if (bytes?.length !== 1 + KEY_BYTES || kind === undefined || !isKeyName(name)) return undefined
  return { name, kind, keyId, key: bytes.slice(1) }
}

/** The y coordinates of points of small order (order 1, 2, 4 and 8), under which one signature fits many texts. */
const LOW_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** A y of 2^255 - 19 or more: a second spelling of a point, which RFC 8032 §5.1.3 does not decode and some do. */
const NOT_REDUCED_Y = /^(?:e[d-f]|f[0-9a-f])(?:ff){30}7f$/

/** Whether a public key is none that all implementations take alike, and that one signer alone can sign with. */
function isWeak(publicKey: Bytes): boolean {
  const y = publicKey.slice()
  // The top bit is the sign of x.
  y[31] = (y[31] ?? 0) & 0x7f
  const hex = hexOf(y)
  return LOW_ORDER_Y.has(hex) || NOT_REDUCED_Y.test(hex)
}

/** When a signature of a key over a note's text was made, in seconds since 1970; undefined when it is wrong. */
export async function timestampIfSigned(
  { kind, publicKey }: Verifier,
  text: string,
  signature: Uint8Array,
): Promise<number | undefined> {
  const row = KINDS[KIND_BYTE[kind]]
  const timestamp = row?.timestampOf(signature)
  if (!row || timestamp === undefined) return undefined
  const message = row.messageOf(text, timestamp)
  const proper = signature.slice(-SIGNATURE_BYTES)
  return (await isEd25519Signature(publicKey, message, proper)) ? timestamp : undefined
}
