import type { Readable } from 'node:stream'

/** Longest line of a file of records, in bytes: longer than any that `proviso log export` prints. */
export const RECORD_BYTES_MAX = 4_194_304

/** How much of a file is judged at a time, in bytes, unless its lines are longer. */
const CHUNK_BYTES = 1_048_576

const NEWLINE = 0x0a

/**
 * The bytes of a stream in pieces of whole lines, each with memory of its own. A line that is too long comes cut off, and
 * still too long, so that no line's length can grow memory.
 */
export async function* readChunks(stream: Readable): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const open = new OpenChunk()
  for await (const piece of stream as AsyncIterable<Buffer>) {
    const chunk = open.add(piece)
    if (chunk) yield chunk
  }
  if (open.length > 0) yield open.take()
}

/** Bytes that no piece has been made of yet. */
class OpenChunk {
  #parts: Uint8Array[] = []
  length = 0
  /** How much of it is in the last line, which has not ended. */
  #lineLength = 0

  /** A piece, when there is enough for one. */
  add(bytes: Buffer): Uint8Array<ArrayBuffer> | undefined {
    const end = bytes.lastIndexOf(NEWLINE) + 1
    if (end === 0) {
      this.#addToLine(bytes)
      return undefined
    }
    this.#push(bytes.subarray(0, end))
    const chunk = this.length < CHUNK_BYTES ? undefined : this.take()
    this.#lineLength = 0
    this.#addToLine(bytes.subarray(end))
    return chunk
  }

  take(): Uint8Array<ArrayBuffer> {
    const chunk = new Uint8Array(this.length)
    let offset = 0
    for (const part of this.#parts) {
      chunk.set(part, offset)
      offset += part.length
    }
    this.#parts = []
    this.length = 0
    return chunk
  }

  #addToLine(bytes: Buffer): void {
    const kept = bytes.subarray(0, Math.max(0, RECORD_BYTES_MAX + 1 - this.#lineLength))
    this.#lineLength += kept.length
    this.#push(kept)
  }

  #push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#parts.push(bytes)
    this.length += bytes.length
  }
}
