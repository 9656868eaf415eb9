import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Bytes, bytesOf } from '../src/bytes.ts'
import {
  type Consistency,
  isConsistent,
  leafHash,
  type ReadNode,
  rootOfInclusion,
} from '../src/log/merkle.ts'
import { judgeProofs } from './judge.ts'
import { consistencyOf, faultsOf, flipped, inclusionOf, type Provable } from './proofs.ts'
import { RUNS } from './runs.ts'
import { SHA256, treeOf, treeOfAlike } from './tree-of.ts'

// Proofs of Merkle trees, right and wrong: what we take, the judge takes, and what we refuse, it refuses.

async function weTake(proof: Provable | Consistency): Promise<boolean> {
  if ('from' in proof) return await isConsistent(SHA256, proof)
  const root = await rootOfInclusion(SHA256, proof)
  return root !== undefined && Buffer.compare(root, proof.root) === 0
}

/** Holds each proof against the judge's word, and says which of them hold. */
async function judged(proofs: readonly (Provable | Consistency)[]): Promise<boolean[]> {
  const theirs = judgeProofs(proofs).map((says) => says === 'ok')
  const ours = await Promise.all(proofs.map(weTake))
  expect(ours).toEqual(theirs)
  return ours
}

/** One in so many of the faults that a path can have: `merkle.test.ts` tries all. */
const FAULTS_ONE_IN = 16

function someFaultsOf(path: readonly Bytes[], bit: number): Bytes[][] {
  return faultsOf(path, bit).filter((_, i) => i % FAULTS_ONE_IN === bit % FAULTS_ONE_IN)
}

/** The proof of an entry first, then others like it, most of which are wrong. */
async function inclusionsLike(
  node: ReadNode,
  index: number,
  size: number,
  bit: number,
): Promise<Provable[]> {
  const proof = await inclusionOf(node, index, size)
  const paths = someFaultsOf(proof.path, bit)
  return [
    proof,
    ...paths.map((path) => ({ ...proof, path })),
    { ...proof, leaf: flipped(proof.leaf, bit) },
    { ...proof, root: flipped(proof.root, bit) },
    { ...proof, index: index + 1 },
    { ...proof, index: Math.max(0, index - 1) },
    { ...proof, size: size + 1 },
    { ...proof, size: Math.max(1, size - 1) },
    { ...proof, index: size },
    { ...proof, size: 0 },
  ].filter((one) => one.size <= Number.MAX_SAFE_INTEGER)
}

/** The same of consistency; the judge knows none with a tree of no entries. */
async function consistenciesLike(
  node: ReadNode,
  from: number,
  to: number,
  bit: number,
): Promise<Consistency[]> {
  const proof = await consistencyOf(node, from, to)
  const paths = someFaultsOf(proof.path, bit)
  const sized = (smaller: number, larger: number): Consistency => ({
    from: { ...proof.from, size: smaller },
    to: { ...proof.to, size: larger },
    path: proof.path,
  })
  return [
    proof,
    ...paths.map((path) => ({ ...proof, path })),
    { ...proof, from: { ...proof.from, root: flipped(proof.from.root, bit) } },
    { ...proof, to: { ...proof.to, root: flipped(proof.to.root, bit) } },
    sized(from + 1, to),
    sized(Math.max(1, from - 1), to),
    sized(from, to + 1),
    sized(from, Math.max(1, to - 1)),
    sized(to, from),
  ].filter((one) => one.to.size <= Number.MAX_SAFE_INTEGER)
}

const whole = await treeOf(Array.from({ length: 700 }, (_, i) => bytesOf(String(i))))
const anySize = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 700 }))

test('we and the judge agree on every proof of small trees, right and wrong', async () => {
  const property = fc.asyncProperty(anySize, fc.nat(), fc.nat(255), async (size, seed, bit) => {
    const [inclusion] = await judged(await inclusionsLike(whole, seed % size, size, bit))
    const [consistency] = await judged(await consistenciesLike(whole, 1 + (seed % size), size, bit))
    expect([inclusion, consistency]).toEqual([true, true])
  })
  await fc.assert(property, { numRuns: RUNS })
})

/** Whole numbers near a power of two, from 2^31 on, where 32 bits end, to 2^53, where exact numbers do. */
const nearPower = fc
  .tuple(fc.integer({ min: 31, max: 53 }), fc.integer({ min: -3, max: 3 }))
  .map(([power, more]) => Math.min(2 ** power + more, Number.MAX_SAFE_INTEGER))

test('we and the judge agree on proofs of trees up to 2^53 - 1, right and wrong', async () => {
  const alike = await leafHash(SHA256, bytesOf('alike'))
  const property = fc.asyncProperty(nearPower, nearPower, fc.nat(255), async (a, b, bit) => {
    const [smaller, size] = [Math.min(a, b), Math.max(a, b)]
    const others = new Map<number, Bytes>()
    for (const index of [0, smaller - 1, smaller, size - 1]) {
      others.set(index, await leafHash(SHA256, bytesOf(String(index))))
    }
    const node = treeOfAlike(alike, others)
    for (const index of [smaller - 1, size - 1]) {
      expect((await judged(await inclusionsLike(node, index, size, bit)))[0]).toBe(true)
    }
    expect((await judged(await consistenciesLike(node, smaller, size, bit)))[0]).toBe(true)
  })
  await fc.assert(property, { numRuns: RUNS })
})
