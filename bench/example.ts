import type { Contract, Tailoring } from '../src/contract/contract.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { DAY_MS } from '../src/time.ts'

/** 2026-03-02T09:00:00Z: the contracts of the example provider are in force. */
export const NOW = 1_772_442_000_000

const EVERY_FIFTH = 5

export type Random = () => number

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T
}

function some<T>(random: Random, list: readonly T[]): T[] {
  const chosen = list.filter(() => random() < 0.6)
  return chosen.length > 0 ? chosen : [pick(random, list)]
}

/** Every fifth contract is the second one of the customer before it. */
function isSecond(index: number): boolean {
  return index % EVERY_FIFTH === EVERY_FIFTH - 1
}

function customerOf(index: number): string {
  const owner = isSecond(index) ? index - 1 : index
  return flat('state-', owner % 193, '.ministry-', numbered(owner))
}

/** The contracts, of so many, that the customer of a given one has. */
export function togetherWith(index: number, count: number): readonly number[] {
  if (isSecond(index)) return [index - 1, index]
  return isSecond(index + 1) && index + 1 < count ? [index, index + 1] : [index]
}

function numbered(index: number): string {
  return index.toString(36).padStart(4, '0')
}

/** Joined, since a template makes a string of parts, which documents that are read from files never hold. */
function flat(...parts: readonly (string | number)[]): string {
  return parts.join('')
}

/** The contract of a given index: always the same, in size like the example's `osint-2026`. */
export function contractAt({ contracts }: World, index: number): Contract {
  const random = randomOf(index * 2_654_435_761)
  const template = contracts.find(({ id }) => id === 'osint-2026') as Contract
  const tailoring = template.terms.tailorings[0] as Tailoring
  const from = Math.floor(NOW / DAY_MS - random() * 100) * DAY_MS
  const days = random() < 0.05 ? 1 : 180
  const term = { from, until: from + days * DAY_MS }
  const desks = random() < 0.25 ? ['desk-1', 'desk-2'] : [pick(random, ['desk-1', 'night-desk'])]
  const tailorings = (random() < 0.25 ? ['foreign-osint', 'treaty-watch'] : ['foreign-osint']).map(
    (id) => tailoringAt(random, { ...tailoring, id }),
  )
  const deployments = desks.map((id) => ({ id, 'end-users': [], scope: { act: ['analyse'] } }))
  const duties = template.terms.duties.map(({ guards: _, ...duty }, i) => ({
    ...duty,
    due: [from + (28 + 60 * i) * DAY_MS],
  }))
  const agreed = { term, deployments, duties, tailorings }
  const register = {
    ...template.register,
    states: [{ state: 'in_force' as const, from }],
    attestations: [{ safeguard: 'analyst-review', from, until: from + 181 * DAY_MS }],
    duties: duties.map(({ id, due: [due = from] }) => ({ id, due, met: due - DAY_MS })),
    enrolments: desks.map((deployment) => ({ deployment, from })),
  }
  return {
    ...template,
    id: flat('contract-', numbered(index)),
    customer: customerOf(index),
    determination: { ...template.determination, ...agreed, decided: from - 20 * DAY_MS },
    terms: { ...template.terms, ...agreed },
    register,
  }
}

function tailoringAt(random: Random, template: Tailoring): Tailoring {
  const models = ['example-sonnet-20250514', 'example-haiku-20251001']
  const scope = {
    ...template.scope,
    ...(random() < 0.5 ? { 'data-source': some(random, ['public', 'partner']) } : {}),
    ...(random() < 0.5 ? { 'onward-use': some(random, ['inform', 'publish']) } : {}),
    ...(random() < 0.3 ? { audience: some(random, ['internal', 'professional']) } : {}),
  }
  const obligations = some(random, ['log-content', 'notify-oversight', 'sample-review'])
  return { ...template, scope, models: some(random, models), obligations }
}

export function* contractsOf(world: World, count: number): Generator<Contract> {
  for (let i = 0; i < count; i++) yield contractAt(world, i)
}

/** Uses that the policy allows everybody when facts are as it asks for, and restricts otherwise. */
const GUARDED = [
  'advice.employment',
  'advice.finance',
  'advice.health',
  'advice.legal',
  'agents.chat-service',
  'agents.tool-use',
  'democracy.election-information',
  'justice.investigation-support',
  'justice.sentencing',
  'weapons.target-material',
]

/** A request of a use that no contract is about: the policy allows it or not, by what the facts say. */
export function plainRequestOf(contract: Contract, random: Random): Request {
  return { ...requestOf(contract, random), uses: [pick(random, GUARDED)] }
}

const ORDINARY = ['general', 'misinformation.fact-checking', 'advice.legal', 'cyber.defence']

/**
 * A request of a given contract's customer with six facts stated. Of a hundred about seventy ask for what
 * the contract allows, fifteen for what it does not and fifteen for what the policy allows everybody.
 */
export function requestOf(contract: Contract, random: Random): Request {
  const tailoring = pick(random, contract.terms.tailorings)
  const kind = random()
  const isOrdinary = kind < 0.15
  const facts = {
    subjects: kind > 0.95 ? ['foreign', 'domestic'] : ['foreign'],
    act: kind > 0.9 && kind <= 0.95 ? ['analyse', 'collect'] : ['analyse'],
    'human-review': kind > 0.85 && kind <= 0.9 ? ['no'] : ['yes'],
    audience: tailoring.scope['audience'] ?? ['internal'],
    'data-source': tailoring.scope['data-source'] ?? ['public', 'own-collection'],
    'onward-use': tailoring.scope['onward-use'] ?? ['inform'],
  }
  return {
    id: `request-${Math.floor(random() * 1e9)}`,
    customer: contract.customer,
    deployment: pick(random, contract.terms.deployments).id,
    model: pick(random, tailoring.models),
    uses: [isOrdinary ? pick(random, ORDINARY) : 'surveillance.intelligence-analysis'],
    facts,
    signals: [],
    at: NOW + Math.floor(random() * DAY_MS),
  }
}
