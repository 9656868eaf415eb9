import { type Kysely, sql } from 'kysely'
import { assert } from '../assert.ts'
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
