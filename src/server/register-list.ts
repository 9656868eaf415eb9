import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { newReport } from '../problem.ts'
import { fail, ok, type Result } from '../result.ts'
import { id, readShape } from '../shape.ts'
import { type ListQuery, list, PAGE_MAX } from '../store/listing.ts'
import type { Schema } from '../store/schema.ts'
import type { Instant } from '../time.ts'
import type { Refused } from './register.ts'

/** Things on a page when nothing else is said. */
const PAGE = 50

/** What a list may be asked by. A cursor is the id that the page before ended with. */
const listQuery = z.strictObject({
  customer: id.optional(),
  state: z.string().max(32).optional(),
  q: z.string().max(256).optional(),
  cursor: id.optional(),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/)
    .optional(),
})

export function listQueryIn(
  query: unknown,
  stream: string,
  at: Instant,
): Result<ListQuery, Refused> {
  const report = newReport()
  const { customer, state, q: words, cursor, limit } = readShape(listQuery, query, report)
  if (report.problems.length > 0) {
    const message = 'mend the parts of the query that are named'
    return fail({ code: 'malformed-query', message, problems: report.problems })
  }
  const most = Math.min(PAGE_MAX, Number(limit ?? PAGE))
  return ok({ stream, at, customer, state, words, after: cursor ?? '', limit: most })
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
