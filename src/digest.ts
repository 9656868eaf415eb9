/** `sha256:` and 64 lower-case hexadecimal digits (semantics §1.3). */
export type Digest = `sha256:${string}`

/** SHA-256 of a text's UTF-8 bytes, as 64 lower-case hexadecimal digits. The platform's own: an argument. */
export type Sha256 = (text: string) => string

export function digestOf(hex: string): Digest {
  return `sha256:${hex}`
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text)
}
