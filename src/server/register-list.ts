import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { hexOf } from '../bytes.ts'
import { canonicalJson } from '../canonical-json.ts'
import { CONTRACT_STATES } from '../contract/contract-states.ts'
import { newReport } from '../problem.ts'
import { fail, ok, type Result } from '../result.ts'
import { CASE_STATES } from '../review/case-states.ts'
import { id, readShape } from '../shape.ts'
import type { Subject } from '../store/change.ts'
import { type Keyed, keyedEventsOf } from '../store/event-keys.ts'
import { eventsOf, type Placed } from '../store/events.ts'
import { type ListQuery, list, PAGE_MAX } from '../store/listing.ts'
import type { Schema } from '../store/schema.ts'
import type { Instant } from '../time.ts'
import type { Refused } from './register.ts'
import { committedOf } from './register-log.ts'
import { shown } from './register-view.ts'

/** Things on a page when nothing else is said. */
const PAGE = 50

export const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, 'malformed-limit')
  .optional()

/** What any list may be asked by. A cursor is the id that the page before ended with. */
const asked = z.strictObject({
  customer: id.optional(),
  q: z.string().max(256).optional(),
  cursor: id.optional(),
  limit,
})

/** What a list may be asked by: a state is one that such a thing can be in. */
export const LIST_QUERIES = {
  case: asked.extend({ state: z.enum(namesOf(CASE_STATES)).optional() }),
  contract: asked.extend({ state: z.enum(namesOf(CONTRACT_STATES)).optional() }),
} as const

function namesOf<S extends string>(states: Readonly<Record<S, object>>): readonly S[] {
  return Object.keys(states) as S[]
}

/** By what the acts on a thing may be asked. A cursor is the version that the page before ended with. */
export const pageQuery = z.strictObject({
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, 'malformed-cursor')
    .optional(),
  limit,
})

export function listQueryIn(
  query: unknown,
  stream: keyof typeof LIST_QUERIES,
  at: Instant,
): Result<ListQuery, Refused> {
  const read = readQuery(LIST_QUERIES[stream], query)
  if (!read.ok) return read
  const { customer, state, q: words, cursor, limit: most } = read.value
  return ok({ stream, at, customer, state, words, after: cursor ?? '', limit: limitOf(most) })
}

export function pageQueryIn(
  query: unknown,
): Result<{ readonly after: number; readonly limit: number }, Refused> {
  const read = readQuery(pageQuery, query)
  if (!read.ok) return read
  return ok({ after: Number(read.value.cursor ?? 0), limit: limitOf(read.value.limit) })
}

export function readQuery<T extends z.ZodType>(
  shape: T,
  query: unknown,
): Result<z.output<T>, Refused> {
  const report = newReport()
  const read = readShape(shape, query, report)
  if (report.problems.length === 0) return ok(read)
  const message = 'mend the parts of the query that are named'
  return fail({ code: 'malformed-query', message, problems: report.problems })
}

export function limitOf(asked: string | undefined): number {
  return Math.min(PAGE_MAX, Number(asked ?? PAGE))
}

export async function givePage(
  reply: FastifyReply,
  db: Kysely<Schema>,
  query: ListQuery,
): Promise<FastifyReply> {
  // One more than the page holds says whether there is another page.
  const found = await list(db, { ...query, limit: query.limit + 1 })
  const items = found.slice(0, query.limit)
  const next = found.length > query.limit ? (items.at(-1)?.id ?? null) : null
  return reply.header('cache-control', 'no-store').send({ items, next })
}

/** Undefined when nothing has happened to the thing. */
export async function giveActs(
  reply: FastifyReply,
  db: Kysely<Schema>,
  { subject, after, limit: most }: ActsQuery,
): Promise<FastifyReply | undefined> {
  const found = await eventsOf(db, subject, { after, limit: most + 1 })
  if (found.length === 0 && after === 0) return undefined
  const keyed = await keyedEventsOf(db, subject, { after, limit: most })
  const openings = new Map(keyed.map((one) => [one.version, openingOf(one)]))
  const items = found.slice(0, most).map((one, i) => {
    const version = after + i + 1
    return { ...shownAct(one, version), opening: openings.get(version) ?? null }
  })
  const next = found.length > most ? String(after + most) : null
  return reply.header('cache-control', 'no-store').send({ items, next })
}

interface ActsQuery {
  readonly subject: Subject
  /** The version after which to begin. */
  readonly after: number
  readonly limit: number
}

/** An event and the act that it came of, with its place in the governance log. */
function shownAct({ act, event, index }: Placed, version: number): object {
  return { ...(shown(act) as object), version, event: shown(event), entry: index }
}

/** What opens the commitment of its entry: the text, and the key under which it was committed to. */
function openingOf(event: Keyed): { readonly key: string; readonly text: string } {
  return { key: hexOf(event.key), text: canonicalJson(committedOf(event)) }
}
