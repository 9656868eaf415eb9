import { readDirectory } from '../src/cli/directory.ts'
import type { Kind, Rounds } from './contest.ts'
import { timeDisk } from './disk.ts'
import type { DurableTiming } from './durable-report.ts'
import { type DurableRound, summaryOf } from './durable-round.ts'
import { load } from './load.ts'
import { BATCH } from './questions.ts'
import { type Recording, withServer } from './recording.ts'
import { cpuMsOf } from './server.ts'

// Run by run.ts in a process of its own, on other cores than the server that it asks: permits under an exception over
// HTTP, each on the disk before it is an answer.

const TRIALS = [
  { askers: 1, kind: 'single' },
  { askers: 32, kind: 'single' },
  { askers: 256, kind: 'single' },
  { askers: 32, kind: 'batch' },
] as const

const PER_CALL: Readonly<Record<Kind, number>> = { single: 1, batch: BATCH }

async function timeDurable(
  { server, folder, requests }: Recording,
  { count, ms }: Rounds,
): Promise<DurableTiming[]> {
  const timings: DurableTiming[] = []
  for (const { askers, kind } of TRIALS) {
    const effort = { ms, connections: askers }
    await load(server.port, requests[kind], effort)
    const rounds: DurableRound[] = []
    for (let i = 0; i < count; i++) {
      const disk = timeDisk(folder, ms)
      const before = cpuMsOf(server.pid)
      const { answers, ms: spent, waits } = await load(server.port, requests[kind], effort)
      const decisions = answers * PER_CALL[kind]
      const cpu = ((cpuMsOf(server.pid) - before) * 1e6) / decisions
      rounds.push({ disk, waits, rate: (decisions / spent) * 1_000, cpu })
    }
    timings.push({ askers, perCall: PER_CALL[kind], ...summaryOf(rounds) })
  }
  return timings
}

const [dir = '', directory = '', count, ms] = process.argv.slice(2)
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
const rounds = { count: Number(count), ms: Number(ms) }
const timings = await withServer(world, directory, (recording) => timeDurable(recording, rounds))
process.stdout.write(JSON.stringify(timings))
