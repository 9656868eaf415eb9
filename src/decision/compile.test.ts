import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { RUNS } from '../../test/runs.ts'
import { compile, withContracts } from './compile.ts'
import { compilerOf } from './compile-content.ts'
import { decide } from './decide.ts'

test('the order in which contracts are read does not change the digest', () => {
  fc.assert(
    fc.property(anyTrial, ({ world }) => {
      const { digest } = compile(world, sha256)
      expect(compile({ ...world, contracts: world.contracts.toReversed() }, sha256).digest).toBe(
        digest,
      )
    }),
    { numRuns: RUNS },
  )
})

test('the lease is no part of the digest', () => {
  fc.assert(
    fc.property(anyTrial, fc.nat(), ({ world }, n) => {
      const leased = compile(world, sha256, { serial: n, issuedAt: n, validUntil: n })
      expect(leased.digest).toBe(compile(world, sha256).digest)
    }),
    { numRuns: 20 },
  )
})

test('a bundle lists the snapshots of the registry, without their aliases, in order', () => {
  expect(bundleOf(EXAMPLE).tables.content.models).toEqual([
    'example-haiku-20250301',
    'example-haiku-20251001',
    'example-haiku-20251001-ft-20260115',
    'example-mini-20251124',
    'example-opus-20250514',
    'example-sonnet-20250514',
    'example-sonnet-20250929',
    'example-sonnet-20251215',
  ])
})

test('one contract changed in a bundle gives the bundle compiled anew', () => {
  fc.assert(
    fc.property(anyTrial, anyTrial, ({ world, requests }, other) => {
      const compiler = compilerOf(world)
      const [changed, ...rest] = world.contracts
      const [donor] = other.world.contracts
      if (!changed || !donor) return
      const contract = { ...donor, id: changed.id, customer: changed.customer }
      const identity = { id: changed.id, customer: changed.customer }
      const before = bundleOf(world)

      const after = withContracts(before, compiler, [{ ...identity, contract }], sha256)
      const anew = bundleOf({ ...world, contracts: [contract, ...rest] })
      expect(after.digest).toBe(anew.digest)
      const gone = withContracts(before, compiler, [{ ...identity, contract: null }], sha256)
      expect(gone.digest).toBe(bundleOf({ ...world, contracts: rest }).digest)
      const back = withContracts(gone, compiler, [{ ...identity, contract: changed }], sha256)
      expect(back.digest).toBe(before.digest)
      const all = world.contracts.map(({ id, customer }) => ({ id, customer, contract: null }))
      expect(withContracts(before, compiler, all, sha256).digest).toBe(
        bundleOf({ ...world, contracts: [] }).digest,
      )
      for (const request of requests) {
        expect(decide({ ...after, validUntil: anew.validUntil }, request)).toEqual(
          decide(anew, request),
        )
      }
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  )
})
