import { type Bytes, base64Of, bytesOfBase64, bytesOfHex, concatBytes, hexOf } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { isKeyName, timestampIfSigned, type Verifier } from './key.ts'

// Signed notes (https://c2sp.org/signed-note): the text, a blank line, signature lines.

/** Longest note, in UTF-16 code units. */
const NOTE_CHARS_MAX = 1_000_000

/** Most signatures on a note; more are refused, so that checking one is bounded. */
const SIGNATURES_MAX = 100

/** Fewest bytes of a signature: the key id, and one. */
const SIGNATURE_BYTES_MIN = 5

export interface NoteError {
  readonly code: 'malformed-note' | 'wrong-signature' | 'unknown-signer'
  readonly message: string
}

/** A note that nobody has checked. */
export interface Note {
  /** Ends in a newline. */
  readonly text: string
  readonly signatures: readonly Signature[]
}

export interface Signature {
  readonly name: string
  /** Eight hexadecimal digits. */
  readonly keyId: string
  readonly bytes: Bytes
}

/** A key that has signed a note, and when it says it did: seconds since 1970, 0 where it does not say. */
export interface Signed {
  readonly key: Verifier
  readonly timestamp: number
}

/** A note that known keys have signed: at least one. */
export interface OpenNote {
  readonly text: string
  readonly signed: readonly Signed[]
}

export function printSignature({ name, keyId, bytes }: Signature): string {
  const id = bytesOfHex(keyId) ?? new Uint8Array()
  return `\u2014 ${name} ${base64Of(concatBytes(id, bytes))}\n`
}

export function printNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(printSignature).join('')}`
}

export function parseNote(note: string): Result<Note, NoteError> {
  if (note.length > NOTE_CHARS_MAX) return malformed(`it is over ${NOTE_CHARS_MAX} characters`)
  if (!note.isWellFormed()) return malformed('it is not UTF-8')
  if (/(?!\n)\p{Cc}/u.test(note)) return malformed('it holds a control character')
  // The text may hold blank lines; the last one ends it.
  const end = note.lastIndexOf('\n\n')
  if (end < 0) return malformed('it has no blank line before its signatures')
  const signatures = parseSignatures(note.slice(end + 2))
  return signatures.ok
    ? ok({ text: note.slice(0, end + 1), signatures: signatures.value })
    : signatures
}

/** Signature lines, each with its newline: at least one. */
export function parseSignatures(text: string): Result<readonly Signature[], NoteError> {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length === 0) return malformed('it ends in no signature line')
  if (lines.length > SIGNATURES_MAX) return malformed(`it has over ${SIGNATURES_MAX} signatures`)
  const signatures = lines.flatMap((line) => parseSignature(line) ?? [])
  return signatures.length === lines.length
    ? ok(signatures)
    : malformed('a signature line is malformed')
}

function parseSignature(line: string): Signature | undefined {
  const [, name = '', base64 = ''] = /^\u2014 ([^ ]+) ([^ ]+)$/u.exec(line) ?? []
  const bytes = bytesOfBase64(base64)
  if (!isKeyName(name) || bytes === undefined || bytes.length < SIGNATURE_BYTES_MIN)
    return undefined
  return { name, keyId: hexOf(bytes.subarray(0, 4)), bytes: bytes.slice(4) }
}

function malformed(why: string): Result<never, NoteError> {
  return fail({ code: 'malformed-note', message: `this is no signed note: ${why}` })
}

/**
 * The text of a note that one of the keys at least has signed. Signatures of other keys are passed over; a wrong
 * one of a known key refuses the note. A key counts once, however often it has signed.
 */
export async function openNote(
  note: string,
  keys: readonly Verifier[],
): Promise<Result<OpenNote, NoteError>> {
  const parsed = parseNote(note)
  if (!parsed.ok) return parsed
  const { text, signatures } = parsed.value
  const signed = new Map<Verifier, Signed>()
  for (const { name, keyId, bytes } of signatures) {
    const key = keys.find((known) => known.name === name && known.keyId === keyId)
    if (!key) continue
    const timestamp = await timestampIfSigned(key, text, bytes)
    if (timestamp === undefined) {
      return fail({ code: 'wrong-signature', message: `the signature of ${name} is wrong` })
    }
    signed.set(key, { key, timestamp })
  }
  if (signed.size > 0) return ok({ text, signed: [...signed.values()] })
  const wanted = keys.map(({ name }) => name).join(', ') || 'no key'
  return fail({ code: 'unknown-signer', message: `none of ${wanted} has signed it` })
}
