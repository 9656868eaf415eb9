import { isUtf8 } from 'node:buffer'
import { exactMembers, parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import { RECORD_BYTES_MAX } from './record-chunks.ts'
import { countUnjudged, type Tally } from './replay-tally.ts'

// The lines of a file of records, and what is wrong with those that are none.

export interface LineError {
  readonly code: string
  readonly field: string
  readonly message: string
}

const NEWLINE = 0x0a
const BLANK = /^[ \t\r]*$/

/** How much is decoded at a time, in bytes, unless a line is longer: little enough to stay in a core's cache. */
const BLOCK_BYTES = 65_536

/** Counts whole lines, and hands on each that is text and not too long; the others are refused. */
export function readLines(chunk: Uint8Array, tally: Tally, onLine: (line: string) => void): void {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  let start = 0
  while (start < bytes.length) {
    const end = endOfLine(bytes, Math.min(start + BLOCK_BYTES, bytes.length) - 1)
    const block = bytes.subarray(start, end)
    if (isUtf8(block)) readText(block.toString(), tally, onLine)
    else readBytes(block, tally, onLine)
    start = end
  }
}

/** The index after the line that an index is in. */
function endOfLine(bytes: Buffer, index: number): number {
  const newline = bytes.indexOf(NEWLINE, index)
  return newline < 0 ? bytes.length : newline + 1
}

function readText(text: string, tally: Tally, onLine: (line: string) => void): void {
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    tally.lines++
    const line = text.slice(start, end)
    if (isTooLong(line)) {
      const message = `a record has at most ${RECORD_BYTES_MAX} bytes`
      refuse(tally, { code: 'malformed-line', field: '', message })
    } else onLine(line)
    start = end + 1
  }
}

/** A character has at most three bytes; they are only counted where that matters. */
function isTooLong(line: string): boolean {
  return line.length > RECORD_BYTES_MAX / 3 && Buffer.byteLength(line) > RECORD_BYTES_MAX
}

/** Some line is not UTF-8: each is read for itself, so that the others are judged. */
function readBytes(bytes: Buffer, tally: Tally, onLine: (line: string) => void): void {
  let start = 0
  while (start < bytes.length) {
    const end = endOfLine(bytes, start)
    const line = bytes.subarray(start, end)
    // One that is too long has been cut off, perhaps within a character.
    if (isUtf8(line) || line.length > RECORD_BYTES_MAX) readText(line.toString(), tally, onLine)
    else {
      tally.lines++
      refuse(tally, { code: 'malformed-line', field: '', message: 'the line is not UTF-8' })
    }
    start = end
  }
}

export function isBlank(line: string): boolean {
  return BLANK.test(line)
}

/** The two members of a record, neither of which has been looked at. */
export function recordIn(
  line: string,
): Result<Readonly<Record<'decision' | 'request', unknown>>, LineError> {
  const json = parseJson(line)
  if (!json.ok) return fail({ ...json.error, field: json.error.field ?? '' })
  const members = exactMembers(json.value, ['decision', 'request'])
  if (members) return ok(members)
  const message = 'a record is {decision, request}, as `proviso log export` prints it'
  return fail({ code: 'malformed-record', field: '', message })
}

/** Counts the latest line as no record. */
export function refuse(tally: Tally, { code, field, message }: LineError): void {
  countUnjudged(tally.inError, { line: tally.lines, code, field, message })
}
