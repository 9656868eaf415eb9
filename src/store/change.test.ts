import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  actWith,
  query,
  type RunningPostgres,
  SERVERS,
  startPostgres,
} from '../../test/postgres.ts'
import type { Refusal } from '../act.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Command, change, changeWithin, stateOf } from './change.ts'
import type { Database } from './database.ts'
import { giveNonce } from './nonces.ts'
import { transact } from './transact.ts'

// A heap of stones, which people add to and take from.

interface Heap {
  readonly stones: number
  readonly last: string
}

interface Moved {
  readonly type: 'added' | 'taken'
  readonly stones: number
}

type Changed = Awaited<ReturnType<typeof change<Heap, Moved, Refusal<'too-few'>>>>

const AT = 1_000

function moved(
  type: Moved['type'],
  stones: number,
): Pick<Command<Heap, Moved, Refusal<'too-few'>>, 'decide' | 'fold'> {
  return {
    decide: (heap): Result<readonly Moved[], Refusal<'too-few'>> =>
      type === 'taken' && stones > (heap?.stones ?? 0)
        ? fail({ code: 'too-few', message: 'take fewer' })
        : ok([{ type, stones }]),
    fold: (heap, { event, act }): Heap => ({
      stones: (heap?.stones ?? 0) + (event.type === 'added' ? event.stones : -event.stones),
      last: act.by,
    }),
  }
}

async function move(
  { db }: Database,
  id: string,
  type: Moved['type'],
  more: { readonly stones?: number; readonly expected?: number } = {},
): Promise<Changed> {
  const { stones = 1, ...rest } = more
  const act = actWith(await giveNonce(db, AT))
  return await change(db, { stream: 'heap', id, act, ...moved(type, stones), ...rest })
}

describe.each(SERVERS)('$name', ({ programs }) => {
  let server: RunningPostgres
  let database: Database
  beforeAll(async () => {
    server = await startPostgres(programs)
    database = await server.database()
  })
  afterAll(() => server.close())

  test('a command is carried out on the state that its earlier events came to', async () => {
    expect(await move(database, 'a', 'added', { stones: 3 })).toEqual(
      ok({ state: { stones: 3, last: 'ana' }, version: 1 }),
    )
    await move(database, 'a', 'taken', { stones: 2, expected: 1 })
    expect(await stateOf(database.db, { stream: 'heap', id: 'a' })).toEqual({
      state: { stones: 1, last: 'ana' },
      version: 2,
    })
  })

  test('a refused command changes nothing, and its nonce serves again', async () => {
    const { db } = database
    const act = actWith(await giveNonce(db, AT))
    const subject = { stream: 'heap', id: 'refused', act }
    const refused = await change(db, { ...subject, ...moved('taken', 1) })
    expect(refused).toEqual(fail({ code: 'too-few', message: 'take fewer' }))
    expect(await stateOf(db, subject)).toBeUndefined()
    expect((await change(db, { ...subject, ...moved('added', 1) })).ok).toBe(true)
    const again = await change(db, { ...subject, ...moved('added', 1) })
    expect(again).toMatchObject({ error: { code: 'nonce-served' } })
  })

  test('who saw an older version is told what has changed since', async () => {
    await move(database, 'seen', 'added', { stones: 5, expected: 0 })
    await move(database, 'seen', 'taken')
    await move(database, 'seen', 'added')
    const late = await move(database, 'seen', 'taken', { expected: 1 })
    expect(late).toMatchObject({
      ok: false,
      error: { code: 'version-conflict', version: 3, changed: ['taken', 'added'] },
    })
    const early = await move(database, 'seen', 'taken', { expected: 7 })
    expect(early).toMatchObject({ error: { code: 'version-conflict', version: 3, changed: [] } })
  })

  test('of people who act at once on one thing one wins, and the others are told', async () => {
    for (let round = 0; round < 30; round++) {
      const people = Array.from({ length: 4 }, () =>
        move(database, 'raced', 'added', { expected: round }),
      )
      const results = await Promise.all(people)
      expect(results.filter(({ ok: hasWon }) => hasWon)).toHaveLength(1)
      for (const result of results) {
        if (result.ok)
          expect(result.value).toEqual({
            state: { stones: round + 1, last: 'ana' },
            version: round + 1,
          })
        else expect(result.error).toMatchObject({ code: 'version-conflict', changed: ['added'] })
      }
    }
  })

  test('events have numbers without a gap, whatever is refused or rolled back between them', async () => {
    const fresh = await server.database()
    const moves = Array.from({ length: 40 }, (_, i) =>
      move(fresh, `thing-${i % 7}`, i % 3 === 0 ? 'taken' : 'added'),
    )
    const done = (await Promise.all(moves)).filter(({ ok: isDone }) => isDone).length
    const broken = transact(fresh.db, async (trx) => {
      await changeWithin(trx, {
        stream: 'heap',
        id: 'b',
        act: actWith('none'),
        ...moved('added', 1),
      })
      throw new Error('broken')
    })
    await expect(broken).rejects.toThrow('broken')
    await move(fresh, 'after', 'added')
    const rows = await fresh.db.selectFrom('events').select('seq').orderBy('seq').execute()
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: done + 1 }, (_, i) => i + 1))
  })

  test('two things are changed in one transaction, or neither is', async () => {
    const both = (taken: number): Promise<Result<unknown, unknown>> =>
      transact<unknown, unknown>(database.db, async (trx) => {
        const act = actWith('none')
        const first = await changeWithin(trx, {
          stream: 'heap',
          id: 'p',
          act,
          ...moved('added', 1),
        })
        if (!first.ok) return first
        return await changeWithin(trx, { stream: 'heap', id: 'q', act, ...moved('taken', taken) })
      })
    expect((await both(1)).ok).toBe(false)
    expect(await stateOf(database.db, { stream: 'heap', id: 'p' })).toBeUndefined()
    expect((await both(0)).ok).toBe(true)
  })

  test("those who get in each other's way are tried again", async () => {
    const cross = (one: string, other: string): Promise<Result<unknown, unknown>> =>
      transact<unknown, unknown>(database.db, async (trx) => {
        const act = actWith('none')
        const first = await changeWithin(trx, {
          stream: 'heap',
          id: one,
          act,
          ...moved('added', 1),
        })
        if (!first.ok) return first
        return await changeWithin(trx, { stream: 'heap', id: other, act, ...moved('added', 1) })
      })
    const pairs = Array.from({ length: 6 }, (_, i) =>
      i % 2 === 0 ? cross('x', 'y') : cross('y', 'x'),
    )
    for (const result of await Promise.all(pairs)) expect(result.ok).toBe(true)
    expect(await stateOf(database.db, { stream: 'heap', id: 'x' })).toMatchObject({ version: 6 })
  })

  test('nobody changes or removes an event, or gives it two places in the log', async () => {
    const url = await server.emptyDatabase()
    expect(url).toContain('postgres://')
    const { db } = database
    await move(database, 'kept', 'added')
    await expect(db.deleteFrom('events').execute()).rejects.toThrow('events are only added')
    await expect(db.updateTable('events').set({ act: '{}' }).execute()).rejects.toThrow(
      'only added',
    )
    await expect(query(server.embedded.connection, 'truncate events')).rejects.toThrow()
  })
})
