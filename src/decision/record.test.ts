import { expect, test } from 'vitest'
import { bytesOfHex, hexOf } from '../bytes.ts'
import { type DecisionRecord, parseRecord, printRecord } from './record.ts'

const RECORD: DecisionRecord = {
  outcome: 'permit-under-exception',
  sequence: 258,
  at: 1_772_442_000_000,
  bundle: `sha256:${'ab'.repeat(32)}`,
  pseudonym: new Uint8Array(32).fill(0xcd),
  commitment: new Uint8Array(32).fill(0xef),
}

/** The same by hand. */
const HEX = `${'01'}${'01'}${'00'}${'0000000000000102'}${'0000019cadc69a80'}${'ab'.repeat(32)}${'cd'.repeat(32)}${'ef'.repeat(32)}`

test('a record is 115 bytes, each part in its place', () => {
  expect(HEX).toHaveLength(2 * 115)
  expect(hexOf(printRecord(RECORD))).toBe(HEX)
  expect(parseRecord(bytesOfHex(HEX) ?? new Uint8Array())).toEqual({ ok: true, value: RECORD })
})

test.each(['deny', 'refer', 'permit'] as const)('a record of %s is read as written', (outcome) => {
  const record = { ...RECORD, outcome, pseudonym: null }
  const bytes = printRecord(record)
  expect(bytes[2]).toBe(outcome === 'permit' ? 1 : 0)
  expect(parseRecord(bytes)).toEqual({ ok: true, value: record })
})

const CCCC = 'cd'.repeat(32)
const ZERO = '00'.repeat(32)

test.each([
  ['nothing', ''],
  ['a byte less', HEX.slice(2)],
  ['a byte more', `${HEX}00`],
  ['another version', `02${HEX.slice(2)}`],
  ['no such outcome', HEX.replace(/^0101/, '0104')],
  ['the flag of counts on an exception', HEX.replace(/^010100/, '010101')],
  ['an unknown flag', HEX.replace(/^010100/, '010102')],
  ['a plain permit that is no count', HEX.replace(/^010100/, '010000').replace(CCCC, ZERO)],
  ['a sequence past 2^53', HEX.replace('0000000000000102', '0020000000000000')],
  ['an instant after the year 9999', HEX.replace('0000019cadc69a80', '0000e677d21fdc00')],
  ['an exception without a pseudonym', HEX.replace(CCCC, ZERO)],
  ['a denial with a pseudonym', HEX.replace(/^010100/, '010200')],
])('%s is no record', (_name, hex) => {
  expect(hex).not.toBe(HEX)
  const read = parseRecord(bytesOfHex(hex) ?? new Uint8Array())
  expect(read).toMatchObject({ ok: false, error: { code: 'malformed-record' } })
})

test('a pseudonym and an exception come only together', () => {
  expect(() => printRecord({ ...RECORD, pseudonym: null })).toThrow('an exception alone')
  expect(() => printRecord({ ...RECORD, outcome: 'deny' })).toThrow('an exception alone')
})
