import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import { expect, test } from 'vitest'
import { move } from '../../test/heap.ts'
import { query, testServers, urlOf } from '../../test/postgres.ts'
import { openDatabase } from './database.ts'
import { migrate, NEWEST } from './migrate.ts'
import type { Schema } from './schema.ts'

const servers = testServers()

/** What somebody may have stored by each version of the schema, in statements of that version. */
const STORED: readonly (readonly string[])[] = [
  [
    `update event_count set last_seq = 2`,
    `insert into events (seq, stream, id, version, act, event) values
      (1, 'heap', 'old', 1, '{"at":5,"by":"ana","role":"assessor"}', '{"stones":1,"type":"added"}'),
      (2, 'heap', 'old', 2, '{"at":6,"by":"ben","role":"assessor"}', '{"stones":2,"type":"added"}')`,
    `insert into aggregates values ('heap', 'old', 2, '{"last":"ben","stones":3}')`,
  ],
  [
    `insert into nonces values ('n', 5, null)`,
    `insert into answers values ('ana', 'k', 'd', 200, '', 5)`,
  ],
  [`insert into event_keys values (1, decode(repeat('00', 32), 'hex'))`],
  [
    `insert into listings values ('heap', 'old', 'ana', array_to_tsvector(array['old']))`,
    `insert into listing_states values ('heap', 'old', 'high', 5, 9)`,
  ],
  [`insert into files values ('sha256:' || encode(sha256('a'), 'hex'), 'text/plain', 1, 'a', 5)`],
  [`insert into unnamed_files select digest, size, at from files`],
]

test('there are rows for every version of the schema', () => {
  expect(STORED).toHaveLength(NEWEST)
})

async function migrateTo(url: string, version: number): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 1 })
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  await migrate(db, version)
  await db.destroy()
}

/** All that a database has, by table, without what the newest schema alone has of it. */
async function rowsOf(url: string, tables: readonly string[]): Promise<unknown> {
  const rows = tables.map((table) =>
    query(url, `select to_jsonb(t) as row from ${table} t order by 1`),
  )
  return await Promise.all(rows)
}

/** By the version of the schema that has made them. */
const TABLES = [
  ['events', 'aggregates'],
  ['nonces', 'answers'],
  ['event_keys'],
  ['listings', 'listing_states'],
  ['files'],
  ['unnamed_files'],
] as const

test.each(servers)(
  '$name: what was stored by any earlier version is there in the newest',
  async (server) => {
    for (let version = 1; version <= NEWEST; version++) {
      const url = await server.emptyDatabase()
      await migrateTo(url, version)
      for (const statement of STORED.slice(0, version).flat()) await query(url, statement)
      const tables = TABLES.slice(0, version).flat()
      const before = await rowsOf(url, tables)
      const database = await openDatabase({ url })
      expect(await rowsOf(url, tables)).toEqual(before)
      const moved = await move(database, 'old', 'added', 2)
      expect(moved).toMatchObject({ value: { state: { stones: 4 }, version: 3 } })
      await database.close()
    }
  },
)

test.each(servers)(
  '$name: of processes that migrate at once each finds the newest',
  async (server) => {
    const url = await server.emptyDatabase()
    const opened = await Promise.all([1, 2, 3].map(() => openDatabase({ url })))
    await Promise.all(opened.map((database) => database.close()))
    const versions = await query(url, 'select version from schema_version order by 1')
    expect(versions).toEqual(Array.from({ length: NEWEST }, (_, i) => ({ version: i + 1 })))
  },
)

test.each(servers)('$name: a database that is newer than this code is refused', async (server) => {
  const url = await server.emptyDatabase()
  await migrateTo(url, NEWEST)
  await query(url, `insert into schema_version values (${NEWEST + 1})`)
  const message = `the database has schema ${NEWEST + 1}, and this Proviso knows up to ${NEWEST}`
  await expect(openDatabase({ url })).rejects.toThrow(message)
})

test.each(servers)(
  '$name: a database that is not there is told of in a sentence',
  async (server) => {
    const url = urlOf(server.embedded, 'none')
    await expect(openDatabase({ url })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(
        /^the database cannot be used \(database "none" does not exist\): /,
      ),
    })
  },
)

test('a server that does not answer is told of in a sentence', async () => {
  const url = 'postgres://ana:secret@127.0.0.1:1/none'
  await expect(openDatabase({ url })).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/^the database cannot be used \(connect ECONNREFUSED/),
  })
})
