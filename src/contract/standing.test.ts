import { expect, test } from 'vitest'
import { contains } from '../interval.ts'
import { parseInstant } from '../time.ts'
import type { Condition } from './condition.ts'
import type { Contract } from './contract.ts'
import { contract as contractShape } from './contract.ts'
import type { Reach } from './reach.ts'
import { inForceDuring, standingOf } from './standing.ts'

// One contract whose every condition holds through January 2026, and each of them broken in turn.

const PLACE = { tailoring: 't', deployment: 'd' }

const REACH: Reach = {
  lifts: ['r'],
  uses: ['u'],
  scope: {},
  models: ['m'],
  term: [at('2026-01-01'), at('2026-02-01')],
  authorities: ['act'],
  safeguards: ['review'],
  obligations: [],
}

function at(day: string): number {
  const instant = parseInstant(`${day}T00:00:00Z`)
  if (instant === undefined) throw new Error(day)
  return instant
}

function instant(day: string): string {
  return `${day}T00:00:00Z`
}

const REGISTER = {
  states: [{ state: 'in_force', from: instant('2025-12-01') }],
  authorities: [
    {
      id: 'act',
      status: 'in-force',
      from: instant('2025-12-01'),
      'review-by': instant('2026-06-01'),
    },
  ],
  attestations: [{ safeguard: 'review', from: instant('2025-12-01') }],
  duties: [{ id: 'talk', due: instant('2026-01-10'), met: instant('2026-01-12') }],
  enrolments: [{ deployment: 'd', from: instant('2025-12-01') }],
  stops: [],
}

function contractWith(register: object, guards?: readonly string[]): Contract {
  const term = { from: instant('2026-01-01'), until: instant('2026-02-01') }
  const duties = [
    {
      id: 'talk',
      kind: 'dialogue',
      due: [instant('2026-01-10')],
      grace: 'P2D',
      ...(guards ? { guards } : {}),
    },
  ]
  return contractShape.parse({
    format: 'proviso/contract@1',
    id: 'c',
    customer: 'k',
    determination: {
      case: 'case',
      decided: term.from,
      mission: 'M',
      term,
      deployments: [],
      tailorings: [],
    },
    terms: {
      policy: 'p@1',
      party: 'public-body',
      mission: 'M',
      clauses: [],
      suspension: 'unilateral',
      term,
      authorities: [],
      duties,
      deployments: [],
      tailorings: [],
    },
    register: { ...REGISTER, ...register },
  })
}

function standing(register: object, guards?: readonly string[]): readonly Condition[] {
  return standingOf(contractWith(register, guards), REACH, PLACE)
}

/** The conditions that fail on a day. */
function failing(day: string, register: object, guards?: readonly string[]): string[] {
  return standing(register, guards)
    .filter(({ holds }) => !contains(holds, at(day)))
    .map(({ kind }) => kind)
}

test('everything holds from the first instant of the term to its last', () => {
  expect(inForceDuring(standing({}))).toEqual([at('2026-01-01'), at('2026-02-01')])
  expect(standing({}).map(({ kind, id }) => [kind, id])).toEqual([
    ['state', ''],
    ['term', ''],
    ['authority', 'act'],
    ['safeguard', 'review'],
    ['duty', 'talk'],
    ['stop', ''],
    ['enrolment', 'd'],
  ])
})

test('a term is half open', () => {
  expect(failing('2025-12-31', {})).toEqual(['term'])
  expect(failing('2026-01-01', {})).toEqual([])
  expect(failing('2026-01-31', {})).toEqual([])
  expect(failing('2026-02-01', {})).toEqual(['term'])
})

test('a state holds until the next one, and of two at one instant the later listed counts', () => {
  const suspended = { state: 'suspended', from: instant('2026-01-05') }
  const again = { state: 'in_force', from: instant('2026-01-08') }
  const states = [again, ...REGISTER.states, suspended]
  expect(failing('2026-01-04', { states })).toEqual([])
  expect(failing('2026-01-05', { states })).toEqual(['state'])
  expect(failing('2026-01-08', { states })).toEqual([])
  const atOnce = { state: 'in_force', from: instant('2026-01-05') }
  expect(failing('2026-01-06', { states: [suspended, atOnce] })).toEqual([])
  expect(failing('2026-01-06', { states: [atOnce, suspended] })).toEqual(['state'])
  expect(failing('2026-01-06', { states: [] })).toEqual(['state'])
})

