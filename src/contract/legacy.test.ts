import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../../test/runs.ts'
import { readCsv } from './csv.ts'
import { parseLegacy } from './legacy.ts'

const LIST = `customer,restriction,use,granted-by,since,note\r
ministry-of-assessment,"No tracking, or analysis, of persons",Reading public reports,J. Doe,2024-05-01,"By e-mail:
""for the time being"""\r
coast-guard,Ship movements,,,,\r
`

function problemsOf(text: string): readonly string[] {
  const read = parseLegacy(text)
  return read.ok ? [] : read.error.map(({ line, column, code }) => `${line}:${column} ${code}`)
}

test('a list of legacy exceptions is read with quotes, commas and lines in cells', () => {
  expect(parseLegacy(LIST)).toEqual({
    ok: true,
    value: [
      {
        line: 2,
        customer: 'ministry-of-assessment',
        restriction: 'No tracking, or analysis, of persons',
        use: 'Reading public reports',
        grantedBy: 'J. Doe',
        since: Date.UTC(2024, 4, 1),
        until: null,
        note: 'By e-mail:\n"for the time being"',
      },
      {
        line: 4,
        customer: 'coast-guard',
        restriction: 'Ship movements',
        use: null,
        grantedBy: null,
        since: null,
        until: null,
        note: null,
      },
    ],
  })
})

test.each([',', ';', '\t'])('cells are separated by %j as by any other', (separator) => {
  const lines = ['customer,restriction,note', 'coast-guard,"Ships, and; crews",', ',,']
  const text = lines.map((line) => line.replaceAll(/,(?=[^ ]|$)/g, separator)).join('\n')
  expect(parseLegacy(text)).toMatchObject({
    value: [{ customer: 'coast-guard', restriction: 'Ships, and; crews', note: null }],
  })
})

test('every error of the cells is told at once, with line and column', () => {
  const text = `customer,restriction,since
Ministry,Persons,2024-02-30
,,2024-02-01
coast-guard,Ships
`
  expect(problemsOf(text)).toEqual([
    '2:1 malformed-id',
    '2:18 malformed-instant',
    '3:1 missing-cell',
    '3:2 missing-cell',
    '4:1 wrong-width',
  ])
})

test('a first line has known columns, each once, and those that are needed', () => {
  expect(problemsOf('customer,restrictions,note,note\n')).toEqual([
    '1:10 unknown-column',
    '1:28 duplicate-column',
    '1:1 missing-column',
  ])
  expect(problemsOf('')).toEqual(['1:1 missing-column', '1:1 missing-column'])
  const mistyped = parseLegacy('custommer,restriction\n')
  expect(mistyped).toMatchObject({
    error: [{ message: 'no column `custommer` here; did you mean `customer`?' }, {}],
  })
})

test.each([
  ['a quote in a plain cell', 'customer,a"b\n', '1:10 malformed-csv'],
  ['text after quotes', 'customer,"a"b\n', '1:10 malformed-csv'],
  ['a carriage return after quotes', 'customer,"a"\rb\n', '1:10 malformed-csv'],
  ['quotes that are never closed', 'customer,restriction\na,"b\nc,d\n', '2:3 malformed-csv'],
  ['lines that end in CR', 'customer,restriction\ra,b\r', '1:10 malformed-csv'],
  ['a cell that is too long', `customer\n${'a'.repeat(20_001)}\n`, '2:1 too-large'],
  ['too many cells', `customer${',a'.repeat(64)}\n`, '1:136 too-large'],
  ['too many lines', `customer,restriction\n${'a,b\n'.repeat(10_001)}`, '10002:1 too-large'],
])('%s is refused where it stands', (_, text, problem) => {
  expect(problemsOf(text)).toEqual([problem])
})

test('at most a hundred problems are told', () => {
  expect(problemsOf(`customer,restriction\n${',a\n'.repeat(200)}`)).toHaveLength(100)
})

test('what is written as RFC 4180 says is read as it was', () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('', '"', ',', '\n', '\r\n', 'a"b', ' '))
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 6 })
  fc.assert(
    fc.property(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, newline, isEnded) => {
      const quoted = rows.map((row) =>
        row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','),
      )
      const text = quoted.join(newline) + (isEnded && rows.length > 0 ? newline : '')
      const read = readCsv(text)
      expect(read.ok && read.value.map((row) => row.map((one) => one.text))).toEqual(rows)
    }),
    { numRuns: RUNS },
  )
})

test('any text at all is read or refused, with a place inside it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é') }), (text) => {
      const read = readCsv(text)
      if (read.ok) return
      expect(read.error.line).toBeLessThanOrEqual(text.split('\n').length)
    }),
    { numRuns: RUNS },
  )
})
