import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf } from '../../test/bundle-of.ts'
import { RUNS } from '../../test/runs.ts'
import { decide } from '../decision/decide.ts'
import { allows, type Decision } from '../decision/decision.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { printEvaluation } from './print-evaluation.ts'

/** The same members in the same order, without anything that is kept or quoted by hand. */
function plainly(decision: Decision): string {
  const { outcome, base, triggered, contract, tailoring, obligations } = decision
  const context = {
    outcome,
    base,
    triggered,
    ...(contract === null ? {} : { contract, tailoring }),
    obligations: obligations.map((id) => ({ id, type: 'custom', properties: {} })),
    reasons: decision.reasons,
    nearest: decision.nearest,
    bundle: decision.bundle,
  }
  return JSON.stringify({ decision: allows(decision), context })
}

test('an answer is, byte for byte, what JSON.stringify makes of its members', () => {
  fc.assert(
    fc.property(anyTrial, ({ world, requests }) => {
      const bundle = bundleOf(world)
      for (const request of requests) {
        for (const judge of [decide, decideWithNearest, decide]) {
          const decided = judge(bundle, request)
          if (decided.ok) expect(printEvaluation(decided.value)).toBe(plainly(decided.value))
        }
      }
    }),
    { numRuns: RUNS },
  )
})

const DENIAL: Decision = {
  request: null,
  outcome: 'deny',
  base: 'deny',
  triggered: [],
  contract: null,
  tailoring: null,
  obligations: [],
  reasons: [],
  nearest: [],
  at: 0,
  bundle: 'sha256:0',
}

test('what a document calls itself cannot break the answer', () => {
  const odd = '"}],"decision":true,\\\u0000\u2028\ud800'
  const decision: Decision = {
    ...DENIAL,
    triggered: [odd],
    contract: odd,
    tailoring: odd,
    obligations: [odd],
    reasons: [{ code: 'tailored', text: odd }],
  }
  expect(printEvaluation(decision)).toBe(plainly(decision))
})

test('a list that may still change is printed as it is now', () => {
  const triggered = ['weapons']
  const decision: Decision = { ...DENIAL, triggered }
  printEvaluation(decision)
  triggered.push('weapons.targeting')
  expect(printEvaluation(decision)).toBe(plainly(decision))
})
