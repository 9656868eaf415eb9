import { columns, verdict } from './columns.ts'

/** Milliseconds. */
export interface Asked {
  readonly median: number
  readonly p95: number
}

/** From an act being sent until it is answered, and until decisions are made by it. */
export interface Change {
  readonly answered: Asked
  readonly inEffect: Asked
}

/** What a register of so many contracts takes, asked over HTTP. */
export interface RegisterReport {
  readonly contracts: number
  readonly rounds: number
  /** Until it serves, with all events on their way into the governance log, and with all there. */
  readonly firstSeconds: number
  readonly startSeconds: number
  readonly page: Asked
  readonly ofState: Asked
  readonly search: Asked
  readonly suspended: Change
  readonly reinstated: Change
}

/** Most milliseconds, of 95 in 100 (design §10). */
const ANSWER_MS_MAX = 100
const EFFECT_MS_MAX = 200

export function registerRows(report: RegisterReport): string[] {
  const { contracts, rounds, page, ofState, search, suspended, reinstated } = report
  const row = (name: string, { median, p95 }: Asked, most: number): string[] => {
    const [half, nearlyAll] = [median.toFixed(1), p95.toFixed(1)]
    return [String(contracts), name, half, nearlyAll, `<= ${most}`, verdict(p95 <= most)]
  }
  const started = (name: string, seconds: number): string[] => {
    return [String(contracts), name, (seconds * 1_000).toFixed(0), '', '', '']
  }
  return [
    ...columns([
      ['contracts', 'register over HTTP', 'median ms', 'p95', 'target', ''],
      row('a page of 50', page, ANSWER_MS_MAX),
      row('a page of 50 in one state', ofState, ANSWER_MS_MAX),
      row('a search', search, ANSWER_MS_MAX),
      row('a suspension answered', suspended.answered, ANSWER_MS_MAX),
      row('a suspension in effect', suspended.inEffect, EFFECT_MS_MAX),
      row('a reinstatement answered', reinstated.answered, ANSWER_MS_MAX),
      row('a reinstatement in effect', reinstated.inEffect, EFFECT_MS_MAX),
      started('started, nothing in the governance log yet', report.firstSeconds),
      started('started again', report.startSeconds),
    ]),
    `${rounds} of each; times of acts run from being sent, a nonce and the state being asked for first`,
  ]
}
