import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { pointAt, RECORD } from '../../test/served.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { parseRequest } from '../decision/request.ts'
import { EVALUATIONS_MAX, evaluate, evaluateAll } from './authzen.ts'
import type { EvaluationError } from './question.ts'

// The numbers are those of the rules in docs/authzen.md.

const POINT = pointAt(bundleOf(EXAMPLE), Date.UTC(2026, 2, 2, 9))

const FACTS = { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] }

/** An evaluation that is permitted under an exception. */
const PERMITTED = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: FACTS },
}

const ORDINARY = { ...PERMITTED, action: { name: 'general' }, context: {} }
const DENIED = { ...PERMITTED, context: { facts: { act: ['analyse'] } } }

interface Evaluation {
  readonly decision: boolean
  readonly context: Readonly<Record<string, unknown>>
}

function evaluated(body: unknown): Evaluation {
  const result = evaluate(POINT, body)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return JSON.parse(result.value as string) as Evaluation
}

function errorOf(body: unknown): unknown {
  const result = evaluate(POINT, body)
  return result.ok ? result.value : result.error
}

function batch(body: unknown): readonly Evaluation[] {
  const result = evaluateAll(POINT, body)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  const { evaluations } = JSON.parse(result.value as string) as { evaluations?: Evaluation[] }
  return evaluations ?? []
}

function decisionsOf(body: unknown): boolean[] {
  return batch(body).map(({ decision }) => decision)
}

test('an evaluation answers as the engine decides, in AuthZEN terms', () => {
  expect(evaluated(PERMITTED)).toEqual({
    decision: true,
    context: {
      outcome: 'permit-under-exception',
      base: 'deny',
      triggered: ['surveillance.persons'],
      contract: 'osint-2026',
      tailoring: 'foreign-osint',
      obligations: [{ id: 'log-content', type: 'custom', properties: {} }],
      reasons: [
        {
          code: 'tailored',
          restriction: 'surveillance.persons',
          text: 'No tracking or analysis of persons without consent: lifted for this use by the contract.',
        },
      ],
      nearest: [],
      record: RECORD,
      bundle: POINT.bundle.digest,
    },
  })
})

test('a permit without an exception names no contract', () => {
  const { decision, context } = evaluated(ORDINARY)
  expect(decision).toBe(true)
  expect(context).toMatchObject({ outcome: 'permit', triggered: [], obligations: [] })
  expect(context).not.toHaveProperty('contract')
  expect(context).not.toHaveProperty('tailoring')
})

test.each([[['custom']], [['notification']], [[]], [['no-such-type', 7]], ['custom'], [null]])(
  'what an enforcement point says it supports changes nothing in the answer: %j',
  (supported_obligations) => {
    const context = { ...PERMITTED.context, supported_obligations }
    expect(evaluated({ ...PERMITTED, context })).toEqual(evaluated(PERMITTED))
  },
)

test('the same question has the same answer (8)', () => {
  expect(evaluated(PERMITTED)).toEqual(evaluated(structuredClone(PERMITTED)))
})

test('the uses are those of the context and the one of the action', () => {
  const uses = ['surveillance.intelligence-analysis', 'weapons.cbrn']
  const { decision, context } = evaluated({ ...ORDINARY, context: { uses, facts: FACTS } })
  expect(decision).toBe(false)
  expect(context['triggered']).toEqual(['surveillance.persons', 'weapons.mass-casualty'])
})

test('a use that the context names again counts once', () => {
  const context = { uses: ['surveillance.intelligence-analysis'], facts: FACTS }
  expect(evaluated({ ...PERMITTED, context })).toEqual(evaluated(PERMITTED))
})

test('signals are heeded', () => {
  const signals = [{ detector: 'lexicon', use: 'surveillance.tracking', score: 0.6 }]
  const { decision, context } = evaluated({ ...PERMITTED, context: { facts: FACTS, signals } })
  expect(decision).toBe(false)
  expect(context['outcome']).toBe('refer')
})

test('nearest misses are given only when they are asked for', () => {
  const facts = { subjects: ['foreign'], act: ['analyse'] }
  expect(evaluated({ ...PERMITTED, context: { facts } }).context['nearest']).toEqual([])
  const asked = evaluated({ ...PERMITTED, context: { facts, nearest: true } })
  const request = parseRequest(
    {
      customer: 'ministry-of-assessment',
      deployment: 'desk-1',
      model: 'example-sonnet-20250514',
      uses: ['surveillance.intelligence-analysis'],
      facts,
    },
    POINT.at,
  )
  if (!request.ok) throw new Error(request.error.message)
  const decided = decideWithNearest(POINT.bundle, request.value)
  expect(asked.context['nearest']).toEqual(decided.ok && decided.value.nearest)
  expect(asked.context['nearest']).toHaveLength(1)
})

