import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GroupJson } from '../src/cli/diff-json.ts'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import type { Contract } from '../src/contract/contract.ts'
import { printBundle } from '../src/decision/bundle-file.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'
import { DAY_MS } from '../src/time.ts'
import { contractAt, contractsOf, togetherWith } from './example.ts'
import { childrenCpuSeconds, costOf, type Lap, timed } from './measure.ts'
import type { DiffReport } from './proof-report.ts'

// Run by run.ts: `proviso diff` on two bundle files, as a whole command, beside a process that only reads them.

/** How many contracts are not the same in both files, half of them narrower in each. */
const CHANGED = 10

/** How long a command may take, in milliseconds. */
const RUN_MS_MAX = 120_000

const DIFF = [fileURLToPath(new URL('../bin/proviso', import.meta.url)), 'diff'] as const
const FLOOR = [process.execPath, fileURLToPath(new URL('diff-floor.ts', import.meta.url))] as const

function report(world: World, folder: string, { contracts, rounds }: Effort): DiffReport {
  const changed = changedOf(world, contracts)
  const files = ([0, 1] as const).map((side) => {
    const path = join(folder, `${side}.bundle`)
    const all = sideOf(contractsOf(world, contracts), changed, side)
    const bundle = compile({ ...world, contracts: all }, sha256)
    writeFileSync(path, [...printBundle(bundle, sha256)].join(''))
    return path
  })
  checkFound(files, changed)
  const diff: Lap[] = []
  const floor: Lap[] = []
  // They take turns, so that both meet the same neighbours.
  for (let i = 0; i < rounds; i++) {
    diff.push(timed(() => run([...DIFF, ...files], 1), childrenCpuSeconds))
    floor.push(timed(() => run([...FLOOR, ...files], 0), childrenCpuSeconds))
  }
  return { contracts, changed: CHANGED, diff: costOf(diff), floor: costOf(floor) }
}

interface Effort {
  readonly contracts: number
  readonly rounds: number
}

/** The contracts that change: each its customer's only one, and in force for long enough that half of it tells. */
function changedOf(world: World, count: number): readonly Contract[] {
  return Array.from({ length: CHANGED }, (_, i) => {
    let index = (i * count) / CHANGED
    while (togetherWith(index, count).length > 1 || isBrief(contractAt(world, index))) index++
    return contractAt(world, index)
  })
}

function isBrief({ terms: { term } }: Contract): boolean {
  return term.until !== undefined && term.until - term.from <= DAY_MS
}

/** Contracts as the earlier or the later file has them: every second of those that change is narrower there. */
function* sideOf(
  contracts: Iterable<Contract>,
  changed: readonly Contract[],
  side: 0 | 1,
): Generator<Contract> {
  const changes = new Map(changed.map(({ id }, change) => [id, change]))
  for (const contract of contracts) {
    const change = changes.get(contract.id)
    const isNarrower = change !== undefined && change % 2 === side
    yield isNarrower ? narrower(contract, change) : contract
  }
}

/** With half of its term, or only where those who meet a result are told that AI made it. */
function narrower(contract: Contract, change: number): Contract {
  const { terms } = contract
  if (change % 4 < 2) {
    const { from, until = from } = terms.term
    const term = { from, until: from + (until - from) / 2 }
    return { ...contract, terms: { ...terms, term } }
  }
  const tailorings = terms.tailorings.map((tailoring) => {
    return { ...tailoring, scope: { ...tailoring.scope, 'ai-disclosure': ['yes'] } }
  })
  return { ...contract, terms: { ...terms, tailorings } }
}

interface Found {
  readonly widened: { readonly groups: readonly GroupJson[] }
  readonly narrowed: { readonly groups: readonly GroupJson[] }
}

/** That all that changed is found, and nothing else. */
function checkFound(files: readonly string[], all: readonly Contract[]): void {
  const { widened, narrowed } = JSON.parse(run([...DIFF, ...files, '--json'], 1)) as Found
  for (const [side, { groups }] of [widened, narrowed].entries()) {
    const found = groups.flatMap(({ customers }) => ('only' in customers ? customers.only : ['*']))
    // What the earlier file alone has narrower, the later one widens.
    const changed = all.flatMap(({ customer }, change) => (change % 2 === side ? [customer] : []))
    if ([...new Set(found)].sort().join() !== changed.sort().join()) {
      throw new Error(`changes of ${changed.join()} are found as those of ${found.join()}`)
    }
  }
}

/** What a command prints, which ends with such an exit. */
function run([program = '', ...args]: readonly string[], exit: number): string {
  const options = { encoding: 'utf8', timeout: RUN_MS_MAX, maxBuffer: 100_000_000 } as const
  const { status, stdout, stderr, error } = spawnSync(program, args, options)
  if (error) throw error
  if (status !== exit) throw new Error(`${program} ${args[0]} exits ${status}: ${stderr}`)
  return stdout
}

const [, , dir = '', parent = '', contracts = '', rounds = ''] = process.argv
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
const folder = mkdtempSync(join(parent, 'diff-'))
try {
  const effort = { contracts: Number(contracts), rounds: Number(rounds) }
  process.stdout.write(JSON.stringify(report(world, folder, effort)))
} finally {
  rmSync(folder, { recursive: true })
}
