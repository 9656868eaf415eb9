import fc from 'fast-check'
import { type Contract, contract } from '../src/contract/contract.ts'
import type { Request, Signal } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { type Exceptions, exceptions } from '../src/policy/exceptions.ts'
import { type Models, models } from '../src/policy/models.ts'
import { type UsagePolicy, usagePolicy } from '../src/policy/usage-policy.ts'
import { DAY_MS, type Instant, printInstantShort } from '../src/time.ts'

// Whole worlds, small enough that everything collides: instants come from a grid of a few days, so that
// intervals touch, rows share instants and requests fall exactly on boundaries.

/** Draws from arbitraries; see fast-check's `gen`. */
class Draw {
  readonly #draw: fc.GeneratorValue
  /** How often, in percent, what is drawn stands in an exception's way: mostly seldom, so that some stand. */
  #oddness = 0

  constructor(draw: fc.GeneratorValue) {
    this.#draw = draw
    this.stir()
  }

  stir(): void {
    this.#oddness = this.of(0, 1, 5, 20)
  }

  odd(): boolean {
    return this.chance(this.#oddness)
  }

  of<T>(...options: readonly T[]): T {
    return this.#draw(fc.constantFrom, ...options)
  }

  chance(percent: number): boolean {
    return this.#draw(fc.integer, { min: 1, max: 100 }) <= percent
  }

  count(min: number, max: number): number {
    return this.#draw(fc.integer, { min, max })
  }

  some<T>(all: readonly T[], least = 1): T[] {
    const most = Math.max(least, all.length)
    return all.length === 0
      ? []
      : this.#draw(fc.subarray, [...all], {
          minLength: Math.min(least, all.length),
          maxLength: Math.min(most, all.length),
        })
  }

  list<T>(min: number, max: number, make: (i: number) => T): T[] {
    return Array.from({ length: this.count(min, max) }, (_, i) => make(i))
  }
}

/** Day 0 of the grid. */
const START = Date.UTC(2026, 0, 1)
const DAYS = 12

export function day(n: number): Instant {
  return START + n * DAY_MS
}

function text(n: number): string {
  return printInstantShort(day(n))
}

const DEPLOYMENTS = ['desk', 'field']
const MODELS = ['model-a-20250101', 'model-b-20250601', 'model-c-20250901']
const AUTHORITIES = ['act', 'charter']
const SAFEGUARDS = ['review', 'audit']
const OBLIGATIONS = ['log', 'disclose', 'notify']
const VERSION = '2'
const OLD_VERSION = '1'
const USES = ['watch.analyse', 'watch.track', 'watch.bulk', 'cyber', 'write.essay', 'write.news']
const NODES = [...USES, 'watch', 'write']
const FACTS: Readonly<Record<string, readonly string[]>> = {
  subjects: ['foreign', 'domestic'],
  act: ['analyse', 'collect', 'decide'],
  // A well-formed id that every JavaScript object has a member of.
  constructor: ['yes', 'no'],
}
const RESTRICTIONS = ['r-a', 'r-b', 'r-c', 'r-d', 'r-e']

type RawScope = Record<string, string[]>

function scope(draw: Draw, percent: number): RawScope {
  const facts = Object.keys(FACTS).filter(() => draw.chance(percent))
  return Object.fromEntries(facts.map((fact) => [fact, draw.some(FACTS[fact] ?? [])]))
}

function narrowing(draw: Draw): RawScope {
  return draw.odd() ? scope(draw, 40) : {}
}

