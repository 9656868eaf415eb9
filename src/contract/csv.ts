import { fail, ok, type Result } from '../result.ts'

/** Most lines of a spreadsheet with exceptions, the header included. */
const RECORDS_MAX = 10_001

/** Most cells of a line. */
const CELLS_MAX = 64

/** Longest cell, in characters: what prose in a document may have. */
const CELL_CHARS_MAX = 20_000

/** A cell and where it begins; line and column count from 1. */
export interface Cell {
  readonly text: string
  readonly line: number
  readonly column: number
}

/** One thing wrong with a spreadsheet. */
export interface CsvProblem {
  readonly code: string
  readonly line: number
  readonly column: number
  /** A sentence that says what to do. */
  readonly message: string
}

/** What separates cells: spreadsheets write a semicolon where the comma is the decimal sign, and tabs when told to. */
const SEPARATORS = [',', ';', '\t'] as const

export type Separator = (typeof SEPARATORS)[number]

/** How much of a text is looked at for its separator, in characters. */
const FIRST_CHARS = 4_096

/** Which of them stands first in the first line, outside quotes. */
export function separatorOf(text: string): Separator {
  const [line = ''] = text
    .slice(0, FIRST_CHARS)
    .replaceAll(/"[^"]*"/g, '')
    .split(/[\r\n]/, 1)
  const found = [...line].find((char) => (SEPARATORS as readonly string[]).includes(char))
  return (found ?? ',') as Separator
}

/**
 * Comma-separated values (RFC 4180), lines ended by CRLF or LF alike, or as spreadsheets separate them. The first misfit
 * ends the reading.
 */
export function readCsv(
  text: string,
  separator: Separator = ',',
): Result<readonly (readonly Cell[])[], CsvProblem> {
  const records: Cell[][] = []
  let cells: Cell[] = []
  let at = text.startsWith('\uFEFF') ? 1 : 0
  let start: LineStart = { line: 1, index: at }
  while (at < text.length || cells.length > 0) {
    const place = { line: start.line, column: at - start.index + 1 }
    const full = fullAt(records, cells)
    if (full) return fail({ code: 'too-large', ...place, message: full })
    const read = readCell(text, at, separator)
    if (!read.ok) return fail({ ...read.error, ...place })
    const { value, end } = read.value
    cells.push({ text: value, ...place })
    const isLast = text[end] !== separator
    const next = end + (text.startsWith('\r\n', end) ? 2 : 1)
    start = lineStartBefore(text, { start, from: at, until: next })
    at = next
    if (!isLast) continue
    records.push(cells)
    cells = []
  }
  return ok(records)
}

/** A line's number, and the index at which it begins. */
interface LineStart {
  readonly line: number
  readonly index: number
}

/** The last line that begins after `from` and not after `until`; where none does, the one before. */
function lineStartBefore(
  text: string,
  {
    start,
    from,
    until,
  }: { readonly start: LineStart; readonly from: number; readonly until: number },
): LineStart {
  let { line, index } = start
  for (let i = text.indexOf('\n', from); i >= 0 && i < until; i = text.indexOf('\n', i + 1)) {
    line += 1
    index = i + 1
  }
  return { line, index }
}

function fullAt(records: readonly unknown[], cells: readonly unknown[]): string | undefined {
  if (records.length === RECORDS_MAX) return `there are over ${RECORDS_MAX} lines; split the file`
  return cells.length === CELLS_MAX
    ? `a line has at most ${CELLS_MAX} cells; remove some`
    : undefined
}

function readCell(
  text: string,
  from: number,
  separator: Separator,
): Result<{ readonly value: string; readonly end: number }, Pick<CsvProblem, 'code' | 'message'>> {
  const read =
    text[from] === '"' ? readQuoted(text, from, separator) : readPlain(text, from, separator)
  if (!read.ok) return fail({ code: 'malformed-csv', message: read.error })
  if (read.value.value.length <= CELL_CHARS_MAX) return read
  const message = `a cell has at most ${CELL_CHARS_MAX} characters; shorten it`
  return fail({ code: 'too-large', message })
}

/** The value of a cell, and the place after it: a separator, the end of a line or of the text. */
type ReadCell = Result<{ readonly value: string; readonly end: number }, string>

function readPlain(text: string, from: number, separator: Separator): ReadCell {
  let end = from
  while (end < text.length && !`${separator}\n"`.includes(text[end] as string)) end++
  if (text[end] === '"')
    return fail('a quote stands in a cell without quotes; put the cell in quotes')
  if (text[end] === '\n' && end > from && text[end - 1] === '\r') end -= 1
  const value = text.slice(from, end)
  if (value.includes('\r')) return fail('a line ends in CR alone; end lines in CRLF or LF')
  return ok({ value, end })
}

function readQuoted(text: string, from: number, separator: Separator): ReadCell {
  let end = from + 1
  while (true) {
    const quote = text.indexOf('"', end)
    if (quote < 0) return fail('the quotes of this cell are never closed; close them')
    end = quote + 1
    if (text[end] !== '"') break
    end += 1
  }
  const value = text.slice(from + 1, end - 1).replaceAll('""', '"')
  const isEnded =
    end === text.length || text[end] === separator || /^\r?\n/.test(text.slice(end, end + 2))
  return isEnded
    ? ok({ value, end })
    : fail('text follows closing quotes; write quotes in a cell twice')
}
