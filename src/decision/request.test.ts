import { describe, expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { parseJson } from '../json.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import { parseRequest, REQUEST_ERROR_CODES } from './request.ts'

const BUNDLE = bundleOf(EXAMPLE)

const GOOD = {
  id: 'r1',
  customer: 'ministry-of-assessment',
  deployment: 'desk-1',
  model: 'example-sonnet-20250514',
  uses: ['surveillance.intelligence-analysis'],
  facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] },
  signals: [{ detector: 'lexicon', use: 'surveillance.tracking', score: 0.1 }],
  at: '2026-03-02T09:00:00Z',
}

interface Refusal {
  readonly code: string
  readonly field: string | null
  readonly message: string
}

/** What comes of a request: a decision, or the error that takes its place. */
function judged(value: unknown): Decision | Refusal {
  const request = parseRequest(value)
  const decided = request.ok ? decide(BUNDLE, request.value) : request
  return decided.ok ? decided.value : decided.error
}

function judgedText(text: string): Decision | Refusal {
  const json = parseJson(text)
  return json.ok ? judged(json.value) : json.error
}

/** The good request with members changed; undefined leaves one out. */
function but(changed: object): object {
  return { ...GOOD, ...changed }
}

function withFacts(facts: unknown): object {
  return but({ facts })
}

function withSignal(changed: object): object {
  return but({ signals: [{ detector: 'lexicon', use: 'general', score: 0.5, ...changed }] })
}

/** A fact of its own name, where a literal would set the prototype. */
function named(name: string): object {
  return JSON.parse(`{${JSON.stringify(name)}:["x"]}`) as object
}

test('a good request is decided', () => {
  expect(judged(GOOD)).toMatchObject({ request: 'r1', outcome: 'permit-under-exception' })
  expect(judgedText(JSON.stringify(GOOD))).toEqual(judged(GOOD))
})

test('id, facts and signals may be left out', () => {
  const { id, facts, signals, ...least } = GOOD
  expect(judged(least)).toMatchObject({ request: null, outcome: 'deny' })
  expect(judged({ ...least, id: null })).toEqual(judged(least))
})

test('the instant may come from outside the request, and the request’s own comes first', () => {
  const at = Date.UTC(2026, 0, 15)
  const { at: stated, ...silent } = GOOD
  expect(parseRequest(silent, at)).toMatchObject({ value: { at } })
  expect(parseRequest(GOOD, at)).toMatchObject({ value: { at: Date.parse(stated) } })
})

type Row = readonly [code: string, field: string, value: unknown]