test.each([
  ['subject'],
  ['action'],
  ['resource'],
  ['subject.type'],
  ['subject.id'],
  ['action.name'],
  ['resource.type'],
  ['resource.id'],
])('a question without %s is in error, and the error names it (4)', (field) => {
  const [entity, member] = field.split('.') as ['subject', 'id' | undefined]
  const { [entity]: whole, ...rest } = structuredClone(PERMITTED)
  const body = member ? { ...rest, [entity]: { ...whole, [member]: undefined } } : rest
  expect(errorOf(body)).toMatchObject({ code: 'missing-field', field })
})

test.each<readonly [string, unknown]>([
  ['', null],
  ['', []],
  ['', 'text'],
  ['', 7],
  ['subject', { ...PERMITTED, subject: 'alice' }],
  ['subject', { ...PERMITTED, subject: null }],
  ['subject', { ...PERMITTED, subject: [PERMITTED.subject] }],
  ['subject.type', { ...PERMITTED, subject: { ...PERMITTED.subject, type: 7 } }],
  ['subject.type', { ...PERMITTED, subject: { ...PERMITTED.subject, type: null } }],
  ['subject.id', { ...PERMITTED, subject: { ...PERMITTED.subject, id: ['x'] } }],
  ['subject.properties', { ...PERMITTED, subject: { ...PERMITTED.subject, properties: 'x' } }],
  ['subject.properties', { ...PERMITTED, subject: { ...PERMITTED.subject, properties: null } }],
  ['action.name', { ...PERMITTED, action: { name: 123 } }],
  ['action', { ...PERMITTED, action: 'general' }],
  ['action.properties', { ...PERMITTED, action: { ...PERMITTED.action, properties: [] } }],
  ['resource.id', { ...PERMITTED, resource: { type: 'model', id: {} } }],
  ['context', { ...PERMITTED, context: null }],
  ['context', { ...PERMITTED, context: [] }],
  ['context.uses', { ...PERMITTED, context: { uses: 'general' } }],
  ['context.uses', { ...PERMITTED, context: { uses: null } }],
  ['context.uses[0]', { ...PERMITTED, context: { uses: [7] } }],
  ['context.facts', { ...PERMITTED, context: { facts: [] } }],
  ['context.facts', { ...PERMITTED, context: { facts: null } }],
  ['context.facts.subjects', { ...PERMITTED, context: { facts: { subjects: 'foreign' } } }],
  ['context.facts.subjects[0]', { ...PERMITTED, context: { facts: { subjects: [true] } } }],
  ['context.signals', { ...PERMITTED, context: { signals: {} } }],
  ['context.signals[0]', { ...PERMITTED, context: { signals: ['x'] } }],
  ['context.nearest', { ...PERMITTED, context: { nearest: 'yes' } }],
])('what is of the wrong type is in error, and the error names it: %s (4)', (field, body) => {
  expect(errorOf(body)).toMatchObject({ code: 'wrong-type', field })
})

test.each<readonly [string, string, object]>([
  ['malformed-id', 'subject.id', { subject: { type: 'deployment', id: 'alice' } }],
  ['malformed-id', 'subject.id', { subject: { type: 'deployment', id: 'a/b/c' } }],
  ['malformed-id', 'subject.id', { subject: { type: 'deployment', id: 'A/b' } }],
  ['malformed-id', 'subject.id', { subject: { type: 'deployment', id: 'a/' } }],
  ['malformed-id', 'subject.id', { subject: { type: 'deployment', id: '__proto__/b' } }],
  ['malformed-id', 'resource.id', { resource: { type: 'model', id: 'a model' } }],
  ['unknown-use', 'action.name', { action: { name: 'surveillance.inteligence-analysis' } }],
  ['unknown-use', 'action.name', { action: { name: '__proto__' } }],
  ['unknown-use', 'action.name', { action: { name: '' } }],
  ['unknown-use', 'context.uses', { context: { uses: ['constructor'] } }],
  ['unknown-use', 'context.signals[0].use', { context: { signals: [signal('nothing', 1)] } }],
  ['malformed-score', 'context.signals[0].score', { context: { signals: [signal('general', 2)] } }],
  ['unknown-fact', 'context.facts.weather', { context: { facts: { weather: ['fair'] } } }],
  ['unknown-value', 'context.facts.act', { context: { facts: { act: ['dance'] } } }],
  ['empty-set', 'context.facts.act', { context: { facts: { act: [] } } }],
  ['too-many', 'context.uses', { context: { uses: Array(1_024).fill('general') } }],
])('%s of %s is told in the terms of the body', (code, field, changed) => {
  expect(errorOf({ ...PERMITTED, ...changed })).toMatchObject({ code, field })
})

