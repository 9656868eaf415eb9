import { expect } from 'vitest'
import type { DecisionPoint } from '../src/server/authzen.ts'
import {
  type SearchAnswer,
  searchActions,
  searchResources,
  searchSubjects,
} from '../src/server/search.ts'
import { bundleOf } from './bundle-of.ts'
import { EXAMPLE } from './example-world.ts'
import { pointAt } from './served.ts'

// Searches of the example provider, as an enforcement point makes them.

export const POINT = pointAt(bundleOf(EXAMPLE), Date.UTC(2026, 2, 2, 9))

export const SUBJECT = { type: 'deployment', id: 'ministry-of-assessment/desk-1' }
export const ACTION = { name: 'surveillance.intelligence-analysis' }
export const RESOURCE = { type: 'model', id: 'example-sonnet-20250514' }
export const CONTEXT = {
  facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] },
}

/** A body of each search, each with the other two entities. */
export const BODIES = {
  subject: {
    subject: { type: 'deployment' },
    action: ACTION,
    resource: RESOURCE,
    context: CONTEXT,
  },
  resource: { subject: SUBJECT, action: ACTION, resource: { type: 'model' }, context: CONTEXT },
  action: { subject: SUBJECT, resource: RESOURCE, context: CONTEXT },
}

const SEARCHES = { subject: searchSubjects, resource: searchResources, action: searchActions }
export type Sought = keyof typeof SEARCHES
export const SOUGHT = ['subject', 'resource', 'action'] as const

export type Entity = Readonly<Record<string, unknown>>
type Answer = SearchAnswer<Entity>

export function search(sought: Sought, body: object, point: DecisionPoint = POINT): Answer {
  const result = SEARCHES[sought](point, body)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value as unknown as Answer
}

export function errorOf(sought: Sought, body: unknown, point: DecisionPoint = POINT): unknown {
  const result = SEARCHES[sought](point, body)
  return result.ok ? result.value : result.error
}

/** What was found, by id or name. */
export function found({ results }: Answer): unknown[] {
  return results.map((entity) => entity['id'] ?? entity['name'])
}

/** A page of a search, or its last one. */
export function paged(body: object, token: string, limit?: number): object {
  const page = { ...(token === '' ? {} : { token }), ...(limit === undefined ? {} : { limit }) }
  return { ...body, page }
}

/** All pages of a search, one after another. */
export function* pages(
  sought: Sought,
  body: object,
  { limit, point = POINT }: { limit?: number | undefined; point?: DecisionPoint },
): Generator<Answer> {
  let token = ''
  do {
    const answer = search(sought, paged(body, token, limit), point)
    yield answer
    expect(answer.page?.next_token).not.toBe(token === '' ? undefined : token)
    token = answer.page?.next_token ?? ''
  } while (token !== '')
}
