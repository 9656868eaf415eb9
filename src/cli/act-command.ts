import { readFileSync } from 'node:fs'
import { parseDocument, stringify } from 'yaml'
import { readSource } from '../document.ts'
import { isRole } from '../people.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { readSmallFile } from './followed-file.ts'
import { printProblem, warn, writeJson, writeLine } from './output.ts'
import { readSigner } from './publisher.ts'
import {
  type Actor,
  type Answer,
  digestOfCommand,
  RegisterClient,
  type Waiting,
} from './register-client.ts'
import { UsageError } from './usage-error.ts'

// What the commands of the register have in common: each is about one kind of thing.

export interface Kind {
  /** Before the name of an act. */
  readonly name: string
  /** Below /api/v1. */
  readonly path: string
  /** Whether there are many, each with an id; otherwise the one thing that acts are on. */
  readonly subject: 'many' | string
  readonly summary: string
  readonly acts: string
  /** A word that shows something else of it: what to print of an answer, or with which code it ends. */
  readonly shows?: {
    readonly word: string
    readonly help: string
    readonly show: (client: RegisterClient, args: Arguments) => Promise<Answer | number>
  }
}

const OPTIONS = {
  by: { type: 'string' },
  role: { type: 'string' },
  key: { type: 'string' },
  server: { type: 'string' },
  'api-key-file': { type: 'string' },
  file: { type: 'string' },
  set: { type: 'string', multiple: true },
  text: { type: 'string', multiple: true },
  expect: { type: 'string' },
} as const satisfies Command['options']

const LIST_OPTIONS = {
  state: { type: 'string' },
  customer: { type: 'string' },
  search: { type: 'string' },
  after: { type: 'string' },
} as const satisfies Command['options']

const LISTING = `list shows what there is: by --state, --customer, words in --search; --after ID goes on from there.
`

/** The command about a kind of thing: what it shows, and every act on it. */
export function commandOf(kind: Kind): Command {
  const isMany = kind.subject === 'many'
  const id = isMany ? ' ID' : ''
  const word = kind.shows ? `${kind.shows.word}|` : ''
  const reading = kind.shows ? `\n${kind.shows.help}\n` : ' '
  return {
    usage: `${isMany ? 'list|' : ''}show|${word}acts|ACT${id} [--set NAME=VALUE]... [--file FILE] [OPTION]...`,
    summary: kind.summary,
    help: `${isMany ? LISTING : ''}show prints the thing as it stands, acts what was done to it.${reading}Any other word is an act:
${kind.acts}.
The fields of an act come from --file FILE, YAML or JSON, from --set NAME=VALUE, whose value is YAML, and from
--text NAME=FILE, whose value is all the text of a file.

Who acts: --by PERSON --role ROLE --key FILE, or PROVISO_BY, PROVISO_ROLE and PROVISO_KEY. The server: --server URL or
PROVISO_SERVER, http://127.0.0.1:7420 unless said; --api-key-file FILE holds a key of scope register.
Where a document is signed its digest is printed first; with --expect DIGEST no other one is signed.

Exit 0: done. 1: the register refuses. 2: wrong usage, or no register answers.`,
    options: { ...OPTIONS, ...(isMany ? LIST_OPTIONS : {}) },
    positionals: { least: 1, most: isMany ? 2 : 1 },
    run: (args) => run(kind, args),
  }
}

async function run(kind: Kind, args: Arguments): Promise<number> {
  const [action = '', id] = args.positionals
  const client = new RegisterClient(
    args.text('server') ?? process.env['PROVISO_SERVER'] ?? 'http://127.0.0.1:7420',
    apiKeyOf(args),
  )
  if (kind.subject === 'many' && action === 'list') return await listAll(client, kind, args)
  if (kind.subject === 'many' && id === undefined)
    throw new UsageError(`say which: ${kind.name} ${action} ID`)
  const path = id === undefined ? kind.path : `${kind.path}/${encodeURIComponent(id)}`
  if (action === 'show') return await answered(args, await client.get(path))
  if (action === 'acts') return await answered(args, await client.get(`${path}/acts`))
  if (action === kind.shows?.word) {
    const shown = await kind.shows.show(client, args)
    return typeof shown === 'number' ? shown : await answered(args, shown)
  }
  const actor = actorOf(args)
  const command = { ...fieldsOf(args), ...ownName(kind, action, id), act: nameOf(kind, action) }
  const subject = kind.subject === 'many' ? `${kind.name}/${id}` : kind.subject
  const waiting = await waitingFor(client, { path, command, args })
  if ('status' in waiting) return await answered(args, waiting)
  return await answered(args, await client.act({ actor, path, subject, command, waiting }))
}

/** What opens a case or drafts a contract has its id, which is the address's. */
function ownName({ name }: Kind, action: string, id: string | undefined): object {
  const isFirst = action === 'open' || action === 'draft'
  return isFirst ? { [name]: id } : {}
}

function nameOf({ name }: Kind, action: string): string {
  return action.includes('.') ? action : `${name}.${action}`
}

