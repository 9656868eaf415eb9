import type { UsagePolicy, UseEntries } from './usage-policy.ts'

/** Most leaves of a use tree (semantics §3.1). */
export const USE_LEAVES_MAX = 256

/** A node of the use tree; a leaf stands for itself (semantics §3.1). */
export interface Use {
  readonly id: string
  readonly title: string
  readonly isUnrestricted: boolean
  /** Ids of the leaves under it, in the order of the document. */
  readonly leaves: readonly string[]
  /** Ids from the top down to this node itself. */
  readonly path: readonly string[]
  /** The keys that lead to it in the document. */
  readonly keys: readonly string[]
}

/** Every node of a policy's use tree, parents before children, in the order of the document. */
export function usesOf(policy: Pick<UsagePolicy, 'uses'>): readonly Use[] {
  return usesUnder(policy.uses, { path: [], keys: [] })
}

function usesUnder(
  entries: UseEntries,
  above: { readonly path: readonly string[]; readonly keys: readonly string[] },
): Use[] {
  return Object.entries(entries).flatMap(([key, entry]): Use[] => {
    const node = typeof entry === 'string' ? { title: entry } : entry
    const id = [...above.path.slice(-1), key].join('.')
    const path = [...above.path, id]
    const keys = [...above.keys, key]
    const below = node.uses ? usesUnder(node.uses, { path, keys: [...keys, 'uses'] }) : []
    const leaves = node.uses ? below.filter(isLeaf).map((leaf) => leaf.id) : [id]
    const isUnrestricted = node.unrestricted === true
    return [{ id, title: node.title ?? id, isUnrestricted, leaves, path, keys }, ...below]
  })
}

export function isLeaf(use: Use): boolean {
  return use.leaves.length === 1 && use.leaves[0] === use.id
}

/** The thresholds of a leaf: each from the nearest node on its path that sets it (semantics §8.1). */
export function thresholdsOf(
  { detection }: Pick<UsagePolicy, 'detection'>,
  leaf: Use,
): { readonly referAt: number; readonly denyAt: number } {
  const nearest = (key: 'refer-at' | 'deny-at'): number =>
    leaf.path.reduce((value, id) => detection.uses[id]?.[key] ?? value, detection[key])
  return { referAt: nearest('refer-at'), denyAt: nearest('deny-at') }
}
