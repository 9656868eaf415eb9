import { isUtf8 } from 'node:buffer'
import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import {
  decidedOf,
  flipOf,
  isSameDecision,
  parseRecordedDecision,
  type RecordedDecision,
} from '../decision/replayed.ts'
import { parseRequest, type Request } from '../decision/request.ts'
import { exactMembers, parseJson } from '../json.ts'
import type { Instant } from '../time.ts'
import { RECORD_BYTES_MAX } from './record-chunks.ts'
import { isSameAsKept, type RecordText, type RecordTexts } from './record-text.ts'
import { countDifferent, countFlip, countUnjudged, newTally, type Tally } from './replay-tally.ts'

// One piece of a file of records, judged again.

export interface Judge {
  readonly bundle: Bundle
  /** Null: each at its own instant. */
  readonly asOf: Instant | null
  readonly texts: RecordTexts
}

const NEWLINE = 0x0a
const BLANK = /^[ \t\r]*$/

/** How much is decoded at a time, in bytes, unless a line is longer: little enough to stay in a core's cache. */
const BLOCK_BYTES = 65_536

/** Judges the records of whole lines again. */
export function judgeChunk(judge: Judge, chunk: Uint8Array): Tally {
  const tally = newTally()
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  let start = 0
  while (start < bytes.length) {
    const end = endOfLine(bytes, Math.min(start + BLOCK_BYTES, bytes.length) - 1)
    const block = bytes.subarray(start, end)
    if (isUtf8(block)) judgeLines(judge, block.toString(), tally)
    else judgeBytes(judge, block, tally)
    start = end
  }
  return tally
}

/** The index after the line that an index is in. */
function endOfLine(bytes: Buffer, index: number): number {
  const newline = bytes.indexOf(NEWLINE, index)
  return newline < 0 ? bytes.length : newline + 1
}

function judgeLines(judge: Judge, text: string, tally: Tally): void {
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    tally.lines++
    judgeLine(judge, text.slice(start, end), tally)
    start = end + 1
  }
}

/** Some line is not UTF-8: each is read for itself, so that the others are judged. */
function judgeBytes(judge: Judge, bytes: Buffer, tally: Tally): void {
  let start = 0
  while (start < bytes.length) {
    const end = endOfLine(bytes, start)
    const line = bytes.subarray(start, end)
    // One that is too long has been cut off, perhaps within a character.
    if (isUtf8(line) || line.length > RECORD_BYTES_MAX) judgeLines(judge, line.toString(), tally)
    else {
      tally.lines++
      refuse(tally, { code: 'malformed-line', field: '', message: 'the line is not UTF-8' })
    }
    start = end
  }
}

function judgeLine(judge: Judge, line: string, tally: Tally): void {
  // A character has at most three bytes; they are only counted where that matters.
  if (line.length > RECORD_BYTES_MAX / 3 && Buffer.byteLength(line) > RECORD_BYTES_MAX) {
    const message = `a record has at most ${RECORD_BYTES_MAX} bytes`
    return refuse(tally, { code: 'malformed-line', field: '', message })
  }
  const text = judge.texts.read(line)
  if (text) judgeText(judge, text, tally)
  else if (!BLANK.test(line)) judgeRecord(judge, line, tally)
}

/** Judges a line as it is printed. */
function judgeText(judge: Judge, text: RecordText, tally: Tally): void {
  const { request, decision: kept, digest } = text
  const decided = decide(judge.bundle, askedOf(judge, request))
  if (!decided.ok) return countUnknown(tally, decided.error)
  const decision = decided.value
  countJudged(judge, tally, digest)
  const { recorded } = kept
  compare(tally, { request, recorded, decision, isSame: isSameAsKept(kept, decision) })
}

/** Judges a line of which nothing is known but that it is not blank. */
function judgeRecord(judge: Judge, line: string, tally: Tally): void {
  const json = parseJson(line)
  if (!json.ok) return refuse(tally, { ...json.error, field: json.error.field ?? '' })
  const members = exactMembers(json.value, ['decision', 'request'])
  if (!members) {
    const message = 'a record is {decision, request}, as `proviso log export` prints it'
    return refuse(tally, { code: 'malformed-record', field: '', message })
  }
  const recorded = parseRecordedDecision(members.decision)
  if (!recorded.ok) return refuse(tally, within('decision', recorded.error))
  const request = parseRequest(members.request)
  if (!request.ok) return refuse(tally, within('request', request.error))
  judgeParsed(judge, { recorded: recorded.value, request: request.value }, tally)
}

interface Parsed {
  readonly recorded: RecordedDecision
  readonly request: Request
}

function judgeParsed(judge: Judge, { recorded, request }: Parsed, tally: Tally): void {
  const { nearest, bundle } = recorded.members
  const wantsNearest = Array.isArray(nearest) && nearest.length > 0
  const engine = wantsNearest ? decideWithNearest : decide
  const decided = engine(judge.bundle, askedOf(judge, request))
  if (!decided.ok) return countUnknown(tally, decided.error)
  const decision = decided.value
  countJudged(judge, tally, bundle)
  const isSame = isSameDecision(recorded, decision, judge.asOf === null)
  compare(tally, { request, recorded, decision, isSame })
}

function askedOf({ asOf }: Judge, request: Request): Request {
  return asOf === null ? request : { ...request, at: asOf }
}

function countUnknown(tally: Tally, error: LineError): void {
  countUnjudged(tally.unknown, { ...within('request', error), line: tally.lines })
}

function countJudged({ bundle }: Judge, tally: Tally, recordedBy: unknown): void {
  tally.judged++
  if (recordedBy === bundle.digest) tally.ownBundle++
}

interface Compared extends Parsed {
  readonly decision: Decision
  readonly isSame: boolean
}

function compare(tally: Tally, { recorded, request, decision, isSame }: Compared): void {
  if (isSame) {
    tally.identical++
    return
  }
  const { id, customer, deployment, model, uses } = request
  const asked = { line: tally.lines, request: id, customer, deployment, model, uses }
  const example = { ...asked, recorded: recorded.decided, now: decidedOf(decision) }
  const flip = flipOf(recorded.decided, decision)
  if (flip === null) countDifferent(tally, example)
  else countFlip(tally, flip, example)
}

interface LineError {
  readonly code: string
  readonly field: string
  readonly message: string
}

function within(member: string, { code, field, message }: LineError): LineError {
  return { code, field: field === '' ? member : `${member}.${field}`, message }
}

function refuse(tally: Tally, error: LineError): void {
  const { code, field, message } = error
  countUnjudged(tally.inError, { line: tally.lines, code, field, message })
}
