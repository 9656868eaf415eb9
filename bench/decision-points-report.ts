import { columns, verdict } from './columns.ts'

/** Times in milliseconds, from a suspension being sent. */
export interface Answered {
  /** Until the register has answered: median, 99th percentile. */
  readonly acted: readonly number[]
  /** Until a decision point decides by it: median, 95th, 99th percentile. */
  readonly effects: readonly number[]
}

/** How long a suspension takes to one decision point and to all. */
export interface PointsReport {
  readonly points: number
  readonly rounds: number
  readonly one: Answered
  readonly all: Answered
}

const P99_MS_MAX = 250

export function pointsRows({ points, rounds, one, all }: PointsReport): string[] {
  const row = (count: number, { acted, effects }: Answered): string[] => [
    String(count),
    ...[acted[0], ...effects].map((ms = Number.NaN) => ms.toFixed(0)),
  ]
  const [, , worst = Number.NaN] = all.effects
  return [
    ...columns([
      ['decision points', 'answered ms', 'in effect ms', 'p95', 'p99', 'target', ''],
      [...row(1, one), '', ''],
      [...row(points, all), `<= ${P99_MS_MAX}`, verdict(worst <= P99_MS_MAX)],
    ]),
    `${rounds} suspensions, by the time that each decision point’s log tells`,
  ]
}
