import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { canonicalJson } from '../canonical-json.ts'
import type { CsvProblem } from '../contract/csv.ts'
import { type LegacyException, parseLegacy } from '../contract/legacy.ts'
import { quote } from '../suggest.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { sha256 } from './load.ts'
import { counted, Progress, printProblem, warn, writeJson, writeLine } from './output.ts'
import { type Actor, type Answer, digestOfCommand, type RegisterClient } from './register-client.ts'
import { actorOf, clientOf } from './register-options.ts'
import { UsageError } from './usage-error.ts'

/** Longest spreadsheet, in bytes. */
const FILE_BYTES_MAX = 16_777_216

/** Characters of the digest that a case is called by. */
const NAME_CHARS = 20

/** `proviso import`: a word of the language, so that it is named only where it is exported. */
const importLegacy: Command = {
  usage: 'FILE [--dry-run] [OPTION]...',
  summary: 'bring legacy exceptions from a spreadsheet into a register, as cases',
  help: `Opens a case in the register for each line of FILE, a spreadsheet of legacy exceptions as comma-separated values
(docs/formats.md). A legacy exception has no standing: its case is a draft that says nothing but what the list said. Its
customer, for whom somebody has to be registered, revises and submits it, and it is assessed like any other. Nothing is
permitted before a contract is signed.

FILE is read whole first: every error is told with its line, and then nothing is opened. A case is called by the digest
of its line, so that the same line is brought in once, however often FILE is. With --dry-run nothing is opened; what
would be is shown.

Who acts: --by PERSON --role operator --key FILE, or PROVISO_BY, PROVISO_ROLE and PROVISO_KEY. The server: --server URL or
PROVISO_SERVER, http://127.0.0.1:7420 unless said; --api-key-file FILE holds a key of scope register.

Exit 0: done. 1: FILE has errors, or the register refuses. 2: wrong usage, or no register answers.`,
  options: {
    'dry-run': { type: 'boolean' },
    by: { type: 'string' },
    role: { type: 'string' },
    key: { type: 'string' },
    server: { type: 'string' },
    'api-key-file': { type: 'string' },
  },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const read = parseLegacy(readSpreadsheet(args.first))
    if (!read.ok) return await refused(args, read.error)
    const client = clientOf(args)
    const actor = args.flag('dry-run') ? null : actorOf(args)
    const people = await client.get('people')
    if (people.status !== 200) return await refusedBy(args, people)
    const strangers = strangersIn(read.value, people.body as PeopleShown)
    if (strangers.length > 0) return await refused(args, strangers)
    return await importRows(args, { client, actor, rows: read.value })
  },
}

export { importLegacy as import }

function readSpreadsheet(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw new UsageError(`no file ${path}`)
  if (stats.size > FILE_BYTES_MAX) {
    throw new UsageError(`${path} is over ${FILE_BYTES_MAX} bytes; split it`)
  }
  const bytes = readFileSync(path)
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new UsageError(`${path} is not UTF-8; save it as CSV UTF-8`)
}

interface PeopleShown {
  readonly state: {
    readonly persons: Readonly<Record<string, { readonly customer: string | null }>>
  }
}

/** Lines about customers for whom nobody could apply. */
function strangersIn(
  rows: readonly LegacyException[],
  { state }: PeopleShown,
): readonly CsvProblem[] {
  const customers = new Set(Object.values(state.persons).map(({ customer }) => customer))
  return rows
    .filter(({ customer }) => !customers.has(customer))
    .map(({ customer, line }) => {
      const message = `nobody represents ${quote(customer)}; register somebody who does`
      return { code: 'customer-unknown', line, column: 1, message }
    })
}

interface Importing {
  readonly client: RegisterClient
  /** Null: nothing is to be opened. */
  readonly actor: Actor | null
  readonly rows: readonly LegacyException[]
}

/** What came of a line. */
interface Imported {
  readonly line: number
  readonly case: string
  readonly customer: string
  readonly is: 'opened' | 'there' | 'new'
}

async function importRows(args: Arguments, { client, actor, rows }: Importing): Promise<number> {
  const imported: Imported[] = []
  const progress = new Progress('lines')
  for (const row of rows) {
    const one = await importRow(client, actor, row)
    if ('status' in one) {
      progress.end()
      warn(`${args.first}:${row.line}: the lines from here on are not brought in`)
      return await refusedBy(args, one)
    }
    imported.push(one)
    progress.show(imported.length)
    if (!args.json) await writeLine(`${one.is.padEnd(6)}  ${one.case}  ${one.customer}`)
  }
  progress.end()
  if (args.json) await writeJson({ cases: imported })
  else await writeLine(summaryOf(imported, actor === null))
  return EXIT.done
}

/** Brings a line in, unless it is there; or what the register answers instead. */
async function importRow(
  client: RegisterClient,
  actor: Actor | null,
  row: LegacyException,
): Promise<Imported | Answer> {
  const { line, customer } = row
  const legacy = legacyOf(row)
  const id = `legacy-${sha256(canonicalJson({ customer, legacy })).slice(0, NAME_CHARS)}`
  const path = `cases/${id}`
  const about = { line, case: id, customer }
  const before = await client.get(path)
  if (before.status === 200) return { ...about, is: 'there' }
  if (before.status !== 404) return before
  if (actor === null) return { ...about, is: 'new' }
  const command = { act: 'case.import', case: id, customer, legacy }
  const waiting = { round: 0, digest: digestOfCommand(command) }
  const done = await client.act({ actor, path, subject: `case/${id}`, command, waiting })
  // Somebody else may bring in the same list.
  if (done.status === 409 && done.body.code === 'version-conflict') return { ...about, is: 'there' }
  return done.status === 200 ? { ...about, is: 'opened' } : done
}

/** What the line says, as an act has it. */
function legacyOf({ restriction, use, grantedBy, since, until, note }: LegacyException): object {
  return {
    restriction,
    ...(use === null ? {} : { use }),
    ...(grantedBy === null ? {} : { 'granted-by': grantedBy }),
    ...instantAs('from', since),
    ...instantAs('until', until),
    ...(note === null ? {} : { note }),
  }
}

function instantAs(name: string, instant: Instant | null): object {
  return instant === null ? {} : { [name]: printInstantShort(instant) }
}

function summaryOf(imported: readonly Imported[], isDry: boolean): string {
  const there = imported.filter(({ is }) => is === 'there').length
  const fresh = counted(imported.length - there, 'case')
  return `${fresh} ${isDry ? 'to be opened' : 'opened'}, ${there} there before`
}

/** Tells what is wrong with the file, of which nothing is brought in. */
async function refused(args: Arguments, problems: readonly CsvProblem[]): Promise<number> {
  const located = problems.map((problem) => {
    return { severity: 'error' as const, file: args.first, frame: '', ...problem }
  })
  if (args.json) await writeJson({ problems: located })
  else for (const problem of located) warn(printProblem(problem, process.stderr))
  warn(`proviso: ${args.first} is refused: ${counted(problems.length, 'error')}`)
  return EXIT.no
}

async function refusedBy(args: Arguments, { body }: Answer): Promise<number> {
  const { code, detail } = body as { readonly code: string; readonly detail: string }
  if (args.json) await writeJson(body)
  else warn(`proviso: ${code}: ${detail}`)
  return EXIT.no
}
