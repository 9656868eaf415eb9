import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { AT, actWith, move, moving } from '../../test/heap.ts'
import { testServers } from '../../test/postgres.ts'
import { digestOf } from '../digest.ts'
import { fail, ok, type Result } from '../result.ts'
import { ANSWER_KEPT_MS, answerBefore, keepAnswer } from './answers.ts'
import { change, changeWithin, lockSubjects, stateOf } from './change.ts'
import type { Database } from './database.ts'
import { giveNonce, NONCE_MS_MAX } from './nonces.ts'
import { transact } from './transact.ts'

const servers = testServers()

const ONE = { type: 'added', stones: 1 } as const

test.each(servers)(
  '$name: a command is carried out on what earlier events came to',
  async ({ shared }) => {
    expect(await move(shared, 'a', 'added')).toEqual(
      ok({ state: { stones: 1, last: 'ana' }, version: 1 }),
    )
    await move(shared, 'a', 'added', 1)
    await move(shared, 'a', 'taken')
    const stored = await stateOf(shared.db, { stream: 'heap', id: 'a' })
    expect(stored).toEqual({ state: { stones: 1, last: 'ana' }, version: 3 })
  },
)

test.each(servers)(
  '$name: a refused command changes nothing, and its nonce serves again',
  async ({ shared: { db } }) => {
    const act = actWith(await giveNonce(db, AT))
    const refused = await change(db, moving('refused', { type: 'taken', stones: 1 }, act))
    expect(refused).toEqual(fail({ code: 'too-few', message: 'take fewer' }))
    expect(await stateOf(db, { stream: 'heap', id: 'refused' })).toBeUndefined()
    expect((await change(db, moving('refused', ONE, act))).ok).toBe(true)
    const again = await change(db, moving('refused', ONE, act))
    expect(again).toMatchObject({ error: { code: 'nonce-served' } })
  },
)

test.each(servers)(
  '$name: who saw an older version is told what has changed since',
  async ({ shared }) => {
    await move(shared, 'seen', 'added', 0)
    await move(shared, 'seen', 'taken')
    await move(shared, 'seen', 'added')
    const late = await move(shared, 'seen', 'taken', 1)
    const changed = ['taken', 'added']
    expect(late).toMatchObject({ error: { code: 'version-conflict', version: 3, changed } })
    const early = await move(shared, 'seen', 'taken', 7)
    expect(early).toMatchObject({ error: { code: 'version-conflict', version: 3, changed: [] } })
  },
)

test.each(servers)(
  '$name: of people who act at once one wins, and the others are told',
  async ({ shared }) => {
    for (let round = 0; round < 30; round++) {
      const people = [1, 2, 3, 4].map(() => move(shared, 'raced', 'added', round))
      const results = await Promise.all(people)
      const won = results.filter((result) => result.ok)
      const version = round + 1
      expect(won).toEqual([ok({ state: { stones: version, last: 'ana' }, version })])
      for (const result of results.filter(({ ok: hasWon }) => !hasWon)) {
        const error = { code: 'version-conflict', version, changed: ['added'] }
        expect(result).toMatchObject({ error })
      }
    }
  },
)

test.each(servers)(
  '$name: numbers have no gap, whatever is rolled back between them',
  async (server) => {
    const fresh = await server.database()
    const moves = Array.from({ length: 40 }, (_, i) =>
      move(fresh, `thing-${i % 7}`, i % 3 === 0 ? 'taken' : 'added'),
    )
    const done = (await Promise.all(moves)).filter(({ ok: isDone }) => isDone).length
    const broken = transact(fresh.db, async (trx) => {
      await changeWithin(trx, moving('b', ONE))
      throw new Error('broken')
    })
    await expect(broken).rejects.toThrow('broken')
    await move(fresh, 'after', 'added')
    const rows = await fresh.db.selectFrom('events').select('seq').orderBy('seq').execute()
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: done + 1 }, (_, i) => i + 1))
  },
)

/** Adds a stone to two heaps, or takes more than there are from the second. */
function both(
  { db }: Database,
  ids: readonly [string, string],
  more: { readonly isTooMany?: boolean; readonly isLocked?: boolean } = {},
): Promise<Result<unknown, unknown>> {
  return transact<unknown, unknown>(db, async (trx) => {
    const [one, other] = ids
    if (more.isLocked)
      await lockSubjects(
        trx,
        ids.map((id) => ({ stream: 'heap', id })),
      )
    const first = await changeWithin(trx, moving(one, ONE))
    if (!first.ok) return first
    const second = more.isTooMany ? ({ type: 'taken', stones: 9 } as const) : ONE
    return await changeWithin(trx, moving(other, second))
  })
}

