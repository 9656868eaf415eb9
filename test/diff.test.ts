import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BoxJson, boxJson } from '../src/cli/diff-json.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { decide } from '../src/decision/decide.ts'
import { allows } from '../src/decision/decision.ts'
import type { Flip } from '../src/decision/replayed.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { leavesOf, providerOf } from '../src/policy/provider.ts'
import { thresholdsOf } from '../src/policy/use-tree.ts'
import { differenceOf, type Versions } from '../src/proof/difference.ts'
import { boxesOf } from '../src/proof/difference-boxes.ts'
import type { Asked } from '../src/proof/families.ts'
import { parseInstant } from '../src/time.ts'
import { anyTrial } from './any-world.ts'
import { bundleOf } from './bundle-of.ts'
import './runs.ts'

// The boxes of a difference, read as docs/formats.md says, are held against what `decide` says of each request in turn,
// in both directions: a request lies in one box if just one of the two allows it, and otherwise in none.

const IS_SOAK = process.env['PROVISO_SOAK'] !== undefined

/** How many pairs of random worlds are compared, and in how many places each all requests are asked. */
const PAIRS = IS_SOAK ? 60 : 4
const PLACES = IS_SOAK ? 20 : 2

const FLIPS: readonly Flip[] = ['widened', 'narrowed']

type Boxes = Readonly<Record<Flip, readonly BoxJson[]>>

function diffOf(bundles: Versions<Bundle>): Boxes {
  const difference = differenceOf(bundles)
  const [widened = [], narrowed = []] = FLIPS.map((flip) =>
    (boxesOf(difference, flip) ?? []).map((box) => boxJson(bundles, difference, box)),
  )
  return { widened, narrowed }
}

/** The second of two worlds, by what it has in common with the first. */
const AFTER: Readonly<Record<string, (before: World, other: World) => World>> = {
  nothing: (_, other) => other,
  'the policy': (before, other) => ({ ...before, contracts: other.contracts }),
  'all but a contract': (before) => ({ ...before, contracts: before.contracts.slice(1) }),
  'all but models': (before, { models }) => ({ ...before, models }),
  'all but a restriction': (before) => {
    const restrictions = before.policy.restrictions.slice(1)
    return { ...before, policy: { ...before.policy, restrictions } }
  },
  'all but thresholds': (before, { policy: { detection } }) => {
    return { ...before, policy: { ...before.policy, detection } }
  },
  'all but some names': (before) => withOtherNames(before),
}

interface Pair {
  readonly worlds: Versions<World>
  readonly requests: readonly Request[]
}

/** Two worlds in either order, and requests of them. */
function anyPair(kind: string): fc.Arbitrary<Pair> {
  return fc.tuple(anyTrial, anyTrial, fc.boolean()).map(([a, b, isReversed]) => {
    const before = withoutLease(a.world)
    const after = AFTER[kind]?.(before, withoutLease(b.world)) ?? before
    const worlds = isReversed ? { before: after, after: before } : { before, after }
    return { worlds, requests: [...a.requests, ...b.requests] }
  })
}

/** A world without one leaf and one value, so that a node and a fact that is not stated mean something else. */
function withOtherNames(world: World): World {
  const { facts, uses } = world.policy
  const { act = { title: '', values: [] }, ...others } = facts
  const policy = {
    ...world.policy,
    facts: { act: { ...act, values: act.values.slice(1) }, ...others },
    uses: { ...uses, write: { title: 'T', uses: { essay: 'T' } } },
  }
  return { ...world, policy }
}

function withoutLease({ validUntil: _, ...world }: World): World {
  return world
}

/** Reads boxes as they are documented, for requests that two worlds understand. */
class Reading {
  readonly #worlds: readonly World[]
  readonly #providers: readonly ReturnType<typeof providerOf>[]
  readonly #units = new Map<string, readonly string[]>()

  constructor({ before, after }: Versions<World>) {
    this.#worlds = [before, after]
    this.#providers = this.#worlds.map(providerOf)
  }

  isIn(box: BoxJson, request: Request): boolean {
    return this.isAt(box, request) && this.hasFacts(box, request) && this.asks(box, request)
  }

  isAt(box: BoxJson, { customer, deployment, model, at }: Request): boolean {
    const isNamed = (names: BoxJson['models'], id: string): boolean =>
      'only' in names ? names.only.includes(id) : !names.allBut.includes(id)
    const isTime = box.times.some(({ from, until }) => {
      const start = from === null ? -Infinity : (parseInstant(from) ?? Number.NaN)
      return start <= at && at < (until === null ? Infinity : (parseInstant(until) ?? Number.NaN))
    })
    return (
      isTime &&
      isNamed(box.customers, customer) &&
      isNamed(box.deployments, deployment) &&
      isNamed(box.models, model)
    )
  }

