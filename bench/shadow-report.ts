import { columns, verdict } from './columns.ts'
import type { HttpTiming } from './contest.ts'

/** What the servers are called: without a draft; with one that has half of the contracts; with one of another policy. */
export const ALONE = 'proviso'
export const FEWER = 'proviso --shadow, half of the contracts'
export const OTHER = 'proviso --shadow, another policy'

/** Least part of the rate without a draft that is left with one. */
const PART_MIN = 0.9

export function shadowRows(timings: readonly HttpTiming[]): string[] {
  return columns([
    [
      'per call',
      'a draft beside it, plain permits',
      'calls/s of CPU',
      'low',
      'high',
      'of it without',
      'target',
      '',
    ],
    ...timings.map(({ engine, kind, cpuRate }) => {
      const plain = timings.find((other) => other.kind === kind && other.engine === ALONE)
      const part = cpuRate.median / (plain?.cpuRate.median ?? Number.NaN)
      const figures = [cpuRate.median, cpuRate.low, cpuRate.high].map((calls) => calls.toFixed(0))
      const row = [kind === 'single' ? '1' : '50', engine, ...figures, part.toFixed(2)]
      if (engine === ALONE) return [...row, '', '']
      return [...row, `>= ${PART_MIN}`, verdict(part >= PART_MIN)]
    }),
  ])
}
