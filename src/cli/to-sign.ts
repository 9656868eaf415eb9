import { canonicalJson } from '../canonical-json.ts'
import { digestOf } from '../digest.ts'
import { parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import { sha256 } from './load.ts'
import type { Answer, RegisterClient, Waiting } from './register-client.ts'
import { UsageError } from './usage-error.ts'

// What a person signs is computed here, from the text that they can read. What the register says of it is compared
// with that, and never signed.

/** A text that waits to be signed. */
export interface ToSign extends Waiting {
  readonly text: string
}

/** A text as the register gives it, with the digest that it states. */
interface Given {
  readonly round: unknown
  readonly digest: unknown
  readonly text: unknown
}

interface DocumentAt {
  /** Below the thing's own path. */
  readonly below: string
  /** Null: nothing waits. */
  readonly given: (body: Answer['body']) => Given | null
  /** The members of the text that say what it is about, of a thing and a round; without them only the address does. */
  readonly about: (id: string, round: number) => Readonly<Record<string, unknown>>
}

/** The texts that are signed, by the act that signs them (semantics §12.4). */
const DOCUMENTS: Readonly<Record<string, DocumentAt>> = {
  'case.approve': {
    below: '/determination',
    given: (body) => body,
    about: (id, round) => ({ case: id, round }),
  },
  'contract.sign': { below: '/terms', given: (body) => body, about: () => ({}) },
  'provider.approve': {
    below: '',
    given: ({ state }) => state.proposal && proposalOf(state.proposal),
    about: () => ({}),
  },
}

/** Why nothing is signed: what the register answers, or what it states wrongly. */
export type Unsigned = Answer

export function isOnDocument(act: string): boolean {
  return Object.hasOwn(DOCUMENTS, act)
}

/** What would be signed by an act on a document, computed from its text. */
export async function toSign(
  client: RegisterClient,
  act: string,
  { path, id }: { readonly path: string; readonly id: string },
): Promise<Result<ToSign, Unsigned>> {
  const { below, given, about } = DOCUMENTS[act] as DocumentAt
  const answer = await client.get(`${path}${below}`)
  if (answer.status !== 200) return fail(answer)
  const shown = given(answer.body)
  if (shown === null) throw new UsageError('nothing waits to be signed')
  const { round, digest: stated, text } = shown
  if (typeof text !== 'string' || !text.isWellFormed() || !Number.isSafeInteger(round)) {
    throw new UsageError('the server shows no text and no round, so it is no register')
  }
  const digest = digestOf(sha256(text))
  if (stated !== digest) {
    return fail(refusal(`the register states ${String(stated)}, but its text has ${digest}`))
  }
  const wrong = differing(text, about(id, round as number))
  if (wrong !== undefined) return fail(refusal(wrong))
  return ok({ round: round as number, digest, text })
}

function differing(text: string, about: Readonly<Record<string, unknown>>): string | undefined {
  const json = parseJson(text)
  if (!json.ok) return 'the text is no JSON'
  const members = json.value as Readonly<Record<string, unknown>> | null
  for (const [name, value] of Object.entries(about)) {
    if (members?.[name] === value) continue
    return `the text is of the ${name} ${String(members?.[name])}, and not of ${String(value)}`
  }
  return undefined
}

function refusal(what: string): Unsigned {
  const detail = `${what}; nothing is signed, ask whoever runs the register`
  return { status: 409, body: { code: 'document-differs', detail } }
}

/** What is approved of a proposal is canonical JSON of both documents and the round. */
function proposalOf({ policy, exceptions, round, digest }: Answer['body']): Given {
  const isWhole = [policy, exceptions].every((one) => typeof one === 'string' && one.isWellFormed())
  const text = isWhole ? canonicalJson({ policy, exceptions, round }) : undefined
  return { round, digest, text }
}
