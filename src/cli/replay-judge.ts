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
import type { Instant } from '../time.ts'
import { isBlank, type LineError, readLines, recordIn, refuse } from './record-lines.ts'
import { isSameAsKept, type RecordText, type RecordTexts } from './record-text.ts'
import {
  countDifferent,
  countFlip,
  countUnjudged,
  exampleAt,
  newTally,
  type Tally,
} from './replay-tally.ts'

// One piece of a file of records, judged again.

export interface Judge {
  readonly bundle: Bundle
  /** Null: each at its own instant. */
  readonly asOf: Instant | null
  readonly texts: RecordTexts
}

/** Judges the records of whole lines again. */
export function judgeChunk(judge: Judge, chunk: Uint8Array): Tally {
  const tally = newTally()
  readLines(chunk, tally, (line) => {
    const text = judge.texts.read(line)
    if (text) judgeText(judge, text, tally)
    else if (!isBlank(line)) judgeRecord(judge, line, tally)
  })
  return tally
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
  const record = recordIn(line)
  if (!record.ok) return refuse(tally, record.error)
  const recorded = parseRecordedDecision(record.value.decision)
  if (!recorded.ok) return refuse(tally, within('decision', recorded.error))
  const request = parseRequest(record.value.request)
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
  const versions = { recorded: recorded.decided, now: decidedOf(decision) }
  const example = exampleAt(tally.lines, request, versions)
  const flip = flipOf(recorded.decided, decision)
  if (flip === null) countDifferent(tally, example)
  else countFlip(tally, flip, example)
}

function within(member: string, { code, field, message }: LineError): LineError {
  return { code, field: field === '' ? member : `${member}.${field}`, message }
}
