import { sql, type Transaction } from 'kysely'
import type { Refusal } from '../act.ts'
import type { Digest } from '../digest.ts'
import { fail, ok, type Result } from '../result.ts'
import { DAY_MS, type Instant } from '../time.ts'
import type { Schema } from './schema.ts'
import { lockName } from './transact.ts'

// A request with an idempotency key is carried out once; the same one again gets the same answer.

/** How long an answer is given again, in milliseconds. */
export const ANSWER_KEPT_MS = DAY_MS

/** Most answers of which the time is over that are removed when one is kept. */
const SWEEP_MAX = 100

export interface KeyedRequest {
  readonly by: string
  /** The idempotency key. Two people may have the same one. */
  readonly key: string
  /** Of all that the request asks. */
  readonly digest: Digest
  readonly at: Instant
}

export interface Answer {
  readonly status: number
  readonly response: string
}

/**
 * What a request was answered before; undefined when it was not. Whoever sends the same key meanwhile waits until this
 * transaction ends, in which `keepAnswer` follows what the request does.
 */
export async function answerBefore(
  trx: Transaction<Schema>,
  { by, key, digest, at }: KeyedRequest,
): Promise<Result<Answer | undefined, Refusal<'idempotency-key-reused'>>> {
  await lockName(trx, JSON.stringify(['answer', by, key]))
  const kept = await trx
    .selectFrom('answers')
    .select(['digest', 'status', 'response'])
    .where('by', '=', by)
    .where('key', '=', key)
    .where('at', '>=', at - ANSWER_KEPT_MS)
    .executeTakeFirst()
  if (kept === undefined) return ok(undefined)
  if (kept.digest === digest) return ok({ status: kept.status, response: kept.response })
  const message = 'the idempotency key was sent with another request: take a new key'
  return fail({ code: 'idempotency-key-reused', message })
}

export async function keepAnswer(
  trx: Transaction<Schema>,
  request: KeyedRequest,
  answer: Answer,
): Promise<void> {
  await sweep(trx, request.at)
  const { by, key, ...rest } = { ...request, ...answer }
  await trx
    .insertInto('answers')
    .values({ by, key, ...rest })
    // One that is there is too old to be given.
    .onConflict((conflict) => conflict.columns(['by', 'key']).doUpdateSet(rest))
    .execute()
}

async function sweep(trx: Transaction<Schema>, at: Instant): Promise<void> {
  await sql`delete from answers where (by, key) in (
    select by, key from answers where at < ${at - ANSWER_KEPT_MS}
    order by at limit ${SWEEP_MAX} for update skip locked
  )`.execute(trx)
}
