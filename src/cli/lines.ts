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

/** The lines of a byte stream, blank ones left out, in memory that no line's length can grow. */
export async function* readLines(stream: Readable): AsyncGenerator<Line> {
  const open = new OpenLine()
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      open.add(chunk.subarray(start, end))
      const line = open.close()
      if (line) yield line
      start = end + 1
    }
    open.add(chunk.subarray(start))
  }
  const last = open.close()
  if (last) yield last
}

const NEWLINE = 0x0a

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

  close(): Line | undefined {
    const bytes = Buffer.concat(this.#parts)
    const isTooLong = this.#length > LINE_BYTES_MAX
    this.#parts = []
    this.#length = 0
    const number = ++this.#number
    if (isTooLong) {
      return { number, text: null, problem: `a line has at most ${LINE_BYTES_MAX} bytes` }
    }
    if (!isUtf8(bytes)) return { number, text: null, problem: 'the line is not UTF-8' }
    const text = bytes.toString('utf8')
    return text.trim() === '' ? undefined : { number, text }
  }
}
