import { concatBytes } from '../bytes.ts'
import { crc32c } from './crc32c.ts'

// How a journal keeps entries before they are in tiles. A segment is a file of one length, zeros at first. It begins
// with its nonce; then come batches, each written at once and on the disk before the next one begins:
//
//     nonce (12) | bytes of frames (4) | bytes of sidecars (4) | index of the first entry (8) | CRC-32C (4)
//     frames: bytes of entry (4) | bytes of sidecar (4) | CRC-32C of sidecar (4) | entry
//     sidecars, then zeros up to a multiple of 8
//
// Numbers are big-endian. The batch's CRC is over what stands before it and the frames. Sidecars have their own, so
// that one can be shredded, which fills it with 0xff.

export interface Frame {
  readonly entry: Uint8Array
  /** What belongs to the entry and is not in the log. */
  readonly sidecar: Uint8Array
}

/** A frame as it is found in a segment. */
export interface FoundFrame extends Frame {
  /** Where the sidecar begins in the segment. */
  readonly sidecarAt: number
  readonly state: 'whole' | 'shredded' | 'damaged'
}

export interface Batch {
  readonly first: number
  readonly frames: readonly FoundFrame[]
  /** Where the next batch begins. */
  readonly end: number
}

const MAGIC = Buffer.from('proviso journal1')
export const NONCE_BYTES = 12
const CRC_BYTES = 4
export const SEGMENT_HEAD_BYTES = MAGIC.length + NONCE_BYTES + CRC_BYTES
const CRC_AT = NONCE_BYTES + 16
const BATCH_HEAD_BYTES = CRC_AT + CRC_BYTES
export const FRAME_HEAD_BYTES = 12
const ALIGNMENT = 8

/** What a shredded sidecar is filled with: a disk that loses a write leaves zeros or what was there before. */
export const SHREDDED_BYTE = 0xff

/** A segment's beginning. The nonce, of chance, keeps what somebody else put into a sidecar from passing for a batch. */
export function printSegmentHead(nonce: Uint8Array): Uint8Array {
  const head = concatBytes(MAGIC, nonce)
  const crc = Buffer.alloc(CRC_BYTES)
  crc.writeUInt32BE(crc32c(head))
  return concatBytes(head, crc)
}

/** The nonce of a segment; undefined when its beginning is none. */
export function nonceOf(segment: Buffer): Buffer | undefined {
  const end = MAGIC.length + NONCE_BYTES
  const isHead =
    segment.length >= SEGMENT_HEAD_BYTES &&
    segment.subarray(0, MAGIC.length).equals(MAGIC) &&
    segment.readUInt32BE(end) === crc32c(segment.subarray(0, end))
  return isHead ? segment.subarray(MAGIC.length, end) : undefined
}

export function bytesOfFrame({ entry, sidecar }: Frame): number {
  return FRAME_HEAD_BYTES + entry.length + sidecar.length
}

/** How many bytes frames take in a segment. */
export function bytesOfBatch(frames: readonly Frame[]): number {
  return aligned(BATCH_HEAD_BYTES + frames.reduce((sum, frame) => sum + bytesOfFrame(frame), 0))
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

export function printBatch(nonce: Uint8Array, first: number, frames: readonly Frame[]): Buffer {
  const batch = Buffer.alloc(bytesOfBatch(frames))
  batch.set(nonce)
  let at = BATCH_HEAD_BYTES
  for (const { entry, sidecar } of frames) {
    batch.writeUInt32BE(entry.length, at)
    batch.writeUInt32BE(sidecar.length, at + 4)
    batch.writeUInt32BE(crc32c(sidecar), at + 8)
    batch.set(entry, at + FRAME_HEAD_BYTES)
    at += FRAME_HEAD_BYTES + entry.length
  }
  const sidecarsAt = at
  for (const { sidecar } of frames) {
    batch.set(sidecar, at)
    at += sidecar.length
  }
  batch.writeUInt32BE(sidecarsAt - BATCH_HEAD_BYTES, NONCE_BYTES)
  batch.writeUInt32BE(at - sidecarsAt, NONCE_BYTES + 4)
  batch.writeBigUInt64BE(BigInt(first), NONCE_BYTES + 8)
  batch.writeUInt32BE(crcOf(batch, sidecarsAt), CRC_AT)
  return batch
}

function crcOf(batch: Buffer, sidecarsAt: number): number {
  return crc32c(batch.subarray(BATCH_HEAD_BYTES, sidecarsAt), crc32c(batch.subarray(0, CRC_AT)))
}

/** The batch at an offset of a segment; undefined when none is there whole. */
export function parseBatch(segment: Buffer, nonce: Buffer, at: number): Batch | undefined {
  if (at + BATCH_HEAD_BYTES > segment.length) return undefined
  const batch = segment.subarray(at)
  if (!batch.subarray(0, NONCE_BYTES).equals(nonce)) return undefined
  const sidecarsAt = BATCH_HEAD_BYTES + batch.readUInt32BE(NONCE_BYTES)
  const end = aligned(sidecarsAt + batch.readUInt32BE(NONCE_BYTES + 4))
  if (end > batch.length || crcOf(batch, sidecarsAt) !== batch.readUInt32BE(CRC_AT))
    return undefined
  const frames: FoundFrame[] = []
  let sidecarAt = sidecarsAt
  for (let from = BATCH_HEAD_BYTES; from < sidecarsAt; ) {
    const entryAt = from + FRAME_HEAD_BYTES
    from = entryAt + batch.readUInt32BE(from)
    const sidecar = batch.subarray(sidecarAt, sidecarAt + batch.readUInt32BE(entryAt - 8))
    const state = stateOf(sidecar, batch.readUInt32BE(entryAt - 4))
    frames.push({ entry: batch.subarray(entryAt, from), sidecar, sidecarAt: at + sidecarAt, state })
    sidecarAt += sidecar.length
  }
  return { first: Number(batch.readBigUInt64BE(NONCE_BYTES + 8)), frames, end: at + end }
}

function stateOf(sidecar: Uint8Array, crc: number): FoundFrame['state'] {
  if (crc32c(sidecar) === crc) return 'whole'
  return sidecar.every((byte) => byte === SHREDDED_BYTE) ? 'shredded' : 'damaged'
}

/** Whether a batch begins anywhere from an offset on: then what stands before it was written whole once. */
export function hasBatchAfter(segment: Buffer, nonce: Buffer, from: number): boolean {
  for (let at = segment.indexOf(nonce, from); at >= 0; at = segment.indexOf(nonce, at + 1)) {
    if (at % ALIGNMENT === 0 && parseBatch(segment, nonce, at)) return true
  }
  return false
}
