import { equalBytes } from '../bytes.ts'
import { quote } from '../suggest.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { type Anchor, type AnchoredLog, hostOfDecisions } from './anchor.ts'
import { openCheckpoint, parseCheckpoint, type TreeHead } from './checkpoint.ts'
import type { Fault } from './fault.ts'
import type { KnownLog } from './known-log.ts'
import { parseNote } from './note.ts'

// What has to hold from one anchor to the next.

/** Longest that a log may be without an anchor, in milliseconds: a server that runs makes one every 10 seconds. */
export const SILENCE_MS_MAX = 30_000

/** Most decision logs that are followed; rows of more are passed over. */
const ROWS_MAX = 256

export interface AnchorsBefore {
  /** When the newest of them was made; null: there was none. */
  readonly at: Instant | null
  /** The newest row of each log. */
  readonly rows: readonly AnchoredLog[]
}

export const NO_ANCHORS: AnchorsBefore = { at: null, rows: [] }

export class AnchorSequence {
  readonly #governance: string
  readonly #keys: ReadonlyMap<string, KnownLog>
  readonly #rows: Map<string, AnchoredLog>
  #at: Instant | null

  constructor(governance: string, logs: readonly KnownLog[], before: AnchorsBefore = NO_ANCHORS) {
    this.#governance = governance
    this.#keys = new Map(logs.map((log) => [log.origin, log]))
    this.#rows = new Map(before.rows.map((row) => [row.origin, row]))
    this.#at = before.at
  }

  get newest(): AnchorsBefore {
    return { at: this.#at, rows: [...this.#rows.values()] }
  }

  /** What is wrong with the anchor that comes next. */
  async take({ at, logs }: Anchor, where: string): Promise<readonly Fault[]> {
    const faults = this.#timeFaults(at, where)
    this.#at = Math.max(at, this.#at ?? at)
    for (const row of logs) faults.push(...(await this.#rowFaults(row, where)))
    return faults
  }

  #timeFaults(at: Instant, where: string): Fault[] {
    const before = this.#at
    if (before === null) return []
    if (at < before) {
      const message = `it is of ${printInstantShort(at)}, and the anchor before is of ${printInstantShort(before)}`
      return [{ code: 'anchor-order', where, message }]
    }
    if (at - before <= SILENCE_MS_MAX) return []
    const message = `there is no anchor from ${printInstantShort(before)} to ${printInstantShort(at)}`
    return [{ code: 'silence', where, message }]
  }

  async #rowFaults(row: AnchoredLog, where: string): Promise<readonly Fault[]> {
    const { origin, checkpoint } = row
    const host = hostOfDecisions(origin)
    if (host === undefined || !`${this.#governance}/`.startsWith(`${host}/`)) {
      const message = `${quote(origin)} is no decision log of whoever runs ${quote(this.#governance)}`
      return [{ code: 'other-host', where, message }]
    }
    const before = this.#rows.get(origin)
    if (!before && this.#rows.size === ROWS_MAX) return []
    const faults = before ? changeFaults(before, row, where) : []
    const isLess = before && row.entries < before.entries
    if (!isLess) this.#rows.set(origin, row)
    const log = this.#keys.get(origin)
    if (!log || before?.checkpoint === checkpoint) return faults
    const opened = await openCheckpoint(checkpoint, origin, log.keys)
    if (opened.ok) return faults
    const message = `its checkpoint of ${quote(origin)}: ${opened.error.message}`
    return [...faults, { code: opened.error.code, where, message }]
  }
}

function changeFaults(before: AnchoredLog, row: AnchoredLog, where: string): readonly Fault[] {
  const { origin, entries, permits } = row
  const log = quote(origin)
  const notes = [before.checkpoint, row.checkpoint]
  if (entries < before.entries) {
    const message = `${log} has ${entries} entries, and had ${before.entries} in the anchor before`
    return [{ code: 'rolled-back', where, message, notes }]
  }
  if (permits < before.permits) {
    const message = `${log} counts ${permits} permits, and counted ${before.permits} in the anchor before`
    return [{ code: 'permits-fell', where, message }]
  }
  if (entries > before.entries) return []
  const faults: Fault[] = []
  if (!equalBytes(headOfRow(before).root, headOfRow(row).root)) {
    const message = `${log} has two trees of ${entries} entries, and they differ`
    faults.push({ code: 'split-view', where, message, notes })
  }
  if (permits !== before.permits) {
    const message = `${log} counts ${permits} permits in ${entries} entries, and ${before.permits} in the anchor before`
    faults.push({ code: 'permits-differ', where, message })
  }
  return faults
}

/** The tree that a row's checkpoint states. */
export function headOfRow({ checkpoint }: AnchoredLog): TreeHead {
  const note = parseNote(checkpoint)
  const head = note.ok ? parseCheckpoint(note.value.text) : note
  // INVARIANT: an anchor whose row has no checkpoint is not parsed.
  if (head.ok) return head.value
  throw new Error(head.error.message)
}
