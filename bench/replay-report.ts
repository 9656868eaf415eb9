import { columns, verdict } from './columns.ts'
import type { Spread } from './measure.ts'

/** Records of one kind judged again, or only parsed, round by round. */
export interface ReplayTiming {
  readonly what: string
  readonly engine: 'proviso' | typeof PARSE_ALONE
  /** Records in a second, and in a second of the processor's time. */
  readonly rate: Spread
  readonly cpuRate: Spread
}

export interface ReplayReport {
  readonly contracts: number
  readonly records: number
  readonly threads: number
  readonly timings: readonly ReplayTiming[]
}

export const PARSE_ALONE = 'JSON.parse alone'

/** Least records in a second, on two cores. */
const RATE_MIN = 500_000

export function replayRows({ contracts, records, threads, timings }: ReplayReport): string[] {
  return columns([
    ['threads', `replay of ${records} records, ${contracts} contracts`, ...COLUMNS],
    ...timings.map((timing) => rowOf(timing, threads, timings)),
  ])
}

const COLUMNS = ['records/s', 'low', 'high', 'us CPU/record', 'CPU of the floor', 'target', '']

function rowOf(timing: ReplayTiming, threads: number, all: readonly ReplayTiming[]): string[] {
  const { what, engine, rate, cpuRate } = timing
  const floor = all.find((other) => other.what === what && other.engine === PARSE_ALONE)
  const ratio = (floor?.cpuRate.median ?? Number.NaN) / cpuRate.median
  const rates = [rate.median, rate.low, rate.high].map((one) => one.toFixed(0))
  const cost = (1e6 / cpuRate.median).toFixed(2)
  const row = [String(threads), `${what}: ${engine}`, ...rates, cost, ratio.toFixed(2)]
  const isJudged = engine === 'proviso' && what === USUAL && threads === 2
  return isJudged ? [...row, `>= ${RATE_MIN}`, verdict(rate.median >= RATE_MIN)] : [...row, '', '']
}

/** What records say of customers, uses and facts mostly comes again. */
export const USUAL = 'as drawn'
