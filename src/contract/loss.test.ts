import { expect, test } from 'vitest'
import { OSINT, PROVIDER } from '../../test/contract-story.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import type { Exceptions } from '../policy/exceptions.ts'
import { type Provider, providerOf } from '../policy/provider.ts'
import type { UsagePolicy } from '../policy/usage-policy.ts'
import { type Loss, lossBy } from './loss.ts'

type Row = UsagePolicy['lineage'][number]

const PERSONS = '2025-09-15/surveillance.persons'

/** The example provider's next version, with what became of some ids. */
function next(lineage: readonly Row[], exceptions: Partial<Exceptions> = {}): Provider {
  const policy = { ...EXAMPLE.policy, version: '2026-06-01', lineage: [...lineage] }
  return providerOf({ ...EXAMPLE, policy, exceptions: { ...EXAMPLE.exceptions, ...exceptions } })
}

function lossOf(after: Provider, before: Provider = PROVIDER): Loss | undefined {
  return lossBy({ before, after })(OSINT)
}

const KEPT: Row = { from: PERSONS, to: ['surveillance.persons'], kind: 'same' }
const SPLIT: Row = { from: PERSONS, to: ['surveillance.persons'], kind: 'split' }
const HERE = { tailoring: 'foreign-osint', deployment: 'desk-1' }

test('a version that keeps what a contract lifts takes nothing from it', () => {
  expect(lossOf(next([KEPT]))).toBeUndefined()
})

test('a lift that is split lapses, and where nothing is left of it nothing is reached', () => {
  expect(lossOf(next([SPLIT]))).toMatchObject({
    lapses: [
      {
        contract: 'osint-2026',
        tailoring: 'foreign-osint',
        field: 'lifts',
        id: 'surveillance.persons',
        why: 'it was split',
      },
    ],
    unreached: [HERE],
  })
})

test('what has lapsed already is no loss', () => {
  expect(lossOf(next([SPLIT]), next([SPLIT]))).toBeUndefined()
})

test('an entry that keeps nothing of what was granted leaves nothing reached, though no id lapses', () => {
  const catalogue = EXAMPLE.exceptions.catalogue.map((entry) =>
    entry.id === 'foreign-intelligence-analysis'
      ? { ...entry, scope: { ...entry.scope, act: ['collect'] } }
      : entry,
  )
  expect(lossOf(next([KEPT], { catalogue }))).toEqual({
    lapses: [],
    unreached: [HERE],
    problems: [],
  })
})

test('a contract that would no longer compile says for which errors', () => {
  const codesOf = (after: Provider): readonly string[] =>
    (lossOf(after)?.problems ?? []).map(({ code }) => code)
  expect(codesOf(next([KEPT], { eligible: ['ministry'] }))).toEqual(['party-not-eligible'])
  expect(codesOf(next([]))).toEqual(['unknown-version'])
})
