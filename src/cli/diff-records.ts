import { isUtf8 } from 'node:buffer'
import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { decidedOf, flipOf } from '../decision/replayed.ts'
import { parseRequest, type Request } from '../decision/request.ts'
import { exactMembers, parseJson } from '../json.ts'
import type { Versions } from '../proof/difference.ts'
import { fail, ok, type Result } from '../result.ts'
import { RECORD_BYTES_MAX, readRecords } from './record-chunks.ts'
import { countFlip, countUnjudged, newTally, type Tally } from './replay-tally.ts'

// Recorded requests, each decided before and after.

/** Decides each recorded request twice. A line in error is told with its number, and the others go on. */
export async function flipsOfRecords(file: string, bundles: Versions<Bundle>): Promise<Tally> {
  const tally = newTally()
  for await (const chunk of readRecords(file, () => undefined)) {
    for (const bytes of linesOf(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) {
      tally.lines++
      const read = readLine(bytes)
      const judged = read?.ok ? judge(tally, bundles, read.value) : read
      if (judged === undefined || judged.ok) continue
      const { code, field, message } = judged.error
      countUnjudged(tally.inError, { line: tally.lines, code, field: field ?? '', message })
    }
  }
  return tally
}

interface LineError {
  readonly code: string
  readonly field: string | null
  readonly message: string
}

const NEWLINE = 0x0a
const BLANK = /^[ \t\r]*$/

function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    yield bytes.subarray(start, end)
    start = end + 1
  }
}

/** The request of a record; undefined for a blank line. */
function readLine(bytes: Buffer): Result<Request, LineError> | undefined {
  if (bytes.length > RECORD_BYTES_MAX) {
    const message = `a record has at most ${RECORD_BYTES_MAX} bytes`
    return fail({ code: 'malformed-line', field: null, message })
  }
  if (!isUtf8(bytes)) {
    return fail({ code: 'malformed-line', field: null, message: 'the line is not UTF-8' })
  }
  const text = bytes.toString()
  if (BLANK.test(text)) return undefined
  const json = parseJson(text)
  if (!json.ok) return json
  const members = exactMembers(json.value, ['decision', 'request'])
  if (members) return parseRequest(members.request)
  const message = 'a record is {decision, request}, as `proviso log export` prints it'
  return fail({ code: 'malformed-record', field: null, message })
}

function judge(
  tally: Tally,
  { before, after }: Versions<Bundle>,
  request: Request,
): Result<true, LineError> {
  const [earlier, later] = [decide(before, request), decide(after, request)]
  if (!earlier.ok) return earlier
  if (!later.ok) return later
  tally.judged++
  const flip = flipOf(earlier.value, later.value)
  if (flip === null) return ok(true)
  const { id, customer, deployment, model, uses } = request
  const asked = { line: tally.lines, request: id, customer, deployment, model, uses }
  const decided = { recorded: decidedOf(earlier.value), now: decidedOf(later.value) }
  countFlip(tally, flip, { ...asked, ...decided })
  return ok(true)
}
