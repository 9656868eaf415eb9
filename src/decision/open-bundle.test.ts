import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { RUNS } from '../../test/runs.ts'
import { canonicalJson } from '../canonical-json.ts'
import { printBundle, readBundle } from './bundle-file.ts'
import { decide } from './decide.ts'
import { openBundle } from './open-bundle.ts'

const TEXT = [...printBundle(bundleOf(EXAMPLE), sha256)].join('')

afterEach(() => {
  vi.unstubAllGlobals()
})

test('a bundle that is opened decides as the one that was written', async () => {
  await fc.assert(
    fc.asyncProperty(anyTrial, async ({ world, requests }) => {
      const bundle = bundleOf(world)
      const opened = await openBundle([...printBundle(bundle, sha256)].join(''))
      if (!opened.ok) throw new Error(opened.error.message)
      expect(opened.value.digest).toBe(bundle.digest)
      for (const request of requests) {
        expect(decide(opened.value, request)).toEqual(decide(bundle, request))
      }
    }),
    { numRuns: Math.ceil(RUNS / 10) },
  )
})

test('a bundle with any character changed is refused for the reason that `readBundle` gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(TEXT.length - 1),
      fc.constantFrom('0', '"', 'z', '\n'),
      async (i, c) => {
        fc.pre(TEXT[i] !== c)
        const altered = TEXT.slice(0, i) + c + TEXT.slice(i + 1)
        const opened = await openBundle(altered)
        expect(opened).toEqual(readBundle(altered, sha256))
        expect(opened.ok).toBe(false)
      },
    ),
    { numRuns: Math.ceil(RUNS / 2) },
  )
})

test('a bundle whose digests are right for a hash that is not SHA-256 is refused', async () => {
  for (const hash of ['0', 'f'].map((digit) => digit.repeat(64))) {
    const other = [...printBundle({ ...bundleOf(EXAMPLE), digest: `sha256:${hash}` }, () => hash)]
    const text = other.join('')
    expect(readBundle(text, () => hash).ok).toBe(true)
    expect(await openBundle(text)).toMatchObject({ ok: false, error: { code: 'bundle-altered' } })
    // Whoever seals the header anew makes it read further, up to the digest.
    const { seal, ...header } = JSON.parse(other[0] ?? '') as { seal: string }
    const sealed = { ...header, seal: `sha256:${sha256(canonicalJson(header))}` }
    const resealed = text.replace(/.*/, () => canonicalJson(sealed))
    expect(await openBundle(resealed)).toMatchObject({
      ok: false,
      error: { code: 'bundle-altered', message: expect.stringContaining('content') },
    })
  }
})

test('where there is no Web Crypto nothing is opened, and the error says what to do', async () => {
  vi.stubGlobal('crypto', {})
  await expect(openBundle(TEXT)).rejects.toThrow(/https.*`readBundle`/)
})
