import { expect, test } from 'vitest'
import { sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import {
  ACTION,
  BODIES,
  CONTEXT,
  errorOf,
  found,
  POINT,
  paged,
  pages,
  type Sought,
  SUBJECT,
  search,
} from '../../test/searches.ts'
import { pointAt } from '../../test/served.ts'
import { compile, withContracts } from '../decision/compile.ts'
import { compilerOf } from '../decision/compile-content.ts'
import type { DecisionPoint } from './authzen.ts'
import { PAGE_RESULTS_MAX } from './page.ts'
import { CANDIDATES_MAX } from './search.ts'

test('a page says how many it holds, and the last one that nothing is left', () => {
  const body = { ...BODIES.resource, action: { name: 'general' } }
  const [first, second, third, ...rest] = [...pages('resource', body, { limit: 3 })]
  expect([first, second, third].map((answer) => answer?.page?.count)).toEqual([3, 3, 2])
  expect(third?.page).toEqual({ next_token: '', count: 2 })
  expect(rest).toEqual([])
  // The page comes first, so that whoever reads along knows how many to expect.
  expect(Object.keys(first ?? {})).toEqual(['page', 'results'])
  // When exactly as many are left as fit, nothing is left after them.
  expect([...pages('resource', body, { limit: 8 })]).toHaveLength(1)
  expect(search('resource', paged(body, '', 0))).toMatchObject({ page: { count: 0 }, results: [] })
  expect(search('resource', paged(body, '', PAGE_RESULTS_MAX + 1))).toMatchObject({
    page: { next_token: '', count: 8 },
  })
})

/** A token of the first page of a search, which has another. */
function tokenOf(sought: Sought, body: object, limit?: number): string {
  const token = search(sought, paged(body, '', limit ?? 1)).page?.next_token ?? ''
  expect(token).not.toBe('')
  return token
}

test('a token goes with the search that it was given for, and with no other', () => {
  const body = { ...BODIES.resource, action: { name: 'general' } }
  const token = tokenOf('resource', body)
  const next = search('resource', paged(body, token))
  expect(next.results).toHaveLength(1)
  expect(search('resource', paged(body, token, 1))).toEqual(next)
  const { context, ...others } = body
  const reordered = { page: { token }, context: { facts: { ...CONTEXT.facts } }, ...others }
  expect(search('resource', reordered)).toEqual(next)
  const changes = [
    { action: ACTION },
    { subject: { ...SUBJECT, id: 'ministry-of-assessment/desk-2' } },
    { subject: { type: 'spaceship', id: 'x' } },
    { context: {} },
    { context: { ...CONTEXT, half: '\ud800' } },
    { extra: 1 },
    { page: { token, limit: 2 } },
  ]
  for (const change of changes) {
    expect(errorOf('resource', { ...body, page: { token }, ...change })).toMatchObject({
      code: 'page-mismatch',
      field: 'page.token',
    })
  }
  const whole = { ...BODIES.action, action: { name: 'general' } }
  expect(errorOf('subject', paged(whole, tokenOf('action', whole)))).toMatchObject({
    code: 'page-mismatch',
  })
})

test('a token that no answer held is malformed', () => {
  const json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const good = { query: 'x', limit: null, after: 'a' }
  const tokens = [
    '',
    'x',
    '!',
    'x'.repeat(1_000_000),
    json(null),
    json([]),
    json({}),
    json({ ...good, query: 1 }),
    json({ ...good, after: 1 }),
    json({ ...good, limit: -1 }),
    json({ ...good, limit: '1' }),
    json(good).slice(0, -4),
  ]
  for (const token of tokens) {
    expect(errorOf('resource', { ...BODIES.resource, page: { token } })).toMatchObject({
      code: 'malformed-token',
      field: 'page.token',
    })
  }
  expect(errorOf('resource', paged(BODIES.resource, json(good)))).toMatchObject({
    code: 'page-mismatch',
  })
})

const [OSINT] = EXAMPLE.contracts.filter(({ id }) => id === 'osint-2026')

/** The example with its contract osint-2026 for each of so many customers besides. */
function crowded(count: number, policy = EXAMPLE.policy): DecisionPoint {
  if (!OSINT) throw new Error('no osint-2026')
  const more = Array.from({ length: count }, (_, i) => {
    const id = `agency-${String(i).padStart(6, '0')}`
    return { ...OSINT, id, customer: id }
  })
  const world = { ...EXAMPLE, policy, contracts: [...EXAMPLE.contracts, ...more.toReversed()] }
  return pointAt(compile(world, sha256), POINT.at)
}

test('a page is made of a bounded number of candidates, however many there are', () => {
  const point = crowded(3 * CANDIDATES_MAX)
  const denied = { ...BODIES.subject, action: { name: 'weapons.cbrn' } }
  const empties = [...pages('subject', denied, { point })]
  expect(empties.every(({ results }) => results.length === 0)).toBe(true)
  expect(empties).toHaveLength(4)
  const full = search('subject', BODIES.subject, point)
  expect(full.page).toEqual({ next_token: expect.stringMatching(/./), count: PAGE_RESULTS_MAX })
  const all = [...pages('subject', BODIES.subject, { point })].flatMap(({ results }) => results)
  expect(new Set(found({ results: all })).size).toBe(3 * CANDIDATES_MAX + 1)
  expect(all).toHaveLength(3 * CANDIDATES_MAX + 1)
})

test('a page of a search that asks of much is made of fewer candidates, but of one at least', () => {
  const { policy } = EXAMPLE
  const more = Array.from({ length: 64 - Object.keys(policy.facts).length }, (_, i) => `fact-${i}`)
  const fact = { title: 'T', values: ['yes', 'no'] }
  const facts = { ...policy.facts, ...Object.fromEntries(more.map((id) => [id, fact])) }
  const point = crowded(10, { ...policy, facts })
  const stated = Object.entries(facts).map(([id, { values }]) => [id, Array(1_024).fill(values[0])])
  const context = {
    uses: Array(1_023).fill('general'),
    facts: Object.fromEntries(stated) as object,
    signals: Array(1_024).fill({ detector: 'lexicon', use: 'general', score: 0 }),
  }
  const body = { ...BODIES.subject, action: { name: 'general' }, context }
  const [first, second] = pages('subject', body, { point })
  expect([first, second].map((answer) => answer?.page?.count)).toEqual([1, 1])
  const few = { ...body, context: { uses: context.uses } }
  expect(search('subject', few, point).results.length).toBeGreaterThan(10)
})

test('pages go on where they were, though contracts come and go between them', () => {
  const point = crowded(30)
  const compiler = compilerOf(EXAMPLE)
  const first = search('subject', paged(BODIES.subject, '', 10), point)
  const gone = ['agency-000009', 'agency-000003', 'agency-000020']
  const changes = gone.map((id) => ({ id, customer: id, contract: null }))
  const bundle = withContracts(point.bundle, compiler, changes, sha256)
  const token = first.page?.next_token ?? ''
  const rest = search('subject', paged(BODIES.subject, token), { ...point, bundle })
  expect(found(first).at(-1)).toBe('agency-000009/desk-1')
  expect(found(rest).slice(0, 3)).toEqual([10, 11, 12].map((n) => `agency-0000${n}/desk-1`))
  expect(found(rest)).not.toContain('agency-000020/desk-1')
})
