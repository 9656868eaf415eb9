import { BrokenInvariant } from '../assert.ts'
import type { Result } from '../result.ts'
import type { Bundle } from './bundle.ts'
import { type BundleError, readBundle } from './bundle-file.ts'

/** How often a file is read at most: for its seal, its lines, its shards, its digest; then with all of these. */
const READINGS_MAX = 5

/** Most texts that are hashed at once. */
const HASHED_AT_ONCE_MAX = 256

/** Stands for a hash that is not known yet. */
const NO_HASH = '0'.repeat(64)

/**
 * Reads a bundle file as `readBundle` does, with Web Crypto's SHA-256, which Node and browsers have. That
 * gives a hash only later, so the file is read until no hash is missing. Throws where there is no Web Crypto.
 */
export async function openBundle(text: string): Promise<Result<Bundle, BundleError>> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new Error(
      'there is no Web Crypto here; open the page over https or from localhost, or call `readBundle` with a SHA-256 of your own',
    )
  }
  const known = new Map<string, string>()
  for (let reading = 0; reading < READINGS_MAX; reading++) {
    const missing = new Set<string>()
    const read = readBundle(text, (part) => {
      const hash = known.get(part)
      if (hash === undefined) missing.add(part)
      return hash ?? NO_HASH
    })
    // INVARIANT: nothing leaves that was read without every hash.
    if (missing.size === 0) return read
    await learn(known, [...missing])
  }
  throw new BrokenInvariant(`a bundle was read ${READINGS_MAX} times and hashes are missing`)
}

async function learn(known: Map<string, string>, texts: readonly string[]): Promise<void> {
  for (let from = 0; from < texts.length; from += HASHED_AT_ONCE_MAX) {
    const some = texts.slice(from, from + HASHED_AT_ONCE_MAX)
    const hashes = await Promise.all(some.map(sha256))
    for (const [i, hash] of hashes.entries()) known.set(some[i] as string, hash)
  }
}

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
