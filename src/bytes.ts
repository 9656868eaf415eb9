// Bytes and their printed forms, wherever JavaScript runs. Nothing here knows Node's Buffer.

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes in memory of their own, which Web Crypto asks for. */
export type Bytes = Uint8Array<ArrayBuffer>

export function bytesOf(text: string): Bytes {
  return ENCODER.encode(text)
}

/** The text that bytes encode; undefined when they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes)
  } catch {
    return undefined
  }
}

export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let end = 0
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}

/** Whether two byte strings are alike. Not for secrets: it takes longer the more they are. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The bytes of lower-case hexadecimal digits; undefined when the text is anything else. */
export function bytesOfHex(text: string): Bytes | undefined {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digitOf(text.charCodeAt(2 * i)) << 4) | digitOf(text.charCodeAt(2 * i + 1))
  }
  return bytes
}

/** The value of a lower-case hexadecimal digit, by its code. */
function digitOf(code: number): number {
  return code < A ? code - ZERO : code - A + 10
}

const ZERO = 0x30
const A = 0x61

/** How many bytes are turned to characters at once: an argument list has its limits. */
const CHUNK_BYTES = 8_192

/** Standard base64 with padding (RFC 4648 §4). */
export function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(from, from + CHUNK_BYTES))
  }
  return btoa(binary)
}

/** The bytes of strict base64; undefined for whatever does not encode to the same text again. */
export function bytesOfBase64(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return base64Of(bytes) === text ? bytes : undefined
}

/** A whole number below 2^53 as 8 bytes, big-endian. */
export function bytesOfUint64(value: number): Bytes {
  const bytes = new Uint8Array(8)
  putUint64(new DataView(bytes.buffer), 0, value)
  return bytes
}

/** Writes a whole number below 2^53 as 8 bytes, big-endian; by halves, since a BigInt takes longer. */
export function putUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / 2 ** 32))
  view.setUint32(offset + 4, value % 2 ** 32)
}

/** The whole number at an offset, 8 bytes, big-endian; undefined when it is over 2^53 - 1 or not all there. */
export function uint64At(bytes: Uint8Array, offset: number): number | undefined {
  if (offset + 8 > bytes.length) return undefined
  const value = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined
}

/** A whole number below 2^53 in decimal, without leading zeroes; undefined for any other text. */
export function parseWholeNumber(text: string): number | undefined {
  const value = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : undefined
  return Number.isSafeInteger(value) ? value : undefined
}
