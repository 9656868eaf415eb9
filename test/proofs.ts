import type { Bytes } from '../src/bytes.ts'
import {
  type Consistency,
  consistencyProof,
  type Inclusion,
  inclusionProof,
  type ReadNode,
  rootOf,
} from '../src/log/merkle.ts'
import { SHA256 } from './tree-of.ts'

// Proofs as we make them, and the same with a fault.

/** An inclusion proof, and the root that it is to lead to. */
export type Provable = Inclusion & { readonly root: Bytes }

export async function inclusionOf(node: ReadNode, index: number, size: number): Promise<Provable> {
  const path = await inclusionProof(SHA256, node, { index, size })
  return { index, size, path, leaf: await node(0, index), root: await rootOf(SHA256, node, size) }
}

export async function consistencyOf(
  node: ReadNode,
  from: number,
  to: number,
): Promise<Consistency> {
  const path = await consistencyProof(SHA256, node, { from, to })
  const head = async (size: number): Promise<Consistency['from']> => ({
    size,
    root: await rootOf(SHA256, node, size),
  })
  return { from: await head(from), to: await head(to), path }
}

/** A hash with one bit changed. */
export function flipped(hash: Bytes, bit: number): Bytes {
  const other = hash.slice()
  other[bit >>> 3] = (hash[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
  return other
}

/** Every path that a proof's becomes with one hash dropped, one added at any place, or one bit of any hash changed. */
export function faultsOf(path: readonly Bytes[], bit: number): Bytes[][] {
  const added = new Uint8Array(32).fill(bit)
  return [
    ...path.map((_, i) => path.toSpliced(i, 1)),
    ...path.map((hash, i) => path.with(i, flipped(hash, bit))),
    ...path.map((hash, i) => path.toSpliced(i, 0, hash)),
    ...Array.from({ length: path.length + 1 }, (_, i) => path.toSpliced(i, 0, added)),
  ]
}
