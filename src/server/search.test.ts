import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf } from '../../test/bundle-of.ts'
import { RUNS } from '../../test/runs.ts'
import {
  BODIES,
  CONTEXT,
  errorOf,
  found,
  POINT,
  paged,
  pages,
  RESOURCE,
  SOUGHT,
  type Sought,
  SUBJECT,
  search,
} from '../../test/searches.ts'
import { pointAt } from '../../test/served.ts'
import type { Request } from '../decision/request.ts'
import { type DecisionPoint, evaluate } from './authzen.ts'

test('a subject search lists the deployments that may make the use, with what obliges them', () => {
  expect(search('subject', BODIES.subject)).toEqual({
    results: [
      {
        type: 'deployment',
        id: 'ministry-of-assessment/desk-1',
        obligations: [{ id: 'log-content', type: 'custom', properties: {} }],
      },
    ],
  })
})

test('a resource search lists the snapshots that would be allowed', () => {
  // The contract's terms name one of the registry's eight; ordinary use has no exception to depend on.
  expect(search('resource', BODIES.resource).results).toMatchObject([RESOURCE])
  const ordinary = search('resource', { ...BODIES.resource, action: { name: 'general' } })
  expect(ordinary).toEqual({
    results: POINT.bundle.tables.content.models.map((id) => ({ type: 'model', id })),
  })
})

test('an action search lists uses of the whole tree, and no node that holds one denied', () => {
  const names = found(search('action', BODIES.action))
  expect(names).toContain('surveillance.intelligence-analysis')
  expect(names).toContain('general')
  expect(names).not.toContain('surveillance')
  expect(names).not.toContain('weapons.cbrn')
  const one = { ...BODIES.action, context: {} }
  expect(found(search('action', one))).not.toContain('surveillance.intelligence-analysis')
})

test('more uses of the context are asked of with each result', () => {
  const context = { ...CONTEXT, uses: ['weapons.cbrn'] }
  for (const sought of SOUGHT) {
    expect(search(sought, { ...BODIES[sought], context })).toEqual({ results: [] })
  }
})

