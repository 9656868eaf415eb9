import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bundle } from '../src/decision/bundle.ts'
import { decide } from '../src/decision/decide.ts'
import { allows, OUTCOMES } from '../src/decision/decision.ts'
import type { Request } from '../src/decision/request.ts'
import { anyTrial } from './any-world.ts'
import { bundleOf } from './bundle-of.ts'
import { askingCedar, type CedarAnswer } from './cedar.ts'
import { narrowings } from './narrowings.ts'
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

/** Of all the narrowings of one world, how many are tried. */
const TRIED = 8

test('Cedar decides as the engine does when one thing that allowed a request is taken away', () => {
  let denied = 0
  let allowed = 0
  const picks = fc.array(fc.nat(), { minLength: TRIED, maxLength: TRIED })
  fc.assert(
    fc.property(anyTrial, picks, ({ world, requests }, picked) => {
      const found = requests
        .map((request) => ({ world, request, answer: answerOf(bundleOf(world), request) }))
        .find(({ answer }) => answer.outcome === 'permit-under-exception')
      if (!found) return
      const all = narrowings(found)
      for (const narrowed of picked.flatMap((pick) => all[pick % all.length] ?? [])) {
        const answer = askingCedar(narrowed)(found.request)
        expect(answerOf(bundleOf(narrowed), found.request)).toEqual(answer)
        if (allows(answer)) allowed++
        else denied++
      }
    }),
    { numRuns: RUNS },
  )
  // Many a change has to matter, and many a one has a twin that must not.
  expect(denied).toBeGreaterThan(RUNS / 2)
  expect(allowed).toBeGreaterThan(RUNS / 2)
})