  hasFacts(box: BoxJson, { facts }: Request): boolean {
    return Object.entries(box.facts).every(([fact, families]) => {
      const own = Object.hasOwn(facts, fact) ? facts[fact] : undefined
      const said = own ?? this.#worlds.flatMap(({ policy }) => policy.facts[fact]?.values ?? [])
      return families.some(
        ({ includes, among }) =>
          includes.every((value) => said.includes(value)) &&
          said.every((value) => among.includes(value)),
      )
    })
  }

  asks(box: BoxJson, request: Request): boolean {
    const asked = this.#askedIn(request)
    const isAsked = (one: Asked): boolean =>
      this.#unitsOf(one).some((unit) =>
        asked.has(typeof one === 'string' ? unit : this.#keyOf(one)),
      )
    return box.uses.some(
      ({ includes, without }) => includes.every(isAsked) && !without.some(isAsked),
    )
  }

  /** The leaves under a node that both worlds mean alike; otherwise the node itself. */
  #unitsOf(asked: Asked): readonly string[] {
    const id = typeof asked === 'string' ? asked : asked.use
    const units = this.#units.get(id) ?? this.#unitsUnder(id)
    this.#units.set(id, units)
    return units
  }

  #unitsUnder(id: string): readonly string[] {
    const [before, after] = this.#providers.map((provider) => [...leavesOf(provider, [id])].sort())
    return before?.join() === after?.join() ? (after ?? []) : [id]
  }

  /** All that a request asks for: a score that both suspect all of a use from names it. */
  #askedIn({ uses, signals }: Request): ReadonlySet<string> {
    const suspected = signals.flatMap(({ use, score }) => {
      return this.#unitsOf(use).map((unit) => this.#keyOf({ use: unit, score }))
    })
    return new Set([...uses.flatMap((id) => this.#unitsOf(id)), ...suspected])
  }

  /** What each of the two suspects from a score on; nothing but the use where that is all of it. */
  #keyOf({ use, score }: { readonly use: string; readonly score: number }): string {
    const suspected = this.#providers.map((provider) => {
      const leaves = [...leavesOf(provider, [use])]
      const { policy, uses } = provider
      const refersFrom = (id: string): number => {
        const leaf = uses.get(id)
        return leaf ? thresholdsOf(policy, leaf).referAt : Infinity
      }
      const found = leaves.filter((leaf) => score >= refersFrom(leaf)).sort()
      return found.length === leaves.length ? 'all' : found.join()
    })
    return suspected.every((found) => found === 'all') ? use : `${use} ${suspected.join(' ')}`
  }
}

function flipIn({ before, after }: Versions<Bundle>, request: Request): Flip | 'same' | 'error' {
  const [earlier, later] = [decide(before, request), decide(after, request)]
  if (!earlier.ok || !later.ok) return 'error'
  if (allows(earlier.value) === allows(later.value)) return 'same'
  return allows(later.value) ? 'widened' : 'narrowed'
}

/** All sets of some members but the empty one. */
function subsetsOf(members: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: 2 ** members.length - 1 }, (_, bits) =>
    members.filter((_, i) => (((bits + 1) >> i) & 1) === 1),
  )
}

/** All that facts may be said to be, unsaid ones among it. */
function factsOf(facts: readonly (readonly [string, readonly string[]])[]): Request['facts'][] {
  const [first, ...others] = facts
  if (!first) return [{}]
  const [fact, values] = first
  const rest = factsOf(others)
  return [
    ...rest,
    ...subsetsOf(values).flatMap((said) => rest.map((some) => ({ ...some, [fact]: said }))),
  ]
}

const SIGNALLED = ['watch', 'watch.track', 'cyber', 'write', 'write.essay']

/** Nodes that are named, and scores on and beside thresholds. */
const ODD_USES = ['general', 'watch', 'write'].flatMap((use) => [
  { uses: [use], signals: [] },
  ...SIGNALLED.flatMap((suspected) =>
    [0, 0.25, 0.49, 0.5, 0.74, 0.75, 1].map((score) => ({
      uses: [use],
      signals: [{ detector: 'lexicon', use: suspected, score }],
    })),
  ),
])

type Place = Pick<Request, 'customer' | 'deployment' | 'model' | 'at'>

/** Some places: where there are boxes, and others. */
function placesOf(boxes: Boxes, requests: readonly Request[]): readonly Place[] {
  const inBoxes = FLIPS.flatMap((flip) => boxes[flip].map(requestOf))
  const step = Math.max(1, Math.floor(inBoxes.length / (PLACES / 2)))
  const some = inBoxes.filter((_, i) => i % step === 0).slice(0, PLACES / 2)
  return [...some, ...requests.slice(0, PLACES - some.length)]
}