function signal(use: string, score: number): object {
  return { detector: 'lexicon', use, score }
}

test('a context may name as many uses as a request, less the one of the action', () => {
  const uses = Array(1_023).fill('general')
  expect(evaluated({ ...PERMITTED, context: { uses, facts: FACTS } })).toEqual(evaluated(PERMITTED))
})

test.each([
  ['subject', { subject: { type: 'user', id: 'alice' } }],
  ['subject', { subject: { type: '', id: '' } }],
  ['resource', { resource: { type: 'record', id: 'record-1' } }],
])('a %s of a type that nothing here is gets no, not an error', (entity, changed) => {
  const { decision, context } = evaluated({ ...PERMITTED, ...changed })
  expect(decision).toBe(false)
  expect(context['error']).toMatchObject({ code: 'unknown-type', field: `${entity}.type` })
})

test('unknown members are ignored wherever they stand (5)', () => {
  const context = { ...PERMITTED.context, time: '2025-06-27', ip: null, constructor: 1 }
  const body = {
    ...structuredClone(PERMITTED),
    foo: 'bar',
    subject: { ...PERMITTED.subject, properties: { role: 'admin' }, name: 7 },
    action: { ...PERMITTED.action, properties: {}, method: 'GET' },
    resource: { ...PERMITTED.resource, properties: { a: [null] } },
    context,
    options: 'ignored here',
    evaluations: 'ignored here',
  }
  expect(evaluated(body)).toEqual(evaluated(PERMITTED))
})

test('a batch without items is a single evaluation (9)', () => {
  const single = evaluate(POINT, PERMITTED)
  expect(evaluateAll(POINT, PERMITTED)).toEqual(single)
  expect(evaluateAll(POINT, { ...PERMITTED, evaluations: [] })).toEqual(single)
  const semantic = { options: { evaluations_semantic: 'permit_on_first_permit' } }
  expect(evaluateAll(POINT, { ...PERMITTED, ...semantic, evaluations: [] })).toEqual(single)
})

test('a question has the same answer alone and in a batch', () => {
  const questions = [PERMITTED, DENIED, ORDINARY, { ...PERMITTED, subject: { type: 'x', id: 'y' } }]
  expect(batch({ evaluations: questions })).toEqual(questions.map(evaluated))
})

test('an empty item is the defaults (10)', () => {
  expect(batch({ ...PERMITTED, evaluations: [{}, {}] })).toEqual([
    evaluated(PERMITTED),
    evaluated(PERMITTED),
  ])
})

test("an item's key replaces the whole default entity (10)", () => {
  const facts = { facts: { ...FACTS, subjects: ['domestic'] } }
  const answers = batch({
    ...PERMITTED,
    evaluations: [
      { context: {} },
      { context: facts },
      { action: { name: 'general' } },
      { subject: { id: 'ministry-of-assessment/desk-1' } },
      { context: { nearest: true } },
    ],
  })
  expect(answers.map(({ decision }) => decision)).toEqual([false, false, true, false, false])
  // Were the default merged into the item, its facts or its type would be there.
  expect(answers[0]?.context['triggered']).toContain('domestic-surveillance')
  expect(answers[3]?.context['error']).toMatchObject({ field: 'subject.type' })
})

test('answers come in the order of the items, and one for each (11)', () => {
  const evaluations = Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? ORDINARY : DENIED))
  expect(decisionsOf({ evaluations })).toEqual(evaluations.map((body) => body === ORDINARY))
})

test('the semantics of a batch say where it ends (12)', () => {
  const evaluations = [ORDINARY, DENIED, PERMITTED, DENIED]
  const ask = (evaluations_semantic?: string): boolean[] =>
    decisionsOf({ evaluations, options: { evaluations_semantic, other: true } })
  expect(ask()).toEqual([true, false, true, false])
  expect(ask('execute_all')).toEqual([true, false, true, false])
  expect(ask('deny_on_first_deny')).toEqual([true, false])
  expect(ask('permit_on_first_permit')).toEqual([true])
})

