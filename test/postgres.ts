import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import type { Act } from '../src/act.ts'
import { digestOf } from '../src/digest.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { Embedded } from '../src/store/embedded.ts'
import type { Programs } from '../src/store/programs.ts'
import { programOf } from './debian-packages.ts'

// PostgreSQL servers of a test's own.

interface Server {
  readonly name: string
  /** Undefined is what npm brings. */
  readonly programs?: Programs
}

/** The PostgreSQL that is embedded, and the oldest that may be named by its address. */
export const SERVERS: readonly Server[] = [
  { name: 'PostgreSQL 18' },
  { name: 'PostgreSQL 15', programs: { bin: dirname(programOf('postgresql-15')), lib: null } },
]

export interface RunningPostgres {
  readonly embedded: Embedded
  /** The address of a new database, in which there is nothing. */
  emptyDatabase(): Promise<string>
  /** A new database with the newest schema. */
  database(): Promise<Database>
  close(): Promise<void>
}

export async function startPostgres(programs?: Programs): Promise<RunningPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'proviso-postgres-'))
  const embedded = await Embedded.start(directory, programs)
  const opened: Database[] = []
  let count = 0
  const emptyDatabase = async (): Promise<string> => {
    const name = `test_${++count}`
    await query(embedded.connection, `create database ${name}`)
    return urlOf(embedded, name)
  }
  const database = async (): Promise<Database> => {
    const one = await openDatabase({ url: await emptyDatabase() })
    opened.push(one)
    return one
  }
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((one) => one.close()))
    await embedded.close()
    rmSync(directory, { recursive: true })
  }
  return { embedded, emptyDatabase, database, close }
}

function urlOf({ connection: { host, port, user } }: Embedded, name: string): string {
  return `postgres://${user}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`
}

/** Runs one statement on a connection of its own. */
export async function query(
  to: string | Embedded['connection'],
  statement: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(typeof to === 'string' ? { connectionString: to } : to)
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

/** An act of somebody's, by a nonce. */
export function actWith(nonce: string, at = 1_000): Act {
  const proof = { kind: 'ed25519', key: 'ana+00000000+AA==', signature: 'AA==' } as const
  const digest = digestOf('0'.repeat(64))
  return { by: 'ana', role: 'assessor', at, round: 1, digest, nonce, proof }
}