test.each(servers)(
  '$name: two things are changed in one transaction, or neither is',
  async ({ shared }) => {
    expect(await both(shared, ['p', 'q'], { isTooMany: true })).toMatchObject({ ok: false })
    expect(await stateOf(shared.db, { stream: 'heap', id: 'p' })).toBeUndefined()
    expect(await both(shared, ['p', 'q'])).toMatchObject({ ok: true })
  },
)

test.each(servers)(
  '$name: whoever is in the way of each other both get there',
  async ({ shared }) => {
    const crossed = [both(shared, ['x', 'y']), both(shared, ['y', 'x'])]
    expect(await Promise.all(crossed)).toMatchObject([{ ok: true }, { ok: true }])
  },
)

test.each(servers)(
  '$name: things locked before they are changed leave nobody in the way',
  async ({ shared }) => {
    const isLocked = true
    const crossed = Array.from({ length: 20 }, (_, i) =>
      both(shared, i % 2 === 0 ? ['v', 'w'] : ['w', 'v'], { isLocked }),
    )
    for (const result of await Promise.all(crossed)) expect(result.ok).toBe(true)
  },
)

test.each(servers)(
  '$name: of commands at once with one nonce one is carried out',
  async ({ shared }) => {
    const act = actWith(await giveNonce(shared.db, AT))
    const commands = ['a', 'b', 'c', 'd'].map((id) => change(shared.db, moving(id, ONE, act)))
    const results = await Promise.all(commands)
    expect(results.filter((result) => result.ok)).toHaveLength(1)
    for (const result of results) {
      if (!result.ok) expect(result.error.code).toBe('nonce-served')
    }
  },
)

test.each(servers)(
  '$name: a nonce serves for a time, and only if it was given',
  async ({ shared: { db } }) => {
    const nonce = await giveNonce(db, AT)
    const acted = (at: number): Promise<unknown> =>
      change(db, moving('late', ONE, actWith(nonce, at)))
    expect(await acted(AT + NONCE_MS_MAX + 1)).toMatchObject({ error: { code: 'nonce-expired' } })
    expect(await acted(AT + NONCE_MS_MAX)).toMatchObject({ ok: true })
    const made = await change(db, moving('late', ONE, actWith('made-up')))
    expect(made).toMatchObject({ error: { code: 'nonce-unknown' } })
  },
)

test.each(servers)(
  '$name: nonces whose time is over are removed, some at a time',
  async (server) => {
    const { db } = await server.database()
    await sql`insert into nonces select 'old-' || i, ${AT} from generate_series(1, 150) i`.execute(
      db,
    )
    const later = AT + NONCE_MS_MAX + 1
    const left = async (): Promise<number> => {
      await giveNonce(db, later)
      return (await db.selectFrom('nonces').selectAll().execute()).length
    }
    expect([await left(), await left()]).toEqual([51, 2])
  },
)

const REQUEST = { by: 'ana', key: 'k', digest: digestOf('1'.repeat(64)), at: AT }
const ANSWER = { status: 201, response: '{}' }

test.each(servers)(
  '$name: a request that is sent again at once is carried out once',
  async (server) => {
    const { db } = await server.database()
    let carriedOut = 0
    const send = (): Promise<unknown> =>
      transact(db, async (trx) => {
        const before = await answerBefore(trx, REQUEST)
        if (!before.ok || before.value) return before
        carriedOut++
        await keepAnswer(trx, REQUEST, ANSWER)
        return ok(ANSWER)
      })
    const answers = await Promise.all([send(), send(), send()])
    expect(answers).toEqual([ok(ANSWER), ok(ANSWER), ok(ANSWER)])
    expect(carriedOut).toBe(1)
  },
)

test.each(servers)(
  '$name: a key with another request is refused, and is free after a day',
  async (server) => {
    const { db } = await server.database()
    const before = (request: typeof REQUEST): Promise<unknown> =>
      transact(db, (trx) => answerBefore(trx, request))
    await db.transaction().execute((trx) => keepAnswer(trx, REQUEST, ANSWER))
    const other = { ...REQUEST, digest: digestOf('2'.repeat(64)) }
    expect(await before(other)).toMatchObject({ error: { code: 'idempotency-key-reused' } })
    expect(await before({ ...other, by: 'ben' })).toEqual(ok(undefined))
    const last = { ...other, at: AT + ANSWER_KEPT_MS }
    expect(await before(last)).toMatchObject({ ok: false })
    const later = { ...other, at: last.at + 1 }
    expect(await before(later)).toEqual(ok(undefined))
    await db.transaction().execute((trx) => keepAnswer(trx, later, ANSWER))
    expect(await db.selectFrom('answers').select(['digest', 'at']).execute()).toEqual([
      { digest: later.digest, at: later.at },
    ])
  },
)
