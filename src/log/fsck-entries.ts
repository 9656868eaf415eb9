import { at } from '../assert.ts'
import { type Bytes, equalBytes } from '../bytes.ts'
import { permitsOf } from '../decision/payload.ts'
import { type DecisionRecord, parseRecord } from '../decision/record.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { ANCHOR_TYPE, parseAnchor } from './anchor.ts'
import type { AnchorSequence } from './anchor-sequence.ts'
import { type Envelope, isEnvelopeSigned, parseEnvelope, parseStatement } from './dsse.ts'
import { leafOf } from './edge.ts'
import type { Fault } from './fault.ts'
import type { LogUnderCheck } from './fsck-files.ts'
import type { JournalCursor } from './fsck-journal.ts'
import type { Passing } from './fsck-tree.ts'
import type { FoundFrame } from './journal-batch.ts'
import type { Verifier } from './key.ts'
import { payloadOf } from './payloads.ts'

// What entries have to be, and what is kept beside them.

/** An entry, and what the journal has of it: undefined when there is no journal, or it has nothing. */
export interface CheckedEntry {
  readonly index: number
  readonly entry: Uint8Array
  readonly frame: FoundFrame | undefined
}

/** Undefined: it is not at hand. */
export type Passed = CheckedEntry | undefined

/** The entries that pass, each compared with the journal; one that is not at hand is taken from there. */
export async function* entriesOf(
  check: LogUnderCheck,
  { first, leaves, entries }: Passing,
  journal: JournalCursor | null,
): AsyncGenerator<Passed> {
  for (const [i, leaf] of leaves.entries()) {
    const index = first + i
    const frame = await journal?.frame(index)
    const entry = entries?.[i]
    const isAlike = frame && isOfLeaf(frame.entry, leaf, entry)
    if (isAlike === false) {
      const message = 'the journal has another entry in its place'
      check.findings.fault({ code: 'other-journal', where: entryAt(check, index), message })
    }
    const found = entry ?? (isAlike ? frame?.entry : undefined)
    yield found && { index, entry: found, frame }
  }
}

function isOfLeaf(entry: Uint8Array, leaf: Bytes, stored: Uint8Array | undefined): boolean {
  return stored ? equalBytes(entry, stored) : equalBytes(leafOf(entry), leaf)
}

function entryAt({ log }: LogUnderCheck, index: number): string {
  return `${log.folder} entry ${index}`
}

/** Longest that the time of a record may lie before that of an earlier one without a note, in milliseconds. */
const CLOCK_BACK_MS_MAX = 1_000

/** Checks the records of a decision log, in order. */
export class RecordCheck {
  readonly #check: LogUnderCheck
  /** Plain permits that were counted so far; null: a payload was not at hand. */
  permits: number | null = 0
  shredded = 0
  #latest: Instant = 0
  #setBacks = 0

  constructor(check: LogUnderCheck) {
    this.#check = check
  }

  take(entry: Passed): void {
    const record = entry && this.#recordOf(entry)
    if (!entry || !record) {
      this.permits = null
      return
    }
    const { index, frame } = entry
    if (record.sequence !== index) {
      const message = `its sequence number is ${record.sequence}`
      this.#fault(index, 'wrong-sequence', message)
    }
    this.#takeTime(index, record.at)
    const count = frame && this.#payloadOf(index, frame, record)
    if (record.outcome !== 'permit') return
    this.permits = this.permits === null || count === undefined ? null : this.permits + count
  }

  #recordOf({ index, entry }: CheckedEntry): DecisionRecord | undefined {
    const record = parseRecord(entry)
    if (record.ok) return record.value
    this.#fault(index, 'malformed-record', record.error.message)
    return undefined
  }

  /** How many permits an entry counts; undefined when its payload does not say. */
  #payloadOf(index: number, frame: FoundFrame, record: DecisionRecord): number | undefined {
    const payload = payloadOf(frame, record)
    if (payload.state === 'kept') return permitsOf(payload.opening.text)
    if (payload.state === 'shredded') this.shredded += 1
    else this.#fault(index, `${payload.state}-payload`, payload.message)
    return undefined
  }

  #takeTime(index: number, time: Instant): void {
    if (time < this.#latest - CLOCK_BACK_MS_MAX) {
      this.#setBacks += 1
      // The first one tells where to look.
      if (this.#setBacks === 1) {
        const message = `its time is ${printInstantShort(time)}, after one of ${printInstantShort(this.#latest)}: the clock was set back, or the entry was`
        this.#check.findings.note({
          code: 'clock-back',
          where: entryAt(this.#check, index),
          message,
        })
      }
    }
    this.#latest = Math.max(this.#latest, time)
  }

  #fault(index: number, code: Fault['code'], message: string): void {
    this.#check.findings.fault({ code, where: entryAt(this.#check, index), message })
  }
}

/** Checks the statements of a governance log, in order. */
export class StatementCheck {
  readonly #check: LogUnderCheck
  readonly #keys: readonly Verifier[]
  readonly #anchors: AnchorSequence
  anchors = 0

  constructor(check: LogUnderCheck, keys: readonly Verifier[], anchors: AnchorSequence) {
    this.#check = check
    this.#keys = keys
    this.#anchors = anchors
  }

  async take(entry: Passed): Promise<void> {
    if (!entry) return
    const where = entryAt(this.#check, entry.index)
    const { findings } = this.#check
    if (entry.frame && entry.frame.sidecar.length > 0) {
      const message = 'the journal keeps something beside it, and a statement has nothing'
      findings.fault({ code: 'wrong-payload', where, message })
    }
    for (const fault of await statementFaults(entry.entry, where, this.#keys)) findings.fault(fault)
    const envelope = parseEnvelope(entry.entry)
    if (!envelope.ok || envelope.value.payloadType !== ANCHOR_TYPE) return
    for (const fault of await this.#anchorFaults(envelope.value, where)) {
      if (fault.code === 'silence') findings.note(fault)
      else findings.fault(fault)
    }
  }

  async #anchorFaults(envelope: Envelope, where: string): Promise<readonly Fault[]> {
    const anchor = await parseAnchor(envelope)
    if (!anchor.ok) return [{ ...anchor.error, where }]
    this.anchors += 1
    return await this.#anchors.take(anchor.value, where)
  }
}

/** What is wrong with an entry of a governance log, apart from what it states. Without keys, nobody's signature is asked for. */
export async function statementFaults(
  entry: Uint8Array,
  where: string,
  keys: readonly Verifier[],
): Promise<readonly Fault[]> {
  const envelope = parseEnvelope(entry)
  if (!envelope.ok) {
    return [{ code: 'malformed-statement', where, message: envelope.error.message }]
  }
  const statement = parseStatement(envelope.value.payload)
  if (!statement.ok) {
    return [{ code: 'malformed-statement', where, message: statement.error.message }]
  }
  for (const key of keys) if (await isEnvelopeSigned(envelope.value, key)) return []
  if (keys.length === 0) return []
  const message = `${at(keys, 0).name} has not signed it`
  return [{ code: 'unsigned-statement', where, message }]
}
