import { createWriteStream, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readDirectory } from '../src/cli/directory.ts'
import { readBundleFile, sha256 } from '../src/cli/load.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { printBundle } from '../src/decision/bundle-file.ts'
import { compile, withContracts } from '../src/decision/compile.ts'
import { compilerOf } from '../src/decision/compile-content.ts'
import type { World } from '../src/decision/world.ts'
import { contractAt, contractsOf, NOW, randomOf } from './example.ts'
import { type Spread, spreadOf } from './measure.ts'

// Run by run.ts in a process of its own with --expose-gc, so that the memory measured is the bundle's.

const MB = 1_048_576

/** What it takes to compile many contracts at once, and one of them again. */
export interface CompileReport {
  readonly contracts: number
  readonly seconds: number
  /** Growth of the resident set at its peak, and of the heap after collection, in MiB. */
  readonly peakMb: number
  readonly heapMb: number
  /** One contract's change, in nanoseconds. */
  readonly change: Spread
  readonly fileMb: number
  readonly writeSeconds: number
  readonly readSeconds: number
}

async function report(world: World, contracts: number, changes: number): Promise<CompileReport> {
  // Once on few, so that the compiler's own code is in memory before it is counted.
  compile({ ...world, contracts: contractsOf(world, 100) }, sha256)
  const before = settled()
  const start = performance.now()
  const bundle = compile({ ...world, contracts: contractsOf(world, contracts) }, sha256)
  const seconds = secondsSince(start)
  const peakMb = process.resourceUsage().maxRSS / 1024 - before.rss / MB
  const heapMb = (settled().heapUsed - before.heapUsed) / MB
  const change = spreadOf(timeChanges(world, bundle, contracts, changes))
  return { contracts, seconds, peakMb, heapMb, change, ...(await timeFile(bundle)) }
}

function settled(): NodeJS.MemoryUsage {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage()
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000
}

/** Suspends one contract after another in the live bundle; each in nanoseconds. */
function timeChanges(world: World, live: Bundle, contracts: number, changes: number): number[] {
  const compiler = compilerOf(world)
  const random = randomOf(1)
  let bundle = live
  return Array.from({ length: changes }, () => {
    const contract = contractAt(world, Math.floor(random() * contracts))
    const states = [...contract.register.states, { state: 'suspended' as const, from: NOW }]
    const changed = { ...contract, register: { ...contract.register, states } }
    const { id, customer } = contract
    const start = performance.now()
    bundle = withContracts(bundle, compiler, [{ id, customer, contract: changed }], sha256)
    return (performance.now() - start) * 1e6
  })
}

async function timeFile(
  bundle: Bundle,
): Promise<Pick<CompileReport, 'fileMb' | 'writeSeconds' | 'readSeconds'>> {
  const path = join(tmpdir(), `proviso-bench-${process.pid}.bundle`)
  try {
    const writeStart = performance.now()
    await pipeline(Readable.from(printBundle(bundle, sha256)), createWriteStream(path))
    const writeSeconds = secondsSince(writeStart)
    const readStart = performance.now()
    const read = readBundleFile(path)
    const readSeconds = secondsSince(readStart)
    if (!read.ok || read.value.bundle.digest !== bundle.digest)
      throw new Error('the file reads otherwise')
    return { fileMb: statSync(path).size / MB, writeSeconds, readSeconds }
  } finally {
    rmSync(path, { force: true })
  }
}

const [dir = '', contracts, changes] = process.argv.slice(2)
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
process.stdout.write(JSON.stringify(await report(world, Number(contracts), Number(changes))))
