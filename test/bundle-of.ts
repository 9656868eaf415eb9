import { hash } from 'node:crypto'
import { type Bundle, NO_LEASE } from '../src/decision/bundle.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'

export const sha256 = (text: string): string => hash('sha256', text, 'hex')

const bundles = new WeakMap<World, Bundle>()

/** A world compiled, with its lease; compiled once for all the requests that a test asks of it. */
export function bundleOf(world: World): Bundle {
  const known = bundles.get(world)
  if (known) return known
  const bundle = compile(world, sha256, { ...NO_LEASE, validUntil: world.validUntil ?? null })
  bundles.set(world, bundle)
  return bundle
}