function policy(draw: Draw): UsagePolicy {
  const title = 'T'
  const leaf = (id: string): [string, string] => [id.split('.').at(-1) ?? id, title]
  const under = (node: string): Record<string, string> =>
    Object.fromEntries(USES.filter((id) => id.startsWith(`${node}.`)).map(leaf))
  const restrictions = RESTRICTIONS.filter(() => draw.chance(65)).map((id) => {
    const isFloor = draw.odd()
    const isNever = isFloor || draw.odd()
    return {
      id,
      title,
      prohibits: draw.some(NODES).slice(0, 2),
      ...(draw.chance(40) ? { when: scope(draw, 45) } : {}),
      unless: isFloor
        ? []
        : draw
            .list(0, 2, () => ({
              scope: { ...scope(draw, 30), constructor: draw.some(['yes', 'no']).slice(0, 1) },
              obligations: draw.some(OBLIGATIONS, 0),
            }))
            .filter(() => draw.chance(50)),
      tailorable: isNever ? 'never' : 'by-catalogue',
      ...(isFloor ? { floor: 'family' } : {}),
    }
  })
  return usagePolicy.parse({
    format: 'proviso/policy@1',
    id: 'policy',
    version: VERSION,
    title,
    effective: text(0),
    facts: Object.fromEntries(Object.entries(FACTS).map(([id, values]) => [id, { title, values }])),
    uses: {
      general: { title, unrestricted: true },
      watch: { title, uses: under('watch') },
      cyber: title,
      write: { title, uses: under('write') },
    },
    detection: {
      'refer-at': 0.25,
      'deny-at': 0.75,
      uses: draw.chance(50)
        ? { watch: { 'refer-at': 0.5 }, 'watch.track': { 'deny-at': draw.of(0.5, 1) } }
        : {},
    },
    restrictions,
    obligations: Object.fromEntries(OBLIGATIONS.map((id) => [id, title])),
    lineage: lineage(
      draw,
      restrictions.map(({ id }) => id),
    ),
  })
}

function lineage(draw: Draw, restrictions: readonly string[]): unknown[] {
  const row = (id: string, to: readonly string[]): unknown => ({
    from: `${OLD_VERSION}/${id}`,
    to: to.slice(0, 1),
    kind: draw.odd()
      ? draw.of('split', 'merged', 'widened', 'removed')
      : draw.of('same', 'narrowed'),
  })
  const rows = [...restrictions, 'r-old'].filter(() => draw.chance(40) && restrictions.length > 0)
  const uses = ['watch', 'watch.track', 'spy'].filter(() => draw.chance(40))
  return [
    ...rows.map((id) =>
      row(id, [draw.of(id === 'r-old' ? (restrictions[0] ?? id) : id, ...restrictions)]),
    ),
    ...uses.map((id) => row(id, [draw.of(...USES)])),
    { from: `${OLD_VERSION}/never-used`, to: [], kind: 'removed' },
  ]
}

function exceptionsFor(draw: Draw, { restrictions }: UsagePolicy): Exceptions {
  const liftable = restrictions
    .filter(({ tailorable }) => tailorable !== 'never')
    .map(({ id }) => id)
  const floor = restrictions.some((restriction) => restriction.floor !== undefined)
    ? ['family']
    : []
  return exceptions.parse({
    format: 'proviso/exceptions@1',
    policy: 'policy',
    eligible: ['public-body'],
    safety: {
      scheme: 'rsp',
      levels: draw.odd() ? [1, 3] : draw.of([2], [2, 3]),
      bases: ['determined', 'ruled-out-higher'],
    },
    floor,
    catalogue:
      liftable.length === 0
        ? []
        : draw.list(1, 2, (i) => ({
            id: `entry-${i}`,
            lifts: draw.odd() ? draw.some(liftable) : liftable,
            uses: draw.odd() ? draw.some(NODES) : ['watch', 'write', 'cyber'],
            scope: narrowing(draw),
          })),
    term: { max: 'P366D' },
    dialogue: { every: 'P366D' },
  })
}

function registry(draw: Draw): Models {
  const snapshot = (id: string): unknown => ({
    id,
    levels: draw
      .list(draw.odd() ? 0 : 1, 4, (i) => assertion(draw, i))
      .sort((a, b) => (a.from < b.from ? -1 : 1)),
  })
  const listed = MODELS.slice(0, draw.odd() ? 1 : 3)
  return models.parse({ format: 'proviso/models@1', models: listed.map(snapshot) })
}

