import { type Command, EXIT } from './command.ts'
import { loadBundle } from './load.ts'
import { Progress, writeJson, writeLine } from './output.ts'
import { readRecords } from './record-chunks.ts'
import { jsonOf, textOf } from './replay-report.ts'
import { addTally, newTally, type Tally } from './replay-tally.ts'
import { ReplayThreads } from './replay-threads.ts'
import { UsageError } from './usage-error.ts'

export const replay: Command = {
  usage: 'RECORDS --against DIR [--as-of INSTANT]',
  summary: 'judge recorded requests again on other documents, and count what flips',
  help: `Reads records as \`proviso log export\` prints them, {decision, request} a line, from the file RECORDS or, when it
is -, from standard input. Judges each request again on DIR, a policy directory or a bundle file, and counts what is
decided otherwise, by customer, restriction and reason, with examples. The decision on unchanged documents is the
same byte for byte.

Each request is judged at the instant of its decision. With --as-of all are judged as if asked at INSTANT, on
what is in force then: who would be refused on the day that a draft takes effect.

Exit 0: every record was judged, whatever flips. 1: some line is no record, or names what DIR does not have, or
DIR has errors; all others were judged. 2: wrong usage, or RECORDS cannot be read.`,
  options: { against: { type: 'string' }, 'as-of': { type: 'string' } },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const against = args.text('against')
    if (against === undefined) throw new UsageError('say on what to judge: --against DIR')
    const asOf = args.instant('as-of') ?? null
    const bundle = loadBundle(against)
    const threads = new ReplayThreads(bundle, asOf)
    try {
      const tally = await judgeAll(args.first, threads)
      const replayed = { tally, against, bundle: bundle.digest, asOf }
      if (args.json) await writeJson(jsonOf(replayed))
      else await writeLine(textOf(replayed))
      return tally.unknown.count + tally.inError.count === 0 ? EXIT.done : EXIT.no
    } finally {
      await threads.close()
    }
  },
}

/** Judges all records, a bounded number of pieces at a time, and adds up what comes of them in the order of the file. */
export async function judgeAll(file: string, threads: ReplayThreads): Promise<Tally> {
  const total = newTally()
  const underWay: Promise<Tally>[] = []
  const progress = new Progress('records')
  const takeFirst = async (): Promise<void> => {
    const first = await underWay.shift()
    if (first) addTally(total, first)
    progress.show(total.judged)
  }
  for await (const chunk of readRecords(file, () => threads.takeSpare())) {
    if (underWay.length >= threads.underWayMax) await takeFirst()
    underWay.push(threads.judge(chunk))
  }
  while (underWay.length > 0) await takeFirst()
  progress.end()
  return total
}
