import * as z from 'zod'
import type { Act, Recorded, Refusal } from '../act.ts'
import { STATUS_REFUSALS } from '../contract/authority-status.ts'
import type { Digest } from '../digest.ts'
import type { LocatedProblem } from '../document.ts'
import type { Exceptions } from '../policy/exceptions.ts'
import { type Assertion, type Models, models } from '../policy/models.ts'
import { fail, ok, type Result } from '../result.ts'
import { snapshotId } from '../shape.ts'
import { quote } from '../suggest.ts'
import type { Instant } from '../time.ts'
import {
  type CitedAuthority,
  decideStatus,
  foldStatus,
  recordStatus,
  type StatusRecorded,
} from './authority-register.ts'

// The provider's own documents in the register: versions of policy and exceptions, what was asserted of models, and what
// is recorded of authorities (semantics §6.1, §7.4 c, §7.6). All only ever grow.

/** Longest text of a document, in characters. */
const TEXT_CHARS_MAX = 1_048_576

/** Most versions, models, and assertions of one model. */
const VERSIONS_MAX = 10_000
const MODELS_MAX = 1_024
const ASSERTIONS_MAX = 1_024

const text = z.string().max(TEXT_CHARS_MAX)
const snapshot = models.shape.models.element
const assertion = snapshot.shape.levels.unwrap().element

/** What can be done to the provider's documents, by the name of the act. */
export const providerCommand = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('provider.propose'), policy: text, exceptions: text }),
  z.strictObject({ act: z.literal('provider.approve') }),
  z.strictObject({ act: z.literal('provider.withdraw') }),
  z.strictObject({
    act: z.literal('models.add'),
    model: snapshotId,
    aliases: z.array(snapshotId).max(100).default([]),
  }),
  z.strictObject({ act: z.literal('models.assert'), model: snapshotId, assertion }),
  recordStatus,
])

export type ProviderCommand = z.output<typeof providerCommand>
type CommandOf<A extends ProviderCommand['act']> = Extract<ProviderCommand, { act: A }>

/** Two documents as their author wrote them. */
export interface Texts {
  readonly policy: string
  readonly exceptions: string
}

/** A version that waits for its approvals, or is published. */
export interface Version extends Texts {
  readonly version: string
  readonly effective: Instant
  /** Of the canonical JSON of both texts and the round. */
  readonly digest: Digest
}

interface Proposal extends Version {
  readonly round: number
  readonly by: string
  readonly quorum: Exceptions['quorum']
  readonly approvals: readonly { readonly by: string; readonly role: string }[]
}

export interface ProviderRegister {
  /** Null: nothing waits. */
  readonly proposal: Proposal | null
  /** How many proposals there have been. */
  readonly rounds: number
  /** As they were published. */
  readonly versions: readonly (Version & { readonly published: Instant })[]
  readonly models: Models['models']
  readonly authorities: readonly CitedAuthority[]
}

export const NO_DOCUMENTS: ProviderRegister = {
  proposal: null,
  rounds: 0,
  versions: [],
  models: [],
  authorities: [],
}

export type ProviderEvent =
  | {
      readonly type: 'version-proposed'
      readonly version: Version
      readonly quorum: Exceptions['quorum']
    }
  | { readonly type: 'version-approved' }
  | { readonly type: 'version-published' }
  | { readonly type: 'version-withdrawn' }
  | { readonly type: 'model-added'; readonly model: string; readonly aliases: readonly string[] }
  | { readonly type: 'level-asserted'; readonly model: string; readonly assertion: Assertion }
  | StatusRecorded

/** Why an act on the provider's documents is refused. The message says what to do. */
export const PROVIDER_REFUSALS = {
  'not-permitted': 'the role in which the person acts does not do this',
  'documents-refused': 'the documents have errors',
  'nothing-proposed': 'no version waits for approval',
  'edited-since': 'what is approved is no longer what waits',
  'own-proposal': 'the author does not approve',
  'approved-already': 'the person, or enough in this role, have approved',
  'role-not-asked': 'the quorum has no such role',
  'back-dated': 'something would take effect before it is recorded',
  'version-exists': 'a version of this name was published',
  'model-exists': 'there is a model, or an alias, of this name',
  'model-unknown': 'there is no model of this name',
  'assertion-exists': 'the model has an assertion of this id',
  'citation-malformed': 'the citation breaks the syntax of its scheme',
  ...STATUS_REFUSALS,
  'too-many': 'a list is full',
} as const

