import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf } from '../../test/bundle-of.ts'
import { RUNS } from '../../test/runs.ts'
import type { Bundle } from './bundle.ts'
import { decide } from './decide.ts'
import { OUTCOMES } from './decision.ts'
import { decideByDefinition, type Meaning } from './definition.ts'
import { decideWithNearest } from './nearest.ts'
import type { Request } from './request.ts'
import type { World } from './world.ts'

/** What the engine says, without its texts. */
function meaningByEngine(bundle: Bundle, request: Request): Meaning {
  const decided = decideWithNearest(bundle, request)
  if (!decided.ok) throw new Error(JSON.stringify(decided.error))
  const { request: id, at, bundle: digest, reasons, nearest, ...rest } = decided.value
  return {
    ...rest,
    reasons: reasons.map(({ code }) => code),
    nearest: nearest.map(({ contract, tailoring, failed }) => {
      return { contract, tailoring, failed: failed.map(({ condition }) => condition) }
    }),
  }
}

function meaningByDefinition(world: World, request: Request): Meaning {
  const meaning = decideByDefinition(world, request)
  const nearest = meaning.nearest.map(({ contract, tailoring, failed }) => ({
    contract,
    tailoring,
    failed,
  }))
  return { ...meaning, nearest }
}

test('the engine decides as the definition does', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(anyTrial, ({ world, requests }) => {
      const bundle = bundleOf(world)
      for (const request of requests) {
        const meaning = meaningByDefinition(world, request)
        expect(meaningByEngine(bundle, request)).toEqual(meaning)
        seen.set(meaning.outcome, (seen.get(meaning.outcome) ?? 0) + 1)
      }
    }),
    { numRuns: RUNS },
  )
  // A property that never meets an exception would say nothing of one.
  for (const outcome of OUTCOMES) expect(seen.get(outcome) ?? 0).toBeGreaterThan(RUNS / 4)
})

interface Clear {
  readonly world: World
  readonly request: Request
}

let clear: Clear | undefined

/** A world where one tailoring applies to a request, and nothing stands in its way. */
function clearTrial(): Clear {
  clear ??= findClear()
  return clear
}

function findClear(): Clear {
  for (const { world, requests } of fc.sample(anyTrial, { numRuns: 40, seed: 1 })) {
    const request = requests.find((asked) => {
      const { outcome, triggered } = decideByDefinition(world, asked)
      return outcome === 'permit-under-exception' && triggered.length === 1
    })
    if (request) return { world, request }
  }
  throw new Error('no world with an exception')
}

test('a use, fact or value that the policy does not have gets an error, never a decision', () => {
  const { world, request } = clearTrial()
  const errorOf = (odd: Partial<Request>): unknown => {
    const decided = decide(bundleOf(world), { ...request, ...odd })
    return decided.ok ? decided.value.outcome : [decided.error.code, decided.error.field]
  }
  expect(errorOf({ uses: ['watch.trak'] })).toEqual(['unknown-use', 'uses'])
  expect(errorOf({ uses: ['constructor'] })).toEqual(['unknown-use', 'uses'])
  expect(errorOf({ facts: { subject: ['foreign'] } })).toEqual(['unknown-fact', 'facts.subject'])
  expect(errorOf({ facts: { act: ['analyze'] } })).toEqual(['unknown-value', 'facts.act'])
  expect(errorOf({ facts: { act: [] } })).toEqual(['empty-set', 'facts.act'])
  const signal = { detector: 'lexicon', use: 'watching', score: 1 }
  expect(errorOf({ signals: [signal] })).toEqual(['unknown-use', 'signals[0].use'])
})

test('a denial names the eight nearest misses, in order, and no more', () => {
  const { world, request } = clearTrial()
  const used = decideByDefinition(world, request)
  const own = world.contracts.find(({ id }) => id === used.contract)
  if (!own) throw new Error('no contract')
  const tailorings = own.terms.tailorings.filter(({ id }) => id === used.tailoring)
  const copies = Array.from({ length: 10 }, (_, i) => ({
    ...own,
    id: `copy-${i}`,
    terms: { ...own.terms, tailorings },
    register: { ...own.register, states: [], ...(i === 9 ? {} : { enrolments: [] }) },
  }))
  const crowded = { ...world, contracts: copies }
  const { nearest } = meaningByEngine(bundleOf(crowded), request)
  expect(nearest).toHaveLength(8)
  expect(nearest[0]).toMatchObject({ contract: 'copy-9', failed: ['state'] })
  expect(nearest[1]).toMatchObject({ contract: 'copy-0', failed: ['state', 'enrolment'] })
  expect(meaningByDefinition(crowded, request).nearest).toEqual(nearest)
})

test('beside a floor, a restriction that could be lifted says so even when the bundle is stale', () => {
  const { world, request } = clearTrial()
  const { policy } = world
  const [lifted = ''] = decideByDefinition(world, request).triggered
  const floor = {
    id: 'zz',
    prohibits: [...request.uses],
    unless: [],
    harms: [],
    tailorable: 'never' as const,
    floor: 'family',
  }
  const stale: World = {
    ...world,
    policy: { ...policy, restrictions: [...policy.restrictions, floor] },
    validUntil: request.at,
  }
  for (const meaning of [
    meaningByEngine(bundleOf(stale), request),
    meaningByDefinition(stale, request),
  ]) {
    expect(meaning).toMatchObject({
      outcome: 'deny',
      triggered: [lifted, 'zz'],
      reasons: ['no-tailoring', 'floor'],
    })
  }
})

test('a stale bundle stops exceptions from its last instant on, and nothing else', () => {
  const { world, request } = clearTrial()
  const leased = (validUntil: number): World => ({ ...world, validUntil })
  expect(meaningByEngine(bundleOf(leased(request.at + 1)), request).outcome).toBe(
    'permit-under-exception',
  )
  expect(meaningByEngine(bundleOf(leased(request.at)), request)).toMatchObject({
    outcome: 'deny',
    reasons: ['bundle-stale'],
  })
  const ordinary = { ...request, uses: ['general'], signals: [] }
  expect(meaningByEngine(bundleOf(leased(0)), ordinary).outcome).toBe('permit')
})