/** Bad requests, by what is bad about them. */
const TABLES: Readonly<Record<string, readonly Row[]>> = {
  'the whole': [
    ['wrong-type', '', null],
    ['wrong-type', '', []],
    ['wrong-type', '', [GOOD]],
    ['wrong-type', '', 'text'],
    ['wrong-type', '', 7],
    ['missing-field', 'customer', {}],
    ['unknown-field', 'customers', but({ customers: 'x' })],
    ['unknown-field', '__proto__', { ...named('__proto__'), ...GOOD }],
    ['unknown-field', 'constructor', but({ constructor: 'x' })],
    ['unknown-field', '\\u{1b}[31m', but({ '\u001b[31m': 1 })],
  ],
  'what is missing or null': [
    ['missing-field', 'customer', but({ customer: undefined })],
    ['missing-field', 'deployment', but({ deployment: undefined })],
    ['missing-field', 'model', but({ model: undefined })],
    ['missing-field', 'uses', but({ uses: undefined })],
    ['missing-at', 'at', but({ at: undefined })],
    ['wrong-type', 'customer', but({ customer: null })],
    ['wrong-type', 'deployment', but({ deployment: null })],
    ['wrong-type', 'model', but({ model: null })],
    ['wrong-type', 'uses', but({ uses: null })],
    ['wrong-type', 'facts', withFacts(null)],
    ['wrong-type', 'facts.act', withFacts({ act: null })],
    ['wrong-type', 'facts.act[0]', withFacts({ act: [null] })],
    ['wrong-type', 'signals', but({ signals: null })],
    ['wrong-type', 'signals[0]', but({ signals: [null] })],
    ['wrong-type', 'signals[0].detector', withSignal({ detector: null })],
    ['wrong-type', 'signals[0].use', withSignal({ use: null })],
    ['wrong-type', 'signals[0].score', withSignal({ score: null })],
    ['missing-field', 'signals[0].score', withSignal({ score: undefined })],
    ['missing-field', 'signals[0].detector', but({ signals: [{}] })],
    ['wrong-type', 'at', but({ at: null })],
  ],
  'lists and maps': [
    ['wrong-type', 'id', but({ id: 7 })],
    ['wrong-type', 'id', but({ id: ['r1'] })],
    ['wrong-type', 'customer', but({ customer: ['ministry-of-assessment'] })],
    ['wrong-type', 'uses', but({ uses: 'general' })],
    ['wrong-type', 'uses', but({ uses: { 0: 'general', length: 1 } })],
    ['wrong-type', 'uses[1]', but({ uses: ['general', ['general']] })],
    ['wrong-type', 'uses[0]', but({ uses: new Array(1) })],
    ['empty-set', 'uses', but({ uses: [] })],
    ['wrong-type', 'facts', withFacts([])],
    ['wrong-type', 'facts', withFacts('act')],
    ['wrong-type', 'facts.act', withFacts({ act: 'analyse' })],
    ['wrong-type', 'facts.act', withFacts({ act: {} })],
    ['wrong-type', 'facts.act[1]', withFacts({ act: ['analyse', 1] })],
    ['empty-set', 'facts.act', withFacts({ act: [] })],
    ['wrong-type', 'signals', but({ signals: {} })],
    ['wrong-type', 'signals[0]', but({ signals: [[]] })],
    ['unknown-field', 'signals[0].weight', withSignal({ weight: 1 })],
    ['wrong-type', 'at', but({ at: ['2026-03-02T09:00:00Z'] })],
    ['wrong-type', 'at', but({ at: Date.UTC(2026, 2, 2) })],
  ],
  ids: [
    ['malformed-id', 'customer', but({ customer: '__proto__' })],
    ['malformed-id', 'customer', but({ customer: 'toString' })],
    ['malformed-id', 'customer', but({ customer: '' })],
    ['malformed-id', 'customer', but({ customer: 'Ministry-of-assessment' })],
    ['malformed-id', 'customer', but({ customer: 'm\u0456nistry-of-assessment' })],
    ['malformed-id', 'customer', but({ customer: '\uff4dinistry-of-assessment' })],
    ['malformed-id', 'customer', but({ customer: 'ministry\u2010of\u2010assessment' })],
    ['malformed-id', 'customer', but({ customer: 'ministry-of-assessment\u200b' })],
    ['malformed-id', 'customer', but({ customer: 'ministry-of-assessment\n' })],
    ['malformed-id', 'customer', but({ customer: ' ministry-of-assessment' })],
    ['malformed-id', 'customer', but({ customer: 'ministry-of-assessment\0' })],
    ['malformed-id', 'deployment', but({ deployment: '\u202eksed' })],
    ['malformed-id', 'deployment', but({ deployment: 'desk..1' })],
    ['malformed-id', 'deployment', but({ deployment: 'd'.repeat(129) })],
    ['malformed-id', 'model', but({ model: 'm'.repeat(201) })],
    ['malformed-id', 'model', but({ model: '-model' })],
    ['malformed-id', 'model', but({ model: 'mod\u00e9l' })],
    ['malformed-id', 'id', but({ id: 'r'.repeat(257) })],
    ['malformed-id', 'id', but({ id: '\ud800' })],
    ['malformed-id', 'id', but({ id: 'a\udc00b' })],
    ['malformed-id', 'signals[0].detector', withSignal({ detector: 'Lexicon' })],
    ['malformed-id', 'signals[0].detector', withSignal({ detector: '__proto__' })],
  ],
  names: [
    ['unknown-use', 'uses', but({ uses: ['__proto__'] })],
    ['unknown-use', 'uses', but({ uses: ['constructor'] })],
    ['unknown-use', 'uses', but({ uses: ['gener\u0430l'] })],
    ['unknown-use', 'uses', but({ uses: ['general', ''] })],
    ['unknown-use', 'uses', but({ uses: ['\ud800'] })],
    ['unknown-use', 'uses', but({ uses: ['surveillance.'] })],
    ['unknown-use', 'signals[0].use', withSignal({ use: 'hasOwnProperty' })],
    ['unknown-fact', 'facts.__proto__', withFacts(named('__proto__'))],
    ['unknown-fact', 'facts.constructor', withFacts({ constructor: ['x'] })],
    ['unknown-fact', 'facts.\\u{d800}', withFacts({ '\ud800': ['x'] })],
    ['unknown-fact', 'facts.', withFacts({ '': ['x'] })],
    ['unknown-value', 'facts.act', withFacts({ act: ['constructor'] })],
    ['unknown-value', 'facts.act', withFacts({ act: ['__proto__'] })],
    ['unknown-value', 'facts.act', withFacts({ act: ['analyse', 'Analyse'] })],
    ['unknown-value', 'facts.act', withFacts({ act: ['analys\u0435'] })],
    ['unknown-value', 'facts.act', withFacts({ act: [''] })],
  ],
  scores: [
    ['malformed-score', 'signals[0].score', withSignal({ score: Number.NaN })],
    ['malformed-score', 'signals[0].score', withSignal({ score: Number.POSITIVE_INFINITY })],
    ['malformed-score', 'signals[0].score', withSignal({ score: Number.NEGATIVE_INFINITY })],
    ['malformed-score', 'signals[0].score', withSignal({ score: -0.1 })],
    ['malformed-score', 'signals[0].score', withSignal({ score: -Number.MIN_VALUE })],
    ['malformed-score', 'signals[0].score', withSignal({ score: 1.0000001 })],
    ['malformed-score', 'signals[0].score', withSignal({ score: 1 + Number.EPSILON })],
    ['wrong-type', 'signals[0].score', withSignal({ score: '0.5' })],
    ['wrong-type', 'signals[0].score', withSignal({ score: true })],
    ['wrong-type', 'signals[0].score', withSignal({ score: 1n })],
    ['wrong-type', 'signals[0].score', withSignal({ score: { valueOf: (): number => 0.5 } })],
  ],
}