function assertion(draw: Draw, i: number): { readonly from: string; readonly id: string } {
  const rescission = i > 0 && draw.chance(30) ? { rescinds: `a${draw.count(0, i - 1)}` } : {}
  const good = draw.of('determined', 'ruled-out-higher')
  const claim = {
    id: `a${i}`,
    scheme: draw.odd() ? 'other' : 'rsp',
    level: draw.odd() ? draw.of(1, 3) : 2,
    basis: draw.odd() ? draw.of('precautionary', 'unstated') : good,
    from: text(i > 0 || draw.odd() ? draw.count(0, DAYS) : 0),
  }
  return { ...claim, ...rescission }
}

/** `[from, until)` on the grid; mostly the whole of it. */
function interval(draw: Draw): { from: string; until?: string } {
  if (!draw.odd()) return { from: text(0), ...(draw.chance(70) ? { until: text(DAYS) } : {}) }
  const from = draw.count(0, DAYS - 1)
  return { from: text(from), until: text(draw.count(from + 1, DAYS)) }
}

function closed(draw: Draw): { from: string; until: string } {
  const { from, until } = interval(draw)
  return { from, until: until ?? text(DAYS) }
}

interface Layer {
  readonly deployments: unknown[]
  readonly tailorings: (Record<string, unknown> & { id: string })[]
}

function layer(draw: Draw, { restrictions }: UsagePolicy): Layer {
  const lifts = [...restrictions.map(({ id }) => id), 'r-old']
  return {
    deployments: DEPLOYMENTS.filter(() => !draw.odd()).map((id) => ({
      id,
      scope: narrowing(draw),
    })),
    tailorings: ['t-one', 't-two']
      .filter((id) => id === 't-one' || draw.chance(50))
      .map((id) => ({
        id,
        entry: draw.odd() ? 'entry-1' : 'entry-0',
        purpose: 'purpose',
        lifts: draw.odd() ? draw.some(lifts) : lifts,
        uses: draw.odd() ? draw.some([...NODES, 'spy']) : ['watch', 'write', 'cyber'],
        scope: narrowing(draw),
        models: draw.odd() ? draw.some(MODELS) : MODELS,
        authorities: draw.some(AUTHORITIES, 0),
        safeguards: draw.some(SAFEGUARDS, 0),
        obligations: draw.some(OBLIGATIONS, 0),
        ...(draw.odd() ? { term: interval(draw) } : {}),
      })),
  }
}

function register(draw: Draw): unknown {
  const anyDay = (): string => text(draw.count(0, DAYS))
  const rows = <T>(make: (i: number) => T): T[] => draw.list(draw.odd() ? 0 : 1, 2, make)
  const states = draw.list(draw.odd() ? 0 : 1, 3, (i) => ({
    state: i > 0 && draw.odd() ? draw.of('suspended', 'terminated') : 'in_force',
    from: i > 0 || draw.odd() ? anyDay() : text(0),
  }))
  return {
    states: draw.chance(50) ? states.toReversed() : states,
    authorities: AUTHORITIES.flatMap((id) =>
      rows((i) => ({
        id,
        status: draw.odd()
          ? draw.of('lapsed', 'unknown')
          : draw.of('in-force', 'in-force-under-transition'),
        from: i > 0 || draw.odd() ? anyDay() : text(0),
        'review-by': draw.odd() ? anyDay() : text(DAYS + 5),
      })),
    ),
    attestations: SAFEGUARDS.flatMap((safeguard) => rows(() => ({ safeguard, ...interval(draw) }))),
    duties: [
      ...draw.list(draw.odd() ? 0 : 2, 2, (i) => dutyRow(draw, 'dialogue', 3 + 4 * i)),
      ...(draw.odd() ? [] : [dutyRow(draw, 'report', 3)]),
    ],
    enrolments: DEPLOYMENTS.flatMap((deployment) =>
      rows(() => ({ deployment, ...interval(draw) })),
    ),
    stops: draw.odd()
      ? [{ scope: stopScope(draw), ...(draw.chance(50) ? interval(draw) : { from: anyDay() }) }]
      : [],
  }
}

function stopScope(draw: Draw): unknown {
  return draw.of<unknown>('contract', { tailoring: 't-one' }, { deployment: 'desk' })
}

