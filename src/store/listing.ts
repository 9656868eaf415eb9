import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { INSTANT_MAX, type Instant } from '../time.ts'
import type { Subject } from './change.ts'
import { statesAfter } from './events.ts'
import type { Schema } from './schema.ts'

/** What a thing is looked up by. */
export interface Listing {
  readonly customer: string
  /** Ids and other words, of which a search finds any by how it begins. */
  readonly words: readonly string[]
  /** Ascending; each until the next one's instant. */
  readonly states: readonly { readonly state: string; readonly since: Instant }[]
}

/** Most things on a page. */
export const PAGE_MAX = 200

/** Most words that a search asks for. */
const WORDS_MAX = 8

export interface ListQuery {
  readonly stream: string
  readonly at: Instant
  readonly customer?: string | undefined
  readonly state?: string | undefined
  /** Words that a thing has, each by how it begins. */
  readonly words?: string | undefined
  /** Ids after this one. */
  readonly after: string
  readonly limit: number
}

export interface Listed {
  readonly id: string
  readonly customer: string
  /** At the instant that was asked about; null before its first. */
  readonly state: string | null
  readonly version: number
}

/** Things by id, as many as are asked for. */
export async function list(db: Kysely<Schema>, query: ListQuery): Promise<readonly Listed[]> {
  const { at } = query
  // The page first, along an index in order of ids: what belongs to each thing is looked up for so many only.
  const { rows } = await sql<Listed>`
    select page.id, page.customer, now.state, a.version
    from (${query.state === undefined ? pageOfAll(query) : pageOfState(query, query.state)}) page
    join aggregates a on a.stream = ${query.stream} and a.id = page.id
    left join lateral (
      select state from listing_states s
      where s.stream = ${query.stream} and s.id = page.id and s.since <= ${at} and ${at} < s.until
    ) now on true
    order by page.id`.execute(db)
  return rows
}

function pageOfAll({ stream, after, limit, ...filters }: ListQuery): RawBuilder<unknown> {
  return sql`select l.id, l.customer from listings l
    where l.stream = ${stream} and l.id > ${after} ${filtered(filters)}
    order by l.id limit ${limit}`
}

function pageOfState(
  { stream, at, after, limit, ...filters }: ListQuery,
  state: string,
): RawBuilder<unknown> {
  return sql`select l.id, l.customer from listing_states s
    join listings l on l.stream = s.stream and l.id = s.id
    where s.stream = ${stream} and s.state = ${state} and s.id > ${after}
      and s.since <= ${at} and ${at} < s.until ${filtered(filters)}
    order by s.id limit ${limit}`
}

function filtered({ customer, words }: Pick<ListQuery, 'customer' | 'words'>): RawBuilder<unknown> {
  const ofCustomer = customer === undefined ? sql`` : sql`and l.customer = ${customer}`
  const ofWords = words === undefined ? sql`` : sql`and l.words @@ ${wordsAsked(words)}::tsquery`
  return sql`${ofCustomer} ${ofWords}`
}

/** A text as it is asked for of a list of words: letters and digits only, so that nothing in it means anything. */
function wordsAsked(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const asked = words.slice(0, WORDS_MAX).map((word) => `'${word}':*`)
  return asked.length === 0 ? `'':*` : asked.join(' & ')
}

export async function keepListing(
  trx: Transaction<Schema>,
  { stream, id }: Subject,
  { customer, words, states }: Listing,
): Promise<void> {
  const found =
    words
      .join(' ')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  const kept = { customer, words: sql<string>`array_to_tsvector(${[...new Set(found)]}::text[])` }
  await trx
    .insertInto('listings')
    .values({ stream, id, ...kept })
    .onConflict((conflicting) => conflicting.columns(['stream', 'id']).doUpdateSet(kept))
    .execute()
  await trx.deleteFrom('listing_states').where('stream', '=', stream).where('id', '=', id).execute()
  const rows = states.map(({ state, since }, i) => ({
    stream,
    id,
    state,
    since,
    until: states[i + 1]?.since ?? INSTANT_MAX,
  }))
  // Of several at one instant the last counts.
  const lasting = rows.filter(({ since, until }) => since < until)
  if (lasting.length > 0) await trx.insertInto('listing_states').values(lasting).execute()
}

/** Things that are listed at a time when all are. */
const SLICE = 1_000

/** Lists all things of a stream anew. */
export async function relist<S>(
  db: Kysely<Schema>,
  stream: string,
  listingOf: (state: S) => Listing,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('listings').where('stream', '=', stream).execute()
    await trx.deleteFrom('listing_states').where('stream', '=', stream).execute()
    for (let after = ''; ; ) {
      const stored = await statesAfter<S>(trx, { stream, after, limit: SLICE })
      const last = stored.at(-1)
      if (last === undefined) return
      for (const { id, state } of stored) {
        await keepListing(trx, { stream, id }, listingOf(state))
      }
      after = last.id
    }
  })
}
