import { type Kysely, sql, type Transaction } from 'kysely'
import type { Act, Recorded } from '../act.ts'
import { assert } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import { keepState, type Stored, type Subject } from './change.ts'
import type { Unlogged } from './events.ts'
import type { Schema } from './schema.ts'

/** Events that are in memory at a time. */
const SLICE = 1_000

/** Any `Fold`: each stream has states and events of its own. */
type AnyFold = (state: never, recorded: never) => unknown

export interface Rebuilt {
  readonly events: number
  /** Those whose stored state was not what their events come to, sorted; it is now. */
  readonly differing: readonly Subject[]
}

/**
 * Folds all events again, by the fold of each stream, and replaces every stored state that is not what they come to. Nothing
 * is recorded meanwhile.
 */
export async function rebuild(
  db: Kysely<Schema>,
  folds: Readonly<Record<string, AnyFold>>,
): Promise<Rebuilt> {
  return await db.transaction().execute(async (trx) => {
    await sql`set local statement_timeout = 0`.execute(trx)
    await trx.selectFrom('event_count').select('last_seq').forUpdate().execute()
    const differing: Subject[] = []
    let events = 0
    for await (const thing of things(trx, folds)) {
      events += thing.version
      if (await isReplaced(trx, thing)) differing.push({ stream: thing.stream, id: thing.id })
    }
    return { events, differing: [...differing, ...(await removeStray(trx))] }
  })
}

/** A thing, and what its events come to. */
interface Folded extends Subject, Stored<unknown> {}

async function* things(
  trx: Transaction<Schema>,
  folds: Readonly<Record<string, AnyFold>>,
): AsyncGenerator<Folded> {
  let folded: Folded | undefined
  for await (const { stream, id, version, act, event } of eventsByThing(trx)) {
    const before = folded?.stream === stream && folded.id === id ? folded : undefined
    if (folded && !before) yield folded
    const fold = folds[stream]
    assert(fold !== undefined, `${stream} ${id} is of no stream that is known`)
    assert(version === (before?.version ?? 0) + 1, `${stream} ${id} has no event ${version - 1}`)
    const recorded: Recorded<unknown> = { event: JSON.parse(event), act: JSON.parse(act) as Act }
    folded = { stream, id, version, state: fold(before?.state as never, recorded as never) }
  }
  if (folded) yield folded
}

type Row = Pick<Unlogged, 'stream' | 'id' | 'version' | 'act' | 'event'>

async function* eventsByThing(trx: Transaction<Schema>): AsyncGenerator<Row> {
  let last: Row | undefined
  do {
    const after = sql`(${last?.stream ?? ''}, ${last?.id ?? ''}, ${last?.version ?? 0})`
    const { rows } = await sql<Row>`select stream, id, version, act, event from events
      where (stream, id, version) > ${after} order by stream, id, version limit ${SLICE}`.execute(
      trx,
    )
    yield* rows
    last = rows.at(-1)
  } while (last)
}

async function isReplaced(trx: Transaction<Schema>, thing: Folded): Promise<boolean> {
  const stored = await trx
    .selectFrom('aggregates')
    .select(['state', 'version'])
    .where('stream', '=', thing.stream)
    .where('id', '=', thing.id)
    .executeTakeFirst()
  const isSame = stored?.version === thing.version && stored.state === canonicalJson(thing.state)
  if (!isSame) await keepState(trx, thing, thing)
  return !isSame
}

/** States of what has no events. */
async function removeStray(trx: Transaction<Schema>): Promise<readonly Subject[]> {
  const { rows } = await sql<Subject>`delete from aggregates where not exists (
    select from events where events.stream = aggregates.stream and events.id = aggregates.id
  ) returning stream, id`.execute(trx)
  return rows
}
