import type { CheckpointError } from './checkpoint.ts'

// What is wrong with a log that somebody else writes: found by reading it, told in a sentence.

export type FaultCode =
  | CheckpointError['code']
  /** Nobody said whose key to trust for it. */
  | 'unknown-log'
  | 'no-checkpoint'
  | 'no-quorum'
  /** It is older than what it has shown before, or shows another history. */
  | 'rolled-back'
  | 'split-view'
  | 'inconsistent'
  /** A file of the tree. */
  | 'missing-file'
  | 'wrong-file'
  | 'unexpected-file'
  | 'wrong-root'
  /** The journal, and what is kept beside entries. */
  | 'missing-journal'
  | 'damaged-journal'
  | 'other-journal'
  | 'damaged-payload'
  | 'wrong-payload'
  /** Entries. */
  | 'malformed-record'
  | 'wrong-sequence'
  | 'malformed-statement'
  | 'unsigned-statement'
  /** Anchors. */
  | 'malformed-anchor'
  | 'other-host'
  | 'anchor-order'
  | 'other-tree'
  | 'permits-fell'
  | 'permits-differ'
  | 'silence'
  | 'clock-ahead'
  /** What is said beside faults, and is none. */
  | 'unreachable'
  | 'not-checked'
  | 'clock-back'
  | 'left-over'

/** Something that is not as it has to be. */
export interface Fault {
  readonly code: FaultCode
  /** A file, an entry or a log. */
  readonly where: string
  /** One sentence. */
  readonly message: string
  /** Signed notes that contradict each other: the evidence. */
  readonly notes?: readonly string[] | undefined
}

/** A log is not as it has to be: it cannot be read any further. */
export class FaultyLog extends Error {
  override readonly name = 'FaultyLog'
  readonly fault: Fault

  constructor(fault: Fault) {
    super(`${fault.where}: ${fault.message}`)
    this.fault = fault
  }
}

/** Most faults, and most notes, that are kept; further ones are counted. */
const KEPT_MAX = 1_000

/** Faults that were found, and notes: what is worth knowing and no fault. */
export class Findings {
  readonly faults: Fault[] = []
  readonly notes: Fault[] = []
  faultCount = 0
  noteCount = 0

  fault(fault: Fault): void {
    this.faultCount += 1
    if (this.faults.length < KEPT_MAX) this.faults.push(fault)
  }

  note(note: Fault): void {
    this.noteCount += 1
    if (this.notes.length < KEPT_MAX) this.notes.push(note)
  }
}