/** All that a search should find, by evaluating whatever could be asked. */
function bruteForce(sought: Sought, body: object, point: DecisionPoint): object[] {
  const { bundle } = point
  const everything: Readonly<Record<Sought, () => object[]>> = {
    subject: () =>
      [...bundle.customers.values()].flatMap(({ id, text }) => {
        const { reaches } = JSON.parse(text) as { reaches: { deployment: string }[] }
        const own = new Set(reaches.map(({ deployment }) => `${id}/${deployment}`))
        return [...own].map((subject) => ({ type: 'deployment', id: subject }))
      }),
    resource: () => bundle.tables.content.models.map((id) => ({ type: 'model', id })),
    action: () => bundle.tables.content.uses.map(({ id }) => ({ name: id })),
  }
  return everything[sought]()
    .flatMap((entity) => {
      const evaluated = evaluate(point, { ...body, [sought]: entity })
      const answer = evaluated.ok ? JSON.parse(evaluated.value as string) : {}
      if (!answer.decision) return []
      const { obligations } = answer.context as { obligations: unknown[] }
      return [obligations.length > 0 ? { ...entity, obligations } : entity]
    })
    .sort(byText)
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

function bodyOf(sought: Sought, request: Request): object {
  const { customer, deployment, model, uses, facts, signals } = request
  const [name, ...more] = uses
  const body = {
    subject: { type: 'deployment', id: `${customer}/${deployment}` },
    action: { name },
    resource: { type: 'model', id: model },
    context: { uses: more, facts, signals },
  }
  const type = { subject: 'deployment', resource: 'model', action: undefined }[sought]
  return { ...body, [sought]: type === undefined ? undefined : { type } }
}

/** Whether the bundle knows what a search asks of: it finds nothing otherwise. */
function isKnown(
  sought: Sought,
  { customer, deployment, model }: Request,
  point: DecisionPoint,
): boolean {
  const { customers, tables } = point.bundle
  const known = customers.get(customer)?.text.includes(`"deployment":"${deployment}"`) === true
  return (
    (sought === 'subject' || known) &&
    (sought === 'resource' || tables.content.models.includes(model))
  )
}

test('a search finds what evaluations of all candidates allow, and its pages together the same', () => {
  const some = { subject: 0, resource: 0, action: 0 }
  fc.assert(
    fc.property(anyTrial, fc.integer({ min: 1, max: 5 }), ({ world, requests }, limit) => {
      for (const request of requests) {
        const point = pointAt(bundleOf(world), request.at)
        for (const sought of SOUGHT) {
          const body = bodyOf(sought, request)
          const all = search(sought, body, point)
          const expected = isKnown(sought, request, point) ? bruteForce(sought, body, point) : []
          expect(all.results.toSorted(byText)).toEqual(expected)
          const together = [...pages(sought, body, { limit, point })]
          expect(together.flatMap(({ results }) => results)).toEqual(all.results)
          expect(together.every(({ results }) => results.length <= limit)).toBe(true)
          some[sought] += expected.length
        }
      }
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  )
  for (const sought of SOUGHT) expect(some[sought]).toBeGreaterThan(100)
})

test.each<readonly [Sought, string]>([
  ['subject', 'subject'],
  ['subject', 'subject.type'],
  ['subject', 'action'],
  ['subject', 'action.name'],
  ['subject', 'resource'],
  ['subject', 'resource.type'],
  ['subject', 'resource.id'],
  ['resource', 'subject'],
  ['resource', 'subject.type'],
  ['resource', 'subject.id'],
  ['resource', 'action'],
  ['resource', 'action.name'],
  ['resource', 'resource'],
  ['resource', 'resource.type'],
  ['action', 'subject'],
  ['action', 'subject.type'],
  ['action', 'subject.id'],
  ['action', 'resource'],
  ['action', 'resource.type'],
  ['action', 'resource.id'],
])('a search for %ss without %s is in error, and the error names it', (sought, field) => {
  const [entity = '', member] = field.split('.')
  const { [entity]: whole, ...rest } = BODIES[sought] as Record<string, object>
  const body = member ? { ...rest, [entity]: { ...whole, [member]: undefined } } : rest
  expect(errorOf(sought, body)).toMatchObject({ code: 'missing-field', field })
})

test.each<readonly [string, object | null]>([
  ['', null],
  ['', []],
  ['subject', { subject: 'alice' }],
  ['subject.type', { subject: { type: 7 } }],
  ['resource.properties', { resource: { ...RESOURCE, properties: 'x' } }],
  ['context', { context: [] }],
  ['context.uses', { context: { uses: 'general' } }],
  ['context.facts', { context: { facts: [] } }],
  ['context.signals', { context: { signals: {} } }],
  ['page', { page: null }],
  ['page', { page: [] }],
  ['page.limit', { page: { limit: '5' } }],
  ['page.limit', { page: { limit: null } }],
  ['page.limit', { page: { limit: -1 } }],
  ['page.limit', { page: { limit: 1.5 } }],
  ['page.limit', { page: { limit: 1e300 } }],
  ['page.token', { page: { token: 7 } }],
  ['page.token', { page: { token: null } }],
  ['page.properties', { page: { properties: 'x' } }],
])(
  'what is of the wrong type in a search is in error, and the error names it: %s',
  (field, change) => {
    for (const sought of SOUGHT) {
      const isObject = change !== null && !Array.isArray(change)
      const body = isObject ? { ...BODIES[sought], ...change } : change
      expect(errorOf(sought, body)).toMatchObject({ code: 'wrong-type', field })
    }
  },
)

test.each([
  ['unknown-use', 'context.uses', { uses: ['nothing'] }],
  ['unknown-fact', 'context.facts.weather', { facts: { weather: ['fair'] } }],
  ['unknown-value', 'context.facts.act', { facts: { act: ['dance'] } }],
  ['too-many', 'context.uses', { uses: Array(1_024).fill('general') }],
])('%s of %s is an error of a search, also of one that finds nothing', (code, field, context) => {
  for (const sought of SOUGHT) {
    const body = { ...BODIES[sought], context }
    expect(errorOf(sought, body)).toMatchObject({ code, field })
    const unknown = { ...body, subject: { type: 'spaceship', id: 'x' } }
    expect(errorOf(sought, unknown)).toMatchObject({ code, field })
  }
})

test.each<readonly [Sought, object]>([
  ['subject', { subject: { type: 'spaceship' } }],
  ['subject', { resource: { type: 'record', id: 'example-sonnet-20250514' } }],
  ['subject', { resource: { type: 'model', id: 'example-sonnet' } }],
  ['subject', { resource: { type: 'model', id: 'no id' } }],
  ['subject', { action: { name: 'nothing' } }],
  ['subject', { action: { name: '__proto__' } }],
  ['resource', { resource: { type: 'record' } }],
  ['resource', { subject: { type: 'user', id: SUBJECT.id } }],
  ['resource', { subject: { type: 'deployment', id: 'nobody/desk-1' } }],
  ['resource', { subject: { type: 'deployment', id: 'ministry-of-assessment/desk-0' } }],
  ['resource', { subject: { type: 'deployment', id: 'ministry-of-assessment/zzz' } }],
  ['resource', { subject: { type: 'deployment', id: 'nonexistent-user' } }],
  ['resource', { action: { name: 'nothing' } }],
  ['action', { subject: { type: 'deployment', id: 'nonexistent-user' } }],
  ['action', { subject: { type: 'spaceship', id: SUBJECT.id } }],
  ['action', { resource: { type: 'model', id: 'nothing' } }],
  ['action', { resource: { type: 'record', id: 'record-1' } }],
])('a search for %ss of what nobody knows finds nothing, and is no error: %j', (sought, change) => {
  const body = { ...BODIES[sought], ...change }
  expect(search(sought, body)).toEqual({ results: [] })
  expect(search(sought, paged(body, '', 5))).toEqual({
    page: { next_token: '', count: 0 },
    results: [],
  })
})

test('the id of what is sought is ignored, and so is an action where actions are sought', () => {
  const others = {
    subject: [
      { subject: { type: 'deployment', id: 'nobody/none' } },
      { subject: { ...SUBJECT, id: 7 } },
    ],
    resource: [
      { resource: { type: 'model', id: 'none' } },
      { resource: { ...RESOURCE, id: null } },
    ],
    action: [{ action: { name: 'weapons.cbrn' } }, { action: 7 }],
  }
  for (const sought of SOUGHT) {
    for (const other of others[sought]) {
      expect(search(sought, { ...BODIES[sought], ...other })).toEqual(
        search(sought, BODIES[sought]),
      )
    }
  }
})

test('unknown members of a search are ignored', () => {
  for (const sought of SOUGHT) {
    const body = {
      ...BODIES[sought],
      options: 'x',
      context: { ...CONTEXT, time: '2025-06-27', half: '\ud800', supported_obligations: ['x'] },
      page: { sort: 'up', properties: { a: 1 } },
    }
    expect(search(sought, body).results).toEqual(search(sought, BODIES[sought]).results)
  }
})

test('only customers that the key is for are listed, and nothing is told of another', () => {
  const of = (...customers: readonly string[]): DecisionPoint => {
    return { ...POINT, customers: new Set(customers) }
  }
  const own = of('ministry-of-assessment', 'nobody')
  const ordinary = { ...BODIES.subject, action: { name: 'general' } }
  const all = found(search('subject', ordinary))
  expect(new Set(all.map((id) => String(id).split('/')[0])).size).toBe(7)
  expect(found(search('subject', ordinary, own))).toEqual(
    all.filter((id) => String(id).startsWith('ministry-of-assessment/')),
  )
  expect(search('subject', ordinary, of())).toEqual({ results: [] })
  for (const sought of ['resource', 'action'] as const) {
    const body = BODIES[sought]
    expect(search(sought, body, own)).toEqual(search(sought, body))
    // As an evaluation answers, whether there is such a customer or not.
    for (const id of [SUBJECT.id, 'somebody/desk-1', 'nonexistent-user']) {
      const other = { ...body, subject: { type: 'deployment', id } }
      expect(errorOf(sought, other, of('nobody'))).toMatchObject({
        code: 'forbidden-customer',
        field: 'subject.id',
      })
    }
  }
})
