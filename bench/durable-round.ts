import type { DurableTiming } from './durable-report.ts'
import { spreadOf, waitsOf } from './measure.ts'

/** What came of asking for a while. */
export interface DurableRound {
  /** Decisions in a second. */
  readonly rate: number
  /** Processor time for a decision, in nanoseconds. */
  readonly cpu: number
  /** How long each call took, in milliseconds. */
  readonly waits: readonly number[]
  /** How long the disk took each time just before, in milliseconds. */
  readonly disk: readonly number[]
}

export function summaryOf(
  rounds: readonly DurableRound[],
): Omit<DurableTiming, 'askers' | 'perCall'> {
  return {
    rate: spreadOf(rounds.map(({ rate }) => rate)),
    cpu: spreadOf(rounds.map(({ cpu }) => cpu)),
    answer: waitsOf(rounds.flatMap(({ waits }) => waits)),
    disk: waitsOf(rounds.flatMap(({ disk }) => disk)),
    beyondDisk: spreadOf(rounds.map(({ waits, disk }) => waitsOf(waits).p99 - waitsOf(disk).p99)),
  }
}
