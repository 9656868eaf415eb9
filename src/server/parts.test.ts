import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { RUNS } from '../../test/runs.ts'
import { pointAt } from '../../test/served.ts'
import { evaluate, evaluateAll } from './authzen.ts'

const POINT = pointAt(bundleOf(EXAMPLE), Date.UTC(2026, 2, 2, 9))

const SUBJECT = { type: 'deployment', id: 'ministry-of-assessment/desk-1' }
const RESOURCE = { type: 'model', id: 'example-sonnet-20250514' }
const FACTS = { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] }

/** Members of a body, some of them wrong, and each of them sometimes left out. */
const anyMembers = fc.record(
  {
    subject: fc.constantFrom(
      SUBJECT,
      { type: 'deployment', id: 'a/b' },
      { type: 'deployment', id: 'a' },
      { type: 'deployment', id: 'A/b' },
      { type: 'user', id: 'a' },
      null,
    ),
    action: fc.constantFrom(
      { name: 'surveillance.intelligence-analysis' },
      { name: 'general' },
      { name: 'nothing' },
      {},
    ),
    resource: fc.constantFrom(
      RESOURCE,
      { type: 'model', id: 'a model' },
      { type: 'record', id: 'a' },
      7,
    ),
    context: fc.constantFrom(
      { facts: FACTS },
      {},
      { facts: { act: [] } },
      { facts: { weather: ['fair'] }, uses: ['nothing'] },
      { uses: [7] },
      { signals: [{ detector: 'lexicon', use: 'surveillance', score: 0.6 }], nearest: true },
      [],
    ),
  },
  { requiredKeys: [] },
)

test('an item of a batch is answered as it would be alone, with what it lacks from the top', () => {
  fc.assert(
    fc.property(anyMembers, fc.array(anyMembers, { minLength: 1 }), (defaults, evaluations) => {
      const alone = evaluations.map((item) => {
        const result = evaluate(POINT, { ...defaults, ...item })
        if (result.ok) return JSON.parse(result.value as string)
        return { decision: false, context: { error: result.error } }
      })
      const together = evaluateAll(POINT, { ...defaults, evaluations })
      expect(together.ok && JSON.parse(together.value as string)).toEqual({ evaluations: alone })
    }),
    { numRuns: RUNS },
  )
})
