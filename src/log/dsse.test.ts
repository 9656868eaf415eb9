import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../../test/runs.ts'
import { bytesOf, textOf } from '../bytes.ts'
import {
  type Envelope,
  parseEnvelope,
  parseStatement,
  preAuthenticationOf,
  printEnvelope,
  printStatement,
} from './dsse.ts'

// The example of the DSSE protocol.
const TYPE = 'http://example.com/HelloWorld'
const PAYLOAD = bytesOf('hello world')

test('what is signed is what the DSSE protocol shows', () => {
  const encoded = preAuthenticationOf({ payloadType: TYPE, payload: PAYLOAD })
  expect(textOf(encoded)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

test('lengths are of bytes, not of characters, and a payload need be no text', () => {
  const encoded = preAuthenticationOf({ payloadType: '\u00fc', payload: Uint8Array.of(0xff, 0) })
  expect(encoded).toEqual(
    Uint8Array.of(...bytesOf('DSSEv1 2 '), 0xc3, 0xbc, ...bytesOf(' 2 '), 0xff, 0),
  )
})

test('no two envelopes have the same signed bytes', () => {
  const a = preAuthenticationOf({ payloadType: 'a 1 b', payload: bytesOf('c') })
  const b = preAuthenticationOf({ payloadType: 'a', payload: bytesOf('b 1 c') })
  expect(a).not.toEqual(b)
})

const anyBytes = fc.uint8Array({ maxLength: 80 }).map((bytes) => Uint8Array.from(bytes))
const anyEnvelope: fc.Arbitrary<Envelope> = fc.record({
  payloadType: fc.string({ unit: 'grapheme' }),
  payload: anyBytes,
  signatures: fc.array(fc.record({ keyid: fc.string(), sig: anyBytes }), { maxLength: 3 }),
})

test('an envelope is read as it was printed', () => {
  fc.assert(
    fc.property(anyEnvelope, (envelope) => {
      expect(parseEnvelope(printEnvelope(envelope))).toEqual({ ok: true, value: envelope })
    }),
    { numRuns: RUNS },
  )
})

test('signed JSON is never written anew: whatever its spelling, its bytes are kept', () => {
  // Members out of order, white space, an escape and a number that a printer would write otherwise.
  const payload = bytesOf('{ "b": 1.0, "a": "\\u0041" }\n')
  const parsed = parseEnvelope(printEnvelope({ payloadType: TYPE, payload, signatures: [] }))
  expect(parsed).toMatchObject({ ok: true, value: { payload } })
})

const ENVELOPE = {
  payloadType: TYPE,
  payload: 'aGVsbG8gd29ybGQ=',
  signatures: [{ keyid: 'a', sig: 'AAEC' }],
}

test('members that DSSE does not know are passed over', () => {
  const text = JSON.stringify({ ...ENVELOPE, more: 1 }, null, 2)
  const value = {
    payloadType: TYPE,
    payload: PAYLOAD,
    signatures: [{ keyid: 'a', sig: Uint8Array.of(0, 1, 2) }],
  }
  expect(parseEnvelope(bytesOf(text))).toEqual({ ok: true, value })
})

test.each([
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['no JSON', '{'],
  ['no payload', JSON.stringify({ ...ENVELOPE, payload: undefined })],
  ['no type', JSON.stringify({ ...ENVELOPE, payloadType: undefined })],
  ['no list of signatures', JSON.stringify({ ...ENVELOPE, signatures: undefined })],
  ['an object for its signatures', JSON.stringify({ ...ENVELOPE, signatures: {} })],
  ['null for a signature', JSON.stringify({ ...ENVELOPE, signatures: [null] })],
  ['a signature without a key', JSON.stringify({ ...ENVELOPE, signatures: [{ sig: 'AAEC' }] })],
  ['a signature without bytes', JSON.stringify({ ...ENVELOPE, signatures: [{ keyid: 'a' }] })],
  ['a payload without padding', JSON.stringify({ ...ENVELOPE, payload: 'aGVsbG8gd29ybGQ' })],
  ['a payload with bits to spare', JSON.stringify({ ...ENVELOPE, payload: 'aGVsbG8gd29ybGR=' })],
  ['a payload in the URL alphabet', JSON.stringify({ ...ENVELOPE, payload: '-_-_' })],
  [
    'a signature with white space',
    JSON.stringify({ ...ENVELOPE, signatures: [{ keyid: 'a', sig: 'AA EC' }] }),
  ],
  ['two payloads', JSON.stringify(ENVELOPE).replace('{', '{"payload":"AAEC",')],
])('%s is no envelope', (_name, text) => {
  const error = { code: 'malformed-envelope' }
  expect(parseEnvelope(bytesOf(text))).toMatchObject({ ok: false, error })
})

test('bytes that are no UTF-8 are no envelope', () => {
  const bytes = Uint8Array.of(...bytesOf(JSON.stringify(ENVELOPE)), 0xff)
  expect(parseEnvelope(bytes)).toMatchObject({ ok: false })
})

const STATEMENT = {
  subject: [{ name: 'osint-2026', digest: { sha256: '00'.repeat(32) } }],
  predicateType: 'https://proviso.example/approved',
  predicate: { by: 'someone' },
}

test('a statement is an in-toto one, in canonical JSON', () => {
  const text = `{"_type":"https://in-toto.io/Statement/v1","predicate":{"by":"someone"},"predicateType":"https://proviso.example/approved","subject":[{"digest":{"sha256":"${'00'.repeat(32)}"},"name":"osint-2026"}]}`
  expect(textOf(printStatement(STATEMENT))).toBe(text)
  expect(parseStatement(bytesOf(text))).toEqual({ ok: true, value: STATEMENT })
})

const WHOLE = { _type: 'https://in-toto.io/Statement/v1', ...STATEMENT }

test.each([
  ['nothing', {}],
  ['no type', { ...WHOLE, _type: undefined }],
  ['another type', { ...WHOLE, _type: 'https://in-toto.io/Statement/v0.1' }],
  ['no subject', { ...WHOLE, subject: undefined }],
  ['a subject that is no list', { ...WHOLE, subject: STATEMENT.subject[0] }],
  ['a number for a subject', { ...WHOLE, subject: [1] }],
  ['null for a subject', { ...WHOLE, subject: [null] }],
  ['a subject without a name', { ...WHOLE, subject: [{ digest: { sha256: 'a' } }] }],
  ['a subject without a digest', { ...WHOLE, subject: [{ name: 'a' }] }],
  ['a subject of another digest', { ...WHOLE, subject: [{ name: 'a', digest: { sha1: 'a' } }] }],
  ['a digest that is no text', { ...WHOLE, subject: [{ name: 'a', digest: { sha256: 1 } }] }],
  ['no predicate', { ...WHOLE, predicate: undefined }],
  ['null for a predicate', { ...WHOLE, predicate: null }],
  ['a list for a predicate', { ...WHOLE, predicate: [] }],
  ['no type of its predicate', { ...WHOLE, predicateType: undefined }],
])('what has %s is no statement', (_name, value) => {
  const error = { code: 'malformed-statement' }
  expect(parseStatement(bytesOf(JSON.stringify(value)))).toMatchObject({ ok: false, error })
})
