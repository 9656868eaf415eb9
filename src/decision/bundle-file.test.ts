import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { RUNS } from '../../test/runs.ts'
import { canonicalJson } from '../canonical-json.ts'
import { NO_LEASE } from './bundle.ts'
import { BUNDLE_CHARS_MAX, type BundleError, printBundle, readBundle } from './bundle-file.ts'
import { compile } from './compile.ts'
import { decide } from './decide.ts'

/** A bundle of a few kilobytes with two customers or more, always the same. */
const SMALL = fc
  .sample(anyTrial, { seed: 1, numRuns: 50 })
  .map(({ world }) => bundleOf(world))
  .find(({ customers }) => customers.size > 1)
const CUSTOMERS = SMALL?.customers.size ?? 0
const TEXT = SMALL ? [...printBundle(SMALL, sha256)].join('') : ''

function errorOf(text: string): BundleError | undefined {
  const read = readBundle(text, sha256)
  return read.ok ? undefined : read.error
}

/** Every refusal is one sentence that says what to do. */
function expectRefusal(text: string, ...codes: readonly BundleError['code'][]): void {
  const error = errorOf(text)
  expect(codes).toContain(error?.code)
  expect(error?.message).toMatch(/^[^\p{C}]*(compile|copy|split)[^\p{C}]*$/u)
}

/** The first line with members changed and its seal made anew, as whoever means ill would. */
function resealed(changed: object): string {
  const [first = '', ...rest] = TEXT.split('\n')
  const { seal, ...header } = { ...(JSON.parse(first) as object), ...changed } as { seal?: string }
  const sealed = { ...header, seal: `sha256:${sha256(canonicalJson(header))}` }
  return [canonicalJson(sealed), ...rest].join('\n')
}

test('a bundle that is written is read as it was', () => {
  fc.assert(
    fc.property(anyTrial, fc.nat(), ({ world, requests }, serial) => {
      const lease = { serial, issuedAt: 0, validUntil: world.validUntil ?? null }
      const bundle = compile(world, sha256, lease)
      const text = [...printBundle(bundle, sha256)].join('')
      const read = readBundle(text, sha256)
      if (!read.ok) throw new Error(read.error.message)
      expect(read.value).toMatchObject({ ...lease, digest: bundle.digest })
      expect([...printBundle(read.value, sha256)].join('')).toBe(text)
      for (const request of requests) {
        expect(decide(read.value, request)).toEqual(decide(bundle, request))
      }
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  )
})

test('a bundle without customers is read too', () => {
  const bundle = bundleOf({ ...EXAMPLE, contracts: [] })
  expect(errorOf([...printBundle(bundle, sha256)].join(''))).toBeUndefined()
})

test('what orders the contracts does not show in the file', () => {
  const reversed = compile({ ...EXAMPLE, contracts: EXAMPLE.contracts.toReversed() }, sha256)
  const text = [...printBundle(reversed, sha256)].join('')
  expect(text).toBe([...printBundle(bundleOf(EXAMPLE), sha256)].join(''))
})

test('the digest leaves out serial, issue and lease, and nothing else may', () => {
  const leased = compile(EXAMPLE, sha256, { serial: 7, issuedAt: 1, validUntil: 2 })
  expect(leased.digest).toBe(compile(EXAMPLE, sha256, NO_LEASE).digest)
  const without = compile({ ...EXAMPLE, contracts: EXAMPLE.contracts.slice(1) }, sha256)
  expect(without.digest).not.toBe(leased.digest)
})

test('a bundle cut short at the end of any line is refused', () => {
  const ends = [...TEXT.matchAll(/\n/g)].map(({ index }) => index)
  expect(ends.length).toBe(2 + CUSTOMERS)
  for (const end of ends) {
    expectRefusal(TEXT.slice(0, end), 'bundle-truncated', 'bundle-format')
    if (end + 1 < TEXT.length) expectRefusal(TEXT.slice(0, end + 1), 'bundle-truncated')
  }
})

test('a line that is too long is not read', () => {
  const [header = '', policy = '', ...customers] = TEXT.split('\n')
  const long = `${' '.repeat(67_108_865)}${policy}`
  expectRefusal([header, long, ...customers].join('\n'), 'bundle-truncated')
})

test('a bundle cut short anywhere is refused', () => {
  fc.assert(
    fc.property(fc.nat(TEXT.length - 1), (length) => {
      expectRefusal(TEXT.slice(0, length), 'bundle-truncated', 'bundle-format')
    }),
    { numRuns: Math.max(200, RUNS) },
  )
})

test('a bundle with any byte changed is refused', () => {
  const bytes = Buffer.from(TEXT, 'latin1')
  // All of it is ASCII: a character is a byte. What is no UTF-8 is refused where bytes are read.
  expect(bytes.toString('utf8')).toBe(TEXT)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const altered = Buffer.from(bytes)
      altered[place] = (altered[place] ?? 0) ^ change
      expectRefusal(
        altered.toString('latin1'),
        'bundle-altered',
        'bundle-malformed',
        'bundle-truncated',
        'bundle-format',
      )
    }),
    { numRuns: 10 * Math.max(200, RUNS) },
  )
})

