import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { foldHeap, move } from '../../test/heap.ts'
import { query, testServers } from '../../test/postgres.ts'
import { BrokenInvariant } from '../assert.ts'
import { stateOf } from './change.ts'
import type { Database } from './database.ts'
import { markLogged, unlogged } from './events.ts'
import { listen } from './listen.ts'
import { rebuild } from './rebuild.ts'

const servers = testServers()

test.each(servers)('$name: nobody changes or removes an event', async (server) => {
  const { db } = await server.database()
  await move({ db }, 'kept', 'added')
  const refused = 'events are only added'
  await expect(db.deleteFrom('events').execute()).rejects.toThrow(refused)
  await expect(db.updateTable('events').set({ act: '{}' }).execute()).rejects.toThrow(refused)
  await expect(sql`update events set seq = 7, log_index = 1`.execute(db)).rejects.toThrow(refused)
  await expect(sql`truncate events`.execute(db)).rejects.toThrow(refused)
  expect(await unlogged(db, 9)).toHaveLength(1)
})

test.each(servers)('$name: an event is kept as the text that it was', async (server) => {
  const { db } = await server.database()
  await move({ db }, 'kept', 'added')
  const [event] = await unlogged(db, 1)
  expect(event).toMatchObject({ seq: 1, stream: 'heap', id: 'kept', version: 1 })
  expect(event?.event).toBe('{"stones":1,"type":"added"}')
  expect(event?.act).toMatch(/^{"at":1000,"by":"ana","digest":"sha256:0{64}","nonce":"/)
  const columns = await db.selectFrom('events').select(['at', 'by', 'role', 'type']).execute()
  expect(columns).toEqual([{ at: 1_000, by: 'ana', role: 'assessor', type: 'added' }])
})

test.each(servers)('$name: an event gets one place in the log', async (server) => {
  const { db } = await server.database()
  for (const id of ['a', 'b', 'a']) await move({ db }, id, 'added')
  await markLogged(db, [{ seq: 1, index: 20 }])
  await markLogged(db, [
    { seq: 1, index: 20 },
    { seq: 2, index: 21 },
  ])
  expect((await unlogged(db, 9)).map(({ seq }) => seq)).toEqual([3])
  await expect(markLogged(db, [{ seq: 2, index: 22 }])).rejects.toThrow(BrokenInvariant)
  await expect(markLogged(db, [{ seq: 3, index: 21 }])).rejects.toThrow('duplicate key')
  await expect(markLogged(db, [{ seq: 4, index: 23 }])).rejects.toThrow(BrokenInvariant)
})

/** What is told of new events, and a wait for one. */
function heard(
  database: Database,
  from: number,
): { stop(): Promise<void>; until(seq: number): Promise<void> } {
  const told: number[] = []
  let look = (): void => undefined
  const listening = listen(database, from, (seq) => {
    expect(seq).toBeGreaterThan(told.at(-1) ?? from)
    told.push(seq)
    look()
  })
  const until = (seq: number): Promise<void> =>
    new Promise((resolve) => {
      look = (): void => {
        if ((told.at(-1) ?? from) >= seq) resolve()
      }
      look()
    })
  return { stop: () => listening.stop(), until }
}

test.each(servers)('$name: who listens is told of every new event soon', async (server) => {
  const database = await server.database()
  await move(database, 'a', 'added')
  const listener = heard(database, 0)
  await listener.until(1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const begun = performance.now()
  for (let seq = 2; seq < 10; seq++) {
    await move(database, 'a', 'added')
    await listener.until(seq)
  }
  // By looking alone it would take a second each.
  expect(performance.now() - begun).toBeLessThan(4_000)
  await listener.stop()
})

test.each(servers)('$name: who listens is told when the connection has broken', async (server) => {
  const database = await server.database()
  const listener = heard(database, 0)
  await move(database, 'a', 'added')
  await listener.until(1)
  const url = String(database.client.connectionString)
  await query(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`,
  )
  await move(database, 'a', 'added')
  await listener.until(2)
  await listener.stop()
})

test.each(servers)(
  '$name: rebuilding mends the states that are not what events say',
  async (server) => {
    const { db } = await server.database()
    for (const id of ['a', 'b', 'a', 'c', 'b', 'd']) await move({ db }, id, 'added')
    expect(await rebuild(db, { heap: foldHeap })).toEqual({ events: 6, differing: [] })
    const state = '{"last":"ana","stones":9}'
    await db.updateTable('aggregates').set({ state }).where('id', '=', 'a').execute()
    await db.deleteFrom('aggregates').where('id', '=', 'd').execute()
    await db
      .insertInto('aggregates')
      .values({ stream: 'heap', id: 'none', version: 1, state })
      .execute()
    const differing = ['a', 'd', 'none'].map((id) => ({ stream: 'heap', id }))
    expect(await rebuild(db, { heap: foldHeap })).toEqual({ events: 6, differing })
    const mended = await stateOf(db, { stream: 'heap', id: 'a' })
    expect(mended).toEqual({ state: { stones: 2, last: 'ana' }, version: 2 })
    expect(await rebuild(db, { heap: foldHeap })).toEqual({ events: 6, differing: [] })
    await expect(rebuild(db, {})).rejects.toThrow('heap a is of no stream that is known')
  },
)
