import type { Kysely, Transaction } from 'kysely'
import * as z from 'zod'
import type { Act, Refusal } from '../act.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { ContractLife } from '../contract/contract-life.ts'
import { type Digest, digestOf, type Sha256 } from '../digest.ts'
import { isActSigned } from '../log/signed-act.ts'
import { newReport, type Report } from '../problem.ts'
import { fail, ok, type Result } from '../result.ts'
import { actorOf, NO_PEOPLE, type People, type Person, role } from '../review/people.ts'
import { digest, id, readShape } from '../shape.ts'
import { answerBefore, keepAnswer } from '../store/answers.ts'
import { changeWithin, lockSubjects, type Stored, type Subject, stateOf } from '../store/change.ts'
import type { Database } from '../store/database.ts'
import type { Listing } from '../store/listing.ts'
import { serveNonce } from '../store/nonces.ts'
import type { Schema } from '../store/schema.ts'
import { transact } from '../store/transact.ts'
import { didYouMean, quote } from '../suggest.ts'
import type { Instant } from '../time.ts'
import { besides, Documents, type RegisterContext } from './register-context.ts'
import { missingFile } from './register-files.ts'
import { actsOf, KINDS, type Kind } from './register-kinds.ts'
import { ON_A_DOCUMENT, PEOPLE, WHATEVER_HAPPENED } from './register-streams.ts'

/** Who does something and how they show it, as it is sent (semantics §12.4). */
export const signedBy = z.strictObject({
  by: id,
  role,
  round: z.number().int().min(0),
  digest,
  nonce: z.string().max(128),
  proof: z.strictObject({
    kind: z.literal('ed25519'),
    key: z.string().max(512),
    signature: z.string().max(128),
  }),
})

/** An act on a thing as it is asked for. */
export interface Asked {
  readonly subject: Subject
  /** JSON, as it was sent; its `act` is the act. */
  readonly command: unknown
  readonly signed: unknown
  /** The version that must still stand; undefined: the round that was signed says. */
  readonly expected?: number
  /** Sent again with the same request, it gets the same answer and nothing is done twice. */
  readonly idempotencyKey?: string
}

export interface Done {
  readonly subject: Subject
  readonly version: number
  readonly state: unknown
}

/** What is sent about an act when it is decided: `Refusal`, and for a conflict the version that stands. */
export type Refused = Refusal & { readonly version?: number; readonly changed?: readonly string[] }

/** The register as acts change it: each in one transaction, decided by pure functions. */
export class Register {
  readonly #db: Kysely<Schema>
  readonly sha256: Sha256
  readonly documents: Documents

  constructor({ db }: Pick<Database, 'db'>, sha256: Sha256) {
    this.#db = db
    this.sha256 = sha256
    this.documents = new Documents(sha256)
  }