/** Acts on a document that waits, by where its round and digest stand in what is shown. */
const ON_A_DOCUMENT: Readonly<Record<string, (body: Answer['body']) => Waiting | null>> = {
  'case.approve': ({ round, digest }) => ({ round, digest }),
  'contract.sign': ({ state }) => ({ round: state.round, digest: state.digest }),
  'provider.approve': ({ state }) => state.proposal,
}

interface Wanted {
  readonly path: string
  readonly command: { readonly act: string }
  readonly args: Arguments
}

/** Round and digest that are signed, or what the register answers instead. */
async function waitingFor(
  client: RegisterClient,
  { path, command, args }: Wanted,
): Promise<Waiting | Answer> {
  const ofDocument = ON_A_DOCUMENT[command.act]
  const shown = await client.get(command.act === 'case.approve' ? `${path}/determination` : path)
  if (shown.status !== 200 && (ofDocument || shown.status !== 404)) return shown
  if (!ofDocument) {
    const round = shown.status === 200 ? (shown.body as { version: number }).version : 0
    return { round, digest: digestOfCommand(command) }
  }
  const waiting = ofDocument(shown.body)
  if (waiting === null) throw new UsageError('nothing waits to be signed')
  const { round, digest } = waiting
  const expected = args.text('expect')
  if (expected !== undefined && expected !== digest) {
    throw new UsageError(
      `what waits has the digest ${digest}, and not the one expected; read it again`,
    )
  }
  warn(`signing round ${round}, ${digest}`)
  return { round, digest }
}

/** Options of a list, and what the API calls them. */
const QUERY = [
  ['state', 'state'],
  ['customer', 'customer'],
  ['search', 'q'],
  ['after', 'cursor'],
] as const

async function listAll(client: RegisterClient, { path }: Kind, args: Arguments): Promise<number> {
  const query = new URLSearchParams()
  for (const [option, name] of QUERY) {
    const value = args.text(option)
    if (value !== undefined) query.set(name, value)
  }
  const answer = await client.get(`${path}?${query}`)
  if (answer.status !== 200 || args.json) return await answered(args, answer)
  const { items, next } = answer.body as { items: Listed[]; next: string | null }
  for (const { id, customer, state } of items)
    await writeLine(`${(state ?? '').padEnd(12)} ${id}  ${customer}`)
  if (next !== null) await writeLine(`There are more: --after ${next}`)
  return EXIT.done
}

interface Listed {
  readonly id: string
  readonly customer: string
  readonly state: string | null
}

/** Prints an answer, or why it is refused. */
async function answered(args: Arguments, { status, body }: Answer): Promise<number> {
  const isDone = status >= 200 && status < 300
  if (args.json) await writeJson(body)
  else if (isDone) await writeLine(stringify(body, { lineWidth: 100 }).trimEnd())
  else warnRefusal(body)
  return isDone ? EXIT.done : EXIT.no
}

function warnRefusal({ code, detail, problems, changed }: Answer['body']): void {
  warn(`proviso: ${code}: ${detail}`)
  for (const { path, code: what, message } of problems ?? []) {
    warn(`  ${(path ?? []).join('.')}: ${what}: ${message}`)
  }
  if (changed) warn(`  meanwhile: ${changed.join(', ')}`)
}

function actorOf(args: Arguments): Actor {
  const said = (name: string): string => {
    const value = args.text(name) ?? process.env[`PROVISO_${name.toUpperCase()}`]
    if (value !== undefined && value !== '') return value
    throw new UsageError(`say who acts: --${name}, or PROVISO_${name.toUpperCase()}`)
  }
  const role = said('role')
  if (!isRole(role)) throw new UsageError(`--role ${role} is no role`)
  return { by: said('by'), role, signer: readSigner(said('key'), 'signature') }
}

function apiKeyOf(args: Arguments): string | undefined {
  const file = args.text('api-key-file')
  return file === undefined ? undefined : readSmallFile(file).trim()
}

/** The fields of an act, from a file, from values, and from texts. */
function fieldsOf(args: Arguments): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = { ...fileFields(args.text('file')) }
  for (const [name, value] of pairsOf(args, 'set')) {
    const parsed = parseDocument(value)
    if (parsed.errors.length > 0) throw new UsageError(`--set ${name}: its value is no YAML`)
    fields[name] = parsed.toJS()
  }
  for (const [name, file] of pairsOf(args, 'text')) fields[name] = readFileSync(file, 'utf8')
  return fields
}

function pairsOf(args: Arguments, option: string): readonly (readonly [string, string])[] {
  return args.texts(option).map((text) => {
    const [, name = '', value = ''] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? []
    if (name !== '') return [name, value] as const
    throw new UsageError(`--${option} ${text}: write NAME=VALUE`)
  })
}

function fileFields(file: string | undefined): object {
  if (file === undefined) return {}
  const { raw, problems } = readSource({ name: file, text: readSmallFile(file) })
  for (const problem of problems) warn(printProblem(problem, process.stderr))
  if (problems.length > 0 || raw === undefined) throw new UsageError(`${file} cannot be read`)
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw
  throw new UsageError(`${file} holds no fields: write NAME: VALUE, a line each`)
}
