import type { Act, Recorded, Refusal } from '../src/act.ts'
import { canonicalJson } from '../src/canonical-json.ts'
import { type ContractLife, contractOf } from '../src/contract/contract-life.ts'
import { digestOf } from '../src/digest.ts'
import { fail, ok, type Result } from '../src/result.ts'
import type { Renewed } from '../src/review/asking.ts'
import type { Case } from '../src/review/case.ts'
import { determinedIn } from '../src/review/determination.ts'
import { actorOf, NO_PEOPLE, type People } from '../src/review/people.ts'
import { NO_DOCUMENTS, type ProviderRegister } from '../src/review/provider-register.ts'
import { Documents, type RegisterContext } from '../src/server/register-context.ts'
import { KINDS } from '../src/server/register-kinds.ts'
import {
  ON_A_DOCUMENT,
  PEOPLE,
  PROVIDER,
  WHATEVER_HAPPENED,
} from '../src/server/register-streams.ts'
import type { StoredEvent, Subject } from '../src/store/change.ts'
import type { Instant } from '../src/time.ts'
import { sha256 } from './bundle-of.ts'

// A register folded in memory: the functions that decide and fold, put together as `Register` puts them together in a
// transaction. `test/register-bundle.test.ts` holds the two together.

/** A command as it is sent. */
export type Sent = { readonly act: string } & Readonly<Record<string, unknown>>

/** Something that was told of a thing. */
export interface Told extends Recorded<StoredEvent> {
  readonly subject: Subject
  /** Of the thing, after it. */
  readonly version: number
}

interface Thing {
  readonly state: unknown
  readonly version: number
}

const NOTHING: Thing = { state: undefined, version: 0 }

const documents = new Documents(sha256)

export function nameOf({ stream, id }: Subject): string {
  return `${stream}/${id}`
}

export class MemoryRegister {
  readonly #things: Map<string, Thing>
  readonly #nonces: Set<string>
  /** All that has happened, the first event first. */
  readonly events: Told[]

  constructor(before?: MemoryRegister) {
    this.#things = new Map(before ? before.#things : [])
    this.#nonces = new Set(before ? before.#nonces : [])
    this.events = before ? [...before.events] : []
  }

  thing(subject: Subject): Thing {
    return this.#things.get(nameOf(subject)) ?? NOTHING
  }

  get people(): People {
    return (this.thing(PEOPLE).state ?? NO_PEOPLE) as People
  }

  get provider(): ProviderRegister {
    return (this.thing(PROVIDER).state ?? NO_DOCUMENTS) as ProviderRegister
  }

  case(id: string): Case | undefined {
    return this.thing({ stream: 'case', id }).state as Case | undefined
  }

  contract(id: string): ContractLife | undefined {
    return this.thing({ stream: 'contract', id }).state as ContractLife | undefined
  }

  /** Names and states of everything. */
  get things(): ReadonlyMap<string, Thing> {
    return this.#things
  }

  /** What acts at an instant are decided by, of the provider. */
  documentsAt(at: Instant): Pick<RegisterContext, 'sha256' | 'provider' | 'documents'> {
    return documents.contextOf(this.provider, at)
  }

  /** Does what somebody has signed with the key that the act names, or says why not; then nothing has changed. */
  perform(subject: Subject, sent: Sent, act: Act): Result<unknown, Refusal> {
    const kind = KINDS[subject.stream]
    const read = kind?.command.safeParse(sent)
    if (!kind || !read?.success) return refuse('malformed-command')
    const command = read.data
    if (!ON_A_DOCUMENT.has(sent.act) && act.digest !== digestOf(sha256(canonicalJson(sent)))) {
      return refuse('wrong-digest')
    }
    if (this.#nonces.has(act.nonce)) return refuse('nonce-served')
    const actor = sent.act === 'people.begin' ? ok(null) : actorOf(this.people, act)
    if (!actor.ok) return actor
    const { state, version } = this.thing(subject)
    const isFree = ON_A_DOCUMENT.has(sent.act) || WHATEVER_HAPPENED.has(sent.act)
    if (!isFree && act.round !== version) return refuse('version-conflict')
    const context = this.#contextOf(subject, command, act, actor.value?.customer ?? null)
    const decided = kind.decide(state, command as never, act, context)
    if (!decided.ok) return decided
    const ended = this.#ended(subject, decided.value, act, context)
    if (!ended.ok) return ended
    this.#nonces.add(act.nonce)
    this.#take(subject, decided.value, act)
    for (const { id, events } of ended.value) this.#take({ stream: 'case', id }, events, act)
    return ok(undefined)
  }

  #contextOf(
    subject: Subject,
    command: object,
    { at }: Act,
    customer: string | null,
  ): RegisterContext {
    const named = command as { readonly case?: string; readonly renews?: string }
    const of = { ...this.documentsAt(at), customer }
    if (subject.stream === 'case') {
      const renews = this.case(subject.id)?.application.renews
      return { ...of, determined: undefined, renewed: this.#renewedBy(renews) }
    }
    if (subject.stream !== 'contract') return { ...of, determined: undefined, renewed: null }
    const life = this.contract(subject.id)
    const own = this.case(life?.draftedFrom.determination.case ?? named.case ?? '')
    const renewed = this.#renewedBy(life?.renews ?? named.renews)
    return { ...of, determined: own && determinedIn(own, at), renewed }
  }

  #renewedBy(id: string | null | undefined): Renewed | null {
    const life = this.contract(id ?? '')
    if (!life) return null
    const own = this.case(life.draftedFrom.determination.case) ?? null
    return { contract: contractOf(life), case: own }
  }

  /** The last signature on a contract ends its case, by the same act: what then happens to that. */
  #ended(
    { id }: Subject,
    events: readonly StoredEvent[],
    act: Act,
    context: RegisterContext,
  ): Result<readonly { readonly id: string; readonly events: readonly StoredEvent[] }[], Refusal> {
    if (!events.some(({ type }) => type === 'contract-approved')) return ok([])
    const { draftedFrom, digest } = this.contract(id) as ContractLife
    const own = draftedFrom.determination.case
    const command = { act: 'case.conclude', contract: id, terms: digest }
    const decided = KINDS['case']?.decide(this.case(own), command as never, act, {
      ...context,
      ...this.#contextOf({ stream: 'case', id: own }, command, act, context.customer),
    })
    return decided?.ok ? ok([{ id: own, events: decided.value }]) : (decided ?? refuse('no-case'))
  }

  #take(subject: Subject, events: readonly StoredEvent[], act: Act): void {
    for (const event of events) {
      const { state, version } = this.thing(subject)
      const next = KINDS[subject.stream]?.fold(state, { event, act } as never)
      // Whatever changes a state in place fails from here on.
      this.#things.set(nameOf(subject), { state: frozen(next), version: version + 1 })
      this.events.push({ subject, version: version + 1, event: frozen(event), act })
    }
  }
}

function refuse(code: string): Result<never, Refusal> {
  return fail({ code, message: code })
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const one of Object.values(value)) frozen(one)
  return Object.freeze(value)
}
