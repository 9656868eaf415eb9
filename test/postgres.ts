import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { assert, at } from '../src/assert.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { Embedded } from '../src/store/embedded.ts'
import type { Programs } from '../src/store/programs.ts'
import { programOf } from './debian-packages.ts'

// PostgreSQL servers of a test's own.

/** A server that runs while the tests of one file do. */
export interface TestServer {
  readonly name: string
  readonly embedded: Embedded
  /** One with the newest schema, for all tests that leave each other alone. */
  readonly shared: Database
  /** The address of a place without tables: a schema, which is made sooner than a database, and is as good. */
  emptyDatabase(): Promise<string>
  /** A new database with the newest schema. */
  database(): Promise<Database>
}

/** The PostgreSQL that is embedded, and the oldest that may be named by its address. */
const ALL: Readonly<Record<string, () => Programs | undefined>> = {
  'PostgreSQL 18': () => undefined,
  'PostgreSQL 15': debianPrograms,
}

export function debianPrograms(): Programs {
  return { bin: dirname(programOf('postgresql-15')), lib: null }
}

/** Servers for the tests of the file that calls this: one of each PostgreSQL. */
export function testServers(): readonly TestServer[] {
  return Object.entries(ALL).map(([name, programs]) => {
    const server = new RunningServer(name)
    beforeAll(() => server.start(programs()))
    afterAll(() => server.close())
    return server
  })
}

/** One server of what is embedded, for the tests of the file that calls this. */
export function testServer(): TestServer {
  const server = new RunningServer('PostgreSQL 18')
  beforeAll(() => server.start(undefined))
  afterAll(() => server.close())
  return server
}

class RunningServer implements TestServer {
  readonly name: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'proviso-postgres-'))
  readonly #opened: Database[] = []
  #embedded: Embedded | undefined
  #count = 0

  constructor(name: string) {
    this.name = name
  }

  async start(programs: Programs | undefined): Promise<void> {
    this.#embedded = await Embedded.start(this.#directory, programs)
    await this.database()
  }

  get embedded(): Embedded {
    assert(this.#embedded !== undefined, 'it has not started')
    return this.#embedded
  }

  get shared(): Database {
    return at(this.#opened, 0)
  }

  async emptyDatabase(): Promise<string> {
    const name = `test_${++this.#count}`
    await query(this.embedded.connection, `create schema ${name}`)
    return `${urlOf(this.embedded)}&options=${encodeURIComponent(`-c search_path=${name}`)}`
  }

  async database(): Promise<Database> {
    const database = await openDatabase({ url: await this.emptyDatabase() })
    this.#opened.push(database)
    return database
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((database) => database.close()))
    await this.#embedded?.close()
    rmSync(this.#directory, { recursive: true })
  }
}

/** The address of a database of a server's. */
export function urlOf({ connection: { host, port, user } }: Embedded, name = 'postgres'): string {
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
