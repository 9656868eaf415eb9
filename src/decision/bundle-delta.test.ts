import { expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import type { Bundle } from './bundle.ts'
import { applyDelta, outlineOf, printDelta } from './bundle-delta.ts'
import { decide } from './decide.ts'

const LEASE = { serial: 7, issuedAt: Date.UTC(2026, 2, 1), validUntil: Date.UTC(2026, 2, 2) }

const WHOLE = bundleOf(EXAMPLE)
const [FIRST, ...OTHERS] = EXAMPLE.contracts
if (!FIRST) throw new Error('the example has no contracts')
const SUSPENDED = {
  ...FIRST,
  register: {
    ...FIRST.register,
    states: [...FIRST.register.states, { state: 'suspended' as const, from: LEASE.issuedAt }],
  },
}

function deltaText(from: Bundle, to: Bundle): string {
  return (printDelta(outlineOf(from), to, sha256) ?? []).join('')
}

test.each([
  ['a contract is suspended', { ...EXAMPLE, contracts: [SUSPENDED, ...OTHERS] }],
  ['a contract is gone', { ...EXAMPLE, contracts: OTHERS }],
  ['no contract is left', { ...EXAMPLE, contracts: [] }],
  ['nothing has changed but the lease', EXAMPLE],
])('where %s, the delta makes the bundle that is compiled', (_, world) => {
  const to = { ...bundleOf(world), ...LEASE }
  const applied = applyDelta(WHOLE, deltaText(WHOLE, to), sha256)
  if (!applied.ok) throw new Error(applied.error.message)
  const { digest, serial, issuedAt, validUntil } = applied.value
  expect({ digest, serial, issuedAt, validUntil }).toEqual({ digest: to.digest, ...LEASE })
  expect([...applied.value.customers.keys()].sort()).toEqual([...to.customers.keys()].sort())
  const back = applyDelta(applied.value, deltaText(to, WHOLE), sha256)
  expect(back.ok && back.value.digest).toBe(WHOLE.digest)
})

test('what a delta makes decides', () => {
  const { customer } = FIRST
  const request = {
    id: null,
    customer,
    deployment: FIRST.terms.deployments[0]?.id ?? '',
    model: FIRST.terms.tailorings[0]?.models[0] ?? '',
    uses: FIRST.terms.tailorings[0]?.uses ?? [],
    facts: {},
    signals: [],
    at: LEASE.issuedAt,
  }
  const to = bundleOf({ ...EXAMPLE, contracts: [SUSPENDED, ...OTHERS] })
  const applied = applyDelta(WHOLE, deltaText(WHOLE, to), sha256)
  expect(applied.ok && decide(applied.value, request)).toEqual(decide(to, request))
})

test('only customers that changed are sent', () => {
  const to = bundleOf({ ...EXAMPLE, contracts: [SUSPENDED, ...OTHERS] })
  expect(printDelta(outlineOf(WHOLE), to, sha256)).toHaveLength(2)
})

test('there is none where the policy changed', () => {
  const [restriction] = EXAMPLE.policy.restrictions
  const title = `${restriction?.title} or so`
  const restrictions = EXAMPLE.policy.restrictions.with(0, { ...restriction, title } as never)
  const to = bundleOf({ ...EXAMPLE, policy: { ...EXAMPLE.policy, restrictions } })
  expect(printDelta(outlineOf(WHOLE), to, sha256)).toBeUndefined()
})

test('one that is of another bundle, cut, longer, or changed anywhere is refused', () => {
  const to = { ...bundleOf({ ...EXAMPLE, contracts: [SUSPENDED, ...OTHERS] }), ...LEASE }
  const text = deltaText(WHOLE, to)
  expect(applyDelta(to, text, sha256)).toMatchObject({ error: { code: 'bundle-altered' } })
  const lines = text.split('\n')
  for (const wrong of ['', lines[0], `${lines[0]}\n`, `${text}\n`, `${text}${lines[1]}\n`]) {
    expect(applyDelta(WHOLE, wrong ?? '', sha256).ok).toBe(false)
  }
  for (let i = 0; i < text.length; i += 7) {
    const other = text[i] === '1' ? '2' : '1'
    expect(applyDelta(WHOLE, text.slice(0, i) + other + text.slice(i + 1), sha256).ok).toBe(false)
  }
})
