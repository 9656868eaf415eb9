import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR } from '../../test/example-world.ts'
import { LiveRegister, readTexts } from './live-register.ts'

const TEXTS = {
  policy: readFileSync(join(EXAMPLE_DIR, 'policy.yaml'), 'utf8'),
  exceptions: readFileSync(join(EXAMPLE_DIR, 'exceptions.yaml'), 'utf8'),
  models: EXAMPLE.models.models,
}

test('contracts that come one by one make the bundle that they make together', () => {
  const documents = readTexts(TEXTS)
  if (!documents.ok) throw new Error('the example has errors')
  const live = new LiveRegister(documents.value, [], sha256)
  for (const contract of EXAMPLE.contracts) {
    const { id, customer } = contract
    live.change([{ id, customer, contract }])
  }
  expect(live.bundle.digest).toBe(bundleOf(EXAMPLE).digest)
  expect(live.leftOut).toEqual([])
})

test('a contract that does not fit is left out, the others stand, and mended it is back', () => {
  const live = new LiveRegister(EXAMPLE, EXAMPLE.contracts, sha256)
  const [first, ...others] = EXAMPLE.contracts
  if (!first) throw new Error('the example has no contracts')
  const { id, customer } = first
  const wrong = { ...first, terms: { ...first.terms, mission: 'Another one' } }
  live.change([{ id, customer, contract: wrong }])
  expect(live.leftOut).toMatchObject([{ id, problems: [{ path: ['terms', 'mission'] }] }])
  expect(live.bundle.digest).toBe(bundleOf({ ...EXAMPLE, contracts: others }).digest)
  live.change([{ id, customer, contract: first }])
  expect(live.leftOut).toEqual([])
  expect(live.bundle.digest).toBe(bundleOf(EXAMPLE).digest)
})

test('texts with errors are refused, each error with its place', () => {
  const read = readTexts({ ...TEXTS, policy: TEXTS.policy.replace('effective:', 'efective:') })
  expect(read).toMatchObject({
    ok: false,
    error: [{ file: 'policy.yaml', code: 'missing-field' }, { code: 'unknown-key' }],
  })
})
