import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'

/** Longest request line, in bytes. */
export const LINE_BYTES_MAX = 1_048_576

/** One line of a stream; text is null when it is over the limit or not UTF-8. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly text: string | null
  readonly problem?: string
}

/**
 * The lines of a byte stream, blank ones left out, in memory that no line's length can grow. They come in
 * batches, as the bytes do: whoever answers each batch at once keeps no asker waiting.
 */
export async function* readLines(stream: Readable): AsyncGenerator<readonly Line[]> {
  const open = new OpenLine()
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      open.add(chunk.subarray(start, end))
      lines.push(...open.close())
      start = end + 1
    }
    open.add(chunk.subarray(start))
    if (lines.length > 0) yield lines
  }
  yield open.close()
}

/** All of a byte stream as text; undefined when it is longer than a line may be, or not UTF-8. */
export async function readText(stream: Readable): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > LINE_BYTES_MAX) return undefined
    parts.push(chunk)
  }
  const bytes = Buffer.concat(parts)
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

const NEWLINE = 0x0a

/** Nothing but the white space of JSON. Other spaces are no JSON, and no reason to drop a line in silence. */
const BLANK = /^[ \t\r]*$/

/** A line whose end has not been seen yet. */
class OpenLine {
  #parts: Buffer[] = []
  #length = 0
  #number = 0

  add(part: Buffer): void {
    this.#length += part.length
    // Of a line that is too long only the length is kept.
    if (this.#length <= LINE_BYTES_MAX) this.#parts.push(part)
  }

  /** The line, now that its end has been seen; none when it is blank. */
  close(): readonly Line[] {
    const bytes = Buffer.concat(this.#parts)
    const isTooLong = this.#length > LINE_BYTES_MAX
    this.#parts = []
    this.#length = 0
    const number = ++this.#number
    if (isTooLong) {
      return [{ number, text: null, problem: `a line has at most ${LINE_BYTES_MAX} bytes` }]
    }
    if (!isUtf8(bytes)) return [{ number, text: null, problem: 'the line is not UTF-8' }]
    const text = bytes.toString('utf8')
    return BLANK.test(text) ? [] : [{ number, text }]
  }
}
