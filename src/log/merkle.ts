import { assert } from '../assert.ts'
import { type Bytes, concatBytes, equalBytes } from '../bytes.ts'

// Merkle trees of RFC 6962 §2.1 and RFC 9162 §2.1. Sizes and indices are whole numbers below 2^53: they are halved by
// division, never shifted, since JavaScript shifts 32 bits.

/** SHA-256. In browsers it answers later, in Node at once; all below takes either. */
export type Hash = (bytes: Uint8Array) => Bytes | Promise<Bytes>

/** The hash of a subtree that is whole: 2^level entries from index × 2^level on. */
export type ReadNode = (level: number, index: number) => Bytes | Promise<Bytes>

// INVARIANT: the bytes before what is hashed keep an entry from passing for an inner node.
const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** SHA-256(0x00 ‖ entry). */
export function leafHash(hash: Hash, entry: Uint8Array): Bytes | Promise<Bytes> {
  return hash(concatBytes(LEAF, entry))
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(hash: Hash, left: Uint8Array, right: Uint8Array): Bytes | Promise<Bytes> {
  return hash(concatBytes(NODE, left, right))
}

/** The root of no entries: SHA-256 of nothing. */
export function emptyRoot(hash: Hash): Bytes | Promise<Bytes> {
  return hash(new Uint8Array())
}

/** The largest power of two below a size of at least 2 (RFC 6962 §2.1). */
export function splitOf(size: number): number {
  let k = 1
  while (2 * k < size) k *= 2
  return k
}

/** n of a size 2^n; undefined for any other size. Logarithms are not exact enough for large ones. */
function levelOf(size: number): number | undefined {
  let [level, power] = [0, 1]
  while (power < size) [level, power] = [level + 1, 2 * power]
  return power === size ? level : undefined
}

/** Entries from `start` to before `end`. */
interface Range {
  readonly start: number
  readonly end: number
}

/** The hash over a range that a tree splits into: its start is a multiple of the next power of two. */
async function rangeHash(hash: Hash, node: ReadNode, { start, end }: Range): Promise<Bytes> {
  const size = end - start
  const level = levelOf(size)
  if (level !== undefined) return await node(level, start / size)
  const middle = start + splitOf(size)
  const left = await rangeHash(hash, node, { start, end: middle })
  return await nodeHash(hash, left, await rangeHash(hash, node, { start: middle, end }))
}

/** The root of a tree (RFC 6962 §2.1). */
export async function rootOf(hash: Hash, node: ReadNode, size: number): Promise<Bytes> {
  return size === 0 ? await emptyRoot(hash) : await rangeHash(hash, node, { start: 0, end: size })
}

/** The hashes beside the way from an entry to the root (RFC 6962 §2.1.1), from the leaf's sibling up. */
export async function inclusionProof(
  hash: Hash,
  node: ReadNode,
  { index, size }: { readonly index: number; readonly size: number },
): Promise<readonly Bytes[]> {
  assert(index < size, `no entry ${index} in a tree of ${size}`)
  const path: Bytes[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    const isLeft = index < middle
    const beside = isLeft ? { start: middle, end } : { start, end: middle }
    path.push(await rangeHash(hash, node, beside))
    if (isLeft) end = middle
    else start = middle
  }
  return path.reverse()
}

/** The hashes that show one tree to be the beginning of another (RFC 6962 §2.1.2); none from size 0 or to itself. */
export async function consistencyProof(
  hash: Hash,
  node: ReadNode,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly Bytes[]> {
  assert(from <= to, `a tree of ${to} does not go on one of ${from}`)
  const path: Bytes[] = []
  if (from === 0 || from === to) return path
  let [start, end] = [0, to]
  // Going down to where the smaller tree ends on the border of a subtree.
  while (end !== from) {
    const middle = start + splitOf(end - start)
    const isLeft = from <= middle
    const beside = isLeft ? { start: middle, end } : { start, end: middle }
    path.push(await rangeHash(hash, node, beside))
    if (isLeft) end = middle
    else start = middle
  }
  // The whole smaller tree is known to whoever checks.
  if (start > 0) path.push(await rangeHash(hash, node, { start, end }))
  return path.reverse()
}

/**
 * On which side of the way up each hash of a proof stands, lowest first (RFC 9162 §2.1.3.2): `isLeft` of each. The way
 * begins at a node and ends at the root; `last` is the last node of the node's level.
 */
function sidesOf(node: number, last: number): readonly boolean[] {
  const sides: boolean[] = []
  let [fn, sn] = [node, last]
  while (sn > 0) {
    const isLeft = isOdd(fn) || fn === sn
    sides.push(isLeft)
    // A last node without a sibling moves up as it is.
    while (isLeft && fn > 0 && !isOdd(fn)) [fn, sn] = [half(fn), half(sn)]
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sides
}

/** What an inclusion proof is about. */
export interface Inclusion {
  readonly index: number
  readonly size: number
  /** The hash of the entry. */
  readonly leaf: Bytes
  readonly path: readonly Bytes[]
}

/** The root that an inclusion proof leads to (RFC 9162 §2.1.3.2); undefined when its length fits no such tree. */
export async function rootOfInclusion(hash: Hash, proof: Inclusion): Promise<Bytes | undefined> {
  const { index, size, leaf, path } = proof
  if (index >= size) return undefined
  const sides = sidesOf(index, size - 1)
  if (sides.length !== path.length) return undefined
  let root = leaf
  for (const [i, beside] of path.entries()) {
    root = await (sides[i] ? nodeHash(hash, beside, root) : nodeHash(hash, root, beside))
  }
  return root
}

/** Two trees, and the hashes that show the first to be the beginning of the second. */
export interface Consistency {
  readonly from: { readonly size: number; readonly root: Bytes }
  readonly to: { readonly size: number; readonly root: Bytes }
  readonly path: readonly Bytes[]
}

/** Whether a consistency proof shows what it is to show (RFC 9162 §2.1.4.2). */
export async function isConsistent(hash: Hash, proof: Consistency): Promise<boolean> {
  const { from, to, path } = proof
  if (from.size === to.size) return path.length === 0 && equalBytes(from.root, to.root)
  if (from.size === 0) return path.length === 0 && equalBytes(from.root, await emptyRoot(hash))
  return from.size < to.size && (await leadsToBoth(hash, proof))
}

/** Whether the hashes lead to the root of the smaller tree, and on to that of the larger. */
async function leadsToBoth(hash: Hash, { from, to, path }: Consistency): Promise<boolean> {
  // A smaller tree that is one whole subtree stands for itself.
  const isWhole = levelOf(from.size) !== undefined
  const [first, ...rest] = isWhole ? [from.root, ...path] : path
  let [node, last] = [from.size - 1, to.size - 1]
  while (isOdd(node)) [node, last] = [half(node), half(last)]
  const sides = sidesOf(node, last)
  if (first === undefined || sides.length !== rest.length) return false
  let [smaller, larger] = [first, first]
  for (const [i, beside] of rest.entries()) {
    if (sides[i]) smaller = await nodeHash(hash, beside, smaller)
    larger = await (sides[i] ? nodeHash(hash, beside, larger) : nodeHash(hash, larger, beside))
  }
  return equalBytes(smaller, from.root) && equalBytes(larger, to.root)
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function half(value: number): number {
  return Math.floor(value / 2)
}
