import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bundle } from '../src/decision/bundle.ts'
import { decide } from '../src/decision/decide.ts'
import { OUTCOMES } from '../src/decision/decision.ts'
import type { Request } from '../src/decision/request.ts'
import { anyTrial } from './any-world.ts'
import { bundleOf } from './bundle-of.ts'
import { askingCedar, type CedarAnswer } from './cedar.ts'
import { RUNS } from './runs.ts'

function answerOf(bundle: Bundle, request: Request): CedarAnswer {
  const decided = decide(bundle, request)
  if (!decided.ok) throw new Error(JSON.stringify(decided.error))
  const { outcome, base, triggered, contract, tailoring } = decided.value
  return { outcome, base, triggered, contract, tailoring }
}

test('Cedar, given the documents as policies, decides as the engine does', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(anyTrial, ({ world, requests }) => {
      const ask = askingCedar(world)
      const bundle = bundleOf(world)
      for (const request of requests) {
        const answer = ask(request)
        expect(answerOf(bundle, request)).toEqual(answer)
        seen.set(answer.outcome, (seen.get(answer.outcome) ?? 0) + 1)
      }
    }),
    { numRuns: RUNS },
  )
  // An oracle that never meets an exception would say nothing of one.
  for (const outcome of OUTCOMES) expect(seen.get(outcome) ?? 0).toBeGreaterThan(RUNS / 8)
})
