import type { CompileReport } from './compile.ts'
import { type HttpTiming, KINDS } from './contest.ts'
import type { Timing } from './decide.ts'
import type { HttpReport } from './http.ts'

export interface Report {
  readonly machine: Readonly<
    Record<'node' | 'cedar' | 'casl' | 'cpu' | 'load' | 'slowdown', string>
  >
  readonly decisions: readonly Timing[]
  readonly compile: CompileReport
  readonly http: HttpReport
}

/** Medians of a decision, in nanoseconds, by the number of contracts (design §10). */
const DECIDE_NS_MAX: Readonly<Record<number, number>> = { 1000: 600, 100000: 1_500 }

/** How many times our median fits into cedar-wasm's, at least. */
const CEDAR_RATIO_MIN = 100

const COMPILE = { contracts: 100_000, secondsMax: 10, peakMbMax: 500, changeMsMax: 50 }

/** Requests in a second over HTTP, as a part of the floor's and as a multiple of Cerbos's. */
const HTTP = { floorPartMin: 0.7, cerbosRatioMin: 8 }

export function printReport({ machine, decisions, compile, http }: Report): string {
  const { node, cedar, casl, cpu, load, slowdown } = machine
  return [
    `node ${node}, cedar-wasm ${cedar}, casl ${casl}`,
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
      ['contracts', 'over HTTP', 'requests/s', 'low', 'high', 'proviso is', 'target', ''],
      ...http.timings.map((timing) => [String(http.contracts), ...httpRow(timing, http.timings)]),
    ]),
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

function httpRow(timing: HttpTiming, all: readonly HttpTiming[]): string[] {
  const { engine, kind, rate } = timing
  const own = all.find((other) => other.kind === kind && other.engine === 'proviso')
  const ratio = (own?.rate.median ?? Number.NaN) / rate.median
  const figures = [rate.median, rate.low, rate.high].map((value) => value.toFixed(0))
  const row = [`${kind === KINDS[0] ? 'single' : 'batch of 50'}, ${engine}`, ...figures]
  if (engine === 'proviso') return [...row, '', '', '']
  const least = engine === 'cerbos' ? HTTP.cerbosRatioMin : HTTP.floorPartMin
  return [...row, `${ratio.toPrecision(3)} x`, `>= ${least} x`, verdict(ratio >= least)]
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : 'missed'
}

function duration(ns: number): string {
  return ns < 10_000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(1)} us`
}

/** Rows with each column as wide as its widest cell: the first two to the left, figures to the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
