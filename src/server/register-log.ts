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

/** What commits to an event: all that is kept of it. */
function committedOf({ seq, stream, id, version, act, event }: Unlogged): unknown {
  return { seq, stream, id, version, act: JSON.parse(act), event: JSON.parse(event) }
}

/**
 * Notes events that are in the governance log and of which the register does not know that: it ended between writing the
 * one and the other. Otherwise they would be logged twice.
 */
export async function reconcile({ database, evidence }: RegisterLogParts): Promise<void> {
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

/** Puts events that are not in the governance log there, in their order; answers whether any were. */
export async function logEvents({ database, evidence }: RegisterLogParts): Promise<boolean> {
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