test('an item in error denies, so it ends a batch that ends at the first denial (12)', () => {
  const options = { evaluations_semantic: 'deny_on_first_deny' }
  expect(decisionsOf({ options, evaluations: [ORDINARY, {}, ORDINARY] })).toEqual([true, false])
})

test.each(['', 'first', 'EXECUTE_ALL', null, 7, ['execute_all']])(
  'a batch of the semantic %j is in error',
  (semantic) => {
    const options = { evaluations_semantic: semantic }
    expect(evaluateAll(POINT, { ...PERMITTED, options, evaluations: [{}] })).toMatchObject({
      ok: false,
      error: { code: 'unknown-semantic', field: 'options.evaluations_semantic' },
    })
  },
)

test('an item that fails is no, and says why, and the others go on (13)', () => {
  const evaluations = [{}, { resource: undefined }, 'x', null, { action: { name: 'nope' } }, {}]
  const answers = batch({ ...PERMITTED, evaluations })
  expect(answers.map(({ decision }) => decision)).toEqual([true, false, false, false, false, true])
  const errors = answers.map(({ context }) => context['error'] as EvaluationError | undefined)
  expect(errors.map((error) => error?.field)).toEqual([
    undefined,
    'resource',
    'evaluations',
    'evaluations',
    'action.name',
    undefined,
  ])
})

test.each([
  ['evaluations', 'x'],
  ['evaluations', {}],
  ['evaluations', null],
  ['options', []],
  ['options', null],
])('a batch whose %s is %j is in error', (field, value) => {
  expect(evaluateAll(POINT, { ...PERMITTED, evaluations: [{}], [field]: value })).toMatchObject({
    ok: false,
    error: { code: 'wrong-type', field },
  })
})

test('a batch has at most so many items', () => {
  const items = (count: number): object => ({ ...ORDINARY, evaluations: Array(count).fill({}) })
  expect(batch(items(EVALUATIONS_MAX))).toHaveLength(EVALUATIONS_MAX)
  expect(evaluateAll(POINT, items(EVALUATIONS_MAX + 1))).toMatchObject({
    ok: false,
    error: { code: 'too-many', field: 'evaluations' },
  })
})

test.each<readonly [string, object]>([
  ['uses', { uses: Array(1_000).fill('general') }],
  ['values', { facts: { act: Array(1_000).fill('analyse') } }],
  ['signals', { signals: Array(1_000).fill(signal('surveillance', 0.1)) }],
  ['nearest misses', { nearest: true }],
])('what items share of %s is counted for each of them', (_, context) => {
  const answers = batch({ ...ORDINARY, context, evaluations: Array(EVALUATIONS_MAX).fill({}) })
  const isRefused = ({ context: { error } }: Evaluation): boolean => error !== undefined
  const judged = answers.findIndex(isRefused)
  expect(judged).toBeGreaterThan(60)
  expect(judged).toBeLessThan(70)
  expect(answers.slice(judged).every(isRefused)).toBe(true)
  expect(answers.at(-1)?.context['error']).toMatchObject({ code: 'too-many' })
})

test('a long default is not copied, split or compared again for each item', () => {
  const items = Array(EVALUATIONS_MAX).fill({})
  const long = {
    id: { ...PERMITTED, subject: { type: 'deployment', id: '/'.repeat(900_000) } },
    uses: { ...PERMITTED, context: { uses: Array(400_000).fill(0) } },
    name: { ...PERMITTED, action: { name: 'x'.repeat(900_000) } },
  }
  for (const body of Object.values(long)) {
    const begun = performance.now()
    expect(decisionsOf({ ...body, evaluations: items })).toEqual(items.map(() => false))
    expect(performance.now() - begun).toBeLessThan(2_000)
  }
})

test('members named as those of every object change nothing', () => {
  const text = `{"__proto__":{"subject":{"type":"deployment","id":"a/b"}},"constructor":{"name":"x"}}`
  expect(errorOf(JSON.parse(text))).toMatchObject({ code: 'missing-field', field: 'subject' })
  const item = JSON.parse('{"__proto__":{"action":{"name":"general"}}}') as object
  expect(batch({ ...DENIED, evaluations: [item] })).toEqual([evaluated(DENIED)])
})
