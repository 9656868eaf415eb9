import { columns, verdict } from './columns.ts'
import type { Cost, Lap } from './measure.ts'

/** What it takes to decide every law of a bundle. */
export interface ProveReport extends Cost {
  readonly contracts: number
  readonly laws: number
}

/** A file that a solver found to be `unsat`. */
export interface Judged {
  readonly name: string
  readonly seconds: number
}

export interface SolverReport {
  readonly solver: string
  /** Null where it is not installed. */
  readonly version: string | null
  readonly judged: readonly Judged[]
}

/** What it takes to write every law as a file, and to have each judged by other provers. */
export interface SmtReport {
  readonly contracts: number
  readonly files: number
  readonly exported: Lap
  /** From the first file to the last, with so many processes at a time. */
  readonly judged: Lap
  readonly processes: number
  readonly solvers: readonly SolverReport[]
}

/** `proviso diff` on two bundle files, and a process that only reads them. */
export interface DiffReport {
  readonly contracts: number
  readonly changed: number
  readonly diff: Cost
  readonly floor: Cost
}

export interface ProofReport {
  readonly prove: ProveReport
  readonly smt: SmtReport
  readonly diff: DiffReport
}

/** Most seconds for so many contracts (design §10). */
const PROVE = { contracts: 10_000, secondsMax: 10 }
const SMT = { contracts: 1_000, secondsMax: 60 }
const DIFF = { contracts: 10_000, secondsMax: 2 }

export function proofRows({ prove, smt, diff }: ProofReport): string[] {
  return columns([
    ['contracts', 'proofs and differences', 'median', 'p5', 'p95', 'CPU', 'target', ''],
    costRow(prove.contracts, `prove: ${prove.laws} laws`, prove, PROVE),
    ...smtRows(smt),
    costRow(diff.contracts, `diff A B: ${diff.changed} contracts changed`, diff.diff, DIFF),
    costRow(diff.contracts, 'both bundle files read and checked alone', diff.floor),
  ])
}

interface Target {
  readonly contracts: number
  readonly secondsMax: number
}

function costRow(contracts: number, what: string, cost: Cost, target?: Target): string[] {
  const { median, low, high } = cost.seconds
  const figures = [median, low, high, cost.cpuSeconds].map(shown)
  return [String(contracts), what, ...figures, ...judgedBy(target, contracts, median)]
}

/** Of something that is done once. */
function lapRow(contracts: number, what: string, lap: Partial<Lap>, target?: Target): string[] {
  const { seconds = Number.NaN, cpuSeconds } = lap
  const cpu = cpuSeconds === undefined ? '' : shown(cpuSeconds)
  const row = [String(contracts), `SMT-LIB: ${what}`, shown(seconds), '', '', cpu]
  return [...row, ...judgedBy(target, contracts, seconds)]
}

function judgedBy(target: Target | undefined, contracts: number, seconds: number): string[] {
  if (target?.contracts !== contracts) return ['', '']
  return [`<= ${target.secondsMax} s`, verdict(seconds <= target.secondsMax)]
}

function smtRows({
  contracts,
  files,
  processes,
  exported,
  judged,
  solvers,
}: SmtReport): string[][] {
  const isWhole = solvers.every(({ version }) => version !== null)
  const whole = {
    seconds: exported.seconds + judged.seconds,
    cpuSeconds: exported.cpuSeconds + judged.cpuSeconds,
  }
  const all = lapRow(contracts, `all of it, ${processes} files at a time`, whole, SMT)
  return [
    lapRow(contracts, `${files} laws written`, exported),
    ...solvers.flatMap((solver) => solverRows(contracts, solver)),
    ...(isWhole ? [all] : []),
  ]
}

function solverRows(contracts: number, { solver, version, judged }: SolverReport): string[][] {
  if (version === null) {
    return [[String(contracts), `SMT-LIB: ${solver}: not installed here`, '', '', '', '', '', '']]
  }
  const seconds = judged.reduce((sum, file) => sum + file.seconds, 0)
  const [slowest] = judged.toSorted((a, b) => b.seconds - a.seconds)
  return [
    lapRow(contracts, `${solver}, version ${version}, sum`, { seconds }),
    lapRow(contracts, `${solver}, the slowest: ${slowest?.name}`, slowest ?? {}),
  ]
}

function shown(seconds: number): string {
  return `${seconds.toPrecision(3)} s`
}