export type ProviderRefusal = keyof typeof PROVIDER_REFUSALS

type Refused = Refusal<ProviderRefusal>
type Decided = Result<readonly ProviderEvent[], Refused>

/** What is known of two texts once they are read. */
export interface ReadTexts {
  readonly version: string
  readonly effective: Instant
  /** Of the exceptions document; the version in force says who approves the next one. */
  readonly quorum: Exceptions['quorum']
}

export interface ProviderContext {
  /** Reads both documents with the models that there are; all that is wrong with them otherwise. */
  readonly read: (
    texts: Texts,
    models: Models['models'],
  ) => Result<ReadTexts, readonly LocatedProblem[]>
  /** Of the version in force; undefined while there is none. */
  readonly quorum: Exceptions['quorum'] | undefined
  readonly digestOf: (value: unknown) => Digest
}

export function decideProvider(
  register: ProviderRegister,
  command: ProviderCommand,
  act: Act,
  context: ProviderContext,
): Decided {
  switch (command.act) {
    case 'provider.propose':
      return propose(register, command, act, context)
    case 'provider.approve':
      return approve(register, act)
    case 'provider.withdraw':
      return withdraw(register, act)
    case 'models.add':
      return addModel(register, command, act)
    case 'models.assert':
      return assertLevel(register, command, act)
    case 'authorities.record': {
      const decided = decideStatus(register.authorities, command, act)
      return decided.ok ? decided : refuse(...decided.error)
    }
  }
}

/** A proposal takes the place of one that waits, whose approvals it voids. */
function propose(
  register: ProviderRegister,
  { policy, exceptions }: CommandOf<'provider.propose'>,
  act: Act,
  context: ProviderContext,
): Decided {
  if (act.role !== 'policy-author') return refuse('not-permitted', 'a policy author does that')
  const read = context.read({ policy, exceptions }, register.models)
  if (!read.ok) {
    const message = 'the documents have errors; mend those named and propose them again'
    return fail({ code: 'documents-refused', message, problems: read.error })
  }
  const { version, effective, quorum } = read.value
  if (register.versions.some((known) => known.version === version)) {
    const message = `version ${quote(version)} was published; give the new one another version`
    return refuse('version-exists', message)
  }
  if (register.versions.length >= VERSIONS_MAX) {
    return refuse('too-many', `a register holds at most ${VERSIONS_MAX} versions`)
  }
  const digest = context.digestOf({ policy, exceptions, round: register.rounds + 1 })
  const proposed = { policy, exceptions, version, effective, digest }
  return ok([{ type: 'version-proposed', version: proposed, quorum: context.quorum ?? quorum }])
}

function approve({ proposal, versions }: ProviderRegister, act: Act): Decided {
  if (!proposal) return refuse('nothing-proposed', 'no version waits for approval; propose one')
  if (act.digest !== proposal.digest || act.round !== proposal.round) {
    return refuse('edited-since', 'what waits is not what you signed; read it and sign that')
  }
  if (act.by === proposal.by) {
    return refuse('own-proposal', 'nobody approves what they proposed; ask somebody else')
  }
  if (proposal.approvals.some(({ by }) => by === act.by)) {
    return refuse('approved-already', 'you have approved it; another person has to')
  }
  const { name, asked } = askedOf(proposal, act.role)
  if (asked === 0) return refuse('role-not-asked', `no approval as ${act.role} is asked for`)
  const given = proposal.approvals.filter(({ role }) => role === act.role).length
  if (given >= asked) return refuse('approved-already', `${name} has approved it; nobody else need`)
  // The first version may be older than the register; every later one binds from an instant ahead.
  if (versions.length > 0 && proposal.effective < act.at) {
    const message = 'it would take effect before it is approved; propose it with a later instant'
    return refuse('back-dated', message)
  }
  const approvals = [...proposal.approvals, { by: act.by, role: act.role }]
  const approved: ProviderEvent = { type: 'version-approved' }
  return ok(
    isQuorum(proposal.quorum, approvals) ? [approved, { type: 'version-published' }] : [approved],
  )
}

const APPROVER = 'approver.'

/** How many approvals of a role are asked for. */
function askedOf(
  { quorum }: Proposal,
  role: string,
): { readonly name: string; readonly asked: number } {
  const name = role.startsWith(APPROVER) ? role.slice(APPROVER.length) : ''
  return { name, asked: Object.hasOwn(quorum, name) ? (quorum[name] ?? 0) : 0 }
}

