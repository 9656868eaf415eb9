import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import { printBundle } from '../src/decision/bundle-file.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'
import { AUTHZEN } from './authzen.ts'
import { answersTo, type Contestant, type HttpTiming, type Rounds, timeRounds } from './contest.ts'
import { contractsOf } from './example.ts'
import { prepareServer, provisoStart } from './proviso-server.ts'
import { callsOf } from './questions.ts'
import { freePort, startServer } from './server.ts'
import { ALONE, FEWER, OTHER } from './shadow-report.ts'

// Run by run.ts in a process of its own: a server with a draft beside its documents, and one without.

const CONTRACTS = 1_000

/** Where free ports are looked for. */
const PORT = 21_600

async function timings(world: World, rounds: Rounds): Promise<readonly HttpTiming[]> {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-bench-'))
  const bundle = compile({ ...world, contracts: contractsOf(world, CONTRACTS) }, sha256)
  const half = { ...world, contracts: contractsOf(world, CONTRACTS / 2) }
  const policy = { ...world.policy, version: 'another' }
  const other = { ...world, policy, contracts: contractsOf(world, CONTRACTS) }
  const key = await prepareServer(folder, bundle)
  const calls = callsOf(world, CONTRACTS, { bundle, outcome: 'permit' })
  const contestants: Contestant[] = []
  const start = async (engine: string, more: readonly string[]): Promise<void> => {
    const server = await startServer(provisoStart(folder, await freePort(PORT), undefined, more))
    contestants.push({ engine, server, protocol: AUTHZEN, key })
  }
  try {
    await start(ALONE, [])
    await start(FEWER, shadowed(half, join(folder, 'half')))
    await start(OTHER, shadowed(other, join(folder, 'other')))
    for (const contestant of contestants) await answersTo(contestant, 'single', calls.single)
    return await timeRounds(contestants, calls, rounds)
  } finally {
    await Promise.all(contestants.map(({ server }) => server.stop()))
    rmSync(folder, { recursive: true })
  }
}

/** Writes a draft, and says how it is judged by. */
function shadowed(draft: Parameters<typeof compile>[0], path: string): readonly string[] {
  writeFileSync(path, [...printBundle(compile(draft, sha256), sha256)].join(''))
  return ['--shadow', path, '--shadow-out', `${path}.flips`]
}

const [dir = '', count, ms] = process.argv.slice(2)
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
const rounds = { count: Number(count), ms: Number(ms) }
process.stdout.write(JSON.stringify(await timings(world, rounds)))
