import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import { fail, ok, type Result } from '../result.ts'

// Signed notes (https://c2sp.org/signed-note), with Ed25519 keys: the text, a blank line, signature lines.

/** Longest note, in UTF-16 code units. */
const NOTE_CHARS_MAX = 1_000_000

/** Most signatures on a note; more are refused, so that checking one is bounded. */
const SIGNATURES_MAX = 100

/** The algorithm byte of Ed25519. */
const ED25519 = 1

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/** A key that signs. */
export interface Signer {
  readonly name: string
  readonly keyId: Buffer
  readonly seed: Buffer
}

/** A key that signatures are checked with. */
export interface Verifier {
  readonly name: string
  readonly keyId: Buffer
  readonly publicKey: Buffer
}

export interface NoteError {
  readonly code: 'malformed-key' | 'malformed-note' | 'wrong-signature' | 'unknown-signer'
  readonly message: string
}

/** A key's name has no white space and no plus. */
export function isKeyName(text: string): boolean {
  return text.length <= 256 && /^[^\s+\p{C}]+$/u.test(text)
}

/** The first 4 bytes of SHA-256(name, newline, algorithm, key). */
function keyIdOf(name: string, publicKey: Buffer): Buffer {
  const parts = [Buffer.from(`${name}\n`), Buffer.from([ED25519]), publicKey]
  return hash('sha256', Buffer.concat(parts), 'buffer').subarray(0, 4)
}

/** Keys of a seed of 32 bytes of chance. */
export function signerOf(name: string, seed: Buffer): Signer {
  return { name, seed, keyId: keyIdOf(name, publicKeyOf(seed)) }
}

export function verifierOf({ name, seed, keyId }: Signer): Verifier {
  return { name, keyId, publicKey: publicKeyOf(seed) }
}

/** What stands before the key itself in DER (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

function privateKeyObject(seed: Buffer): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
}

function publicKeyObject(publicKey: Buffer): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
}

function publicKeyOf(seed: Buffer): Buffer {
  const der = createPublicKey(privateKeyObject(seed)).export({ format: 'der', type: 'spki' })
  return der.subarray(SPKI.length)
}

/** `PRIVATE+KEY+<name>+<key id>+<base64>`. */
export function printSigner({ name, keyId, seed }: Signer): string {
  return `PRIVATE+KEY+${name}+${keyId.toString('hex')}+${printKey(seed)}`
}

/** `<name>+<key id>+<base64>`. */
export function printVerifier({ name, keyId, publicKey }: Verifier): string {
  return `${name}+${keyId.toString('hex')}+${printKey(publicKey)}`
}

function printKey(key: Buffer): string {
  return Buffer.concat([Buffer.from([ED25519]), key]).toString('base64')
}

export function parseSigner(text: string): Result<Signer, NoteError> {
  const prefix = 'PRIVATE+KEY+'
  const parsed = text.startsWith(prefix) ? parseKey(text.slice(prefix.length)) : undefined
  if (!parsed) return malformedKey('private')
  const signer = signerOf(parsed.name, parsed.key)
  return signer.keyId.toString('hex') === parsed.keyId ? ok(signer) : malformedKey('private')
}

export function parseVerifier(text: string): Result<Verifier, NoteError> {
  const parsed = parseKey(text)
  if (!parsed || isOfLowOrder(parsed.key)) return malformedKey('public')
  const { name, key: publicKey } = parsed
  const keyId = keyIdOf(name, publicKey)
  return keyId.toString('hex') === parsed.keyId
    ? ok({ name, keyId, publicKey })
    : malformedKey('public')
}

function malformedKey(kind: string): Result<never, NoteError> {
  return fail({
    code: 'malformed-key',
    message: `this is no ${kind} key; make a pair with \`proviso keygen\``,
  })
}

interface ParsedKey {
  readonly name: string
  readonly keyId: string
  readonly key: Buffer
}

function parseKey(text: string): ParsedKey | undefined {
  // The base64 may hold a plus; the name may not.
  const [, name = '', keyId = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const bytes = decodeBase64(base64)
  const isKey = bytes?.length === 1 + KEY_BYTES && bytes[0] === ED25519 && isKeyName(name)
  return isKey ? { name, keyId, key: bytes.subarray(1) } : undefined
}

/** The bytes of strict base64, which encode to the same text again; otherwise undefined. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

/**
 * The y coordinates of points of small order (order 1, 2, 4 and 8), under which one signature fits many texts.
 * The sign bit is left out of account, and so are encodings that are not reduced.
 */
const LOW_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

function isOfLowOrder(publicKey: Buffer): boolean {
  const y = Buffer.from(publicKey)
  y[31] = (y[31] ?? 0) & 0x7f
  return LOW_ORDER_Y.has(y.toString('hex'))
}

/** A text, which ends in a newline, with a signature below it. */
export function signNote(text: string, { name, keyId, seed }: Signer): string {
  const signature = sign(null, Buffer.from(text), privateKeyObject(seed))
  return `${text}\n\u2014 ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`
}

/** The text of a note that one of the keys has signed. Signatures of other keys are passed over. */
export function openNote(note: string, keys: readonly Verifier[]): Result<string, NoteError> {
  if (note.length > NOTE_CHARS_MAX) return malformedNote(`it is over ${NOTE_CHARS_MAX} characters`)
  const end = note.lastIndexOf('\n\n')
  if (end < 0) return malformedNote('it has no blank line before its signatures')
  const text = note.slice(0, end + 1)
  if (/(?!\n)\p{Cc}/u.test(note)) return malformedNote('it holds a control character')
  const lines = note.slice(end + 2).split('\n')
  if (lines.pop() !== '' || lines.length === 0) return malformedNote('it ends in no signature line')
  if (lines.length > SIGNATURES_MAX) return malformedNote(`over ${SIGNATURES_MAX} signatures`)
  let isSigned = false
  for (const line of lines) {
    const signature = parseSignature(line)
    if (!signature) return malformedNote('a signature line is malformed')
    const key = keys.find(
      ({ name, keyId }) => name === signature.name && keyId.equals(signature.keyId),
    )
    if (!key) continue
    if (!isOf(key, text, signature.bytes)) {
      return fail({ code: 'wrong-signature', message: `the signature of ${key.name} is wrong` })
    }
    isSigned = true
  }
  const wanted = keys.map(({ name }) => name).join(', ')
  return isSigned
    ? ok(text)
    : fail({ code: 'unknown-signer', message: `none of ${wanted} has signed it` })
}

function malformedNote(why: string): Result<never, NoteError> {
  return fail({ code: 'malformed-note', message: `this is no signed note: ${why}` })
}

interface Signature {
  readonly name: string
  readonly keyId: Buffer
  readonly bytes: Buffer
}

function parseSignature(line: string): Signature | undefined {
  const [, name = '', base64 = ''] = /^\u2014 (\S+) (\S+)$/u.exec(line) ?? []
  const bytes = decodeBase64(base64)
  if (!isKeyName(name) || bytes === undefined || bytes.length < 5) return undefined
  return { name, keyId: bytes.subarray(0, 4), bytes: bytes.subarray(4) }
}

function isOf({ publicKey }: Verifier, text: string, signature: Buffer): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false
  return verify(null, Buffer.from(text), publicKeyObject(publicKey), signature)
}