function isQuorum(quorum: Exceptions['quorum'], approvals: Proposal['approvals']): boolean {
  return Object.entries(quorum).every(
    ([name, asked]) =>
      approvals.filter(({ role }) => role === `${APPROVER}${name}`).length >= asked,
  )
}

function withdraw({ proposal }: ProviderRegister, act: Act): Decided {
  if (!proposal) return refuse('nothing-proposed', 'no version waits; there is nothing to withdraw')
  if (act.role === 'policy-author') return ok([{ type: 'version-withdrawn' }])
  return refuse('not-permitted', 'a policy author does that')
}

function addModel(
  register: ProviderRegister,
  { model, aliases }: CommandOf<'models.add'>,
  act: Act,
): Decided {
  if (!mayAssert(act)) return refuse('not-permitted', 'a safeguards officer does that')
  const names = register.models.flatMap((known) => [known.id, ...known.aliases])
  const taken = [model, ...aliases].find((name) => names.includes(name))
  if (taken !== undefined) {
    return refuse('model-exists', `${quote(taken)} is a model or an alias already; leave it out`)
  }
  if (register.models.length >= MODELS_MAX) {
    return refuse('too-many', `a register holds at most ${MODELS_MAX} models`)
  }
  return ok([{ type: 'model-added', model, aliases }])
}

/** Assertions are only added, and none speaks of the past (semantics §6.1). */
function assertLevel(
  register: ProviderRegister,
  { model, assertion: asserted }: CommandOf<'models.assert'>,
  act: Act,
): Decided {
  if (!mayAssert(act)) return refuse('not-permitted', 'a safeguards officer does that')
  const known = register.models.find(({ id }) => id === model)
  if (!known) return refuse('model-unknown', `no model ${quote(model)}; add it first`)
  if (known.levels.some(({ id }) => id === asserted.id)) {
    return refuse('assertion-exists', `there is an assertion ${quote(asserted.id)}; name it anew`)
  }
  if (known.levels.length >= ASSERTIONS_MAX) {
    return refuse('too-many', `a model has at most ${ASSERTIONS_MAX} assertions`)
  }
  if (asserted.from < act.at) {
    return refuse(
      'back-dated',
      'an assertion counts from now on at the earliest; state a later `from`',
    )
  }
  return ok([{ type: 'level-asserted', model, assertion: asserted }])
}

function mayAssert({ role }: Act): boolean {
  return role === 'safeguards-officer'
}

export function foldProvider(
  register: ProviderRegister,
  { event, act }: Recorded<ProviderEvent>,
): ProviderRegister {
  const { proposal, versions, rounds, models: known } = register
  switch (event.type) {
    case 'version-proposed': {
      const round = rounds + 1
      const waiting = { ...event.version, quorum: event.quorum, round, by: act.by, approvals: [] }
      return { ...register, rounds: round, proposal: waiting }
    }
    case 'version-approved': {
      if (!proposal) return register
      const approvals = [...proposal.approvals, { by: act.by, role: act.role }]
      return { ...register, proposal: { ...proposal, approvals } }
    }
    case 'version-published': {
      if (!proposal) return register
      const { policy, exceptions, version, effective, digest } = proposal
      const published = { policy, exceptions, version, effective, digest, published: act.at }
      return { ...register, proposal: null, versions: [...versions, published] }
    }
    case 'version-withdrawn':
      return { ...register, proposal: null }
    case 'model-added':
      return {
        ...register,
        models: [...known, { id: event.model, aliases: [...event.aliases], levels: [] }],
      }
    case 'authority-status-recorded':
      return { ...register, authorities: foldStatus(register.authorities, { event, act }) }
    case 'level-asserted':
      return {
        ...register,
        models: known.map((model) =>
          model.id === event.model
            ? { ...model, levels: [...model.levels, event.assertion] }
            : model,
        ),
      }
  }
}

/** The version that binds at an instant: of those in effect the one published last; else the first (semantics §7.6). */
export function versionAt({ versions }: ProviderRegister, at: Instant): Version | undefined {
  return versions.findLast(({ effective }) => effective <= at) ?? versions[0]
}

function refuse(code: ProviderRefusal, message: string): Result<never, Refused> {
  return fail({ code, message })
}
