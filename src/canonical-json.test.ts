import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../test/runs.ts'
import { canonicalJson } from './canonical-json.ts'

// RFC 8785, JSON Canonicalization Scheme. Its examples and its table of numbers are kept whole.

/** RFC 8785 §3.2.2, the sample as it is parsed. */
const SAMPLE = `{
  "numbers": [333333333.33333329, 1E30, 4.50,
              2e-3, 0.000000000000000000000000001],
  "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
  "literals": [null, true, false]
}`

/** RFC 8785 §3.2.4, the bytes of the sample in canonical form. */
const SAMPLE_BYTES = `
  7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72
  75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
  5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
  65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
  5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30
  30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d
`

test('the sample of RFC 8785 has the bytes that RFC 8785 gives', () => {
  const bytes = Buffer.from(canonicalJson(JSON.parse(SAMPLE)), 'utf8').toString('hex')
  expect(bytes).toBe(SAMPLE_BYTES.replaceAll(/\s/g, ''))
})

/** RFC 8785 §3.2.3, members whose order tells code units from code points and from bytes. */
const UNSORTED = `{
  "\\u20ac": "Euro Sign",
  "\\r": "Carriage Return",
  "\\ufb33": "Hebrew Letter Dalet With Dagesh",
  "1": "One",
  "\\ud83d\\ude00": "Emoji: Grinning Face",
  "\\u0080": "Control",
  "\\u00f6": "Latin Small Letter O With Diaeresis"
}`

test('members come in the order that RFC 8785 gives', () => {
  const sorted = canonicalJson(JSON.parse(UNSORTED))
  expect([...sorted.matchAll(/:"([^"]*)"/g)].map(([, value]) => value)).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ])
})

/** RFC 8785 Appendix B, table 1: the bits of a number, and its text; none where it has none. */
const NUMBERS: readonly (readonly [bits: string, text: string | null, comment: string])[] = [
  ['0000000000000000', '0', 'Zero'],
  ['8000000000000000', '0', 'Minus zero'],
  ['0000000000000001', '5e-324', 'Min pos number'],
  ['8000000000000001', '-5e-324', 'Min neg number'],
  ['7fefffffffffffff', '1.7976931348623157e+308', 'Max pos number'],
  ['ffefffffffffffff', '-1.7976931348623157e+308', 'Max neg number'],
  ['4340000000000000', '9007199254740992', 'Max pos int'],
  ['c340000000000000', '-9007199254740992', 'Max neg int'],
  ['4430000000000000', '295147905179352830000', '~2**68'],
  ['7fffffffffffffff', null, 'NaN'],
  ['7ff0000000000000', null, 'Infinity'],
  ['44b52d02c7e14af5', '9.999999999999997e+22', ''],
  ['44b52d02c7e14af6', '1e+23', ''],
  ['44b52d02c7e14af7', '1.0000000000000001e+23', ''],
  ['444b1ae4d6e2ef4e', '999999999999999700000', ''],
  ['444b1ae4d6e2ef4f', '999999999999999900000', ''],
  ['444b1ae4d6e2ef50', '1e+21', ''],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7', ''],
  ['3eb0c6f7a0b5ed8d', '0.000001', ''],
  ['41b3de4355555553', '333333333.3333332', ''],
  ['41b3de4355555554', '333333333.33333325', ''],
  ['41b3de4355555555', '333333333.3333333', ''],
  ['41b3de4355555556', '333333333.3333334', ''],
  ['41b3de4355555557', '333333333.33333343', ''],
  ['becbf647612f3696', '-0.0000033333333333333333', ''],
  ['43143ff3c1cb0959', '1424953923781206.2', 'Round to even'],
]

test.each(NUMBERS)('the number %s is %s', (bits, text) => {
  const number = Buffer.from(bits, 'hex').readDoubleBE()
  if (text === null) expect(() => canonicalJson(number)).toThrow('not a JSON number')
  else expect(canonicalJson(number)).toBe(text)
})

test.each([['\ud800'], ['a\udc00'], [{ a: ['\udead'] }], [{ '\udead': 1 }]])(
  'half a surrogate pair in %j has no canonical form',
  (value) => {
    expect(() => canonicalJson(value)).toThrow('lone surrogate')
  },
)

test.each([[undefined], [parseInt], [Symbol('s')], [1n], [[undefined]], [{ a: 1n }]])(
  'what is no JSON has no canonical form: %s',
  (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  },
)

test('a member without a value is left out, as JSON.stringify leaves it out', () => {
  expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}')
})

test('a value has one canonical text, which means that value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = canonicalJson(value)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(canonicalJson(JSON.parse(text))).toBe(text)
      expect(canonicalJson(reversed(value))).toBe(text)
    }),
    { numRuns: RUNS },
  )
})

/** The same value, with the members of every object put in the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, reversed(member)] as const)
  return Object.fromEntries(members.toReversed())
}
