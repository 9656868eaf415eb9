import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exampleOf, OSINT, PROVIDER } from '../../test/contract-story.ts'
import { RUNS } from '../../test/runs.ts'
import { intersect, type Spans } from '../interval.ts'
import {
  type CitedStatuses,
  citationKey,
  type Status,
  withCitedStatuses,
  withStatus,
} from './authority-status.ts'
import type { Contract, Register } from './contract.ts'
import { reachOf } from './reach.ts'
import { standingOf } from './standing.ts'

const PLACE = { tailoring: 'foreign-osint', deployment: 'desk-1' }
const CITATION = OSINT.terms.authorities[0]?.citation ?? { scheme: 'prose', id: '' }

function withOwn(authorities: readonly Status[]): Contract {
  const rows = authorities.map((row) => ({ ...row, id: 'assessment-act' }))
  return { ...OSINT, register: { ...OSINT.register, authorities: rows } }
}

function citedAs(statuses: readonly Status[]): CitedStatuses {
  return new Map([[citationKey(CITATION), statuses]])
}

/** When the authority stands, as the contract says it. */
function stands(contract: Contract): Spans {
  const reach = reachOf(PROVIDER, contract, PLACE)
  const all = reach ? standingOf(contract, reach, PLACE) : []
  return all.find(({ kind }) => kind === 'authority')?.holds ?? []
}

const status: fc.Arbitrary<Status> = fc
  .record({
    status: fc.constantFrom('in-force', 'in-force-under-transition', 'enjoined', 'repealed'),
    from: fc.nat(20),
    days: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ status: named, from, days }) => ({
    status: named as Register['authorities'][number]['status'],
    from,
    ...(named.startsWith('in-force') ? { 'review-by': from + days } : {}),
  }))

const statuses = fc.array(status, { maxLength: 6 })

test('an authority stands when it stands by what is recorded of the contract and, from its first status on, by that of all', () => {
  fc.assert(
    fc.property(statuses, statuses, (own, common) => {
      const first = Math.min(...common.map(({ from }) => from))
      const silent: Spans = [-Infinity, first]
      const both = stands(withCitedStatuses(withOwn(own), citedAs(common)))
      const alone = stands(withOwn(own))
      const byAll = stands(withOwn(common))
      const before = intersect(alone, silent)
      const after = intersect(intersect(alone, byAll), [first, Infinity])
      for (let at = -1; at < 45; at++) {
        expect(holds(both, at)).toBe(holds(before, at) || holds(after, at))
      }
    }),
    { numRuns: RUNS },
  )
})

function holds(spans: Spans, at: number): boolean {
  return intersect(spans, [at, at + 0.5]).length > 0
}

test('what is recorded of another authority changes nothing', () => {
  const cables = exampleOf('cables-2026')
  const repealed = [{ status: 'repealed', from: 0, source: 'A gazette' }] as const
  const other = new Map([[citationKey({ scheme: 'eli', id: '/eli/fx/act/1999/1' }), repealed]])
  expect(withCitedStatuses(OSINT, other)).toBe(OSINT)
  const cited = withCitedStatuses(OSINT, citedAs(repealed))
  expect(cited.register.authorities).toMatchObject([{ id: 'assessment-act', status: 'repealed' }])
  expect({ ...cited.register, authorities: [] }).toEqual({ ...OSINT.register, authorities: [] })
  expect(withCitedStatuses(cables, other)).toBe(cables)
})

describe('one authority is cited in several ways', () => {
  test.each([
    ['eli', '/eli/fx/act/2019/14', 'https://laws.fx.example/eli/fx/act/2019/14'],
    [
      'legislation-gov-uk',
      'https://www.legislation.gov.uk/ukpga/2016/25',
      'http://www.legislation.gov.uk/id/ukpga/2016/25',
    ],
    ['prose', 'Assessment  Act, section 3', 'assessment act, section 3 '],
  ] as const)('%s', (scheme, one, other) => {
    expect(citationKey({ scheme, id: one })).toBe(citationKey({ scheme, id: other }))
    expect(citationKey({ scheme, id: one })).not.toBe(citationKey({ scheme, id: `${one}/1` }))
  })
})

test('a status that does not stand takes the place of later ones, one that stands is added', () => {
  const later = { status: 'in-force', from: 5, 'review-by': 9 } as const
  const enjoined = { status: 'enjoined', from: 3 } as const
  expect(withStatus<Status>([later], enjoined, () => false)).toEqual([enjoined])
  expect(withStatus<Status>([enjoined], later, () => false)).toEqual([enjoined, later])
})
