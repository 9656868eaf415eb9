import { randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { Refusal } from '../act.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'
import type { Schema } from './schema.ts'

/** How long a nonce serves, in milliseconds: as long as somebody may look at what they sign. */
export const NONCE_MS_MAX = 900_000

const NONCE_BYTES = 32

/** Most nonces of which the time is over that are removed when a new one is given. */
const SWEEP_MAX = 100

export type NonceRefusal = Refusal<'nonce-unknown' | 'nonce-served' | 'nonce-expired'>

/** A nonce for one act, which was never given before (semantics §12.4). */
export async function giveNonce(db: Kysely<Schema>, at: Instant): Promise<string> {
  const nonce = randomBytes(NONCE_BYTES).toString('base64url')
  await sweep(db, at)
  await db.insertInto('nonces').values({ nonce, given_at: at, served_at: null }).execute()
  return nonce
}

/**
 * Serves a nonce, once. A transaction that is rolled back has not served it: a refused command leaves it as it was, since
 * nothing was done that could be done twice.
 */
export async function serveNonce(
  trx: Transaction<Schema>,
  nonce: string,
  at: Instant,
): Promise<Result<void, NonceRefusal>> {
  const given = await trx
    .selectFrom('nonces')
    .select(['given_at', 'served_at'])
    .where('nonce', '=', nonce)
    .forUpdate()
    .executeTakeFirst()
  if (given === undefined) return refused('nonce-unknown', 'was not given out here')
  if (given.served_at !== null) return refused('nonce-served', 'has served before')
  if (given.given_at < at - NONCE_MS_MAX) return refused('nonce-expired', 'was given too long ago')
  await trx.updateTable('nonces').set({ served_at: at }).where('nonce', '=', nonce).execute()
  return ok(undefined)
}

function refused(code: NonceRefusal['code'], why: string): Result<never, NonceRefusal> {
  return fail({ code, message: `the nonce ${why}: ask for a new one, and sign again` })
}

async function sweep(db: Kysely<Schema>, at: Instant): Promise<void> {
  await db
    .deleteFrom('nonces')
    .where('nonce', 'in', (expired) =>
      expired
        .selectFrom('nonces')
        .select('nonce')
        .where('given_at', '<', at - NONCE_MS_MAX)
        .orderBy('given_at')
        .limit(SWEEP_MAX)
        .forUpdate()
        .skipLocked(),
    )
    .execute()
}
