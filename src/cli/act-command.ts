import {
  EVIDENCE_OPTIONS,
  type EvidenceForm,
  FIELD_OPTIONS,
  fieldsOf,
  keepEvidence,
} from './act-fields.ts'
import { askAct } from './ask-act.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { isRead, writeJson, writeLine } from './output.ts'
import { answered, textOf } from './register-answer.ts'
import type { Answer, RegisterClient } from './register-client.ts'
import { ACTOR_HELP, ACTOR_OPTIONS, clientOf, EXIT_HELP } from './register-options.ts'
import { toSign } from './to-sign.ts'
import { UsageError } from './usage-error.ts'

// What the commands of the register have in common: each is about one kind of thing.

export interface Kind {
  /** Before the name of an act. */
  readonly name: string
  /** Below /api/v1. */
  readonly path: string
  /** Whether there are many, each with an id; otherwise the one thing that acts are on. */
  readonly subject: 'many' | string
  /** The text of each that is signed: the word that shows it, and the act that signs it. */
  readonly text?: { readonly word: string; readonly act: string }
  /** How its acts name files. */
  readonly evidence: EvidenceForm
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
  ...ACTOR_OPTIONS,
  ...FIELD_OPTIONS,
  ...EVIDENCE_OPTIONS,
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
  const words = [kind.text?.word, kind.shows?.word].flatMap((word) => word ?? [])
  const reading = [
    ...(kind.text
      ? [
          `${kind.text.word} prints the text that \`${kind.text.act}\` signs, and its digest, computed from it.`,
        ]
      : []),
    ...(kind.shows ? [kind.shows.help] : []),
    'Any other word is an act:',
  ]
  return {
    usage: `${isMany ? 'list|' : ''}${['show', ...words, 'acts', 'ACT'].join('|')}${id} [--set NAME=VALUE]... [--file FILE] [OPTION]...`,
    summary: kind.summary,
    help: `${isMany ? LISTING : ''}show prints the thing as it stands, acts what was done to it.
${reading.join('\n')}
${kind.acts}.
The fields of an act come from --file FILE, YAML or JSON, from --set NAME=VALUE, whose value is YAML, and from
--text NAME=FILE, whose value is all the text of a file. --evidence NAME=FILE has the register keep a file, and names it
by its digest${kind.evidence === 'list' ? ', type, size and name in the list of that field' : ''}.

${ACTOR_HELP}
Where a document is signed its digest is computed from its text and printed first; nothing is signed when the register
states another one, nor, with --expect DIGEST, when it is another one than that.

${EXIT_HELP}`,
    options: { ...OPTIONS, ...(isMany ? LIST_OPTIONS : {}) },
    positionals: { least: 1, most: isMany ? 2 : 1 },
    run: (args) => run(kind, args),
  }
}

async function run(kind: Kind, args: Arguments): Promise<number> {
  const [action = '', id] = args.positionals
  const client = clientOf(args)
  const isMany = kind.subject === 'many'
  if (isMany && action === 'list') {
    if (id === undefined) return await listAll(client, kind, args)
    throw new UsageError(`list takes no ID; see one with: ${kind.name} show ${id}`)
  }
  if (isMany && id === undefined) throw new UsageError(`say which: ${kind.name} ${action} ID`)
  const path = id === undefined ? kind.path : `${kind.path}/${encodeURIComponent(id)}`
  if (action === 'show') return await answered(args, await client.get(path))
  if (action === 'acts') return await showActs(client, path, args)
  if (action === kind.text?.word) return await showText(client, kind, args)
  if (action === kind.shows?.word) {
    const shown = await kind.shows.show(client, args)
    return typeof shown === 'number' ? shown : await answered(args, shown)
  }
  const { values, evidence, locate } = fieldsOf(args, kind.evidence)
  const command = { ...ownName(kind, action, id), ...values, act: nameOf(kind, action) }
  const subject = isMany ? `${kind.name}/${id}` : kind.subject
  const wanted = { path, subject, command }
  const refused = await keepEvidence(client, evidence)
  return await answered(args, refused ?? (await askAct(client, args, wanted)), locate)
}

/** Everything that was done to a thing, written as it comes, page by page. */
async function showActs(client: RegisterClient, path: string, args: Arguments): Promise<number> {
  for (let after = 0; isRead(); ) {
    const answer = await client.get(`${path}/acts?cursor=${after}`)
    if (answer.status !== 200) return await answered(args, answer)
    const { items, next } = answer.body as { items: readonly object[]; next: string | null }
    for (const item of items) await (args.json ? writeJson(item) : writeLine(textOf([item])))
    if (next === null) return EXIT.done
    if (!(Number(next) > after))
      throw new UsageError('the server does not go on, so it is no register')
    after = Number(next)
  }
  return EXIT.done
}

/** What opens a case or drafts a contract has its id, which is the address's. */
function ownName({ name }: Kind, action: string, id: string | undefined): object {
  const isFirst = ['open', 'import', 'draft'].includes(action)
  return isFirst ? { [name]: id } : {}
}

function nameOf({ name }: Kind, action: string): string {
  return action.includes('.') ? action : `${name}.${action}`
}

/** Shows what would be signed, under the digest that would be. */
async function showText(
  client: RegisterClient,
  { path, text }: Kind,
  args: Arguments,
): Promise<number> {
  const [, id = ''] = args.positionals
  const at = { path: `${path}/${encodeURIComponent(id)}`, id }
  const shown = await toSign(client, text?.act ?? '', at)
  if (!shown.ok) return await answered(args, shown.error)
  const { round, digest, text: json } = shown.value
  const body = args.json ? shown.value : { round, digest, text: JSON.parse(json) }
  return await answered(args, { status: 200, body })
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
