import { type Kysely, sql, type Transaction } from 'kysely'
import { StoreFailure } from './failure.ts'
import { EVENTS } from './migrations/0001-events.ts'
import { ACTS_ONCE } from './migrations/0002-acts-once.ts'
import { EVENT_KEYS } from './migrations/0003-event-keys.ts'
import { LISTINGS } from './migrations/0004-listings.ts'
import { FILES } from './migrations/0005-files.ts'
import { UNNAMED_FILES } from './migrations/0006-unnamed-files.ts'
import type { Schema } from './schema.ts'

/** In order, one after the other. One that was released is never changed: a new one comes after it. */
const MIGRATIONS: readonly string[] = [
  EVENTS,
  ACTS_ONCE,
  EVENT_KEYS,
  LISTINGS,
  FILES,
  UNNAMED_FILES,
]

export const NEWEST = MIGRATIONS.length

/** The first of two numbers of a lock; the second says what for. No lock of another kind has two. */
const LOCK_SPACE = 1_886_547_814
const MIGRATING = 1

/** Longest wait for those who use the tables that a migration changes, in milliseconds. */
const LOCK_MS_MAX = 60_000

/** `server_version_num` of the oldest PostgreSQL that the tests run on. */
const SERVER_LEAST = 150_000

/** Brings a database to a version of the schema, all or nothing. One process does it at a time. */
export async function migrate(db: Kysely<Schema>, to: number = NEWEST): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await refuseOldServer(trx)
    await sql`select pg_advisory_xact_lock(${LOCK_SPACE}, ${MIGRATING})`.execute(trx)
    const version = await versionOf(trx)
    if (version > NEWEST) throw newerSchema(version)
    // Tables may be large.
    await sql`set local statement_timeout = 0`.execute(trx)
    await sql.raw(`set local lock_timeout = ${LOCK_MS_MAX}`).execute(trx)
    for (const [index, migration] of MIGRATIONS.entries()) {
      if (index < version || index >= to) continue
      await sql.raw(migration).execute(trx)
      await trx
        .insertInto('schema_version')
        .values({ version: index + 1 })
        .execute()
    }
  })
}

async function refuseOldServer(trx: Transaction<Schema>): Promise<void> {
  const { rows } = await sql<{
    number: number
    name: string
  }>`select current_setting('server_version_num')::integer as number, current_setting('server_version') as name`.execute(
    trx,
  )
  const { number = 0, name = '' } = rows[0] ?? {}
  if (number >= SERVER_LEAST) return
  const message = `the database server is PostgreSQL ${name}: use 15 or newer`
  throw new StoreFailure('old-server', message)
}

/** How many migrations a database has had. */
async function versionOf(trx: Transaction<Schema>): Promise<number> {
  await sql`create table if not exists schema_version (
    version integer primary key,
    applied_at timestamptz not null default now()
  )`.execute(trx)
  const { version } = await trx
    .selectFrom('schema_version')
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirstOrThrow()
  return version ?? 0
}

function newerSchema(version: number): StoreFailure {
  return new StoreFailure(
    'newer-schema',
    `the database has schema ${version}, and this Proviso knows up to ${NEWEST}: run the newer Proviso that it was last used by`,
  )
}
