import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'
import { AUTHZEN } from './authzen.ts'
import { CERBOS, cerbosStart, hasCerbos, writePolicies } from './cerbos.ts'
import {
  answersTo,
  type Contestant,
  type Kind,
  type Protocol,
  type Rounds,
  timeRounds,
} from './contest.ts'
import { contractsOf } from './example.ts'
import { FLOOR, type HttpReport } from './http-report.ts'
import { prepareServer, provisoStart } from './proviso-server.ts'
import { callsOf } from './questions.ts'
import { allowancesOf } from './rival.ts'
import { freePort, type Server, type Start, startServer } from './server.ts'
import { timeSteps } from './steps.ts'

// Run by run.ts in a process of its own, on other cores than the servers that it asks.

const CONTRACTS = 1_000

/** Where free ports are looked for. */
const PORT = 21_400

const FLOOR_SERVER = fileURLToPath(new URL('floor-server.ts', import.meta.url))

/** Everything that is started in one run, to be stopped at its end. */
interface Run {
  readonly folder: string
  readonly key: string
  readonly servers: Server[]
}

async function report(world: World, rounds: Rounds): Promise<HttpReport> {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-bench-'))
  const bundle = compile({ ...world, contracts: contractsOf(world, CONTRACTS) }, sha256)
  const run: Run = { folder, key: await prepareServer(folder, bundle), servers: [] }
  try {
    return { contracts: CONTRACTS, ...(await timings({ world, bundle }, run, rounds)) }
  } finally {
    await Promise.all(run.servers.map(({ stop }) => stop()))
    rmSync(folder, { recursive: true })
  }
}

async function timings(
  { world, bundle }: { readonly world: World; readonly bundle: Bundle },
  run: Run,
  rounds: Rounds,
): Promise<Pick<HttpReport, 'steps' | 'timings'>> {
  const calls = callsOf(world, CONTRACTS, { bundle, outcome: 'permit' })
  const steps = timeSteps(bundle, calls)

  const proviso = await started(run, 'proviso', AUTHZEN, (port) => {
    return provisoStart(run.folder, port)
  })
  const answers = {
    single: await answersTo(proviso, 'single', calls.single),
    batch: await answersTo(proviso, 'batch', calls.batch),
  }
  await answersTo(proviso, 'single', calls.denied)
  const floor = await started(run, FLOOR, AUTHZEN, (port) => floorStart(answers, port))
  if (!hasCerbos()) return { steps, timings: await timeRounds([proviso, floor], calls, rounds) }

  const indexes = new Set(Array.from({ length: CONTRACTS }, (_, i) => i))
  const allowances = allowancesOf(world, bundle.tables.content, indexes)
  writePolicies(run.folder, bundle.tables.content, allowances)
  const cerbos = await started(run, 'cerbos', CERBOS, (port) => cerbosStart(run.folder, port))
  await answersTo(cerbos, 'single', calls.single)
  await answersTo(cerbos, 'batch', calls.batch)
  await answersTo(cerbos, 'single', calls.denied)
  return { steps, timings: await timeRounds([proviso, floor, cerbos], calls, rounds) }
}

async function started(
  { servers, key }: Run,
  engine: string,
  protocol: Protocol,
  startOn: (port: number) => Start,
): Promise<Contestant> {
  const server = await startServer(startOn(await freePort(PORT)))
  servers.push(server)
  return { engine, protocol, server, key }
}

/** The floor is given what Proviso answered, to answer it again. */
function floorStart(answers: Readonly<Record<Kind, readonly string[]>>, port: number): Start {
  const byPath = { [AUTHZEN.paths.single]: answers.single, [AUTHZEN.paths.batch]: answers.batch }
  const input = JSON.stringify({ port, answers: byPath })
  return { command: process.execPath, args: [FLOOR_SERVER], input, port, probe: '/healthz' }
}

const [dir = '', count, ms] = process.argv.slice(2)
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
const rounds = { count: Number(count), ms: Number(ms) }
process.stdout.write(JSON.stringify(await report(world, rounds)))
