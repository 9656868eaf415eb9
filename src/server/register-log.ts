import { randomBytes } from 'node:crypto'
import { assert } from '../assert.ts'
import { parseEnvelope } from '../log/dsse.ts'
import type { Evidence } from '../log/evidence.ts'
import { LogFailure } from '../log/failure.ts'
import {
  commitmentTo,
  EVENT_KEY_BYTES,
  parseRegisterEntry,
  printRegisterEntry,
  type RegisterEntry,
} from '../log/register-entry.ts'
import type { Database } from '../store/database.ts'
import { keysOf } from '../store/event-keys.ts'
import {
  type LastLogged,
  lastLogged,
  markLogged,
  type Unlogged,
  unlogged,
} from '../store/events.ts'

/** Most events that go into the governance log at once. */
const EVENTS_MAX = 256

export interface RegisterLogParts {
  readonly database: Pick<Database, 'db'>
  readonly evidence: Evidence
}

/** What is committed to of an event: all that is kept of it. */
export function committedOf({ seq, stream, id, version, act, event }: Unlogged): unknown {
  return { seq, stream, id, version, act: JSON.parse(act), event: JSON.parse(event) }
}

/** What puts a register's events into the governance log: each once, whenever anything fails. */
export class RegisterLog {
  readonly #parts: RegisterLogParts
  /** Whether the log may hold events of which the register does not know that: noting it failed, or an earlier process ended. */
  #isUnsure = true
  /** Where the last event is that this log was seen to hold; -1 before there is one. */
  #heldTo = -1

  constructor(parts: RegisterLogParts) {
    this.#parts = parts
  }

  /** Puts all events that are not in the governance log there, in their order. */
  async takeAll(): Promise<void> {
    const { database, evidence } = this.#parts
    const last = await lastLogged(database.db)
    if (last && last.index !== this.#heldTo) await expectHeld(evidence, last)
    if (this.#isUnsure) await reconcile(this.#parts, last)
    this.#isUnsure = true
    this.#heldTo = last?.index ?? -1
    for (let index = await logEvents(this.#parts); index !== undefined; ) {
      this.#heldTo = index
      index = await logEvents(this.#parts)
    }
    this.#isUnsure = false
  }
}

/** Throws when this log does not hold an event where the register says: what is known would be known of another log. */
async function expectHeld(evidence: Evidence, { seq, type, at, index }: LastLogged): Promise<void> {
  // What is only in the journal is in the log, too.
  await evidence.makeKnown()
  const reader = await evidence.governanceReader()
  if (index < reader.tree.head.size) {
    for await (const { entry } of reader.entries(index, index + 1)) {
      const envelope = parseEnvelope(entry)
      const event = envelope.ok ? parseRegisterEntry(envelope.value) : undefined
      if (event?.seq === seq && event.type === type && event.at === at) return
    }
  }
  const message = `event ${seq} of the register is not entry ${index} of this governance log: this is another log, or an older copy; bring back the register's own`
  throw new LogFailure('rolled-back', message)
}

/** Notes events that are in the governance log and not noted as such. Otherwise they would be logged twice. */
async function reconcile(
  { database, evidence }: RegisterLogParts,
  last: LastLogged | undefined,
): Promise<void> {
  await evidence.makeKnown()
  const reader = await evidence.governanceReader()
  const from = (last?.index ?? -1) + 1
  const size = reader.tree.head.size
  if (from >= size) return
  const found: { seq: number; index: number }[] = []
  for await (const { index, entry } of reader.entries(from, size)) {
    const envelope = parseEnvelope(entry)
    const event = envelope.ok ? parseRegisterEntry(envelope.value) : undefined
    if (event) found.push({ seq: event.seq, index })
  }
  if (found.length > 0) await markLogged(database.db, found)
}

/** Puts the oldest events that are not in the governance log there, in their order; answers where the last of them is. */
async function logEvents({ database, evidence }: RegisterLogParts): Promise<number | undefined> {
  const { db } = database
  const events = await unlogged(db, EVENTS_MAX)
  if (events.length === 0) return undefined
  const fresh = events.map(({ seq }) => ({ seq, key: randomBytes(EVENT_KEY_BYTES) }))
  const keys = await keysOf(db, fresh)
  const statements = events.map((event, i) => printRegisterEntry(entryOf(event, keys[i])))
  const first = await evidence.state(statements)
  await markLogged(
    db,
    events.map(({ seq }, i) => ({ seq, index: first + i })),
  )
  return first + events.length - 1
}

function entryOf(event: Unlogged, key: Uint8Array | undefined): RegisterEntry {
  assert(key !== undefined, `event ${event.seq} has no key`)
  const { at } = JSON.parse(event.act) as { at: number }
  const { type } = JSON.parse(event.event) as { type: string }
  return { seq: event.seq, type, at, commitment: commitmentTo(committedOf(event), key) }
}
