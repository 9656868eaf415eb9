import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR } from '../../test/example-world.ts'
import type { Contract } from '../contract/contract.ts'
import type { ContractChange } from './compile.ts'
import { LiveRegister, readTexts } from './live-register.ts'

const TEXTS = {
  policy: readFileSync(join(EXAMPLE_DIR, 'policy.yaml'), 'utf8'),
  exceptions: readFileSync(join(EXAMPLE_DIR, 'exceptions.yaml'), 'utf8'),
  models: EXAMPLE.models.models,
}

function changeOf(contract: Contract): ContractChange {
  const { id, customer } = contract
  return { id, customer, contract }
}

test('contracts that come one by one make the bundle that they make together', () => {
  const documents = readTexts(TEXTS)
  if (!documents.ok) throw new Error('the example has errors')
  const live = EXAMPLE.contracts.reduce(
    (before, contract) => before.changed([changeOf(contract)]),
    LiveRegister.of(documents.value, sha256),
  )
  expect(live.bundle.digest).toBe(bundleOf(EXAMPLE).digest)
  expect(live.leftOut).toEqual([])
})

test('a contract that does not fit is left out, the others stand, and mended it is back', () => {
  const sound = LiveRegister.of(EXAMPLE, sha256).changed(EXAMPLE.contracts.map(changeOf))
  const [first, ...others] = EXAMPLE.contracts
  if (!first) throw new Error('the example has no contracts')
  const { id } = first
  const wrong = { ...first, terms: { ...first.terms, mission: 'Another one' } }
  const less = sound.changed([changeOf(wrong)])
  expect(less.leftOut).toMatchObject([{ id, problems: [{ path: ['terms', 'mission'] }] }])
  expect(less.bundle.digest).toBe(bundleOf({ ...EXAMPLE, contracts: others }).digest)
  const mended = less.changed([changeOf(first)])
  expect(mended.leftOut).toEqual([])
  expect(mended.bundle.digest).toBe(bundleOf(EXAMPLE).digest)
  // What was changed stands as it was.
  expect(sound.leftOut).toEqual([])
})

test('texts with errors are refused, each error with its place', () => {
  const read = readTexts({ ...TEXTS, policy: TEXTS.policy.replace('effective:', 'efective:') })
  expect(read).toMatchObject({
    ok: false,
    error: [{ file: 'policy.yaml', code: 'missing-field' }, { code: 'unknown-key' }],
  })
})
