import { randomBytes } from 'node:crypto'
import { assert } from '../assert.ts'
import { parseEnvelope } from '../log/dsse.ts'
import type { Evidence } from '../log/evidence.ts'
import {
  commitmentTo,
  EVENT_KEY_BYTES,
  parseRegisterEntry,
  printRegisterEntry,
  type RegisterEntry,
} from '../log/register-entry.ts'
import type { Database } from '../store/database.ts'
import { keysOf } from '../store/event-keys.ts'
import { lastLogged, markLogged, type Unlogged, unlogged } from '../store/events.ts'

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

  constructor(parts: RegisterLogParts) {
    this.#parts = parts
  }

  /** Puts all events that are not in the governance log there, in their order. */
  async takeAll(): Promise<void> {
    if (this.#isUnsure) await reconcile(this.#parts)
    this.#isUnsure = true
    while (await logEvents(this.#parts));
    this.#isUnsure = false
  }
}

/** Notes events that are in the governance log and not noted as such. Otherwise they would be logged twice. */
async function reconcile({ database, evidence }: RegisterLogParts): Promise<void> {
  // What is only in the journal is in the log, too.
  await evidence.makeKnown()
  const reader = await evidence.governanceReader()
  const from = (await lastLogged(database.db)) + 1
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

/** Puts the oldest events that are not in the governance log there, in their order; answers whether there were any. */
async function logEvents({ database, evidence }: RegisterLogParts): Promise<boolean> {
  const { db } = database
  const events = await unlogged(db, EVENTS_MAX)
  if (events.length === 0) return false
  const fresh = events.map(({ seq }) => ({ seq, key: randomBytes(EVENT_KEY_BYTES) }))
  const keys = await keysOf(db, fresh)
  const statements = events.map((event, i) => printRegisterEntry(entryOf(event, keys[i])))
  const first = await evidence.state(statements)
  await markLogged(
    db,
    events.map(({ seq }, i) => ({ seq, index: first + i })),
  )
  return true
}

function entryOf(event: Unlogged, key: Uint8Array | undefined): RegisterEntry {
  assert(key !== undefined, `event ${event.seq} has no key`)
  const { at } = JSON.parse(event.act) as { at: number }
  const { type } = JSON.parse(event.event) as { type: string }
  return { seq: event.seq, type, at, commitment: commitmentTo(committedOf(event), key) }
}
