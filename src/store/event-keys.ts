import { type Kysely, sql } from 'kysely'
import type { Subject } from './change.ts'
import type { Unlogged } from './events.ts'
import type { Schema } from './schema.ts'

/** An event's key: what the governance log commits to it under. */
export interface EventKey {
  readonly seq: number
  readonly key: Uint8Array
}

/** Keeps keys of events that have none; answers the keys that they have now, in the order that was asked for. */
export async function keysOf(
  db: Kysely<Schema>,
  fresh: readonly EventKey[],
): Promise<readonly Uint8Array[]> {
  const seqs = fresh.map(({ seq }) => seq)
  const keys = fresh.map(({ key }) => Buffer.from(key))
  await sql`insert into event_keys (seq, key)
    select * from unnest(${seqs}::bigint[], ${keys}::bytea[]) on conflict do nothing`.execute(db)
  const rows = await db
    .selectFrom('event_keys')
    .select(['seq', 'key'])
    .where('seq', 'in', seqs)
    .execute()
  const known = new Map(rows.map(({ seq, key }) => [seq, Uint8Array.from(key)]))
  return seqs.flatMap((seq) => known.get(seq) ?? [])
}

/** An event that is in the governance log, as it was recorded, and its key. */
export interface Keyed extends Unlogged {
  readonly key: Uint8Array
}

/** Of a thing's events, so many after a version, those that are in the governance log and have their key. */
export async function keyedEventsOf(
  db: Kysely<Schema>,
  { stream, id }: Subject,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly Keyed[]> {
  return await db
    .selectFrom('events')
    .innerJoin('event_keys', 'event_keys.seq', 'events.seq')
    .select(['events.seq', 'stream', 'id', 'version', 'act', 'event', 'key'])
    .where('stream', '=', stream)
    .where('id', '=', id)
    .where('version', '>', after)
    .where('version', '<=', after + limit)
    .where('log_index', 'is not', null)
    .execute()
}