test('a bundle with a byte or a line more or less is refused', () => {
  const lines = TEXT.split('\n')
  const [header = '', policy = '', first = '', second = '', ...rest] = lines
  const joined = (...all: readonly string[]): string => all.join('\n')
  expectRefusal(`${TEXT} `, 'bundle-altered')
  expectRefusal(`${TEXT}\n`, 'bundle-altered')
  expectRefusal(`${TEXT}${first}\n`, 'bundle-altered')
  expectRefusal(`\n${TEXT}`, 'bundle-format')
  expectRefusal(`\ufeff${TEXT}`, 'bundle-format')
  expectRefusal(TEXT.replaceAll('\n', '\r\n'), 'bundle-altered')
  expectRefusal(joined(header, policy, second, ...rest), 'bundle-truncated')
  expectRefusal(joined(header, policy, first, first, ...rest), 'bundle-malformed')
  expectRefusal(joined(header, first, policy, second, ...rest), 'bundle-malformed')
  expectRefusal(joined(policy, header, first, second, ...rest), 'bundle-format')
})

test('a bundle whose snapshots are not ids in order, each once, is refused', () => {
  const models = /"models":(\["[^\]]*"\]),"restrictions"/.exec(TEXT)?.[1] ?? ''
  const [first = '', ...rest] = JSON.parse(models) as string[]
  const others = [[...rest, first], [first, first, ...rest], [first, 'no id', ...rest], [7], null]
  expect(rest).not.toEqual([])
  for (const other of others) {
    expectRefusal(TEXT.replace(models, JSON.stringify(other)), 'bundle-malformed')
  }
  const absent = TEXT.replace(`"models":${models},`, '')
  expectRefusal(absent, 'bundle-malformed')
})

test('a bundle of another format is told from a broken one', () => {
  expectRefusal('', 'bundle-format')
  expectRefusal('\n\n\n', 'bundle-format')
  expectRefusal('hello\n', 'bundle-format')
  expectRefusal('null\n', 'bundle-format')
  expectRefusal('[]\n', 'bundle-format')
  expectRefusal('{"format":7}\n', 'bundle-format')
  expectRefusal(`{"format":"${'x'.repeat(100_000)}"}\n`, 'bundle-format')
  expectRefusal(resealed({ format: 'proviso/bundle@2' }), 'bundle-format')
  expect(errorOf(resealed({ format: 'proviso/bundle@2' }))?.message).toContain('proviso/bundle@2')
})

test('a header whose seal is right is refused when it says another bundle, or none', () => {
  expectRefusal(resealed({ digest: `sha256:${'0'.repeat(64)}` }), 'bundle-altered')
  expectRefusal(resealed({ customers: CUSTOMERS - 1 }), 'bundle-altered')
  expectRefusal(resealed({ customers: CUSTOMERS + 1 }), 'bundle-truncated')
  expectRefusal(resealed({ customers: 1e15 }), 'bundle-truncated')
  for (const customers of [-1, 1.5, `${CUSTOMERS}`, null, [CUSTOMERS]]) {
    expectRefusal(resealed({ customers }), 'bundle-malformed')
  }
  expectRefusal(resealed({ serial: -1 }), 'bundle-malformed')
  expectRefusal(resealed({ validUntil: 'tomorrow' }), 'bundle-malformed')
  expectRefusal(resealed({ issuedAt: 0 }), 'bundle-malformed')
})

test('a header that is not canonical is refused', () => {
  expectRefusal(TEXT.replace('{', '{ '), 'bundle-altered')
  expectRefusal(TEXT.replace('"serial":0', '"serial":0.0'), 'bundle-altered')
  expectRefusal(TEXT.replace('"serial":0', '"serial":0,"serial":0'), 'bundle-altered')
  expectRefusal(TEXT.replace('"serial":0', '"serial":"\\ud800"'), 'bundle-altered')
})

test('a text that only looks alike in UTF-8 is refused', () => {
  const [restriction, ...others] = EXAMPLE.policy.restrictions
  if (restriction === undefined) throw new Error('the example restricts nothing')
  const restrictions = [{ ...restriction, title: 'half: \ufffd' }, ...others]
  const world = { ...EXAMPLE, policy: { ...EXAMPLE.policy, restrictions } }
  const text = [...printBundle(bundleOf(world), sha256)].join('')
  expect(errorOf(text)).toBeUndefined()
  const alike = text.replace('\ufffd', '\ud800')
  expect(sha256(alike)).toBe(sha256(text))
  expectRefusal(alike, 'bundle-altered')
})

test('a bundle that is too large is refused before it is read', () => {
  const begun = performance.now()
  expectRefusal('\n'.repeat(BUNDLE_CHARS_MAX + 1), 'bundle-too-large')
  expect(performance.now() - begun).toBeLessThan(1_000)
})

test('a bundle of nothing but line ends is refused without a list of them', () => {
  const before = process.memoryUsage().heapUsed
  expectRefusal(`${TEXT}${'\n'.repeat(50_000_000)}`, 'bundle-altered')
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
})