test('an authority stands in force or under transition, and only before its review', () => {
  const row = (status: string, from: string, review = '2026-06-01'): object => ({
    id: 'act',
    status,
    from: instant(from),
    'review-by': instant(review),
  })
  const lapsed = { authorities: [row('in-force', '2025-12-01'), row('lapsed', '2026-01-05')] }
  expect(failing('2026-01-04', lapsed)).toEqual([])
  expect(failing('2026-01-05', lapsed)).toEqual(['authority'])
  const transition = { authorities: [row('in-force-under-transition', '2025-12-01')] }
  expect(failing('2026-01-05', transition)).toEqual([])
  const reviewed = { authorities: [row('in-force', '2025-12-01', '2026-01-05')] }
  expect(failing('2026-01-04', reviewed)).toEqual([])
  expect(failing('2026-01-05', reviewed)).toEqual(['authority'])
  expect(failing('2026-01-05', { authorities: [] })).toEqual(['authority'])
  const ofAnother = { authorities: [{ ...row('in-force', '2025-12-01'), id: 'charter' }] }
  expect(failing('2026-01-05', ofAnother)).toEqual(['authority'])
  const { 'review-by': _, ...unreviewed } = REGISTER.authorities[0] ?? { 'review-by': '' }
  expect(failing('2026-01-05', { authorities: [unreviewed] })).toEqual(['authority'])
})

test('a safeguard needs an attestation of its own that is current', () => {
  const attestations = [
    { safeguard: 'review', from: instant('2026-01-01'), until: instant('2026-01-05') },
    { safeguard: 'review', from: instant('2026-01-07') },
    { safeguard: 'audit', from: instant('2025-12-01') },
  ]
  expect(failing('2026-01-04', { attestations })).toEqual([])
  expect(failing('2026-01-05', { attestations })).toEqual(['safeguard'])
  expect(failing('2026-01-07', { attestations })).toEqual([])
  expect(failing('2026-01-07', { attestations: attestations.slice(2) })).toEqual(['safeguard'])
})

test('a duty is outstanding from the end of its grace until a second person reinstates', () => {
  const row = (met: string, reinstated?: string): object => ({
    duties: [
      {
        id: 'talk',
        due: instant('2026-01-10'),
        met: instant(met),
        ...(reinstated ? { reinstated: instant(reinstated) } : {}),
      },
    ],
  })
  expect(failing('2026-01-20', row('2026-01-12'))).toEqual([])
  expect(failing('2026-01-11', row('2026-01-13'))).toEqual([])
  expect(failing('2026-01-12', row('2026-01-13'))).toEqual(['duty'])
  expect(failing('2026-01-20', row('2026-01-13'))).toEqual(['duty'])
  expect(failing('2026-01-14', row('2026-01-13', '2026-01-15'))).toEqual(['duty'])
  expect(failing('2026-01-15', row('2026-01-13', '2026-01-15'))).toEqual([])
  expect(failing('2026-01-11', { duties: [] })).toEqual([])
  expect(failing('2026-01-12', { duties: [] })).toEqual(['duty'])
  const ofAnother = [{ id: 'report', due: instant('2026-01-10'), met: instant('2026-01-10') }]
  expect(failing('2026-01-12', { duties: ofAnother })).toEqual(['duty'])
  const ofAnotherDay = [{ id: 'talk', due: instant('2026-01-09'), met: instant('2026-01-09') }]
  expect(failing('2026-01-12', { duties: ofAnotherDay })).toEqual(['duty'])
})

test('a duty guards the tailorings that it names, or all', () => {
  expect(failing('2026-01-12', { duties: [] }, ['t'])).toEqual(['duty'])
  expect(failing('2026-01-12', { duties: [] }, ['other'])).toEqual([])
})

test('a stop is over the contract, one tailoring or one deployment, while it lasts', () => {
  const stop = (scope: unknown): object => ({
    stops: [{ scope, from: instant('2026-01-05'), until: instant('2026-01-07') }],
  })
  for (const scope of ['contract', { tailoring: 't' }, { deployment: 'd' }]) {
    expect(failing('2026-01-04', stop(scope))).toEqual([])
    expect(failing('2026-01-05', stop(scope))).toEqual(['stop'])
    expect(failing('2026-01-07', stop(scope))).toEqual([])
  }
  for (const scope of [{ tailoring: 'other' }, { deployment: 'other' }]) {
    expect(failing('2026-01-05', stop(scope))).toEqual([])
  }
})

test('a deployment is enrolled by an interval of its own', () => {
  const enrolments = [
    { deployment: 'd', from: instant('2026-01-03'), until: instant('2026-01-05') },
    { deployment: 'other', from: instant('2025-12-01') },
  ]
  expect(failing('2026-01-02', { enrolments })).toEqual(['enrolment'])
  expect(failing('2026-01-03', { enrolments })).toEqual([])
  expect(failing('2026-01-05', { enrolments })).toEqual(['enrolment'])
})
