import { expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { canonicalJson } from '../canonical-json.ts'
import { type Bundle, changeOf, withChange } from './bundle.ts'
import { applyDelta, isDelta, outlineOf, printDelta } from './bundle-delta.ts'
import type { CustomerContent } from './content.ts'
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

test('one that is refused leaves nothing behind that another bundle is decided by', () => {
  const held = bundleOf({ ...EXAMPLE, contracts: [] })
  const [customer] = WHOLE.customers.values()
  if (!customer) return expect.fail('no customer')
  const { id, reaches } = JSON.parse(customer.text) as CustomerContent
  const owing = (obligations: readonly string[]): Bundle => {
    const owed = new Map([[id, reaches.map((reach) => ({ ...reach, obligations }))]])
    const empty = bundleOf({ ...EXAMPLE, contracts: [] })
    return withChange(empty, changeOf(empty, owed, sha256))
  }
  // Both lists are the same text when they are joined.
  const [sound, forged] = [owing(['keep-log', 'tell-officer']), owing(['keep-log,tell-officer'])]
  const lines = deltaText(held, forged).replaceAll(forged.digest, WHOLE.digest).split('\n')
  const { seal: _, ...header } = JSON.parse(lines[0] ?? '') as { readonly seal: string }
  const first = canonicalJson({ ...header, seal: `sha256:${sha256(canonicalJson(header))}` })
  const refused = applyDelta(held, [first, ...lines.slice(1)].join('\n'), sha256)
  expect(refused).toMatchObject({
    error: { code: 'bundle-altered', message: expect.stringContaining('what the digest says') },
  })
  const applied = applyDelta(held, deltaText(held, sound), sha256)
  expect(applied.ok && applied.value.customers.get(id)).toEqual(sound.customers.get(id))
  expect(sound.customers.get(id)?.obligations).toEqual(['keep-log', 'tell-officer'])
})

test('there is none whose header would be too long, and one with such a header is refused', () => {
  const [customer] = WHOLE.customers.values()
  if (!customer) return expect.fail('no customer')
  const { reaches } = JSON.parse(customer.text) as CustomerContent
  const ids = Array.from({ length: 10_000 }, (_, i) => `${i}`.padStart(120, 'c'))
  const many = changeOf(WHOLE, new Map(ids.map((id) => [id, reaches.slice(0, 1)])), sha256)
  expect(printDelta(outlineOf(withChange(WHOLE, many)), WHOLE, sha256)).toBeUndefined()
  const gone = `"gone":[${ids.map((id) => `"${id}"`).join()}]`
  const long = deltaText(WHOLE, bundleOf({ ...EXAMPLE, contracts: OTHERS })).replace(
    /"gone":\[[^\]]*\]/,
    gone,
  )
  expect(isDelta(long)).toBe(false)
  expect(applyDelta(WHOLE, long, sha256)).toMatchObject({ error: { code: 'bundle-format' } })
})
