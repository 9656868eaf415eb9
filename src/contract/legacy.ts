import { canonicalJson } from '../canonical-json.ts'
import { isId } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { didYouMean, quote } from '../suggest.ts'
import { type Instant, parseInstant } from '../time.ts'
import { type Cell, type CsvProblem, readCsv, separatorOf } from './csv.ts'

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
  const read = readCsv(text, separatorOf(text))
  if (!read.ok) return fail([read.error])
  const [header = [], ...records] = read.value
  const problems = problemsOfHeader(header)
  if (problems.length > 0) return fail(problems)
  // Spreadsheets write lines below their last one, with nothing in them.
  const filled = records.filter((cells) => cells.some((cell) => cell.text.trim() !== ''))
  const rows = filled.map((cells) => rowOf(header, cells, problems))
  checkDistinct(rows, problems)
  if (problems.length === 0) return ok(rows)
  const inOrder = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return fail(inOrder.slice(0, PROBLEMS_MAX))
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

/** The same line twice would be one case, and what is meant may be two. */
function checkDistinct(rows: readonly LegacyException[], problems: CsvProblem[]): void {
  const seen = new Map<string, number>()
  for (const { line, ...words } of rows) {
    const text = canonicalJson(words)
    const first = seen.get(text)
    seen.set(text, first ?? line)
    if (first === undefined) continue
    const message = `the line says what line ${first} says; remove it, or say what differs in \`note\``
    problems.push({ code: 'duplicate-line', line, column: 1, message })
  }
}

/** A formula, or what a spreadsheet shows where one has failed. */
const FORMULA = /^\s*(?:=|#(?:REF|NAME|VALUE|DIV\/0|N\/A|NULL|NUM|SPILL|CALC)\b)/

function checkTexts(
  cells: readonly Cell[],
  report: (code: string, column: number, message: string) => void,
): void {
  for (const { text, column } of cells) {
    if (FORMULA.test(text)) {
      report('formula', column, 'a formula stands here and not its value; write the value')
    }
    // PostgreSQL keeps it in no JSON.
    if (text.includes('\u0000')) {
      report('malformed-text', column, 'the cell holds U+0000, which is no text; save as CSV UTF-8')
    }
  }
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
  checkTexts(cells, report)
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
