import { columns, duration, verdict } from './columns.ts'
import type { CompileReport } from './compile.ts'
import type { HttpTiming, Kind } from './contest.ts'
import type { Timing } from './decide.ts'
import { type PointsReport, pointsRows } from './decision-points-report.ts'
import { FLOOR, type HttpReport } from './http-report.ts'
import { type ProofReport, proofRows } from './proof-report.ts'
import { type RegisterReport, registerRows } from './register-report.ts'
import { type ReplayReport, replayRows } from './replay-report.ts'
import { type DurableReport, durableRows } from './report-durable.ts'
import { shadowRows } from './shadow-report.ts'

export interface Report {
  readonly machine: Readonly<
    Record<'node' | 'cedar' | 'casl' | 'cerbos' | 'cpu' | 'load' | 'slowdown', string>
  >
  readonly decisions: readonly Timing[]
  readonly compile: CompileReport
  readonly http: HttpReport
  readonly durable: DurableReport
  readonly replay: ReplayReport
  readonly shadow: readonly HttpTiming[]
  readonly proof: ProofReport
  readonly points: PointsReport
  readonly register: RegisterReport
}

/** Medians of a decision, in nanoseconds, by the number of contracts (design §10). */
const DECIDE_NS_MAX: Readonly<Record<number, number>> = { 1000: 600, 100000: 1_500 }

/** How many times our median fits into cedar-wasm's, at least. */
const CEDAR_RATIO_MIN = 100

const COMPILE = { contracts: 100_000, secondsMax: 10, peakMbMax: 500, changeMsMax: 50 }

/** Least part of the floor's rate that ours is, and how many times Cerbos's. */
const HTTP = { floorMin: 0.7, cerbosMin: 8 }

export function printReport(report: Report): string {
  const { machine, decisions, compile, http, durable, replay, shadow, proof, points, register } =
    report
  const { node, cedar, casl, cerbos, cpu, load, slowdown } = machine
  return [
    `node ${node}, cedar-wasm ${cedar}, casl ${casl}, cerbos ${cerbos}`,
    `${cpu}; load ${load}; fixed work takes ${slowdown} x its best time, more where a core is shared`,
    '',
    ...columns([
      ['contracts', 'one decision', 'median', 'p5', 'p95', 'x proviso', 'target', ''],
      ...decisions.map((timing) => decisionRow(timing, decisions)),
    ]),
    '',
    ...columns([
      ['contracts', 'compile', 'measured', 'target', ''],
      ...compileRows(compile).map((row) => [String(compile.contracts), ...row]),
    ]),
    '',
    ...columns([
      ['per call', `AuthZEN, plain permits, ${http.contracts} contracts`, ...HTTP_COLUMNS],
      ...http.timings.map((timing) => httpRow(timing, http.timings)),
    ]),
    '',
    ...columns([
      ['per call', 'the same calls without HTTP', 'median', 'p5', 'p95'],
      ...http.steps.map(({ kind, step, median, low, high }) => {
        return [DECISIONS[kind], step, duration(median), duration(low), duration(high)]
      }),
    ]),
    '',
    ...durableRows(durable),
    '',
    ...replayRows(replay),
    '',
    ...shadowRows(shadow),
    '',
    ...proofRows(proof),
    '',
    ...pointsRows(points),
    '',
    ...registerRows(register),
  ].join('\n')
}

function decisionRow(timing: Timing, all: readonly Timing[]): string[] {
  const { contracts, engine, median, low, high } = timing
  const own = all.find((other) => other.contracts === contracts && other.engine === 'proviso')
  const ratio = median / (own?.median ?? Number.NaN)
  const most = engine === 'proviso' ? DECIDE_NS_MAX[contracts] : undefined
  const figures = [duration(median), duration(low), duration(high), `${ratio.toPrecision(3)}`]
  const row = [String(contracts), engine, ...figures]
  if (engine === 'cedar-wasm')
    return [...row, `>= ${CEDAR_RATIO_MIN} x`, verdict(ratio >= CEDAR_RATIO_MIN)]
  return most === undefined
    ? [...row, '', '']
    : [...row, `<= ${duration(most)}`, verdict(median <= most)]
}

function compileRows(report: CompileReport): string[][] {
  const { seconds, peakMb, heapMb, change, fileMb, writeSeconds, readSeconds } = report
  const isTarget = report.contracts === COMPILE.contracts
  const judged = (name: string, measured: number, most: number, unit: string): string[] => {
    const target = isTarget ? [`<= ${most} ${unit}`, verdict(measured <= most)] : ['', '']
    return [name, `${measured.toPrecision(3)} ${unit}`, ...target]
  }
  const spread = `${(change.low / 1e6).toFixed(1)} to ${(change.high / 1e6).toFixed(1)} ms`
  return [
    judged('all of them', seconds, COMPILE.secondsMax, 's'),
    judged('peak of memory, more than before', peakMb, COMPILE.peakMbMax, 'MiB'),
    ['heap when collected, more than before', `${heapMb.toFixed(0)} MiB`, '', ''],
    judged('one contract changed', change.median / 1e6, COMPILE.changeMsMax, 'ms'),
    ['its spread, p5 to p95', spread, '', ''],
    ['bundle file', `${fileMb.toFixed(1)} MiB`, '', ''],
    ['written in', `${writeSeconds.toFixed(2)} s`, '', ''],
    ['read in', `${readSeconds.toFixed(2)} s`, '', ''],
  ]
}

const HTTP_COLUMNS = [
  'calls/s of CPU',
  'low',
  'high',
  'us CPU/call',
  'calls/s',
  'proviso / it',
  'target',
  '',
]

const DECISIONS: Readonly<Record<Kind, string>> = { single: '1', batch: '50' }

function httpRow(timing: HttpTiming, all: readonly HttpTiming[]): string[] {
  const { engine, kind, rate, cpuRate } = timing
  const own = all.find((other) => other.kind === kind && other.engine === 'proviso')
  const ratio = (own?.cpuRate.median ?? Number.NaN) / cpuRate.median
  const figures = [cpuRate.median, cpuRate.low, cpuRate.high].map((calls) => calls.toFixed(0))
  const cost = (1e6 / cpuRate.median).toFixed(1)
  const row = [DECISIONS[kind], engine, ...figures, cost, rate.median.toFixed(0), ratio.toFixed(2)]
  const least = engine === FLOOR ? HTTP.floorMin : HTTP.cerbosMin
  return engine === 'proviso' ? [...row, '', ''] : [...row, `>= ${least}`, verdict(ratio >= least)]
}
