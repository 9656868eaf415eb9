import { createPrivateKey, createPublicKey, hash, type KeyObject, sign } from 'node:crypto'
import { type Bytes, base64Of, bytesOf, concatBytes } from '../bytes.ts'
import { ok, type Result } from '../result.ts'
import {
  cosignatureOf,
  cosignedMessage,
  type KeyError,
  type KeyKind,
  KIND_BYTE,
  malformedKey,
  parseKeyText,
  type Verifier,
} from './key.ts'
import { printNote, type Signature } from './note.ts'

// Private keys: what signs, in Node alone.

/** Bytes of chance that a private key is made of. */
export const SEED_BYTES = 32

/** A key that signs. */
export interface Signer {
  readonly verifier: Verifier
  readonly seed: Bytes
  readonly privateKey: KeyObject
}

/** What stands before the key itself in DER (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_BYTES = 12

/** The key of a seed of 32 bytes of chance. */
export function signerOf(name: string, seed: Uint8Array, kind: KeyKind = 'signature'): Signer {
  const der = Buffer.concat([PKCS8, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = Uint8Array.from(spki.subarray(SPKI_BYTES))
  const identity = concatBytes(bytesOf(`${name}\n`), Uint8Array.of(KIND_BYTE[kind]), publicKey)
  const keyId = hash('sha256', identity, 'hex').slice(0, 8)
  return { verifier: { name, kind, keyId, publicKey }, seed: Uint8Array.from(seed), privateKey }
}

/** `PRIVATE+KEY+<name>+<key id>+<base64>`. */
export function printSigner({ verifier: { name, kind, keyId }, seed }: Signer): string {
  return `${PREFIX}${name}+${keyId}+${base64Of(concatBytes(Uint8Array.of(KIND_BYTE[kind]), seed))}`
}

const PREFIX = 'PRIVATE+KEY+'

export function parseSigner(text: string): Result<Signer, KeyError> {
  const parsed = text.startsWith(PREFIX) ? parseKeyText(text.slice(PREFIX.length)) : undefined
  if (!parsed) return malformedKey('private')
  const signer = signerOf(parsed.name, parsed.key, parsed.kind)
  return signer.verifier.keyId === parsed.keyId ? ok(signer) : malformedKey('private')
}

export function signBytes({ privateKey }: Signer, message: Uint8Array): Bytes {
  return Uint8Array.from(sign(null, message, privateKey))
}

/** A signature over a note's text, which ends in a newline. */
export function signatureOf(signer: Signer, text: string): Signature {
  const { name, keyId } = signer.verifier
  return { name, keyId, bytes: signBytes(signer, bytesOf(text)) }
}

/** A witness's cosignature over a checkpoint's text, at a time in seconds since 1970. */
export function cosign(signer: Signer, text: string, timestamp: number): Signature {
  const { name, keyId } = signer.verifier
  const signature = signBytes(signer, cosignedMessage(text, timestamp))
  return { name, keyId, bytes: cosignatureOf(timestamp, signature) }
}

/** A text, which ends in a newline, with signatures below it. */
export function signNote(text: string, ...signers: readonly Signer[]): string {
  return printNote({ text, signatures: signers.map((signer) => signatureOf(signer, text)) })
}
