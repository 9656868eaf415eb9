import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { getCedarVersion } from '@cedar-policy/cedar-wasm/nodejs'
import { readDirectory } from '../src/cli/directory.ts'
import { hasCerbos } from './cerbos.ts'
import type { CompileReport } from './compile.ts'
import type { HttpTiming } from './contest.ts'
import { type Timing, timeDecisions } from './decide.ts'
import type { PointsReport } from './decision-points-report.ts'
import type { HttpReport } from './http-report.ts'
import { slowdown } from './measure.ts'
import { plotDecisions } from './plot.ts'
import type { ProofReport } from './proof-report.ts'
import type { RegisterReport } from './register-report.ts'
import type { ReplayReport } from './replay-report.ts'
import { printReport, type Report } from './report.ts'
import type { DurableReport } from './report-durable.ts'
import { onCores } from './server.ts'

// `npm run bench`: what docs/performance.md claims, against rivals in the same run.
// --quick takes a minute or two and tells less; --json prints JSON. A missed target is no error. Logs are written below
// bench/out, or --log-dir, on whose disk it depends how fast they are. --memory MINUTES watches a server's memory instead.

const EXAMPLE = fileURLToPath(new URL('../examples/example-ai', import.meta.url))
const OUT = fileURLToPath(new URL('out', import.meta.url))

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    'log-dir': { type: 'string' },
    memory: { type: 'string' },
  },
})

/** Where logs are written. */
const LOGS = options['log-dir'] ?? OUT
mkdirSync(OUT, { recursive: true })

/** The servers that are asked run on the first core. */
const OTHERS = onCores(`1-${availableParallelism() - 1}`)

function main(): void {
  const { world } = readDirectory(EXAMPLE)
  if (world === undefined) throw new Error(`${EXAMPLE} has errors`)
  const sizes = options.quick ? [10, 1_000, 10_000] : [10, 100, 1_000, 10_000, 100_000]
  const effort = options.quick ? 0.1 : 1
  const loadBefore = loadavg()[0] ?? 0
  const decisions = sizes.flatMap((contracts): Timing[] => {
    progress(`decide, ${contracts} contracts`)
    return timeDecisions(world, contracts, effort)
  })
  writeFileSync(join(OUT, 'decide.svg'), plotDecisions(decisions))
  const most = sizes.at(-1) ?? 0
  progress(`compile, ${most} contracts`)
  const compile = inChild<CompileReport>('compile.ts', [most, options.quick ? 20 : 200])
  progress('HTTP')
  const http = inChild<HttpReport>('http.ts', options.quick ? [3, 300] : [9, 1_000], OTHERS)
  progress('decisions on the disk')
  const durable = durableReport()
  progress('records judged again')
  const replay = inChild<ReplayReport>('replay.ts', [
    OUT,
    ...(options.quick ? [100_000, 3] : [500_000, 7]),
  ])
  progress('a draft beside a server')
  const rounds = options.quick ? [3, 300] : [9, 1_000]
  const shadow = inChild<readonly HttpTiming[]>('shadow.ts', rounds, OTHERS)
  const proof = proofReport()
  const points = pointsReport()
  const register = registerReport()
  const measured = { decisions, compile, http, durable, replay, shadow, proof, points, register }
  const report: Report = { machine: machine(loadBefore), ...measured }
  process.stdout.write(
    options.json ? `${JSON.stringify(report, null, 2)}\n` : `${printReport(report)}\n`,
  )
}

function durableReport(): DurableReport {
  const rounds = options.quick ? [3, 200] : [5, 1_000]
  const receipts = options.quick ? [20_000, 60] : [100_000, 200]
  return {
    inProcess: inChild('durable.ts', [LOGS, ...rounds]),
    http: inChild('durable-http.ts', [LOGS, ...rounds], OTHERS),
    receipts: inChild('receipts.ts', [LOGS, ...receipts]),
  }
}

function pointsReport(): PointsReport {
  const [points, rounds] = options.quick ? [5, 3] : [50, 20]
  progress(`a suspension, ${points} decision points`)
  return inChild('decision-points.ts', [OUT, points, rounds])
}

function registerReport(): RegisterReport {
  const [contracts, rounds] = options.quick ? [1_000, 20] : [100_000, 100]
  progress(`a register, ${contracts} contracts`)
  return inChild('register.ts', [OUT, contracts, rounds])
}

function proofReport(): ProofReport {
  const [contracts, rounds] = options.quick ? [1_000, 3] : [10_000, 5]
  progress(`prove, ${contracts} contracts`)
  const prove = inChild<ProofReport['prove']>('prove.ts', [contracts, rounds])
  progress('laws judged by other provers')
  const smt = inChild<ProofReport['smt']>('smt.ts', [OUT, options.quick ? 100 : 1_000])
  progress(`diff, ${contracts} contracts`)
  return { prove, smt, diff: inChild('diff.ts', [OUT, contracts, rounds]) }
}

/** Prints what it sees as it goes. */
function watchMemory(minutes: string): void {
  const [command = '', ...args] = commandOf('memory.ts', [LOGS, minutes], OTHERS)
  spawnSync(command, args, { stdio: 'inherit' })
}

function machine(loadBefore: number): Report['machine'] {
  const all = cpus()
  return {
    node: process.version,
    cedar: getCedarVersion(),
    casl: versionOf('@casl/ability'),
    cerbos: hasCerbos() ? versionOf('@cerbos/cerbos-linux-x64') : 'not installed here',
    cpu: `${all.length} x ${all[0]?.model ?? 'unknown'}`,
    load: `${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`,
    slowdown: slowdown().toFixed(2),
  }
}

function versionOf(name: string): string {
  const url = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version
}

/** Runs a part of the bench in a process of its own, perhaps on some cores only. */
function inChild<T>(name: string, rest: Rest, cores: readonly string[] = []): T {
  const [command = '', ...args] = commandOf(name, rest, cores)
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' })) as T
}

type Rest = readonly (string | number)[]

function commandOf(name: string, rest: Rest, cores: readonly string[]): readonly string[] {
  const script = fileURLToPath(new URL(name, import.meta.url))
  return [...cores, process.execPath, '--expose-gc', script, EXAMPLE, ...rest.map(String)]
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`)
}

if (options.memory === undefined) main()
else watchMemory(options.memory)