describe.each(Object.entries(TABLES))('a request bad in %s', (_, rows) => {
  test.each(rows)('is %s of %j, and no decision', (code, field, value) => {
    const refusal = judged(value)
    expect(refusal).toMatchObject({ code, field })
    expect(REQUEST_ERROR_CODES).toContain(code)
    expect(refusal).toHaveProperty('message', expect.stringMatching(/^[^\p{C}]{5,300}$/u))
  })
})

test.each([
  '2026-03-02T09:00:00+01:00',
  '2026-03-02T09:00:00+00:00',
  '2026-03-02T09:00:00-00:00',
  '2026-03-02T09:00:00z',
  '2026-03-02t09:00:00Z',
  '2026-03-02 09:00:00Z',
  '2026-03-02T09:00:00',
  '2026-03-02T09:00Z',
  '2026-03-02',
  '20260302T090000Z',
  '2026-W10-1T09:00:00Z',
  '2026-061T09:00:00Z',
  '+002026-03-02T09:00:00Z',
  '2026-03-02T09:00:00,5Z',
  '2026-03-02T09:00:00.Z',
  '2026-03-02T09:00:00.1234Z',
  '2026-02-30T09:00:00Z',
  '2026-02-29T09:00:00Z',
  '2100-02-29T09:00:00Z',
  '2026-04-31T09:00:00Z',
  '2026-13-01T09:00:00Z',
  '2026-00-10T09:00:00Z',
  '2026-03-00T09:00:00Z',
  '2026-03-02T24:00:00Z',
  '2026-03-02T09:60:00Z',
  '2016-12-31T23:59:60Z',
  '\u0662\u0660\u0662\u0666-03-02T09:00:00Z',
  ' 2026-03-02T09:00:00Z',
  '2026-03-02T09:00:00Z\n',
  'now',
  '',
])('%j is no instant', (at) => {
  expect(judged(but({ at }))).toMatchObject({ code: 'malformed-instant', field: 'at' })
})

test.each([
  '2028-02-29T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '2026-03-02T09:00:00.5Z',
])('%s is an instant', (at) => {
  expect(judged(but({ at }))).toHaveProperty('at', Date.parse(at))
})

test.each([0, -0, 1, 0.1, Number.MIN_VALUE])('%d is a score', (score) => {
  expect(judged(withSignal({ score }))).toHaveProperty('outcome')
})

