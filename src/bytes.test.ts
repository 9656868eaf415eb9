import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../test/runs.ts'
import {
  base64Of,
  bytesOf,
  bytesOfBase64,
  bytesOfHex,
  bytesOfUint64,
  concatBytes,
  equalBytes,
  hexOf,
  parseWholeNumber,
  textOf,
  uint64At,
} from './bytes.ts'

const anyBytes = fc.uint8Array({ maxLength: 100 })

// The vectors of RFC 4648 §10.
test.each([
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
])('%j in base64 is %j', (text, base64) => {
  expect(base64Of(bytesOf(text))).toBe(base64)
  expect(textOf(bytesOfBase64(base64) ?? Uint8Array.of(0xff))).toBe(text)
})

test.each([
  ['the URL alphabet', '-_-_'],
  ['no padding', 'Zg'],
  ['half the padding', 'Zg='],
  ['too much padding', 'Zm8=='],
  ['padding alone', '===='],
  ['padding in the middle', 'Zg==Zg=='],
  ['bits to spare after one byte', 'Zh=='],
  ['bits to spare after two bytes', 'Zm9='],
  ['a space', 'Zm 9v'],
  ['white space around it', ' Zg== '],
  ['a newline at the end', 'Zm9v\n'],
  ['a line break', 'Zm\r\n9v'],
  ['a nul', 'Zm9\0'],
  ['another digit', 'Zm9\u0660'],
])('lenient base64 is refused: %s', (_name, text) => {
  expect(bytesOfBase64(text)).toBeUndefined()
})

test('bytes have one spelling in base64 and in hexadecimal', () => {
  const near = fc.string({ unit: fc.constantFrom(...'AQgw+/=-_ \n09afF'), maxLength: 9 })
  fc.assert(
    fc.property(anyBytes, near, (bytes, text) => {
      expect(bytesOfBase64(base64Of(bytes))).toEqual(bytes)
      expect(bytesOfHex(hexOf(bytes))).toEqual(bytes)
      expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      const [base64, hex] = [bytesOfBase64(text), bytesOfHex(text)]
      if (base64) expect(base64Of(base64)).toBe(text)
      if (hex) expect(hexOf(hex)).toBe(text)
    }),
    { numRuns: RUNS },
  )
})

test('base64 of more bytes than fit one list of arguments is right', () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251)
  expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString('base64'))
  expect(bytesOfBase64(base64Of(bytes))).toEqual(bytes)
})

test.each([['F0'], ['f'], ['0x00'], ['g0'], ['00\n'], ['0 ']])('%j is no hexadecimal', (text) => {
  expect(bytesOfHex(text)).toBeUndefined()
})

test('whole numbers up to 2^53 - 1 have one spelling, and those beyond none', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(parseWholeNumber(String(value))).toBe(value)
      expect(uint64At(concatBytes(Uint8Array.of(7), bytesOfUint64(value)), 1)).toBe(value)
    }),
    { numRuns: RUNS },
  )
  expect(parseWholeNumber('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
  expect(uint64At(bytesOfUint64(Number.MAX_SAFE_INTEGER), 0)).toBe(Number.MAX_SAFE_INTEGER)
})

test.each([
  ['2^53', '9007199254740992'],
  ['2^53 + 1, which would be rounded', '9007199254740993'],
  ['2^64', '18446744073709551616'],
  ['a leading zero', '01'],
  ['two zeroes', '00'],
  ['nothing', ''],
  ['a sign', '+1'],
  ['minus zero', '-0'],
  ['a fraction', '1.0'],
  ['an exponent', '1e3'],
  ['hexadecimal', '0x10'],
  ['a space', ' 1'],
  ['a newline', '1\n'],
  ['other digits', '\u0661'],
])('%s is no whole number', (_name, text) => {
  expect(parseWholeNumber(text)).toBeUndefined()
})

test.each([
  ['2^53', '0020000000000000', 0],
  ['2^64 - 1', 'ffffffffffffffff', 0],
  ['one byte too few', '00000000000001', 0],
  ['an offset too far', '0000000000000001', 1],
])('%s is no number in 8 bytes', (_name, hex, offset) => {
  expect(uint64At(bytesOfHex(hex) ?? new Uint8Array(), offset)).toBeUndefined()
})

test('a number is read where it stands in a part of a buffer', () => {
  const whole = concatBytes(bytesOfUint64(1), bytesOfUint64(258), bytesOfUint64(3))
  expect(uint64At(whole.subarray(8), 0)).toBe(258)
  expect(hexOf(bytesOfUint64(2 ** 32 + 1))).toBe('0000000100000001')
})

test('text is what its bytes decode to, and nothing else decodes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), anyBytes, (text, bytes) => {
      expect(textOf(bytesOf(text))).toBe(text)
      const decoded = textOf(bytes)
      if (decoded !== undefined) expect(bytesOf(decoded)).toEqual(bytes)
    }),
    { numRuns: RUNS },
  )
  // A mark of the order of bytes is text like any other: dropped, a signature would cover other bytes.
  expect(textOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa')
  // U+0000 in two bytes, half a pair of surrogates, and a sequence cut short.
  for (const hex of ['c080', 'eda080', 'e282']) {
    expect(textOf(bytesOfHex(hex) ?? new Uint8Array())).toBeUndefined()
  }
})

test('bytes are equal when each one is, and none is left over', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (a, b) => {
      expect(equalBytes(a, a.slice())).toBe(true)
      expect(equalBytes(a, b)).toBe(hexOf(a) === hexOf(b))
      expect(hexOf(concatBytes(a, b))).toBe(hexOf(a) + hexOf(b))
    }),
    { numRuns: RUNS },
  )
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false)
})