  /** Does what a person has signed, or says why it is refused; then nothing has changed. */
  async perform(asked: Asked, clock: () => Instant): Promise<Result<Done, Refused>> {
    const read = await this.#readSigned(asked)
    if (!read.ok) return read
    return await transact<Done, Refused>(this.#db, (trx) => {
      return this.#performRead(trx, asked, read.value, clock)
    })
  }

  /** The same within a transaction that does more. When it is refused the transaction has to be rolled back. */
  async performWithin(
    trx: Transaction<Schema>,
    asked: Asked,
    clock: () => Instant,
  ): Promise<Result<Done, Refused>> {
    const read = await this.#readSigned(asked)
    return read.ok ? await this.#performRead(trx, asked, read.value, clock) : read
  }

  /** Parses what was sent, and checks who has signed it. */
  async #readSigned(asked: Asked): Promise<Result<Read, Refused>> {
    const read = readAsked(asked)
    if (!read.ok) return read
    const wrong = await this.#wrongSignature(asked, read.value.command.act, read.value.signed)
    return wrong ? fail(wrong) : read
  }

  async #performRead(
    trx: Transaction<Schema>,
    asked: Asked,
    { kind, command, signed }: Read,
    clock: () => Instant,
  ): Promise<Result<Done, Refused>> {
    await lockSubjects(trx, await touchedBy(trx, asked.subject))
    // Only now, so that of two acts on a thing the later one is not dated before the other.
    const act: Act = { ...signed, at: clock() }
    return await this.#performOnce(trx, { ...asked, kind, parsed: command, act })
  }

  async #wrongSignature(
    { subject, command }: Asked,
    name: string,
    act: Omit<Act, 'at'>,
  ): Promise<Refused | undefined> {
    const { by, role: as, round, digest: over, nonce, proof } = act
    if (!ON_A_DOCUMENT.has(name) && over !== this.digestOf(command)) {
      const message = 'the digest that is signed is not that of the command; sign it again'
      return { code: 'wrong-digest', message }
    }
    const named = `${subject.stream}/${subject.id}`
    const signed = { act: name, by, role: as, subject: named, round, digest: over, nonce }
    if (await isActSigned(signed, proof)) return undefined
    return { code: 'wrong-signature', message: 'the key has not signed this act; sign it again' }
  }

  /** What is signed of a command. */
  digestOf(command: unknown): Act['digest'] {
    return digestOf(this.sha256(canonicalJson(command)))
  }

  /** Answers as before what was asked before under the same idempotency key. */
  async #performOnce(trx: Transaction<Schema>, ready: Ready): Promise<Result<Done, Refused>> {
    const { idempotencyKey: key, subject, command, signed, act } = ready
    if (key === undefined) return await this.#performWithin(trx, ready)
    const digest = this.digestOf({ subject, command, signed })
    const request = { by: act.by, key, digest, at: act.at }
    const before = await answerBefore(trx, request)
    if (!before.ok) return before
    if (before.value) return ok(JSON.parse(before.value.response) as Done)
    const done = await this.#performWithin(trx, ready)
    if (done.ok)
      await keepAnswer(trx, request, { status: 200, response: JSON.stringify(done.value) })
    return done
  }

  async #performWithin(trx: Transaction<Schema>, ready: Ready): Promise<Result<Done, Refused>> {
    const { subject, kind, parsed, act } = ready
    const served = await serveNonce(trx, act.nonce, act.at)
    if (!served.ok) return served
    const people = await stateOf<People>(trx, PEOPLE)
    const actor =
      parsed.act === 'people.begin' ? ok(null) : actorOf(people?.state ?? NO_PEOPLE, act)
    if (!actor.ok) return actor
    const missing =
      (await missingFile(trx, parsed)) ?? againstStranger(people?.state ?? NO_PEOPLE, parsed)
    if (missing) return fail(missing)
    const context = await this.#contextOf(trx, ready, actor.value)
    const changed = await changeWithin(trx, {
      ...subject,
      ...expectedOf(ready),
      act,
      decide: (state: unknown) => kind.decide(state, parsed as never, act, context),
      fold: kind.fold as (state: unknown, recorded: unknown) => unknown,
      ...(kind.listingOf ? { listingOf: kind.listingOf as (state: unknown) => Listing } : {}),
    })
    if (!changed.ok) return changed
    const concluded = await this.#conclude(trx, ready, changed.value.state)
    return concluded.ok ? ok(doneOf(subject, changed.value)) : concluded
  }

  /** The last signature on a contract ends the case that it comes from, by the same act. */
  async #conclude(
    trx: Transaction<Schema>,
    { subject, parsed, act }: Ready,
    state: unknown,
  ): Promise<Result<void, Refused>> {
    const { ends, draftedFrom, digest } = state as ContractLife
    if (parsed.act !== 'contract.sign' || ends === null) return ok(undefined)
    const own = { stream: 'case', id: draftedFrom.determination.case }
    const command = { act: 'case.conclude', contract: subject.id, terms: digest }
    const context = await this.#contextOf(trx, { subject: own, parsed: command, act }, null)
    const people = await stateOf<People>(trx, PEOPLE)
    const customer = people?.state.persons[act.by]?.customer ?? null
    const { decide, fold, listingOf } = KINDS['case'] as Kind
    const changed = await changeWithin(trx, {
      ...own,
      act,
      decide: (before: unknown) => decide(before, command as never, act, { ...context, customer }),
      fold: fold as (before: unknown, recorded: unknown) => unknown,
      listingOf: listingOf as (after: unknown) => Listing,
    })
    return changed.ok ? ok(undefined) : changed
  }

  async #contextOf(
    trx: Transaction<Schema>,
    { subject, parsed, act }: Pick<Ready, 'subject' | 'parsed' | 'act'>,
    person: Person | null,
  ): Promise<RegisterContext> {
    const documents = await this.documents.at(trx, act.at)
    const customer = person?.customer ?? null
    return { ...documents, customer, ...(await besides(trx, subject, parsed, act.at)) }
  }
}