test('a customer or a deployment of an odd name is one that nobody knows', () => {
  for (const name of ['constructor', 'valueof', 'prototype', 'hasownproperty', 'then']) {
    expect(judged(but({ customer: name }))).toMatchObject({ outcome: 'deny', contract: null })
    expect(judged(but({ deployment: name }))).toMatchObject({ outcome: 'deny', contract: null })
    const ordinary = but({ customer: name, deployment: name, uses: ['general'], signals: [] })
    expect(judged(ordinary)).toMatchObject({ outcome: 'permit' })
  }
})

test.each<readonly [code: string, field: string | null, text: string]>([
  ['duplicate-key', 'customer', '{"customer":"a","customer":"b"}'],
  ['duplicate-key', 'uses', '{"uses":["general"],"\\u0075ses":["weapons"]}'],
  ['duplicate-key', 'facts.act', '{"facts":{"act":["analyse"],"\\u0061ct":["target"]}}'],
  ['duplicate-key', 'signals[1].score', '{"signals":[{},{"score":0,"score":1}]}'],
  ['malformed-score', 'signals[0].score', text({ score: 1 }, '1e999')],
  ['malformed-score', 'signals[0].score', text({ score: 1 }, '-1e-320')],
  ['malformed-json', null, text({ score: 1 }, 'NaN')],
  ['malformed-json', null, text({ score: 1 }, 'Infinity')],
  ['malformed-json', null, text({ score: 1 }, '.5')],
  ['malformed-json', null, `${JSON.stringify(GOOD)}}`],
  ['malformed-id', 'id', JSON.stringify(GOOD).replace('"r1"', '"\\ud800"')],
  ['too-deep', null, `{"uses":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`],
  ['too-deep', null, '['.repeat(1_000_000)],
  ['too-deep', null, '{"a":'.repeat(1_000_000)],
])('as text: %s of %s', (code, field, request) => {
  expect(judgedText(request)).toMatchObject({ code, field })
})

/** The good request as text, with a score spelt as JSON.stringify would not. */
function text(signal: object, spelling: string): string {
  return JSON.stringify(withSignal(signal)).replace('"score":1', `"score":${spelling}`)
}

const HUGE = 'x'.repeat(10_000_000)
const MANY = Array<string>(1_000_000).fill('general')
const MANY_NAMES = Object.fromEntries(MANY.slice(0, 200_000).map((_, i) => [`f${i}`, ['x']]))

test.each<Row>([
  ['malformed-id', 'id', but({ id: HUGE })],
  ['malformed-id', 'customer', but({ customer: HUGE })],
  ['malformed-id', 'deployment', but({ deployment: HUGE })],
  ['malformed-id', 'model', but({ model: HUGE })],
  ['malformed-instant', 'at', but({ at: HUGE })],
  ['unknown-use', 'uses', but({ uses: [HUGE] })],
  ['unknown-field', `${'x'.repeat(57)}\u2026`, but({ [HUGE]: 1 })],
  ['unknown-fact', `facts.${'x'.repeat(57)}\u2026`, withFacts({ [HUGE]: ['x'] })],
  ['unknown-value', 'facts.act', withFacts({ act: [HUGE] })],
  ['malformed-id', 'signals[0].detector', withSignal({ detector: HUGE })],
  ['unknown-use', 'signals[0].use', withSignal({ use: HUGE })],
  ['unknown-field', `signals[0].${'x'.repeat(57)}\u2026`, withSignal({ [HUGE]: 1 })],
  ['too-many', 'uses', but({ uses: MANY })],
  ['too-many', 'facts', withFacts(MANY_NAMES)],
  ['too-many', 'facts.act', withFacts({ act: MANY })],
  ['too-many', 'signals', but({ signals: MANY })],
  ['unknown-field', 'f0', { ...MANY_NAMES, ...GOOD }],
])('what is huge is %s of %s, at once and in few words', (code, field, value) => {
  const begun = performance.now()
  const refusal = judged(value)
  expect(performance.now() - begun).toBeLessThan(2_000)
  expect(refusal).toMatchObject({ code, field })
  expect(JSON.stringify(refusal).length).toBeLessThan(500)
})

test('a list may have 1,024 members and no more', () => {
  const uses = Array<string>(1_024).fill('general')
  expect(judged(but({ uses }))).toHaveProperty('outcome')
  expect(judged(but({ uses: [...uses, 'general'] }))).toMatchObject({ code: 'too-many' })
})
