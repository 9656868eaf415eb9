import { setTimeout as pause } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import { fail, type Result } from '../result.ts'
import type { Schema } from './schema.ts'

/** How often a transaction that others were in the way of is tried. */
const TRIES_MAX = 5

/** Longest pause before it is tried again, in milliseconds, for each time it was tried. */
const PAUSE_MS = 20

/** PostgreSQL's codes for what may succeed the next time: a serialization failure, and a deadlock. */
const PASSING = ['40001', '40P01']

/**
 * Runs work in one transaction. It is committed when the work succeeds, and leaves nothing behind when the work is refused or
 * throws. What is thrown may have been committed all the same, when the connection broke at that moment.
 *
 * The work may be run more than once, so it changes nothing but the database.
 */
export async function transact<T, E>(
  db: Kysely<Schema>,
  work: (trx: Transaction<Schema>) => Promise<Result<T, E>>,
): Promise<Result<T, E>> {
  for (let tries = 1; ; tries++) {
    try {
      return await once(db, work)
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (tries >= TRIES_MAX || !PASSING.some((passing) => passing === code)) throw error
      await pause(Math.random() * PAUSE_MS * tries)
    }
  }
}

async function once<T, E>(
  db: Kysely<Schema>,
  work: (trx: Transaction<Schema>) => Promise<Result<T, E>>,
): Promise<Result<T, E>> {
  try {
    // A lock taken by one statement is of use only if the next one sees what its last holder has committed.
    const transaction = db.transaction().setIsolationLevel('read committed')
    return await transaction.execute(async (trx) => {
      const result = await work(trx)
      if (!result.ok) throw new Refused(result.error)
      return result
    })
  } catch (error) {
    if (error instanceof Refused) return fail(error.refusal as E)
    throw error
  }
}

/** Makes a transaction roll back; it never leaves this file. */
class Refused extends Error {
  readonly refusal: unknown

  constructor(refusal: unknown) {
    super('refused')
    this.refusal = refusal
  }
}

/** Keeps everybody else from what a name stands for until the transaction ends. */
export async function lockName(trx: Transaction<Schema>, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx)
}
