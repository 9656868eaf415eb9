import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { AT, actWith, moving } from '../../test/heap.ts'
import { testServers } from '../../test/postgres.ts'
import { digestOf } from '../digest.ts'
import { ok } from '../result.ts'
import { ANSWER_KEPT_MS, answerBefore, keepAnswer } from './answers.ts'
import { change } from './change.ts'
import { giveNonce, NONCE_MS_MAX } from './nonces.ts'
import { transact } from './transact.ts'

const servers = testServers()

const ONE = { type: 'added', stones: 1 } as const

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
