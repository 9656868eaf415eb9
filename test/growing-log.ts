import { createHash } from 'node:crypto'
import { type Bytes, base64Of } from '../src/bytes.ts'
import { printVerifier } from '../src/log/key.ts'
import { type Signer, signerOf, signNote } from '../src/log/signer.ts'

// A log to be witnessed: trees and proofs as RFC 6962 §2.1 defines them, straight from their entries.

/** A log of a test. Its histories differ by name from the entry on where they part. */
export interface GrowingLog {
  readonly signer: Signer
  rootAt(size: number, history?: string): Bytes
  /** A checkpoint that the log has signed. */
  noteAt(size: number, history?: string): string
  proof(from: number, to: number, history?: string): readonly Bytes[]
}

/** Until which entry all histories of a log are one. */
export const PART_AT = 5

export function growingLog(origin: string): GrowingLog {
  const signer = signerOf(origin, createHash('sha256').update(origin).digest())
  const leaf = (index: number, history: string): string =>
    index < PART_AT ? `${index}` : `${history}${index}`
  const rootAt = (size: number, history = 'a'): Bytes => rootOf(0, size, (i) => leaf(i, history))
  const proof = (from: number, to: number, history = 'a'): readonly Bytes[] =>
    from === 0 ? [] : subproof(from, [0, to], (i) => leaf(i, history))
  const noteAt = (size: number, history?: string): string =>
    signNote(`${origin}\n${size}\n${base64Of(rootAt(size, history))}\n`, signer)
  return { signer, rootAt, noteAt, proof }
}

/** A line of a trust file. */
export function logLine({ signer }: GrowingLog): string {
  return `log ${printVerifier(signer.verifier)}\n`
}

type Entry = (index: number) => string

function rootOf(start: number, end: number, entry: Entry): Bytes {
  if (end === start) return sha256()
  if (end - start === 1) return sha256(Uint8Array.of(0), Buffer.from(entry(start)))
  const middle = start + split(end - start)
  return sha256(Uint8Array.of(1), rootOf(start, middle, entry), rootOf(middle, end, entry))
}

/** SUBPROOF of RFC 6962 §2.1.2, of a tree of `size` that the range begins with. */
function subproof(
  size: number,
  [start, end]: readonly [number, number],
  entry: Entry,
  isWhole = true,
): readonly Bytes[] {
  if (size === end - start) return isWhole ? [] : [rootOf(start, end, entry)]
  const k = split(end - start)
  const middle = start + k
  return size <= k
    ? [...subproof(size, [start, middle], entry, isWhole), rootOf(middle, end, entry)]
    : [...subproof(size - k, [middle, end], entry, false), rootOf(start, middle, entry)]
}

function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1))
}

function sha256(...parts: readonly Uint8Array[]): Bytes {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}
