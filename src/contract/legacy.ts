import { isId } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { didYouMean, quote } from '../suggest.ts'
import { type Instant, parseInstant } from '../time.ts'
import { type Cell, type CsvProblem, readCsv } from './csv.ts'

// Exceptions that were granted before there was a register. They enter without standing: what is read here only says
// whom to ask for an application, and about what (docs/formats.md).

/** Most problems told of one spreadsheet. */
const PROBLEMS_MAX = 100

const COLUMNS = ['customer', 'restriction', 'use', 'granted-by', 'since', 'until', 'note'] as const

type Column = (typeof COLUMNS)[number]

const REQUIRED: readonly Column[] = ['customer', 'restriction']

/** One exception as somebody's list has it; null where the list says nothing. */
export interface LegacyException {
  readonly line: number
  /** A well-formed id. */
  readonly customer: string
  /** Which restriction it lifts and for which use, in the words of the list. */
  readonly restriction: string
  readonly use: string | null
  readonly grantedBy: string | null
  readonly since: Instant | null
  readonly until: Instant | null
  readonly note: string | null
}

/** Reads a spreadsheet of legacy exceptions; everything wrong with it otherwise. */
export function parseLegacy(
  text: string,
): Result<readonly LegacyException[], readonly CsvProblem[]> {
  const read = readCsv(text)
  if (!read.ok) return fail([read.error])
  const [header = [], ...records] = read.value
  const problems = problemsOfHeader(header)
  if (problems.length > 0) return fail(problems)
  const rows = records.map((cells) => rowOf(header, cells, problems))
  return problems.length > 0 ? fail(problems.slice(0, PROBLEMS_MAX)) : ok(rows)
}

function problemsOfHeader(header: readonly Cell[]): CsvProblem[] {
  const names = header.map(({ text }) => text)
  const problems = header.flatMap((cell, i): CsvProblem[] => {
    const { text, line, column } = cell
    if (!(COLUMNS as readonly string[]).includes(text)) {
      const meant = didYouMean(text, COLUMNS) || `; use ${COLUMNS.join(', ')}`
      return [
        { code: 'unknown-column', line, column, message: `no column ${quote(text)} here${meant}` },
      ]
    }
    if (names.indexOf(text) === i) return []
    const message = `there are two columns ${quote(text)}; remove one`
    return [{ code: 'duplicate-column', line, column, message }]
  })
  const missing = REQUIRED.filter((name) => !names.includes(name))
  return [
    ...problems,
    ...missing.map((name) => ({
      code: 'missing-column',
      line: 1,
      column: 1,
      message: `the column ${quote(name)} is missing; add it to the first line`,
    })),
  ]
}

function rowOf(
  header: readonly Cell[],
  cells: readonly Cell[],
  problems: CsvProblem[],
): LegacyException {
  const line = cells[0]?.line ?? 0
  const report = (code: string, column: number, message: string): void =>
    void problems.push({ code, line, column, message })
  if (cells.length !== header.length) {
    report(
      'wrong-width',
      1,
      `the line has ${cells.length} cells, the first line ${header.length}; mend it`,
    )
  }
  const cellOf = (name: Column): Cell | undefined =>
    cells[header.findIndex(({ text }) => text === name)]
  const textOf = (name: Column): string | null => cellOf(name)?.text.trim() || null
  const instantIn = (name: Column): Instant | null => {
    const text = textOf(name)
    const instant = text === null ? null : (parseInstant(text) ?? parseInstant(`${text}T00:00:00Z`))
    if (instant !== undefined) return instant
    const message = `${quote(text ?? '')} is no date; write 2026-01-31, or 2026-01-31T00:00:00Z`
    report('malformed-instant', cellOf(name)?.column ?? 1, message)
    return null
  }
  for (const name of REQUIRED) {
    if (textOf(name) !== null) continue
    report('missing-cell', cellOf(name)?.column ?? 1, `${quote(name)} is empty; fill it in`)
  }
  const customer = textOf('customer') ?? ''
  if (customer !== '' && !isId(customer)) {
    const message = `${quote(customer)} is no well-formed id; use lower-case letters, digits and hyphens`
    report('malformed-id', cellOf('customer')?.column ?? 1, message)
  }
  return {
    line,
    customer,
    restriction: textOf('restriction') ?? '',
    use: textOf('use'),
    grantedBy: textOf('granted-by'),
    since: instantIn('since'),
    until: instantIn('until'),
    note: textOf('note'),
  }
}
