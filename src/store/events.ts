import { type Kysely, sql } from 'kysely'
import type { Act, Recorded } from '../act.ts'
import { assert } from '../assert.ts'
import type { Instant } from '../time.ts'
import type { Schema } from './schema.ts'

/** An event on its way into the governance log. */
export interface Unlogged {
  readonly seq: number
  readonly stream: string
  readonly id: string
  readonly version: number
  /** Canonical JSON, as it was recorded. */
  readonly act: string
  readonly event: string
}

/** Events that are not in the governance log yet, the oldest first, so many at most. */
export async function unlogged(db: Kysely<Schema>, limit: number): Promise<readonly Unlogged[]> {
  return await db
    .selectFrom('events')
    .select(['seq', 'stream', 'id', 'version', 'act', 'event'])
    .where('log_index', 'is', null)
    .orderBy('seq')
    .limit(limit)
    .execute()
}

export interface Logged {
  readonly seq: number
  /** Of the entry in the governance log. */
  readonly index: number
}

/** Notes where events are in the governance log. Noted again, it has to be the same place. */
export async function markLogged(db: Kysely<Schema>, logged: readonly Logged[]): Promise<void> {
  const seqs = logged.map(({ seq }) => seq)
  const indexes = logged.map(({ index }) => index)
  const entries = sql`unnest(${seqs}::bigint[], ${indexes}::bigint[]) as entry (seq, log_index)`
  await db.transaction().execute(async (trx) => {
    await sql`update events set log_index = entry.log_index from ${entries}
      where events.seq = entry.seq and events.log_index is null`.execute(trx)
    const { rows } = await sql<{ count: number }>`select count(*) as count from events, ${entries}
      where events.seq = entry.seq and events.log_index = entry.log_index`.execute(trx)
    assert(rows[0]?.count === logged.length, 'an event is at another place in the log, or is none')
  })
}

/** Number of the last event; 0 before there is one. */
export async function lastSeq(db: Kysely<Schema>): Promise<number> {
  const { last_seq: last } = await db
    .selectFrom('event_count')
    .select('last_seq')
    .executeTakeFirstOrThrow()
  return last
}

/** The latest instant of any event; 0 before there is one. */
export async function lastAt(db: Kysely<Schema>): Promise<Instant> {
  const row = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max('at').as('last'))
    .executeTakeFirst()
  return row?.last ?? 0
}

export interface LastLogged extends Logged {
  readonly type: string
  readonly at: Instant
}

/** The last event that is in the governance log; undefined before there is one. */
export async function lastLogged(db: Kysely<Schema>): Promise<LastLogged | undefined> {
  const row = await db
    .selectFrom('events')
    .select(['seq', 'type', 'at', 'log_index'])
    .where('log_index', 'is not', null)
    .orderBy('log_index', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { seq: row.seq, type: row.type, at: row.at, index: row.log_index ?? -1 }
}

/** An event of a thing as it is folded. */
export interface Placed extends Recorded<unknown> {
  /** Null before it is in the governance log. */
  readonly index: number | null
}

interface Which {
  /** A version. */
  readonly after?: number
  readonly limit?: number
  readonly type?: string
}

/** Events of a thing, the first one first: all, those of a type, or so many after a version. */
export async function eventsOf(
  db: Kysely<Schema>,
  { stream, id }: { readonly stream: string; readonly id: string },
  { after = 0, limit, type }: Which = {},
): Promise<readonly Placed[]> {
  const rows = await db
    .selectFrom('events')
    .select(['act', 'event', 'log_index'])
    .where('stream', '=', stream)
    .where('id', '=', id)
    .where('version', '>', after)
    .$if(type !== undefined, (query) => query.where('type', '=', type ?? ''))
    .orderBy('version')
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .execute()
  return rows.map(({ act, event, log_index: index }) => ({
    act: JSON.parse(act) as Act,
    event: JSON.parse(event) as unknown,
    index,
  }))
}

/** Things that events from an index of the governance log on are about, and those whose events are not there yet. */
export async function thingsSince(
  db: Kysely<Schema>,
  index: number,
): Promise<readonly { readonly stream: string; readonly id: string }[]> {
  return await db
    .selectFrom('events')
    .select(['stream', 'id'])
    .distinct()
    .where(({ or, eb }) => or([eb('log_index', '>=', index), eb('log_index', 'is', null)]))
    .execute()
}

/** Things of a stream and their states, in order of their ids after one of them. */
export async function statesAfter<S>(
  db: Kysely<Schema>,
  {
    stream,
    after,
    limit,
  }: { readonly stream: string; readonly after: string; readonly limit: number },
): Promise<readonly { readonly id: string; readonly state: S }[]> {
  const rows = await db
    .selectFrom('aggregates')
    .select(['id', 'state'])
    .where('stream', '=', stream)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ id, state }) => ({ id, state: JSON.parse(state) as S }))
}

/** Ids of things with events of some types that are not among the first so many entries of the governance log. */
export async function unknownOfTypes(
  db: Kysely<Schema>,
  types: readonly string[],
  size: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('events')
    .select('id')
    .distinct()
    .where(({ or, eb }) => or([eb('log_index', '>=', size), eb('log_index', 'is', null)]))
    .where('type', 'in', [...types])
    .execute()
  return rows.map(({ id }) => id)
}

/** Where the last event is of those below an index of the governance log; -1 when there is none. */
export async function indexBelow(db: Kysely<Schema>, size: number): Promise<number> {
  const row = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max('log_index').as('last'))
    .where('log_index', '<', size)
    .executeTakeFirst()
  return row?.last ?? -1
}

/** That something has happened, without what. */
export interface Change {
  readonly seq: number
  readonly stream: string
  readonly id: string
  readonly version: number
  readonly type: string
  readonly at: Instant
}

/** What has happened after an event, the first one first, so many at most. */
export async function changesAfter(
  db: Kysely<Schema>,
  seq: number,
  limit: number,
): Promise<readonly Change[]> {
  return await db
    .selectFrom('events')
    .select(['seq', 'stream', 'id', 'version', 'type', 'at'])
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit)
    .execute()
}
