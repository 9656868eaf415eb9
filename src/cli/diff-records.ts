import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { decidedOf, flipOf } from '../decision/replayed.ts'
import { parseRequest, type Request } from '../decision/request.ts'
import type { Versions } from '../proof/difference.ts'
import { readRecords } from './record-chunks.ts'
import { isBlank, readLines, recordIn, refuse } from './record-lines.ts'
import { countFlip, exampleAt, newTally, type Tally } from './replay-tally.ts'

// Recorded requests, each decided before and after.

/** Decides each recorded request twice. A line in error is told with its number, and the others go on. */
export async function flipsOfRecords(file: string, bundles: Versions<Bundle>): Promise<Tally> {
  const tally = newTally()
  for await (const chunk of readRecords(file, () => undefined)) {
    readLines(chunk, tally, (line) => {
      if (!isBlank(line)) judgeLine(tally, bundles, line)
    })
  }
  return tally
}

function judgeLine(tally: Tally, bundles: Versions<Bundle>, line: string): void {
  const record = recordIn(line)
  if (!record.ok) return refuse(tally, record.error)
  const request = parseRequest(record.value.request)
  if (!request.ok) return refuse(tally, request.error)
  judge(tally, bundles, request.value)
}

function judge(tally: Tally, { before, after }: Versions<Bundle>, request: Request): void {
  const [earlier, later] = [decide(before, request), decide(after, request)]
  if (!earlier.ok) return refuse(tally, earlier.error)
  if (!later.ok) return refuse(tally, later.error)
  tally.judged++
  const flip = flipOf(earlier.value, later.value)
  if (flip === null) return
  const decided = { recorded: decidedOf(earlier.value), now: decidedOf(later.value) }
  countFlip(tally, flip, exampleAt(tally.lines, request, decided))
}
