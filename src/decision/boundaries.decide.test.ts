import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { type Contract, contract } from '../contract/contract.ts'
import { exceptions } from '../policy/exceptions.ts'
import { models } from '../policy/models.ts'
import { usagePolicy } from '../policy/usage-policy.ts'
import { DAY_MS, printInstantShort } from '../time.ts'
import { decide } from './decide.ts'
import type { Outcome } from './decision.ts'
import { decideByDefinition } from './definition.ts'
import type { Request } from './request.ts'
import type { World } from './world.ts'

// One customer, one contract, one tailoring, one deployment: each edge that decides, on both its sides.

const START = Date.UTC(2026, 0, 1)
const NOW = START + 5 * DAY_MS

function text(day: number): string {
  return printInstantShort(START + day * DAY_MS)
}

const LAYER = {
  deployments: [{ id: 'desk' }],
  tailorings: [
    {
      id: 'watching',
      entry: 'watch',
      purpose: 'p',
      lifts: ['r'],
      uses: ['watch'],
      models: ['model-1'],
      authorities: ['act'],
    },
  ],
}

function contractOf(authorities: readonly object[], decided: number): Contract {
  const term = { from: text(0), until: text(30) }
  return contract.parse({
    format: 'proviso/contract@1',
    id: 'c',
    customer: 'agency',
    determination: { case: 'case', decided: text(decided), mission: 'M', term, ...LAYER },
    terms: {
      policy: 'p@1',
      party: 'public-body',
      mission: 'M',
      clauses: [],
      suspension: 'unilateral',
      term,
      authorities: [],
      ...LAYER,
    },
    register: {
      states: [{ state: 'in_force', from: text(0) }],
      authorities,
      enrolments: [{ deployment: 'desk', from: text(0) }],
    },
  })
}

interface Edges {
  readonly levels?: readonly object[]
  readonly authority?: object
  readonly decided?: number
  readonly accepted?: readonly number[]
}

function worldWith({ levels, authority, decided = 0, accepted = [2] }: Edges): World {
  const stands = { id: 'act', status: 'in-force', from: text(0), 'review-by': text(30) }
  return {
    policy: usagePolicy.parse({
      format: 'proviso/policy@1',
      id: 'p',
      version: '1',
      effective: text(0),
      facts: { who: { title: 'W', values: ['a', 'b'] } },
      uses: { general: { unrestricted: true }, watch: 'Watching' },
      restrictions: [{ id: 'r', prohibits: ['watch'], tailorable: 'by-catalogue' }],
    }),
    exceptions: exceptions.parse({
      format: 'proviso/exceptions@1',
      policy: 'p',
      eligible: ['public-body'],
      safety: { scheme: 'rsp', levels: accepted, bases: ['determined'] },
      floor: [],
      catalogue: [{ id: 'watch', lifts: ['r'], uses: ['watch'] }],
      term: { max: 'P366D' },
      dialogue: { every: 'P366D' },
    }),
    models: models.parse({
      format: 'proviso/models@1',
      models: [{ id: 'model-1', levels: levels ?? [level('a', 2, 0)] }],
    }),
    contracts: [contractOf([authority ?? stands], decided)],
  }
}

function level(id: string, value: number, from: number, more: object = {}): object {
  return { id, scheme: 'rsp', level: value, basis: 'determined', from: text(from), ...more }
}

const REQUEST: Request = {
  id: null,
  customer: 'agency',
  deployment: 'desk',
  model: 'model-1',
  uses: ['watch'],
  facts: {},
  signals: [],
  at: NOW,
}

function outcome(edges: Edges, asked: Partial<Request> = {}): Outcome {
  const world = worldWith(edges)
  const request = { ...REQUEST, ...asked }
  const decided = decide(bundleOf(world), request)
  if (!decided.ok) throw new Error(decided.error.message)
  expect(decideByDefinition(world, request).outcome).toBe(decided.value.outcome)
  return decided.value.outcome
}

test('the only tailoring of a customer applies to its own deployment and snapshot alone', () => {
  expect(outcome({})).toBe('permit-under-exception')
  expect(outcome({}, { deployment: 'annex' })).toBe('deny')
  expect(outcome({}, { model: 'model-2' })).toBe('deny')
  expect(outcome({}, { customer: 'bureau' })).toBe('deny')
  expect(outcome({}, { uses: ['general'] })).toBe('permit')
})

test('an authority stands until its review, and without one not at all', () => {
  const reviewed = (at: number): object => ({
    id: 'act',
    status: 'in-force',
    from: text(0),
    'review-by': text(at),
  })
  expect(outcome({ authority: reviewed(5) })).toBe('deny')
  expect(outcome({ authority: reviewed(5) }, { at: NOW - 1 })).toBe('permit-under-exception')
  const { id, status, from } = { id: 'act', status: 'in-force', from: text(0) }
  expect(outcome({ authority: { id, status, from } })).toBe('deny')
})

test('the highest level that counts decides, from the instant at which it counts', () => {
  const raised = [level('a', 2, 0), level('b', 3, 5)]
  expect(outcome({ levels: raised })).toBe('deny')
  expect(outcome({ levels: raised }, { at: NOW - 1 })).toBe('permit-under-exception')
  expect(outcome({ levels: [level('a', 2, 0), level('b', 1, 0)] })).toBe('permit-under-exception')
  expect(outcome({ levels: [level('a', 2, 0), level('b', 1, 0)], accepted: [1] })).toBe('deny')
  expect(outcome({ levels: [] })).toBe('deny')
})

test('a level that was too high and fell again re-opens nothing', () => {
  const fell = [level('a', 2, 0), level('b', 3, 2), level('c', 2, 3, { rescinds: 'b' })]
  expect(outcome({ levels: fell })).toBe('deny')
  expect(outcome({ levels: fell, decided: 3 })).toBe('permit-under-exception')
  expect(outcome({ levels: fell, decided: 2 })).toBe('deny')
  expect(outcome({ levels: fell, decided: 6 })).toBe('deny')
})
