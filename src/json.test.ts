import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../test/runs.ts'
import { JSON_DEPTH_MAX, parseJson } from './json.ts'

test.each([
  'null',
  ' [ ] ',
  '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
  '{"a":"\\"a\\":1","b":"{\\"a\\":1,\\"a\\":2}"}',
  '{"\\\\":1,"\\"":2,":":3,"":4}',
  '{"__proto__":1,"constructor":{"__proto__":null}}',
  '[1.5e3,-0,1e999,"\\ud800"]',
  `\t\r\n{"a" \n : 1}\n`,
])('%s means what it means to JSON.parse', (text) => {
  expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
})

test('what JSON.stringify writes is read as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(undefined, 1), (value, space) => {
      const text = JSON.stringify(value, null, space)
      expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) })
    }),
    { numRuns: RUNS },
  )
})

test('a text is refused exactly when JSON.parse refuses it, or a member stands in it twice', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '"\\u0061"',
    '":"',
    '1',
    ' ',
    '"',
    '\\',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join('')
      const { value, members } = byReviver(text)
      const parsed = parseJson(text)
      expect(parsed.ok).toBe(value !== undefined && members === countOfColons(text))
      if (parsed.ok) expect(parsed.value).toEqual(value)
    }),
    { numRuns: 20 * RUNS },
  )
})

/** What the platform reads, and how many members it kept of how many there were. */
function byReviver(text: string): { readonly value: unknown; readonly members: number } {
  let members = 0
  const count = function (this: unknown, key: string, value: unknown): unknown {
    if (key !== '' && !Array.isArray(this)) members++
    return value
  }
  try {
    return { value: JSON.parse(text, count), members }
  } catch {
    return { value: undefined, members }
  }
}

function countOfColons(text: string): number {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
}

test.each<readonly [text: string, field: string]>([
  ['{"a":1,"a":1}', 'a'],
  ['{"a":1,"b":2,"\\u0061":1}', 'a'],
  ['{"\\u0061":1,"a":1}', 'a'],
  ['{"\\u0061":1,"\\u0061":1}', 'a'],
  ['{"a/b":1,"a\\/b":1}', 'a/b'],
  ['{"\\ud83d\\ude00":1,"\ud83d\ude00":1}', '\ud83d\ude00'],
  ['{"":1,"":1}', ''],
  ['{"facts":{"act":["a"],"act":["b"]}}', 'facts.act'],
  ['{"signals":[{},{"use":1,"score":2,"use":3}]}', 'signals[1].use'],
  ['[[0,[1,{"a":[{"b":1,"b":1}]}]]]', '[0][1][1].a[0].b'],
  ['{"a":{"b":1},"c":{"b":1},"a":{}}', 'a'],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  [`{"a"${' '.repeat(5_000)}:1,"a"${'\n'.repeat(5_000)}:2}`, 'a'],
  ['{"a":"\\\\","a":"\\""}', 'a'],
  ['{"a":"a","b":"a","b":1}', 'b'],
  ['{"\\u001b[2J":1,"\\u001b[2J":2}', '\\u{1b}[2J'],
])('%s has a member twice, and the error says which', (text, field) => {
  const parsed = parseJson(text)
  expect(parsed).toMatchObject({ ok: false, error: { code: 'duplicate-key', field } })
})

test('a member that stands twice in a large text is found wherever it stands', () => {
  fc.assert(
    fc.property(fc.nat(199), fc.nat(199), (first, second) => {
      const names = Array.from({ length: 200 }, (_, i) => `"m${i}":{"x":[${i}]}`)
      names.splice(second, 0, `"m${first}":0`)
      expect(parseJson(`{"all":[{${names.join(',')}}]}`)).toMatchObject({
        ok: false,
        error: { code: 'duplicate-key', field: `all[0].m${first}` },
      })
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  )
})

test.each([
  '',
  ' ',
  '{',
  '{"a":1',
  '"a',
  '"a\\',
  '{"a" 1}',
  "{'a':1}",
  '{a:1}',
  '[1,]',
  '{"a":1,}',
  'NaN',
  '-Infinity',
  '01',
  '1.',
  '+1',
  '0x1',
  'undefined',
  '1 2',
  '// no',
  '\ufeff{}',
  '"\u0007"',
  '\u001b[31m',
  ':::',
  '}}}}',
  '{"a":1}}',
])('%j is no JSON, and the error shows no control character', (text) => {
  const parsed = parseJson(text)
  expect(parsed).toMatchObject({ ok: false, error: { code: 'malformed-json', field: null } })
  const message = parsed.ok ? '' : parsed.error.message
  expect(message).toMatch(/^not JSON: \S/)
  expect(message).not.toMatch(/\p{C}/u)
})

test('nesting is allowed to a bound and not beyond', () => {
  const nested = (depth: number): string =>
    `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`
  expect(parseJson(nested(JSON_DEPTH_MAX)).ok).toBe(true)
  expect(parseJson(`[${nested(JSON_DEPTH_MAX)}]`)).toMatchObject({ error: { code: 'too-deep' } })
})

test('what is nested too deep is told as such, whatever else is wrong with it', () => {
  const deep = '['.repeat(JSON_DEPTH_MAX + 1)
  const closed = `${deep}${']'.repeat(JSON_DEPTH_MAX + 1)}`
  const long = ' '.repeat(100_000)
  const texts = [deep, closed, `${deep}${long}`, `${long}${closed}`, `{"a":${closed},"a":1}`]
  for (const text of texts) expect(parseJson(text)).toMatchObject({ error: { code: 'too-deep' } })
})

/** Texts of about a length that make a careless reader slow. */
const LONG: Readonly<Record<string, (length: number) => string>> = {
  'opening brackets': (length) => '['.repeat(length),
  'closing brackets': (length) => ']'.repeat(length),
  quotes: (length) => '"'.repeat(length),
  backslashes: (length) => `"${'\\'.repeat(length)}`,
  'one string': (length) => JSON.stringify('x'.repeat(length)),
  spaces: (length) => `{"a"${' '.repeat(length)}:1,"a":2}`,
  'spaces behind many names': (length) => `{"a":1,"a":[${'"x"          ,'.repeat(length / 14)}0]}`,
  'names, the last one twice': (length) => {
    const names = Array.from({ length: length / 12 }, (_, i) => `"${i}x":1`)
    return `{${names.join(',')},${names.at(-1)}}`
  },
  'objects with a member twice at the end': (length) =>
    `[${'{"a":{"b":1}},'.repeat(length / 14)}{"a":1,"a":1}]`,
  numbers: (length) => `[${'1,'.repeat(length / 2)}1]`,
}

test.each(Object.entries(LONG))('the work for %s grows no faster than the text', (_, make) => {
  const cost = (length: number): number => {
    const text = make(length)
    const times = Array.from({ length: 3 }, () => {
      const begun = process.cpuUsage()
      parseJson(text)
      const { user, system } = process.cpuUsage(begun)
      return user + system
    })
    return Math.min(...times)
  }
  // A first, short one, so that both others run compiled. Work that grew with the square would be 64 times.
  cost(50_000)
  expect(cost(800_000)).toBeLessThan(30 * Math.max(cost(100_000), 500))
})
