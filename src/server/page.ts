import { hash } from 'node:crypto'
import { parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import { type EvaluationError, isMembers, type Members, wrongType } from './question.ts'

// Paging of searches (AuthZEN §8.2, docs/authzen.md).

/** Most results on one page; a larger `page.limit` counts as this. */
export const PAGE_RESULTS_MAX = 1_000

/** Longest token, in characters: a key has at most 257, a digest 43, in base64. */
const TOKEN_CHARS_MAX = 1_024

/** What a search asks of paging. */
export interface PageRequest {
  readonly isAsked: boolean
  /** As the first request of the search stated it; null when it did not. */
  readonly limit: number | null
  /** Only candidates whose key comes after this one are looked at; empty before the first. */
  readonly after: string
  /** Digest of the search and all of its body but `page`. */
  readonly query: string
}

export interface Page {
  /** Empty when nothing is left. */
  readonly next_token: string
  readonly count: number
}

/** Reads `page` of a search's body. Its `properties` are not read; other members are ignored. */
export function pageOf(sought: string, body: Members): Result<PageRequest, EvaluationError> {
  const { page = {}, ...rest } = body
  if (!isMembers(page)) return wrongType('page', 'page')
  const { limit, token, properties = {} } = page
  if (limit !== undefined && !isCount(limit)) {
    return wrongType('page.limit', 'page.limit', 'a whole number from 0')
  }
  if (!isMembers(properties)) return wrongType('page.properties', 'page.properties')
  const query = digestOfQuery(sought, rest)
  const isAsked = body['page'] !== undefined
  if (token === undefined) return ok({ isAsked, limit: limit ?? null, after: '', query })
  if (typeof token !== 'string') return wrongType('page.token', 'page.token', 'text')
  const state = parseToken(token)
  const field = 'page.token'
  if (!state) {
    return fail({ code: 'malformed-token', field, message: 'it is no `next_token` of an answer' })
  }
  // A later request may leave the limit out, as the specification's own example does (AuthZEN §8.2.3).
  if (state.query !== query || (limit !== undefined && limit !== state.limit)) {
    const message = 'it is of another search; leave all else as it was'
    return fail({ code: 'page-mismatch', field, message })
  }
  return ok({ isAsked, ...state })
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** The page that begins after the candidate of a key. */
export function printToken({ query, limit }: PageRequest, after: string): string {
  return Buffer.from(JSON.stringify({ query, limit, after })).toString('base64url')
}

/**
 * What a token says; undefined when it says nothing. Anyone can make one, and it grants nothing: it says
 * where to begin in what its bearer may see.
 */
function parseToken(token: string): Pick<PageRequest, 'query' | 'limit' | 'after'> | undefined {
  if (token.length > TOKEN_CHARS_MAX) return undefined
  const json = parseJson(Buffer.from(token, 'base64url').toString())
  if (!json.ok || !isMembers(json.value)) return undefined
  const { query, limit, after } = json.value
  const isLimit = limit === null || isCount(limit)
  return typeof query === 'string' && typeof after === 'string' && isLimit
    ? { query, limit, after }
    : undefined
}

/**
 * SHA-256 of the search and its body in base64url, whatever the order of members. It is not made from
 * canonical JSON, which has no text for half a surrogate pair: members that are ignored may hold one.
 */
function digestOfQuery(sought: string, body: Members): string {
  const text = JSON.stringify([sought, body], (_, value: unknown) =>
    isMembers(value) ? Object.fromEntries(Object.entries(value).sort(byName)) : value,
  )
  return hash('sha256', text, 'base64url')
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
