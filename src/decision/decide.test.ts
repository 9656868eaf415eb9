import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf } from '../../test/bundle-of.ts'
import { RUNS } from '../../test/runs.ts'
import type { Bundle } from './bundle.ts'
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
