import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'
import { rulesOfTables } from '../src/proof/bundle-rules.ts'
import { rulesOfDocuments } from '../src/proof/documents-rules.ts'
import { smtFilesOf } from '../src/proof/smt.ts'
import { contractsOf } from './example.ts'
import { childrenCpuSeconds, ownCpuSeconds, timed } from './measure.ts'
import type { Judged, SmtReport } from './proof-report.ts'

// Run by run.ts: laws written as SMT-LIB, and every file of them judged by z3 and by cvc5.

const SOLVERS: readonly (readonly [string, ...string[]])[] = [['z3'], ['cvc5', '--bitblast=eager']]

/** How long a solver may take for one file, in milliseconds. */
const FILE_MS_MAX = 600_000

async function report(world: World, folder: string, contracts: number): Promise<SmtReport> {
  const exported = timed(() => exportTo(folder, world, contracts), ownCpuSeconds)
  const names = readdirSync(folder)
  const solvers = SOLVERS.map((solver) => ({ solver, version: versionOf(solver[0]) }))
  const here = solvers.filter(({ version }) => version !== null)
  const tasks = names.flatMap((name) => here.map(({ solver }) => ({ name, solver })))
  const processes = availableParallelism()
  const cpuBegun = childrenCpuSeconds()
  const begun = performance.now()
  const answered = await judgeAll(folder, tasks, processes)
  const judged = { seconds: secondsSince(begun), cpuSeconds: childrenCpuSeconds() - cpuBegun }
  const filesOf = (solver: Solver): readonly Judged[] =>
    answered.filter((one) => one.solver === solver).map(({ file }) => file)
  return {
    contracts,
    files: names.length,
    processes,
    exported,
    judged,
    solvers: solvers.map(({ solver, version }) => {
      return { solver: solver.join(' '), version, judged: filesOf(solver) }
    }),
  }
}

/** Writes a file a law, from the documents on. */
function exportTo(folder: string, world: World, contracts: number): void {
  const whole = { ...world, contracts: [...contractsOf(world, contracts)] }
  const bundle = compile(whole, sha256)
  const exported = { bundle, decided: rulesOfTables(bundle), meant: rulesOfDocuments(whole) }
  for (const { name, text: law } of smtFilesOf(exported)) writeFileSync(join(folder, name), law)
}

type Solver = (typeof SOLVERS)[number]

interface Task {
  readonly name: string
  readonly solver: Solver
}

/** So many processes at a time: each takes the next file when it is done with one. */
async function judgeAll(
  folder: string,
  tasks: readonly Task[],
  processes: number,
): Promise<readonly { readonly solver: Solver; readonly file: Judged }[]> {
  const left = tasks.values()
  const judged: { readonly solver: Solver; readonly file: Judged }[] = []
  const work = async (): Promise<void> => {
    for (const { name, solver } of left) {
      judged.push({ solver, file: await judge(folder, name, solver) })
    }
  }
  await Promise.all(Array.from({ length: processes }, work))
  return judged
}

/** How long a solver takes to answer that no request breaks the law; any other answer is thrown. */
async function judge(folder: string, name: string, solver: Solver): Promise<Judged> {
  const [program, ...options] = solver
  const begun = performance.now()
  const child = spawn(program, [...options, join(folder, name)], { timeout: FILE_MS_MAX })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (stdout.trim() === 'unsat' && stderr === '') return { name, seconds: secondsSince(begun) }
  throw new Error(`${solver.join(' ')} says of ${name}: ${stdout}${stderr}`)
}

/** What a solver says of itself; null where it is not installed. */
function versionOf(program: string): string | null {
  const { stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return error ? null : (/version ([\d.]+)/.exec(stdout)?.[1] ?? 'of no known version')
}

function secondsSince(begun: number): number {
  return (performance.now() - begun) / 1_000
}

const [, , dir = '', parent = '', contracts = ''] = process.argv
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
const folder = mkdtempSync(join(parent, 'smt-'))
try {
  process.stdout.write(JSON.stringify(await report(world, folder, Number(contracts))))
} finally {
  rmSync(folder, { recursive: true })
}