/** How often each answer was met, so that it shows whether anything was tried. */
const met = { widened: 0, narrowed: 0, same: 0, error: 0 }

interface Held {
  readonly bundles: Versions<Bundle>
  readonly boxes: Boxes
  readonly reading: Reading
}

function expectExact({ bundles, boxes, reading }: Held, request: Request): void {
  const flip = flipIn(bundles, request)
  met[flip]++
  if (flip === 'error') return
  const found = FLIPS.map((one) => boxes[one].filter((box) => reading.isIn(box, request)).length)
  const due = FLIPS.map((one) => Number(one === flip))
  if (found.join() === due.join()) return
  expect(found, JSON.stringify({ flip, request })).toEqual(due)
}

const KINDS = Object.keys(AFTER)

/** A seed whose pairs differ both ways, so that whatever else is drawn, something is tried. */
const FIXED_SEED = 5

function fixedPair(kind: string): [Pair] {
  const [pair] = fc.sample(anyPair(kind), { seed: FIXED_SEED, numRuns: 1 })
  if (pair === undefined) throw new Error('nothing was drawn')
  return [pair]
}

test.each(KINDS)(
  'of worlds that share %s a request is in one box where just one allows it',
  (kind) => {
    const property = fc.property(anyPair(kind), ({ worlds, requests }) => {
      const bundles = bundlesOf(worlds)
      const boxes = diffOf(bundles)
      const held: Held = { bundles, boxes, reading: new Reading(worlds) }
      for (const request of requests) expectExact(held, request)
      for (const place of placesOf(boxes, requests)) expectExactAt(held, worlds.before, place)
    })
    fc.assert(property, { numRuns: PAIRS, examples: [fixedPair(kind)] })
  },
)

test('the worlds above differ both ways', () => {
  expect(Math.min(met.widened, met.narrowed, met.same)).toBeGreaterThan(100)
})

function bundlesOf({ before, after }: Versions<World>): Versions<Bundle> {
  return { before: bundleOf(before), after: bundleOf(after) }
}

/** Asks all that there is to ask in one place. */
function expectExactAt(held: Held, { policy }: World, place: Place): void {
  const { reading, bundles } = held
  const base = { id: null, signals: [], facts: {}, uses: [], ...place }
  const here = only(held.boxes, (box) => reading.isAt(box, base))
  const uses = subsetsOf(bundles.before.tables.content.leaves.map(({ id }) => id))
  const facts = factsOf(Object.entries(policy.facts).map(([id, { values }]) => [id, values]))
  for (const [i, said] of facts.entries()) {
    const asked = { ...base, facts: said }
    const boxes = only(here, (box) => reading.hasFacts(box, asked))
    for (const named of uses) expectExact({ ...held, boxes }, { ...asked, uses: named })
    if (i % 9 !== 0) continue
    for (const odd of ODD_USES) expectExact({ ...held, boxes }, { ...asked, ...odd })
  }
}

function only(boxes: Boxes, isIt: (box: BoxJson) => boolean): Boxes {
  return { widened: boxes.widened.filter(isIt), narrowed: boxes.narrowed.filter(isIt) }
}

test.each(KINDS)('of worlds that share %s no two boxes are one, and each has a request', (kind) => {
  const property = fc.property(anyPair(kind), ({ worlds }) => {
    const bundles = bundlesOf(worlds)
    const boxes = diffOf(bundles)
    const reading = new Reading(worlds)
    for (const flip of FLIPS) {
      expect(mergeable(boxes[flip])).toEqual([])
      for (const box of boxes[flip]) {
        const request = requestOf(box)
        expect(reading.isIn(box, request)).toBe(true)
        expect(flipIn(bundles, request)).toBe(flip)
      }
    }
  })
  fc.assert(property, { numRuns: PAIRS * 3 })
})

function requestOf({ witness }: BoxJson): Request {
  const request = witness.request as Request & { readonly at: unknown }
  return { ...request, at: parseInstant(String(request.at)) ?? Number.NaN }
}

/** Boxes that differ from another in one part only. */
function mergeable(boxes: readonly BoxJson[]): readonly BoxJson[] {
  const parts = boxes.map(({ facts, witness: _, ...rest }): Record<string, unknown> => {
    return { ...facts, ...rest }
  })
  const names = [...new Set(parts.flatMap((part) => Object.keys(part)))]
  return names.flatMap((name) => {
    const others = names.filter((other) => other !== name)
    const along = Map.groupBy(boxes, (_, i) =>
      JSON.stringify(others.map((other) => parts[i]?.[other])),
    )
    return [...along.values()].filter((alike) => alike.length > 1).flat()
  })
}
