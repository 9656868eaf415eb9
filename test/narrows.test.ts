import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Contract } from '../src/contract/contract.ts'
import { isNarrowing } from '../src/decision/narrows.ts'
import type { World } from '../src/decision/world.ts'
import { differenceOf } from '../src/proof/difference.ts'
import { anyTrial } from './any-world.ts'
import { bundleOf } from './bundle-of.ts'
import { EXAMPLE } from './example-world.ts'
import { RUNS } from './runs.ts'

// What a decision point takes before the log says it (semantics §13.1) is held against the exact difference of two bundles.

const PAIRS = Math.ceil(RUNS / 10)

function isWidened(before: World, after: World): boolean {
  return differenceOf({ before: bundleOf(before), after: bundleOf(after) }).widened.length > 0
}

function isFoundNarrowing(before: World, after: World): boolean {
  return isNarrowing(bundleOf(before), bundleOf(after))
}

function changed(world: World, change: (contract: Contract) => Contract): World {
  const [first, ...others] = world.contracts
  return first ? { ...world, contracts: [change(first), ...others] } : world
}

function suspended(from: number): (contract: Contract) => Contract {
  return (contract) => {
    const { register } = contract
    const states = [...register.states, { state: 'suspended' as const, from }]
    return { ...contract, register: { ...register, states } }
  }
}

function stopped(from: number): (contract: Contract) => Contract {
  return (contract) => {
    const { register } = contract
    const stops = [...register.stops, { scope: 'contract' as const, from, reason: 'r' }]
    return { ...contract, register: { ...register, stops } } as Contract
  }
}

test.each([
  ['suspended', suspended],
  ['stopped', stopped],
])('a contract that is %s narrows, and back again does not unless it allowed nothing', (_, how) => {
  const at = Date.UTC(2026, 2, 2)
  const after = changed(EXAMPLE, how(at))
  expect(isFoundNarrowing(EXAMPLE, after)).toBe(true)
  expect(isFoundNarrowing(after, EXAMPLE)).toBe(!isWidened(after, EXAMPLE))
  fc.assert(
    fc.property(anyTrial, ({ world }) => {
      const narrower = changed(world, how(at))
      expect(isFoundNarrowing(world, narrower)).toBe(true)
      if (isFoundNarrowing(narrower, world)) expect(isWidened(narrower, world)).toBe(false)
    }),
    { numRuns: PAIRS },
  )
})

test('nothing that widens is found to narrow', () => {
  fc.assert(
    fc.property(anyTrial, anyTrial, ({ world: before }, { world: other }) => {
      for (const contracts of [other.contracts, before.contracts.slice(1)]) {
        const after = { ...before, contracts }
        for (const [from, to] of [
          [before, after],
          [after, before],
        ] as const) {
          if (isFoundNarrowing(from, to)) expect(isWidened(from, to)).toBe(false)
        }
      }
    }),
    { numRuns: PAIRS },
  )
})

test('with other models, another policy or a contract more it is not found to narrow', () => {
  const { policy, models, contracts } = EXAMPLE
  const without = { ...EXAMPLE, contracts: contracts.slice(1) }
  expect(isFoundNarrowing(without, EXAMPLE)).toBe(false)
  expect(isFoundNarrowing(EXAMPLE, without)).toBe(true)
  const renamed = { ...EXAMPLE, policy: { ...policy, version: 'another' } }
  expect(isFoundNarrowing(EXAMPLE, renamed)).toBe(false)
  const fewer = { ...models, models: models.models.slice(1) }
  expect(isFoundNarrowing(EXAMPLE, { ...EXAMPLE, models: fewer })).toBe(false)
})
