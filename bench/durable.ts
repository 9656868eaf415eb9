import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { compile } from '../src/decision/compile.ts'
import { decide } from '../src/decision/decide.ts'
import type { Request } from '../src/decision/request.ts'
import type { Recorded } from '../src/log/decision-log.ts'
import type { Evidence } from '../src/log/evidence.ts'
import type { Rounds } from './contest.ts'
import { recordBytesOf, timeDisk } from './disk.ts'
import type { LoggedTiming } from './durable-report.ts'
import { type DurableRound, summaryOf } from './durable-round.ts'
import { contractsOf } from './example.ts'
import { openLog } from './log.ts'
import { BATCH, callsOf } from './questions.ts'

// Run by run.ts in a process of its own: decisions that are on the disk before they are answers, in process. The logs
// are kept as a server keeps them: tiles, checkpoints and anchors are made meanwhile, in the same process.

const CONTRACTS = 1_000

/** Callers that each wait for their answer before they ask again, and how many decisions they ask for at a time. */
const TRIALS = [
  { askers: 1, perCall: 1 },
  { askers: 32, perCall: 1 },
  { askers: 256, perCall: 1 },
  { askers: 32, perCall: BATCH },
] as const

interface Trial {
  readonly askers: number
  readonly perCall: number
}

/** Decides the next request of a list, over and over. */
function deciderOf(bundle: Bundle, requests: readonly Request[]): () => Recorded {
  let next = 0
  return () => {
    const request = requests[next] as Request
    next = next + 1 === requests.length ? 0 : next + 1
    const decided = decide(bundle, request)
    if (!decided.ok) throw new Error(decided.error.message)
    return { decision: decided.value, request }
  }
}

async function timeTrial(
  decideNext: () => Recorded,
  trial: Trial,
  { directory, rounds }: { readonly directory: string; readonly rounds: Rounds },
): Promise<LoggedTiming> {
  const folder = mkdtempSync(join(directory, 'log-'))
  try {
    const evidence = await openLog(folder)
    await timeRound(evidence, decideNext, { ...trial, ms: rounds.ms })
    const all: DurableRound[] = []
    for (let i = 0; i < rounds.count; i++) {
      const disk = timeDisk(directory, rounds.ms)
      const round = await timeRound(evidence, decideNext, { ...trial, ms: rounds.ms })
      all.push({ ...round, disk })
    }
    const { size, decisions } = evidence.status
    await evidence.close()
    return {
      ...trial,
      ...summaryOf(all),
      records: size,
      bytes: recordBytesOf(join(folder, decisions), size),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function timeRound(
  evidence: Evidence,
  decideNext: () => Recorded,
  { askers, perCall, ms }: Trial & { readonly ms: number },
): Promise<Omit<DurableRound, 'disk'>> {
  const waits: number[] = []
  const own = process.cpuUsage()
  const begun = performance.now()
  const ask = async (): Promise<void> => {
    for (let now = begun; now < begun + ms; ) {
      const ids = await evidence.record(Array.from({ length: perCall }, decideNext))
      if (ids.length !== perCall) throw new Error('a decision has no record')
      const answered = performance.now()
      waits.push(answered - now)
      now = answered
    }
  }
  await Promise.all(Array.from({ length: askers }, ask))
  const seconds = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(own)
  const decisions = waits.length * perCall
  return { rate: decisions / seconds, cpu: ((user + system) * 1_000) / decisions, waits }
}

const [dir = '', directory = '', count, ms] = process.argv.slice(2)
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
const bundle = compile({ ...world, contracts: contractsOf(world, CONTRACTS) }, sha256)
const { batch } = callsOf(world, CONTRACTS, { bundle, outcome: 'permit-under-exception' })
const decideNext = deciderOf(
  bundle,
  batch.flatMap((call) => call.map(({ request }) => request)),
)
const timings: LoggedTiming[] = []
for (const trial of TRIALS) {
  const rounds = { count: Number(count), ms: Number(ms) }
  timings.push(await timeTrial(decideNext, trial, { directory, rounds }))
}
process.stdout.write(JSON.stringify(timings))
