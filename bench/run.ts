import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { getCedarVersion } from '@cedar-policy/cedar-wasm/nodejs'
import { readDirectory } from '../src/cli/directory.ts'
import type { CompileReport } from './compile.ts'
import { type Timing, timeDecisions } from './decide.ts'
import type { HttpReport } from './http.ts'
import { slowdown } from './measure.ts'
import { printReport, type Report } from './report.ts'

// `npm run bench`: the targets of docs (design §10, rows 1 to 3), against rivals in the same run.
// --quick takes below a minute and tells less; --json prints JSON. A missed target is no error.

const EXAMPLE = fileURLToPath(new URL('../examples/example-ai', import.meta.url))

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' } },
})

function main(): void {
  const { world } = readDirectory(EXAMPLE)
  if (world === undefined) throw new Error(`${EXAMPLE} has errors`)
  const sizes = options.quick ? [10, 1_000, 10_000] : [10, 1_000, 100_000]
  const effort = options.quick ? 0.1 : 1
  const loadBefore = loadavg()[0] ?? 0
  const decisions = sizes.flatMap((contracts): Timing[] => {
    progress(`decide, ${contracts} contracts`)
    return timeDecisions(world, contracts, effort)
  })
  const most = sizes.at(-1) ?? 0
  progress(`compile, ${most} contracts`)
  const report: Report = {
    machine: machine(loadBefore),
    decisions,
    compile: compileInChild(most, options.quick ? 20 : 200),
    http: httpInChild(options.quick ? 3 : 11, options.quick ? 500 : 1_000),
  }
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
    cpu: `${all.length} x ${all[0]?.model ?? 'unknown'}`,
    load: `${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`,
    slowdown: slowdown().toFixed(2),
  }
}

function versionOf(name: string): string {
  const url = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version
}

function compileInChild(contracts: number, changes: number): CompileReport {
  const script = fileURLToPath(new URL('compile.ts', import.meta.url))
  const args = ['--expose-gc', script, EXAMPLE, String(contracts), String(changes)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as CompileReport
}

/** In a process of its own, whose work is to ask. */
function httpInChild(rounds: number, ms: number): HttpReport {
  progress('over HTTP')
  const script = fileURLToPath(new URL('http.ts', import.meta.url))
  const args = [script, EXAMPLE, String(rounds), String(ms)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as HttpReport
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`)
}

main()
