import type { Act, Refusal } from '../src/act.ts'
import { digestOf } from '../src/digest.ts'
import { fail, ok, type Result } from '../src/result.ts'
import { type Command, change } from '../src/store/change.ts'
import type { Database } from '../src/store/database.ts'
import { giveNonce } from '../src/store/nonces.ts'

// Heaps of stones, which people add to and take from: something to store that is not of the register.

export interface Heap {
  readonly stones: number
  readonly last: string
}

export interface Moved {
  readonly type: 'added' | 'taken'
  readonly stones: number
}

export type TooFew = Refusal<'too-few'>

/** When everything in these tests happens. */
export const AT = 1_000

/** An act of somebody's, by a nonce. */
export function actWith(nonce: string, at = AT): Act {
  const proof = { kind: 'ed25519', key: 'ana+00000000+AA==', signature: 'AA==' } as const
  const digest = digestOf('0'.repeat(64))
  return { by: 'ana', role: 'assessor', at, round: 1, digest, nonce, proof }
}

export const foldHeap: Command<Heap, Moved, TooFew>['fold'] = (heap, { event, act }) => ({
  stones: (heap?.stones ?? 0) + (event.type === 'added' ? event.stones : -event.stones),
  last: act.by,
})

/** A command on a heap, by an act of which nobody has asked for the nonce unless it is given. */
export function moving(
  id: string,
  event: Moved,
  act: Act = actWith('none'),
): Command<Heap, Moved, TooFew> {
  const decide = (heap: Heap | undefined): Result<readonly Moved[], TooFew> =>
    event.type === 'taken' && event.stones > (heap?.stones ?? 0)
      ? fail({ code: 'too-few', message: 'take fewer' })
      : ok([event])
  return { stream: 'heap', id, act, decide, fold: foldHeap }
}

type Answered = Awaited<ReturnType<typeof change<Heap, Moved, TooFew>>>

/** Moves a stone, by an act with a new nonce. */
export async function move(
  { db }: Pick<Database, 'db'>,
  id: string,
  type: Moved['type'],
  expected?: number,
): Promise<Answered> {
  const command = moving(id, { type, stones: 1 }, actWith(await giveNonce(db, AT)))
  return await change(db, expected === undefined ? command : { ...command, expected })
}
