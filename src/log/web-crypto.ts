import type { Bytes } from '../bytes.ts'

// The platform's cryptography, as browsers and Node have it. Every signature of a log is checked here and nowhere
// else, so that what one verifier accepts the other does.

export async function sha256(bytes: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Bytes))
}

export async function hmacSha256(key: Uint8Array, bytes: Uint8Array): Promise<Bytes> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await crypto.subtle.importKey('raw', key as Bytes, algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, bytes as Bytes))
}

/** Whether a signature is a public key's over a message (RFC 8032). 32, any and 64 bytes. */
export async function isEd25519Signature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', publicKey as Bytes, 'Ed25519', false, ['verify'])
  return await crypto.subtle.verify('Ed25519', key, signature as Bytes, message as Bytes)
}
