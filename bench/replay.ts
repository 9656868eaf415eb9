import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import { readRecords } from '../src/cli/record-chunks.ts'
import { judgeAll } from '../src/cli/replay.ts'
import { ReplayThreads } from '../src/cli/replay-threads.ts'
import { compile } from '../src/decision/compile.ts'
import { decide } from '../src/decision/decide.ts'
import { printDecisionPayload } from '../src/decision/payload.ts'
import type { World } from '../src/decision/world.ts'
import { contractAt, contractsOf, randomOf, requestOf } from './example.ts'
import { spreadOf } from './measure.ts'
import { ParsingThreads } from './replay-floor.ts'
import { PARSE_ALONE, type ReplayReport, type ReplayTiming, USUAL } from './replay-report.ts'

// Run by run.ts in a process of its own: recorded requests judged again on the documents that decided them. Threads are
// kept from round to round, so that what is measured is how fast a long file goes.

const CONTRACTS = 1_000

/** How much is written at a time, in characters. */
const WRITE_CHARS = 1_000_000

interface Subject {
  readonly world: World
  readonly bundle: ReturnType<typeof compile>
  readonly records: number
}

async function report(
  world: World,
  folder: string,
  { records, rounds }: Effort,
): Promise<ReplayReport> {
  const bundle = compile({ ...world, contracts: contractsOf(world, CONTRACTS) }, sha256)
  const threads = availableParallelism()
  const timings: ReplayTiming[] = []
  for (const what of [USUAL, 'none alike']) {
    const path = join(folder, 'records.ndjson')
    writeRecords({ world, bundle, records }, path, what === USUAL)
    const judging = new ReplayThreads(bundle, null)
    const parsing = new ParsingThreads(threads)
    const judge = async (): Promise<number> => (await judgeAll(path, judging)).identical
    const parse = (): Promise<number> => parseAll(path, parsing, judging.underWayMax)
    timings.push(...(await timeBoth({ what, records, rounds }, { judge, parse })))
    await judging.close()
    await parsing.close()
  }
  return { contracts: CONTRACTS, records, threads, timings }
}

interface Effort {
  readonly records: number
  readonly rounds: number
}

interface Both {
  readonly judge: () => Promise<number>
  readonly parse: () => Promise<number>
}

/** Takes turns, so that both meet the same neighbours. */
async function timeBoth(
  { what, records, rounds }: Effort & { readonly what: string },
  { judge, parse }: Both,
): Promise<ReplayTiming[]> {
  const judged: Round[] = []
  const parsed: Round[] = []
  for (let i = -1; i < rounds; i++) {
    const pair = [await timed(judge, records), await timed(parse, records)] as const
    // The first one warms up.
    if (i < 0) continue
    judged.push(pair[0])
    parsed.push(pair[1])
  }
  return [timingOf(what, 'proviso', judged), timingOf(what, PARSE_ALONE, parsed)]
}

interface Round {
  readonly rate: number
  readonly cpuRate: number
}

async function timed(run: () => Promise<number>, records: number): Promise<Round> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const count = await run()
  if (count !== records) throw new Error(`${count} of ${records} records came out as they should`)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { rate: (records / ms) * 1e3, cpuRate: (records / (user + system)) * 1e6 }
}

function timingOf(
  what: string,
  engine: ReplayTiming['engine'],
  rounds: readonly Round[],
): ReplayTiming {
  const rate = spreadOf(rounds.map((round) => round.rate))
  return { what, engine, rate, cpuRate: spreadOf(rounds.map(({ cpuRate }) => cpuRate)) }
}

async function parseAll(path: string, threads: ParsingThreads, most: number): Promise<number> {
  const underWay: Promise<number>[] = []
  let count = 0
  for await (const chunk of readRecords(path, () => undefined)) {
    if (underWay.length >= most) count += (await underWay.shift()) ?? 0
    underWay.push(threads.parse(chunk))
  }
  for (const last of underWay) count += await last
  return count
}

/** As a log's export has them. Of those that are not alike each has a detector's score of its own. */
function writeRecords({ world, bundle, records }: Subject, path: string, isAlike: boolean): void {
  const random = randomOf(records)
  const contracts = Array.from({ length: CONTRACTS }, (_, i) => contractAt(world, i))
  const file = openSync(path, 'w')
  let text = ''
  for (let i = 0; i < records; i++) {
    const drawn = requestOf(contracts[(i * 7) % CONTRACTS] as (typeof contracts)[0], random)
    const score = Math.round(random() * 1e9) / 1e10
    const signals = [{ detector: 'lexicon', use: 'surveillance.tracking', score }]
    const request = isAlike ? drawn : { ...drawn, signals }
    const decided = decide(bundle, request)
    if (!decided.ok) throw new Error(decided.error.message)
    text += `${printDecisionPayload(decided.value, request)}\n`
    if (text.length < WRITE_CHARS && i + 1 < records) continue
    writeSync(file, text)
    text = ''
  }
  closeSync(file)
}

const [, , dir = '', parent = '', records = '', rounds = ''] = process.argv
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
const folder = mkdtempSync(join(parent, 'replay-'))
try {
  const effort = { records: Number(records), rounds: Number(rounds) }
  process.stdout.write(JSON.stringify(await report(world, folder, effort)))
} finally {
  rmSync(folder, { recursive: true })
}