function dutyRow(draw: Draw, id: string, due: number): unknown {
  if (draw.odd()) return { id, due: text(due) }
  const met = draw.odd() ? draw.count(0, DAYS) : due + draw.count(-1, draw.chance(30) ? 2 : 0)
  const reinstated = draw.chance(50) ? { reinstated: text(draw.count(met, DAYS)) } : {}
  return { id, due: text(due), met: text(met), ...reinstated }
}

function contractFor(draw: Draw, policy: UsagePolicy, i: number): Contract {
  draw.stir()
  const terms = layer(draw, policy)
  const judged = draw.chance(70) ? terms : layer(draw, policy)
  const dialogue = {
    id: 'dialogue',
    kind: 'dialogue',
    due: [text(3), text(7)],
    grace: `P${draw.count(0, 2)}D`,
    ...(draw.chance(40) ? { guards: ['t-one'] } : {}),
  }
  const report = { id: 'report', kind: 'report', due: [text(3)], grace: 'P1D' }
  const duties = [dialogue, report].filter(() => draw.chance(50))
  return contract.parse({
    format: 'proviso/contract@1',
    id: `contract-${i}`,
    customer: draw.chance(75) ? 'agency' : 'bureau',
    determination: {
      case: 'case-1',
      decided: text(draw.chance(15) ? draw.count(0, 3) : 0),
      mission: 'M',
      term: closed(draw),
      ...judged,
      duties,
    },
    terms: {
      policy: `policy@${draw.chance(80) ? VERSION : OLD_VERSION}`,
      party: 'public-body',
      mission: 'M',
      clauses: [{ id: 'c1', text: 'C', binds: terms.tailorings.map(({ id }) => id) }],
      suspension: 'unilateral',
      term: closed(draw),
      authorities: AUTHORITIES.map((id) => ({
        id,
        citation: { scheme: 'prose', id: 'A' },
        purposes: ['purpose'],
      })),
      safeguards: SAFEGUARDS.map((id) => ({ id })),
      duties,
      ...terms,
    },
    register: register(draw),
  })
}

/** A world and questions to ask of it. */
export interface Trial {
  readonly world: World
  readonly requests: readonly Request[]
}

/** Requests asked of each random world. */
const REQUESTS = 20

/** Worlds whose layers need not fit one another: everything that `compile` accepts, checked or not. */
function anyWorld(draw: Draw): World {
  const usage = policy(draw)
  return {
    policy: usage,
    exceptions: exceptionsFor(draw, usage),
    models: registry(draw),
    contracts: draw.list(1, 3, (i) => contractFor(draw, usage, i)),
    ...(draw.odd() ? { validUntil: day(draw.count(0, DAYS)) } : {}),
  }
}

/** A well-formed request that falls on or beside the boundaries of the worlds above. */
function anyRequest(draw: Draw): Request {
  draw.stir()
  const facts = Object.keys(FACTS).filter(() => !draw.odd())
  const said = (fact: string): string[] => {
    const values = FACTS[fact] ?? []
    return draw.odd() ? draw.some(values) : [draw.of(...values)]
  }
  return {
    id: 'request',
    customer: draw.odd() ? draw.of('bureau', 'stranger') : 'agency',
    deployment: draw.odd() ? 'elsewhere' : draw.of(...DEPLOYMENTS),
    model: draw.odd() ? 'unlisted-model' : draw.of(...MODELS),
    uses: draw.chance(75) ? [draw.of(...NODES, 'general')] : draw.some(NODES).slice(0, 3),
    facts: Object.fromEntries(facts.map((fact) => [fact, said(fact)])),
    signals: draw.chance(20) ? draw.list(1, 2, () => signal(draw)) : [],
    at: day(draw.count(0, DAYS)) - (draw.chance(30) ? 1 : 0),
  }
}

function signal(draw: Draw): Signal {
  const score = draw.of(0, 0.25, 0.49, 0.5, 0.74, 0.75, 0.99, 1)
  return { detector: 'lexicon', use: draw.of(...NODES), score }
}

export const anyTrial: fc.Arbitrary<Trial> = fc.gen().map((generator) => {
  const draw = new Draw(generator)
  return { world: anyWorld(draw), requests: draw.list(REQUESTS, REQUESTS, () => anyRequest(draw)) }
})
