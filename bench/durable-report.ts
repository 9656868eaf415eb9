import type { Spread, Waits } from './measure.ts'

/** How fast decisions are recorded and then answered, of rounds. */
export interface DurableTiming {
  /** Who asks at once: callers in process, connections over HTTP. */
  readonly askers: number
  /** Decisions that each asks for at a time. */
  readonly perCall: number
  /** Decisions in a second. */
  readonly rate: Spread
  /** Processor time of the deciding process for a decision, in nanoseconds, tiles and signatures included. */
  readonly cpu: Spread
  /** How long an answer takes. */
  readonly answer: Waits
  /** How long the disk takes for 4 KiB, just before each round. */
  readonly disk: Waits
  /** 99th percentile of an answer less that of the disk, in milliseconds, round by round. */
  readonly beyondDisk: Spread
}

/** What a log takes on the disk for each record, in bytes. */
export interface RecordBytes {
  readonly journal: number
  readonly tiles: number
}

/** In process, where each row has a log of its own. */
export interface LoggedTiming extends DurableTiming {
  readonly records: number
  readonly bytes: RecordBytes
}

export interface ReceiptTiming extends Spread {
  readonly step: string
}

export interface ReceiptReport {
  readonly records: number
  readonly bytes: RecordBytes
  /** Length of a receipt's text. */
  readonly receiptBytes: number
  readonly steps: readonly ReceiptTiming[]
}
