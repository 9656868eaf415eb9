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

/** A register of the example's documents, with contracts that come two at a time. */
function registerOf(contracts: readonly Contract[]): Promise<LiveRegister> {
  const documents = readTexts(TEXTS)
  if (!documents.ok) throw new Error('the example has errors')
  return LiveRegister.of(documents.value, byTwos(contracts), sha256)
}

async function* byTwos(contracts: readonly Contract[]): AsyncGenerator<readonly Contract[]> {
  for (let i = 0; i < contracts.length; i += 2) {
    yield await Promise.resolve(contracts.slice(i, i + 2))
  }
}

test('contracts make the same bundle however they come', async () => {
  const { digest } = bundleOf(EXAMPLE)
  const none = await registerOf([])
  const oneByOne = EXAMPLE.contracts.reduce(
    (before, contract) => before.changed([changeOf(contract)]),
    none,
  )
  const all = await registerOf(EXAMPLE.contracts)
  for (const live of [oneByOne, all, none.changed(EXAMPLE.contracts.map(changeOf))]) {
    expect(live.bundle.digest).toBe(digest)
    expect(live.leftOut).toEqual([])
  }
})

test('a contract that does not fit is left out, the others stand, and mended it is back', async () => {
  const sound = await registerOf(EXAMPLE.contracts)
  const [first, ...others] = EXAMPLE.contracts
  if (!first) throw new Error('the example has no contracts')
  const { id } = first
  const wrong = { ...first, terms: { ...first.terms, mission: 'Another one' } }
  const less = sound.changed([changeOf(wrong)])
  for (const { leftOut, bundle } of [less, await registerOf([wrong, ...others])]) {
    expect(leftOut).toMatchObject([{ id, problems: [{ path: ['terms', 'mission'] }] }])
    expect(bundle.digest).toBe(bundleOf({ ...EXAMPLE, contracts: others }).digest)
  }
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
