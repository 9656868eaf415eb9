import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Contract, Tailoring } from '../src/contract/contract.ts'
import { reachOf } from '../src/contract/reach.ts'
import { inForceDuring, standingOf } from '../src/contract/standing.ts'
import { decide } from '../src/decision/decide.ts'
import { allows, type Decision, OUTCOMES, printableOf } from '../src/decision/decision.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { contains } from '../src/interval.ts'
import { providerOf } from '../src/policy/provider.ts'
import { anyTrial, day, type Trial } from './any-world.ts'
import { bundleOf } from './bundle-of.ts'
import { RUNS } from './runs.ts'

// The laws of docs/semantics.md §11, each on random worlds.

/** Two hours: what ten thousand worlds may take on a slow machine. */
const HOOK_TIMEOUT_MS = 7_200_000

function decided(world: World, request: Request): Decision {
  const result = decide(bundleOf(world), request)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

/** What holds of a world and of requests asked of it. */
interface Law {
  readonly name: string
  readonly holds: (trial: Trial, seed: number) => void
}

const LAWS: Law[] = []

/** Requests of each world that a law is tried on which changes the world for each. */
const REQUESTS = 4

/** A law about one request at a time. */
function law(name: string, holds: (world: World, request: Request, seed: number) => void): void {
  lawOfWorlds(name, ({ world, requests }, seed) => {
    for (const [i, request] of requests.slice(0, REQUESTS).entries())
      holds(world, request, seed + i)
  })
}

/** A law about a world and what follows for all its requests. */
function lawOfWorlds(name: string, holds: Law['holds']): void {
  LAWS.push({ name, holds })
  test(name, () => expect(broken.get(name)).toBeUndefined())
}

/** How each law was first broken. Worlds are drawn once for all laws, since that takes the longest. */
const broken = new Map<string, string>()

beforeAll(() => {
  const property = fc.property(anyTrial, fc.nat(), (trial, seed) => {
    for (const { name, holds } of LAWS) {
      if (broken.has(name)) continue
      try {
        holds(trial, seed)
      } catch (error) {
        broken.set(name, `${(error as Error).message}\nin ${JSON.stringify({ seed, ...trial })}`)
      }
    }
  })
  fc.assert(property, { numRuns: RUNS })
}, HOOK_TIMEOUT_MS)

/** One of a list, by a random number. */
function pick<T>(list: readonly T[], seed: number): T | undefined {
  return list[seed % Math.max(1, list.length)]
}

function neverWidens(before: World, after: World, request: Request): void {
  if (!allows(decided(before, request))) expect(allows(decided(after, request))).toBe(false)
}

law('L1: what triggers a restriction that is never tailorable is not allowed', (world, request) => {
  const { policy } = world
  const alwaysFloor = (prohibits: string[]): World => ({
    ...world,
    policy: {
      ...policy,
      restrictions: [
        ...policy.restrictions,
        { id: 'r-z', prohibits, unless: [], harms: [], tailorable: 'never', floor: 'z' },
      ],
    },
  })
  const prohibited = request.uses.filter((use) => use !== 'general')
  if (prohibited.length > 0) {
    const { outcome, triggered, reasons } = decided(alwaysFloor(prohibited), request)
    expect(outcome).toBe('deny')
    expect(triggered).toContain('r-z')
    expect(reasons.map(({ code }) => code)).toContain('floor')
  }
  const never = policy.restrictions.filter(({ tailorable }) => tailorable === 'never')
  const decision = decided(world, request)
  if (never.some(({ id }) => decision.triggered.includes(id))) expect(allows(decision)).toBe(false)
})

type Change = (world: World, seed: number) => World

function withContracts(change: (contract: Contract, seed: number) => Contract): Change {
  return (world, seed) => ({
    ...world,
    contracts: world.contracts.map((contract) => change(contract, seed)),
  })
}

function withTailorings(change: (tailoring: Tailoring, seed: number) => Tailoring): Change {
  return withContracts((contract, seed) => ({
    ...contract,
    terms: {
      ...contract.terms,
      tailorings: contract.terms.tailorings.map((tailoring) => change(tailoring, seed)),
    },
  }))
}

function without<T>(list: readonly T[], seed: number): T[] {
  return list.filter((_, i) => i !== seed % Math.max(1, list.length))
}

const NARROWINGS: Readonly<Record<string, Change>> = {
  'removing a catalogue entry': (world, seed) => ({
    ...world,
    exceptions: { ...world.exceptions, catalogue: without(world.exceptions.catalogue, seed) },
  }),
  'removing what was determined': withContracts((contract, seed) => ({
    ...contract,
    determination: {
      ...contract.determination,
      tailorings: without(contract.determination.tailorings, seed),
    },
  })),
  'removing a contract': (world, seed) => ({ ...world, contracts: without(world.contracts, seed) }),
  'shrinking lifts': withTailorings((t, seed) => ({ ...t, lifts: without(t.lifts, seed) })),
  'shrinking uses': withTailorings((t, seed) => ({ ...t, uses: without(t.uses, seed) })),
  'shrinking models': withTailorings((t, seed) => ({ ...t, models: without(t.models, seed) })),
  'shrinking a scope': withTailorings((t, seed) => {
    const act = t.scope['act'] ?? ['analyse', 'collect', 'decide']
    return { ...t, scope: { ...t.scope, act: act.length > 1 ? without(act, seed) : act } }
  }),
  'shrinking a term': withTailorings((t, seed) => {
    const { from = day(0), until = day(12) } = t.term ?? {}
    return { ...t, term: { from: from + (seed % 3), until: until - (seed % 86_400_000) } }
  }),
  'adding a restriction': (world, seed) => {
    const { policy } = world
    const tailorable = seed % 2 === 0 ? 'by-catalogue' : 'never'
    const when = seed % 3 === 0 ? { subjects: ['domestic'] } : {}
    const added = {
      id: 'r-z',
      prohibits: ['watch'],
      when,
      unless: [],
      harms: [],
      tailorable,
    } as const
    return {
      ...world,
      policy: {
        ...policy,
        restrictions: [
          ...policy.restrictions,
          { ...added, prohibits: ['watch'], unless: [], harms: [] },
        ],
      },
    }
  },
  'adding a safeguard': withTailorings((t) => ({ ...t, safeguards: ['review', 'audit'] })),
  'adding an authority': withTailorings((t) => ({ ...t, authorities: ['act', 'charter'] })),
  'adding a duty': withContracts((contract, seed) => ({
    ...contract,
    terms: {
      ...contract.terms,
      duties: [
        ...contract.terms.duties,
        { id: 'extra', kind: 'report', due: [day(seed % 12)], grace: 0 },
      ],
    },
  })),
}

for (const [name, narrow] of Object.entries(NARROWINGS)) {
  lawOfWorlds(`L2: ${name} never turns a non-permit into a permit`, ({ world, requests }, seed) => {
    const narrower = narrow(world, seed)
    for (const request of requests) neverWidens(world, narrower, request)
  })
}

law('L3: saying more never turns a non-permit into a permit', (world, request, seed) => {
  if (allows(decided(world, request))) return
  const fact = pick(Object.keys(world.policy.facts), seed) ?? ''
  const all = world.policy.facts[fact]?.values ?? []
  const said = new Map(Object.entries(request.facts)).get(fact) ?? all
  const more = [...new Set([...said, all[seed % all.length] ?? ''])]
  const withFact = { ...request, facts: { ...request.facts, [fact]: more } }
  const withUse = {
    ...request,
    uses: [...request.uses, pick(['watch', 'cyber', 'general'], seed) ?? 'cyber'],
  }
  expect(allows(decided(world, withFact))).toBe(false)
  expect(allows(decided(world, withUse))).toBe(false)
  const { [fact]: _, ...unsaid } = request.facts
  expect(allows(decided(world, { ...request, facts: unsaid }))).toBe(false)
})

law('L4: raising a score never turns a non-permit into a permit', (world, request, seed) => {
  if (allows(decided(world, request))) return
  const raised = request.signals.map((signal) => ({
    ...signal,
    score: Math.min(1, signal.score + (seed % 5) / 4),
  }))
  const added = [...raised, { detector: 'other', use: 'watch.track', score: (seed % 5) / 4 }]
  expect(allows(decided(world, { ...request, signals: raised }))).toBe(false)
  expect(allows(decided(world, { ...request, signals: added }))).toBe(false)
})

law('L5: one tailoring alone suffices for a permit under exception', (world, request) => {
  const decision = decided(world, request)
  if (decision.outcome !== 'permit-under-exception') return
  const contracts = world.contracts
    .filter(({ id }) => id === decision.contract)
    .map((contract) => ({
      ...contract,
      terms: {
        ...contract.terms,
        tailorings: contract.terms.tailorings.filter(({ id }) => id === decision.tailoring),
      },
    }))
  const { bundle: _, ...alone } = decided({ ...world, contracts }, request)
  const { bundle: __, ...among } = decision
  expect(alone).toEqual(among)
})

law('L6: outside the intervals computed in advance there is no exception', (world, request) => {
  const decision = decided(world, request)
  const provider = providerOf(world)
  const place = { tailoring: decision.tailoring ?? '', deployment: request.deployment }
  const contract = world.contracts.find(({ id }) => id === decision.contract)
  if (!contract) return
  const reach = reachOf(provider, contract, place)
  expect(reach).toBeDefined()
  if (!reach) return
  const inForce = inForceDuring(standingOf(contract, reach, place))
  expect(contains(inForce, request.at)).toBe(true)
  for (const edge of inForce.filter(Number.isFinite)) {
    for (const at of [edge - 1, edge]) {
      const then = decided(world, { ...request, at })
      const isUsed = then.contract === decision.contract && then.tailoring === decision.tailoring
      if (isUsed) expect(contains(inForce, at)).toBe(true)
    }
  }
})

law(
  'L7: a level too high or a poor basis never permits more, and nothing re-opens',
  (world, request, seed) => {
    const { safety } = world.exceptions
    const bad =
      seed % 2 === 0
        ? { level: Math.max(...safety.levels) + 1, basis: 'determined' as const }
        : { level: safety.levels[0] ?? 2, basis: 'precautionary' as const }
    const assertion = { id: 'z', scheme: safety.scheme, from: day(seed % 12), ...bad }
    const asserted: World = {
      ...world,
      models: {
        ...world.models,
        models: world.models.models.map((model) => ({
          ...model,
          levels: [...model.levels, assertion],
        })),
      },
    }
    neverWidens(world, asserted, request)

    // Rescinding the bad assertion later, after the terms have begun, opens nothing again.
    const rescission = {
      id: 'zz',
      scheme: safety.scheme,
      level: safety.levels[0] ?? 2,
      basis: 'determined' as const,
      from: Math.max(assertion.from, day(3)) + 1,
      rescinds: 'z',
    }
    const rescinded: World = {
      ...asserted,
      models: {
        ...asserted.models,
        models: asserted.models.models.map((model) => ({
          ...model,
          levels: [...model.levels, rescission],
        })),
      },
    }
    neverWidens(asserted, rescinded, request)
  },
)

law('L8: every well-formed request gets exactly one outcome', (world, request) => {
  expect(OUTCOMES).toContain(decided(world, request).outcome)
})

law('L9: the same request gets byte for byte the same decision', (world, request) => {
  const text = (): string => JSON.stringify(printableOf(decided(world, request)))
  expect(text()).toBe(text())
  const reordered = { ...world, contracts: world.contracts.toReversed() }
  expect(JSON.stringify(printableOf(decided(reordered, request)))).toBe(text())
})

law("L10: another customer's contracts change nothing but the digest", (world, request) => {
  const own = world.contracts.filter(({ customer }) => customer === request.customer)
  const { bundle: _, ...alone } = decided({ ...world, contracts: own }, request)
  const { bundle: __, ...among } = decided(world, request)
  expect(alone).toEqual(among)
})

law('L11: an exception keeps every obligation of the base policy', (world, request) => {
  const decision = decided(world, request)
  if (decision.outcome !== 'permit-under-exception') return
  const { policy } = world
  const restrictions = policy.restrictions.filter(({ id }) => !decision.triggered.includes(id))
  const base = decided({ ...world, policy: { ...policy, restrictions } }, request)
  expect(base.outcome).toBe('permit')
  expect(decision.obligations).toEqual(expect.arrayContaining([...base.obligations]))
})
