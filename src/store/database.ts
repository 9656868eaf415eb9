import { Kysely, PostgresDialect } from 'kysely'
import { type ClientConfig, Pool, types } from 'pg'
import { assert } from '../assert.ts'
import { Embedded } from './embedded.ts'
import { StoreFailure } from './failure.ts'
import { migrate } from './migrate.ts'
import type { Programs } from './programs.ts'
import type { Schema } from './schema.ts'

/** Most connections that are open at a time, besides the one that listens. */
const CONNECTIONS_MAX = 10

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS_MAX = 5_000

/** Longest that a statement may take, and a wait for somebody else's lock within it, in milliseconds. */
const STATEMENT_MS_MAX = 10_000
const LOCK_MS_MAX = 5_000

/** Longest pause within a transaction, in milliseconds: a process that hangs in one does not hold its locks. */
const IDLE_MS_MAX = 10_000

export interface Database {
  readonly db: Kysely<Schema>
  /** For a connection besides those of `db`. */
  readonly client: ClientConfig
  /** Ends the connections, and the server when it is embedded. */
  close(): Promise<void>
}

/** A server by its address, or the embedded one by its directory, run by what is packaged unless programs are named. */
export type DatabasePlace =
  | { readonly url: string }
  | { readonly directory: string; readonly programs?: Programs }

/** A database with the newest schema. Throws a `StoreFailure`. */
export async function openDatabase(place: DatabasePlace): Promise<Database> {
  if ('url' in place) return await opened({ connectionString: place.url }, () => Promise.resolve())
  const embedded = await Embedded.start(place.directory, place.programs)
  return await opened(embedded.connection, () => embedded.close())
}

async function opened(address: ClientConfig, stop: () => Promise<void>): Promise<Database> {
  const client: ClientConfig = {
    ...address,
    application_name: 'proviso',
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    lock_timeout: LOCK_MS_MAX,
    idle_in_transaction_session_timeout: IDLE_MS_MAX,
    types: { getTypeParser },
  }
  const pool = new Pool({ ...client, max: CONNECTIONS_MAX })
  // A connection may break at any time. Whoever uses it is told by what they ask; nobody else needs to know.
  pool.on('error', () => undefined)
  pool.on('connect', (connection) => connection.on('error', () => undefined))
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const close = async (): Promise<void> => {
    await pool.end()
    await stop()
  }
  try {
    await migrate(db)
  } catch (error) {
    await close()
    throw error instanceof StoreFailure ? error : unreachable(error as Error)
  }
  return { db, client, close }
}

/** The object id of PostgreSQL's type bigint. */
const BIGINT = 20

/** As the platform's, but numbers of eight bytes are numbers: all that are stored here count things or are instants. */
const getTypeParser: typeof types.getTypeParser = (id: number, format?: 'text' | 'binary') =>
  id === BIGINT && format !== 'binary' ? toNumber : types.getTypeParser(id, format as 'text')

function toNumber(text: string): number {
  const number = Number(text)
  assert(Number.isSafeInteger(number), `${text} is too large for a number`)
  return number
}

function unreachable(error: Error): StoreFailure {
  const why = error.message || (error as NodeJS.ErrnoException).code || error.name
  const message = `the database cannot be used (${why}): check its address and name, the user, password and rights, and that it runs`
  return new StoreFailure('unreachable', message, error)
}
