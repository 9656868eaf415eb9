import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { getCedarVersion } from '@cedar-policy/cedar-wasm/nodejs'
import { readDirectory } from '../src/cli/directory.ts'
import { hasCerbos } from './cerbos.ts'
import type { CompileReport } from './compile.ts'
import { type Timing, timeDecisions } from './decide.ts'
import type { HttpReport } from './http-report.ts'
import { slowdown } from './measure.ts'
import { plotDecisions } from './plot.ts'
import { printReport, type Report } from './report.ts'
import { onCores } from './server.ts'

// `npm run bench`: what docs/performance.md claims, against rivals in the same run.
// --quick takes below a minute and tells less; --json prints JSON. A missed target is no error.

const EXAMPLE = fileURLToPath(new URL('../examples/example-ai', import.meta.url))
const OUT = fileURLToPath(new URL('out', import.meta.url))

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' } },
})

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
  mkdirSync(OUT, { recursive: true })
  writeFileSync(join(OUT, 'decide.svg'), plotDecisions(decisions))
  const most = sizes.at(-1) ?? 0
  progress(`compile, ${most} contracts`)
  const compile = inChild<CompileReport>('compile.ts', [most, options.quick ? 20 : 200])
  progress('HTTP')
  // The servers that it asks run on the first core.
  const others = onCores(`1-${availableParallelism() - 1}`)
  const http = inChild<HttpReport>('http.ts', options.quick ? [3, 300] : [9, 1_000], others)
  const report: Report = { machine: machine(loadBefore), decisions, compile, http }
  process.stdout.write(
    options.json ? `${JSON.stringify(report, null, 2)}\n` : `${printReport(report)}\n`,
  )
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
function inChild<T>(name: string, numbers: readonly number[], cores: readonly string[] = []): T {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const node = [process.execPath, '--expose-gc', script, EXAMPLE, ...numbers.map(String)]
  const [command = '', ...args] = [...cores, ...node]
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8' })) as T
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`)
}

main()
