import { type Kysely, sql, type Transaction } from 'kysely'
import type { Act, Recorded, Refusal } from '../act.ts'
import { assert, at } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import { sorted } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { keepListing, type Listing } from './listing.ts'
import { type NonceRefusal, serveNonce } from './nonces.ts'
import type { Schema } from './schema.ts'
import { lockName, transact } from './transact.ts'

/** The channel on which the number of the last event is told. */
export const CHANNEL = 'proviso_events'

/** Most events that are told of to somebody who had not seen them. */
const CHANGED_MAX = 100

/**
 * What every event has. Events and states are plain JSON: no undefined, no Infinity, no Date, no Map. Nor is U+0000 in any
 * text of an event, which PostgreSQL takes in no JSON.
 */
export interface StoredEvent {
  readonly type: string
}

/** One thing that changes by events: a case, a contract. */
export interface Subject {
  /** Which kind of thing. */
  readonly stream: string
  readonly id: string
}

/** A state, and how many events it comes from. */
export interface Stored<S> {
  readonly state: S
  readonly version: number
}

type Fold<S, E> = (state: S | undefined, recorded: Recorded<E>) => S

/** A command on a thing: what decides it, and what its events do to the state. Both are pure. */
export interface Command<S, E, R> extends Subject {
  /** The version that the person saw; 0 is nothing yet. Left out by who has seen none. */
  readonly expected?: number
  /** Says what happens, which is at least one event, or why nothing does. */
  readonly decide: (state: S | undefined, version: number) => Result<readonly E[], R>
  readonly fold: Fold<S, E>
  /** Left out of what nobody looks for. */
  readonly listingOf?: (state: S) => Listing
  readonly act: Act
}

/** Somebody else was first. */
export interface VersionConflict extends Refusal<'version-conflict'> {
  readonly version: number
  /** Types of the events since the version that was expected, the first hundred. */
  readonly changed: readonly string[]
}

/** Carries out a command by an act whose nonce it serves: all of it on the disk, or none of it done. */
export function change<S, E extends StoredEvent, R>(
  db: Kysely<Schema>,
  command: Command<S, E, R>,
): Promise<Result<Stored<S>, R | VersionConflict | NonceRefusal>> {
  const { act } = command
  return transact<Stored<S>, R | VersionConflict | NonceRefusal>(db, async (trx) => {
    const served = await serveNonce(trx, act.nonce, act.at)
    return served.ok ? await changeWithin(trx, command) : served
  })
}

/**
 * The same within a transaction that does more: one that has served the act's nonce (`serveNonce`) and, when it changes
 * several things, has locked them all before the first (`lockSubjects`).
 */
export async function changeWithin<S, E extends StoredEvent, R>(
  trx: Transaction<Schema>,
  command: Command<S, E, R>,
): Promise<Result<Stored<S>, R | VersionConflict>> {
  const { expected, decide, fold, listingOf, act } = command
  await lockSubjects(trx, [command])
  const before = await stateOf<S>(trx, command)
  const version = before?.version ?? 0
  if (expected !== undefined && expected !== version) {
    return fail(await conflict(trx, command, { version, expected }))
  }
  const decided = decide(before?.state, version)
  if (!decided.ok) return decided
  const events = decided.value
  assert(events.length > 0, `a command on ${command.stream} has decided that nothing happens`)
  const folded = events.reduce<S | undefined>(
    (state, event) => fold(state, { event, act }),
    before?.state,
  )
  const after = { state: folded as S, version: version + events.length }
  const kept = await keepState(trx, command, after)
  if (listingOf) await keepListing(trx, command, listingOf(kept.state))
  // Last, since nobody else adds an event from here on until the transaction ends.
  await append(trx, command, { events, act, version })
  return ok(kept)
}

/** Keeps everybody else from changing some things until the transaction ends; in one order, so that nobody is in the way. */
export async function lockSubjects(
  trx: Transaction<Schema>,
  subjects: readonly Subject[],
): Promise<void> {
  const names = subjects.map(({ stream, id }) => JSON.stringify([stream, id]))
  for (const name of sorted(names)) await lockName(trx, name)
}

/** The state of a thing; undefined when nothing has happened to it. */
export async function stateOf<S>(
  db: Kysely<Schema>,
  { stream, id }: Subject,
): Promise<Stored<S> | undefined> {
  const row = await db
    .selectFrom('aggregates')
    .select(['state', 'version'])
    .where('stream', '=', stream)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && { state: JSON.parse(row.state) as S, version: row.version }
}

interface Versions {
  readonly version: number
  readonly expected: number
}

async function conflict(
  trx: Transaction<Schema>,
  { stream, id }: Subject,
  { version, expected }: Versions,
): Promise<VersionConflict> {
  const since = await trx
    .selectFrom('events')
    .select('type')
    .where('stream', '=', stream)
    .where('id', '=', id)
    .where('version', '>', expected)
    .orderBy('version')
    .limit(CHANGED_MAX)
    .execute()
  const message = `it has changed since version ${expected}: look at version ${version}, and decide again`
  return { code: 'version-conflict', message, version, changed: since.map(({ type }) => type) }
}

interface Appended {
  readonly events: readonly StoredEvent[]
  readonly act: Act
  /** Of the thing before them. */
  readonly version: number
}

/**
 * INVARIANT: whoever adds events holds the one row of event_count until the end of the transaction. So numbers have no gap,
 * and an event is committed before any that has a greater number.
 */
async function append(
  trx: Transaction<Schema>,
  { stream, id }: Subject,
  { events, act, version }: Appended,
): Promise<void> {
  const count = events.length
  const { rows: counted } = await sql<{ last: number }>`update event_count
    set last_seq = last_seq + ${count}
    returning last_seq as last, pg_notify(${CHANNEL}, last_seq::text)`.execute(trx)
  const last = at(counted, 0).last
  const rows = events.map((event, index) => ({
    seq: last - count + index + 1,
    stream,
    id,
    version: version + index + 1,
    act: canonicalJson(act),
    event: canonicalJson(event),
    log_index: null,
  }))
  await trx.insertInto('events').values(rows).execute()
}

/** Returns the state as it will be read, so that whoever goes on from it sees no difference. */
export async function keepState<S>(
  trx: Transaction<Schema>,
  { stream, id }: Subject,
  { state, version }: Stored<S>,
): Promise<Stored<S>> {
  const kept = { state: canonicalJson(state), version }
  await trx
    .insertInto('aggregates')
    .values({ stream, id, ...kept })
    .onConflict((conflicting) => conflicting.columns(['stream', 'id']).doUpdateSet(kept))
    .execute()
  return { state: JSON.parse(kept.state) as S, version }
}
