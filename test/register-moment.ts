import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Act, Recorded, Refusal } from '../src/act.ts'
import { assert } from '../src/assert.ts'
import type { Contract } from '../src/contract/contract.ts'
import type { ContractEvent } from '../src/contract/contract-events.ts'
import { type ContractLife, contractStateAt } from '../src/contract/contract-life.ts'
import { type Place, reachOf } from '../src/contract/reach.ts'
import { standing } from '../src/decision/definition.ts'
import { printVerifier } from '../src/log/key.ts'
import { leavesOf, type Provider } from '../src/policy/provider.ts'
import type { Result } from '../src/result.ts'
import { type Case, stateAt } from '../src/review/case.ts'
import type { CaseEvent } from '../src/review/case-events.ts'
import type { Scope } from '../src/shape.ts'
import type { Instant } from '../src/time.ts'
import { ROOT } from './example-world.ts'
import { MemoryRegister, type Told } from './memory-register.ts'
import { type Deed, signedDeed } from './register-deeds.ts'

// What a law of the register is held against: one act, and the register before and after it.

export interface Moment {
  readonly deed: Deed
  readonly act: Act
  readonly done: Result<unknown, Refusal>
  readonly before: MemoryRegister
  readonly after: MemoryRegister
  /** What has happened by the act. */
  readonly fresh: readonly Told[]
}

/** What holds of every moment, or else throws. */
export type Holds = (moment: Moment) => void

export type Fields = Readonly<Record<string, unknown>>

/** Does a deed in a register that is folded in memory. */
export function performed(after: MemoryRegister, deed: Deed): Moment {
  const before = new MemoryRegister(after)
  const act = actOfDeed(after, deed)
  const done = after.perform(deed.subject, deed.sent, act)
  return { deed, act, done, before, after, fresh: after.events.slice(before.events.length) }
}

/** The act by which a deed is done; its signature, which is not looked at in memory, is left out. */
export function actOfDeed(register: MemoryRegister, deed: Deed): Act {
  const { by, role, at, spoilt } = deed
  const { round, digest, signer } = signedDeed(register, deed)
  const used = register.events.at(-1)?.act.nonce
  const nonce = spoilt === 'nonce' && used !== undefined ? used : `nonce-${register.events.length}`
  const proof = { kind: 'ed25519', key: printVerifier(signer.verifier), signature: '' } as const
  return { by, role, at, round, digest, nonce, proof }
}

/** A case of which something has happened by the act. */
export interface CaseMoment extends Moment {
  readonly state: Case
  readonly was: Case | undefined
  /** All that has happened to it. */
  readonly events: readonly Recorded<CaseEvent>[]
  readonly news: readonly Recorded<CaseEvent>[]
}

export interface ContractMoment extends Moment {
  readonly life: ContractLife
  readonly was: ContractLife | undefined
  readonly events: readonly Recorded<ContractEvent>[]
  readonly news: readonly Recorded<ContractEvent>[]
  /** The case that it was drafted from. */
  readonly from: Case
  readonly provider: Provider
}

function touchedIn({ fresh }: Moment, stream: string): readonly string[] {
  return [...new Set(fresh.flatMap(({ subject: of }) => (of.stream === stream ? [of.id] : [])))]
}

function toldOf(told: readonly Told[], stream: string, id: string): readonly Told[] {
  return told.filter(({ subject }) => subject.stream === stream && subject.id === id)
}

export function onCases(holds: (moment: CaseMoment) => void): Holds {
  return (moment) => {
    for (const id of touchedIn(moment, 'case')) {
      const state = moment.after.case(id)
      assert(state !== undefined, `nothing has come of ${id}`)
      const events = toldOf(moment.after.events, 'case', id) as CaseMoment['events']
      const news = toldOf(moment.fresh, 'case', id) as CaseMoment['news']
      holds({ ...moment, state, was: moment.before.case(id), events, news })
    }
  }
}

export function onContracts(holds: (moment: ContractMoment) => void): Holds {
  return (moment) => {
    const { before, after, act } = moment
    for (const id of touchedIn(moment, 'contract')) {
      const life = after.contract(id)
      const from = after.case(life?.draftedFrom.determination.case ?? '')
      const { provider } = after.documentsAt(act.at)
      assert(life !== undefined && from !== undefined && provider !== undefined, `no ${id}`)
      const events = toldOf(after.events, 'contract', id) as ContractMoment['events']
      const news = toldOf(moment.fresh, 'contract', id) as ContractMoment['news']
      holds({ ...moment, life, was: before.contract(id), events, news, from, provider })
    }
  }
}

/** The acts of those approvals that no later event has voided. */
export function standingApprovals(events: CaseMoment['events']): readonly Act[] {
  return events.flatMap(({ event, act }, i) => {
    if (event.type !== 'determination-approved') return []
    const isVoided = events.slice(i).some(({ event: later }) => {
      return later.type === 'approvals-voided' && later.approvals.some(({ by }) => by === act.by)
    })
    return isVoided ? [] : [act]
  })
}

/** Who has done something by which events. */
export function doersOf<E extends { readonly type: string }>(
  events: readonly Recorded<E>[],
  ...types: readonly E['type'][]
): readonly string[] {
  return events.flatMap(({ event, act }) => (types.includes(event.type) ? [act.by] : []))
}

