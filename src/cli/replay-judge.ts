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
import { isDigest } from '../digest.ts'
import { exactMembers, parseJson } from '../json.ts'
import type { Instant } from '../time.ts'
import { RECORD_BYTES_MAX } from './record-chunks.ts'
import { digestIfPrinted, recordTextOf } from './record-text.ts'
import { countDifferent, countFlip, countUnjudged, newTally, type Tally } from './replay-tally.ts'

// One piece of a file of records, judged again.

export interface Judge {
  readonly bundle: Bundle
  /** Null: each at its own instant. */
  readonly asOf: Instant | null
}

const NEWLINE = 0x0a
const BLANK = /^[ \t\r]*$/

/** Judges the records of whole lines again. */
export function judgeChunk(judge: Judge, chunk: Uint8Array): Tally {
  const tally = newTally()
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (isUtf8(bytes)) judgeText(judge, bytes.toString(), tally)
  else judgeBytes(judge, bytes, tally)
  return tally
}

function judgeText(judge: Judge, text: string, tally: Tally): void {
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
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.subarray(start, end)
    tally.lines++
    // One that is too long has been cut off, perhaps within a character.
    if (isUtf8(line) || line.length > RECORD_BYTES_MAX) judgeLine(judge, line.toString(), tally)
    else refuse(tally, { code: 'malformed-line', field: '', message: 'the line is not UTF-8' })
    start = end + 1
  }
}

function judgeLine(judge: Judge, line: string, tally: Tally): void {
  // A character has at most three bytes; they are only counted where that matters.
  if (line.length > RECORD_BYTES_MAX / 3 && Buffer.byteLength(line) > RECORD_BYTES_MAX) {
    const message = `a record has at most ${RECORD_BYTES_MAX} bytes`
    return refuse(tally, { code: 'malformed-line', field: '', message })
  }
  if (isJudgedAsPrinted(judge, line, tally) || BLANK.test(line)) return
  judgeRecord(judge, line, tally)
}

/** Whether a line reads as it would if it were printed now; it is counted then. */
function isJudgedAsPrinted({ bundle, asOf }: Judge, line: string, tally: Tally): boolean {
  const text = recordTextOf(line)
  const json = text && parseJson(text.request)
  if (!json?.ok) return false
  const request = parseRequest(json.value)
  if (!request.ok) return false
  const decided = decide(bundle, under(request.value, asOf))
  if (!decided.ok) return false
  const { at } = json.value as { readonly at: string }
  const digest = digestIfPrinted(text as NonNullable<typeof text>, decided.value, at)
  if (digest === undefined) return false
  const isOwn = digest === bundle.digest
  if (!isOwn && !isDigest(digest)) return false
  tally.judged++
  tally.identical++
  if (isOwn) tally.ownBundle++
  return true
}

function under(request: Request, asOf: Instant | null): Request {
  return asOf === null ? request : { ...request, at: asOf }
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

function judgeParsed({ bundle, asOf }: Judge, { recorded, request }: Parsed, tally: Tally): void {
  const { members } = recorded
  const hasNearest = Array.isArray(members['nearest']) && members['nearest'].length > 0
  const decided = (hasNearest ? decideWithNearest : decide)(bundle, under(request, asOf))
  if (!decided.ok) {
    const error = { ...within('request', decided.error), line: tally.lines }
    return countUnjudged(tally.unknown, error)
  }
  tally.judged++
  if (members['bundle'] === bundle.digest) tally.ownBundle++
  compare(tally, { recorded, request, decision: decided.value, isAtSameInstant: asOf === null })
}

interface Compared extends Parsed {
  readonly decision: Decision
  readonly isAtSameInstant: boolean
}

function compare(tally: Tally, { recorded, request, decision, isAtSameInstant }: Compared): void {
  const flip = flipOf(recorded.decided, decision)
  if (flip === null && isSameDecision(recorded, decision, isAtSameInstant)) {
    tally.identical++
    return
  }
  const { id, customer, deployment, model, uses } = request
  const now = decidedOf(decision)
  const asked = { line: tally.lines, request: id, customer, deployment, model, uses }
  const example = { ...asked, recorded: recorded.decided, now }
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
