import { hash } from 'node:crypto'
import { at } from '../src/assert.ts'
import type { Bytes } from '../src/bytes.ts'
import { type Hash, leafHash, nodeHash, type ReadNode } from '../src/log/merkle.ts'

export const SHA256: Hash = (bytes) => Uint8Array.from(hash('sha256', bytes, 'buffer'))

/** The hashes of every whole subtree over some entries. */
export async function treeOf(entries: readonly Uint8Array[]): Promise<ReadNode> {
  const levels: Bytes[][] = []
  let level = await Promise.all(entries.map((entry) => leafHash(SHA256, entry)))
  while (level.length > 0) {
    levels.push(level)
    level = await levelAbove(level)
  }
  return (height, index) => at(at(levels, height), index)
}

/** A last node without a sibling is part of no whole subtree. */
async function levelAbove(below: readonly Bytes[]): Promise<Bytes[]> {
  const pairs = Array.from({ length: Math.floor(below.length / 2) }, (_, i) => 2 * i)
  return await Promise.all(pairs.map((i) => nodeHash(SHA256, at(below, i), at(below, i + 1))))
}

/**
 * The hashes of a tree as large as can be, all of whose entries have one hash but for some: by index. What is over no
 * other entry is hashed once a level.
 */
export function treeOfAlike(alike: Bytes, others: ReadonlyMap<number, Bytes>): ReadNode {
  const uniform = [alike]
  const node = async (level: number, index: number): Promise<Bytes> => {
    const width = 2 ** level
    const holds = (entry: number): boolean => Math.floor(entry / width) === index
    if (![...others.keys()].some(holds)) return await uniformAt(level)
    if (level === 0) return others.get(index) ?? alike
    const left = await node(level - 1, 2 * index)
    return await nodeHash(SHA256, left, await node(level - 1, 2 * index + 1))
  }
  const uniformAt = async (level: number): Promise<Bytes> => {
    for (let below = uniform.length - 1; below < level; below++) {
      const hash = at(uniform, below)
      uniform[below + 1] = await nodeHash(SHA256, hash, hash)
    }
    return at(uniform, level)
  }
  return node
}
