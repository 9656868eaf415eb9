import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { pointAt } from '../../test/served.ts'
import { type DecisionPoint, evaluateAll } from './authzen.ts'

const POINT = pointAt(bundleOf(EXAMPLE), Date.UTC(2026, 2, 2, 9))

/** An evaluation that is permitted under an exception. */
const PERMITTED = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}
const ORDINARY = { ...PERMITTED, action: { name: 'general' }, context: {} }
const DENIED = { ...PERMITTED, context: { facts: { act: ['analyse'] } } }

/** A recorder that cannot write, and knows it or finds out. */
function withoutRecords(unavailable: string | null): DecisionPoint {
  const record = async (): Promise<never> => await Promise.reject(new Error('no room'))
  return { ...POINT, recorder: { ...POINT.recorder, unavailable, record } }
}

async function decisionsWithout(unavailable: string | null, semantic: string): Promise<boolean[]> {
  const evaluations = [PERMITTED, ORDINARY, DENIED, ORDINARY]
  const body = { evaluations, options: { evaluations_semantic: semantic } }
  const result = evaluateAll(withoutRecords(unavailable), body)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  const answer = JSON.parse(await result.value) as { evaluations: { decision: boolean }[] }
  return answer.evaluations.map(({ decision }) => decision)
}

test.each(['the disk is full', null])(
  'an exception that could not be recorded ends a batch as a denial does: %j',
  async (unavailable) => {
    expect(await decisionsWithout(unavailable, 'execute_all')).toEqual([false, true, false, true])
    expect(await decisionsWithout(unavailable, 'deny_on_first_deny')).toEqual([false])
  },
)

test('an exception that cannot be recorded is not the first permit', async () => {
  const semantic = 'permit_on_first_permit'
  expect(await decisionsWithout('the disk is full', semantic)).toEqual([false, true])
})
