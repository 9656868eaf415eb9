import { expect, test } from 'vitest'
import type { Decision } from './decision.ts'
import { checkPayload, printCountsPayload, printDecisionPayload } from './payload.ts'
import type { DecisionRecord } from './record.ts'
import { parseRequest, type Request } from './request.ts'

const AT = Date.parse('2026-03-02T09:00:00Z')

const RECORD: DecisionRecord = {
  outcome: 'deny',
  sequence: 0,
  at: AT,
  bundle: `sha256:${'ab'.repeat(32)}`,
  pseudonym: null,
  commitment: new Uint8Array(32),
}

const REQUEST: Request = {
  id: null,
  customer: 'agency',
  deployment: 'desk',
  model: 'model-1',
  uses: ['analysis'],
  facts: {},
  signals: [],
  at: AT,
}

const DECISION: Decision = {
  request: null,
  outcome: 'deny',
  base: 'deny',
  triggered: ['surveillance.persons'],
  contract: null,
  tailoring: null,
  obligations: [],
  reasons: [],
  nearest: [],
  at: AT,
  bundle: RECORD.bundle,
}

const TEXT = printDecisionPayload(DECISION, REQUEST)

function codeOf(text: string, record = RECORD): string {
  const checked = checkPayload(text, record)
  return checked.ok ? 'ok' : checked.error.code
}

test('a payload holds the decision and a request that can be asked again', () => {
  const { decision, request } = JSON.parse(TEXT) as { decision: unknown; request: unknown }
  expect(decision).toMatchObject({ at: '2026-03-02T09:00:00.000Z', outcome: 'deny', base: 'deny' })
  expect(parseRequest(request)).toEqual({ ok: true, value: REQUEST })
  expect(codeOf(TEXT)).toBe('ok')
})

test.each([
  ['another outcome', TEXT.replace('"outcome":"deny"', '"outcome":"refer"'), 'other-decision'],
  ['another instant', TEXT.replace('09:00:00.000Z', '09:00:00.001Z'), 'other-decision'],
  ['an instant written otherwise', TEXT.replace('00.000Z', '00Z'), 'other-decision'],
  ['another bundle', TEXT.replace('sha256:ab', 'sha256:aa'), 'other-decision'],
  ['a member more', TEXT.replace(/^\{/, '{"note":"",'), 'malformed-payload'],
  ['a member twice', TEXT.replace(/^\{/, '{"request":{},'), 'malformed-payload'],
  ['no decision', '{"decision":null,"request":{}}', 'malformed-payload'],
  ['no JSON', `${TEXT},`, 'malformed-payload'],
  ['counts', printCountsPayload({ counts: [], from: AT - 1, until: AT }), 'malformed-payload'],
])('a payload with %s is not the record’s', (_name, text, code) => {
  expect(text).not.toBe(TEXT)
  expect(codeOf(text)).toBe(code)
})

const ROW = { customer: 'agency', deployment: 'desk', uses: ['analysis'], count: 2 }
const COUNTS = printCountsPayload({ counts: [ROW], from: AT - 60_000, until: AT })
const COUNTED: DecisionRecord = { ...RECORD, outcome: 'permit' }

test('counts of plain permits are written out, and fit their record', () => {
  expect(COUNTS).toBe(
    '{"counts":[{"customer":"agency","deployment":"desk","uses":["analysis"],"count":2}],"from":"2026-03-02T08:59:00.000Z","until":"2026-03-02T09:00:00.000Z"}',
  )
  expect(codeOf(COUNTS, COUNTED)).toBe('ok')
})

test.each([
  ['a count of nothing', COUNTS.replace('"count":2', '"count":0'), 'malformed-payload'],
  ['a count in parts', COUNTS.replace('"count":2', '"count":2.5'), 'malformed-payload'],
  ['a name that is none', COUNTS.replace('"analysis"', '"Analysis"'), 'malformed-payload'],
  ['a member more in a row', COUNTS.replace('"count"', '"id":"a","count"'), 'malformed-payload'],
  ['no instant', COUNTS.replace('08:59', '08:60'), 'malformed-payload'],
  ['an end before its beginning', COUNTS.replace('08:59', '09:00'), 'other-decision'],
  ['an end after its record', COUNTS.replace('09:00:00.000Z', '09:00:00.001Z'), 'other-decision'],
  ['a decision', TEXT, 'malformed-payload'],
])('counts with %s are not the record’s', (_name, text, code) => {
  expect(text).not.toBe(COUNTS)
  expect(codeOf(text, COUNTED)).toBe(code)
})