/** Who has nobody to act for them could not apply for what is imported. */
function againstStranger(people: People, command: { readonly act: string }): Refused | undefined {
  if (command.act !== 'case.import') return undefined
  const { customer } = command as { readonly customer?: string }
  if (Object.values(people.persons).some((person) => person.customer === customer)) return undefined
  const message = `nobody represents ${quote(customer ?? '')}; register somebody who does`
  return { code: 'customer-unknown', message }
}

interface Read {
  readonly kind: Kind
  readonly command: { readonly act: string }
  readonly signed: Omit<Act, 'at'>
}

interface Ready extends Asked {
  readonly kind: Kind
  readonly parsed: { readonly act: string }
  readonly act: Act
}

/** Parses what was sent; all that is wrong with it otherwise. */
function readAsked({ subject, command, signed }: Asked): Result<Read, Refused> {
  const name = (command as { readonly act?: unknown } | null)?.act
  const kind = KINDS[subject.stream]
  if (kind === undefined) return fail(unknownAct(name, subject, []))
  const acts = actsOf(kind.command)
  if (typeof name !== 'string' || !acts.includes(name)) return fail(unknownAct(name, subject, acts))
  // PostgreSQL holds it in no JSON.
  if (JSON.stringify(command).includes('\\u0000')) {
    const message = 'a text holds U+0000, which is no text; leave it out'
    return fail({ code: 'malformed-command', message })
  }
  const report = newReport()
  checkNamesItself(subject, command, report)
  const parsed = readShape(kind.command, command, report)
  const given = readShape(signedBy, signed, report)
  const problems = report.problems.filter(({ severity }) => severity === 'error')
  if (problems.length === 0) {
    return ok({ kind, command: parsed, signed: { ...given, digest: given.digest as Digest } })
  }
  return fail({ code: 'malformed-command', message: 'mend the fields that are named', problems })
}

function unknownAct(name: unknown, { stream }: Subject, acts: readonly string[]): Refused {
  const meant = typeof name === 'string' ? didYouMean(name, acts) : ''
  const said = typeof name === 'string' ? quote(name) : '`command.act`'
  const advice = meant || `; one is ${acts.join(', ')}`
  return { code: 'unknown-act', message: `${said} is no act on ${ON[stream] ?? stream}${advice}` }
}

/** Things by their streams, as a sentence names them. */
const ON: Readonly<Record<string, string>> = {
  people: 'the people',
  provider: 'the provider’s documents',
  case: 'a case',
  contract: 'a contract',
}

/** The things that an act on one may change: a contract's last signature ends its case. */
async function touchedBy(trx: Transaction<Schema>, subject: Subject): Promise<readonly Subject[]> {
  if (subject.stream !== 'contract') return [subject]
  const life = await stateOf<ContractLife>(trx, subject)
  const id = life?.state.draftedFrom.determination.case
  return id === undefined ? [subject] : [subject, { stream: 'case', id }]
}

const NAMES_ITSELF: ReadonlySet<string> = new Set(['case.open', 'case.import', 'contract.draft'])

/** What opens a case or drafts a contract names it as its address does. */
function checkNamesItself({ stream, id: own }: Subject, command: unknown, report: Report): void {
  const { act, [stream]: named } = command as Readonly<Record<string, unknown>>
  if (!NAMES_ITSELF.has(act as string) || named === own) return
  report.error('other-id', [stream], `the address says ${quote(own)}; name the same here`)
}

function expectedOf({ expected, parsed, act }: Ready): { readonly expected?: number } {
  if (expected !== undefined) return { expected }
  const isFree = ON_A_DOCUMENT.has(parsed.act) || WHATEVER_HAPPENED.has(parsed.act)
  return isFree ? {} : { expected: act.round }
}

function doneOf(subject: Subject, { state, version }: Stored<unknown>): Done {
  return { subject, version, state }
}