interface Table {
  /** By state and act, such as `draft case.submit`: the states that it leads to. */
  readonly acts: ReadonlyMap<string, readonly string[]>
  /** By state: the states that it comes to by the clock. */
  readonly clock: ReadonlyMap<string, readonly string[]>
}

/** A table of states as docs/semantics.md shows it. What is opened or drafted comes from the state that is called nothing. */
export function tableOf(kind: 'case' | 'contract'): Table {
  const text = readFileSync(join(ROOT, 'docs/semantics.md'), 'utf8')
  const [, rows = ''] =
    new RegExp(`<!-- states of a ${kind}: begin.*\n([^<]*)<!--`).exec(text) ?? []
  const acts = new Map<string, readonly string[]>()
  const clock = new Map<string, string[]>()
  let state = ''
  for (const row of rows.trim().split('\n').slice(2)) {
    const [, named = '', what = '', leads = ''] = row.split('|').map((cell) => cell.trim())
    state = named || state
    const act = /^`(.*)`$/.exec(what)?.[1]
    if (act) acts.set(`${state} ${act}`, leads.split(', '))
    else if (leads !== '') clock.set(state, [...(clock.get(state) ?? []), leads])
  }
  assert(acts.size > 20 && clock.size > 1, `no table of the states of a ${kind}`)
  return { acts, clock }
}

/** The state of everything that has one, at an instant, by name. */
export function statesAt(register: MemoryRegister, at: Instant): ReadonlyMap<string, string> {
  const states = new Map<string, string>()
  for (const [name, { state }] of register.things) {
    if (name.startsWith('case/')) states.set(name, stateAt(state as Case, at))
    if (name.startsWith('contract/')) {
      const life = state as ContractLife
      states.set(name, contractStateAt(life, Math.max(at, life.actedAt)))
    }
  }
  return states
}

/** What is judged of a determination or of terms as a whole, and no wider in the one than in the other. */
export type Layer = Pick<Contract['determination'], 'term' | 'deployments' | 'tailorings'>

/** Fields in which a layer goes beyond another one (semantics §7.3), by comparing sets and nothing cleverer. */
export function beyond(provider: Provider, narrow: Layer, wide: Layer): readonly string[] {
  const found: string[] = []
  const note = (field: string, isBeyond: boolean): unknown => isBeyond && found.push(field)
  const ends = (term: Layer['term'] | undefined): number => term?.until ?? Infinity
  note('term', narrow.term.from < wide.term.from || ends(narrow.term) > ends(wide.term))
  for (const { id, scope, 'end-users': users } of narrow.deployments) {
    const other = wide.deployments.find((one) => one.id === id)
    note(`deployments.${id}`, other === undefined)
    note(`deployments.${id}.end-users`, !isPart(users, other?.['end-users']))
    note(`deployments.${id}.scope`, !isTighter(scope, other?.scope))
  }
  for (const own of narrow.tailorings) {
    const other = wide.tailorings.find(({ id }) => id === own.id)
    const named = `tailorings.${own.id}`
    note(named, own.entry !== other?.entry || own.purpose !== other.purpose)
    note(`${named}.lifts`, !isPart(own.lifts, other?.lifts))
    const leaves = leavesOf(provider, other?.uses ?? [])
    note(`${named}.uses`, ![...leavesOf(provider, own.uses)].every((leaf) => leaves.has(leaf)))
    note(`${named}.models`, !isPart(own.models, other?.models))
    note(`${named}.scope`, !isTighter(own.scope, other?.scope))
    note(`${named}.obligations`, !isPart(other?.obligations, own.obligations))
    note(`${named}.safeguards`, !isPart(other?.safeguards, own.safeguards))
    note(`${named}.authorities`, !isPart(other?.authorities, own.authorities))
    const isOutside = ends(own.term) > ends(other?.term) && ends(narrow.term) > ends(other?.term)
    note(`${named}.term`, isOutside)
  }
  return found
}

function isPart(some: readonly string[] | undefined, all: readonly string[] = []): boolean {
  return (some ?? []).every((one) => all.includes(one))
}

function isTighter(scope: Scope, other: Scope = {}): boolean {
  return Object.entries(other).every(([fact, values]) => scope[fact] && isPart(scope[fact], values))
}

/** Every tailoring of a contract on every deployment. */
export function placesOf({ terms }: Contract): readonly Place[] {
  return terms.tailorings.flatMap(({ id: tailoring }) =>
    terms.deployments.map(({ id: deployment }) => ({ tailoring, deployment })),
  )
}

/** Whether a tailoring is in force for a deployment, by the definition (semantics §7.4). */
export function isInForce(
  { provider }: Pick<ContractMoment, 'provider'>,
  contract: Contract,
  place: Place,
  at: Instant,
): boolean {
  const reach = reachOf(provider, contract, place)
  return reach !== undefined && Object.values(standing(contract, reach, place, at)).every(Boolean)
}

/** Every instant that is written anywhere in a value, and the one before each. */
export function instantsIn(value: unknown): readonly Instant[] {
  const found = new Set<Instant>()
  const look = (one: unknown): void => {
    if (typeof one === 'number' && one > YEAR_2000) found.add(one).add(one - 1)
    if (typeof one === 'object' && one !== null) Object.values(one).forEach(look)
  }
  look(value)
  return [...found]
}

const YEAR_2000 = Date.UTC(2000)
