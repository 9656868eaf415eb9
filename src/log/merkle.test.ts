import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { consistencyOf, faultsOf, flipped, inclusionOf, type Provable } from '../../test/proofs.ts'
import { RUNS } from '../../test/runs.ts'
import { SHA256, treeOf, treeOfAlike } from '../../test/tree-of.ts'
import { at, BrokenInvariant } from '../assert.ts'
import { type Bytes, bytesOf, bytesOfHex, hexOf } from '../bytes.ts'
import {
  type Consistency,
  consistencyProof,
  emptyRoot,
  inclusionProof,
  isConsistent,
  leafHash,
  nodeHash,
  rootOf,
  rootOfInclusion,
  splitOf,
} from './merkle.ts'

// The entries, roots and proofs that implementations of Certificate Transparency (RFC 6962) are tested with.
const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => bytesOfHex(hex) ?? new Uint8Array())

const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const reference = await treeOf(ENTRIES)

test('trees of the first entries of Certificate Transparency have its roots', async () => {
  const roots = ROOTS.map(async (_, size) => hexOf(await rootOf(SHA256, reference, size)))
  expect(await Promise.all(roots)).toEqual(ROOTS)
})

const LEVEL_0 = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'
const LEVEL_1 = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e'
const LEVEL_2 = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'

test.each([
  [0, 1, []],
  [0, 8, [LEVEL_0, LEVEL_1, LEVEL_2]],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
])(
  'the proof of entry %i in %i entries of Certificate Transparency is its',
  async (index, size, path) => {
    expect((await inclusionProof(SHA256, reference, { index, size })).map(hexOf)).toEqual(path)
  },
)

test.each([
  [1, 1, []],
  [1, 8, [LEVEL_0, LEVEL_1, LEVEL_2]],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 5, [LEVEL_1, 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b']],
])('the proof from %i to %i entries of Certificate Transparency is its', async (from, to, path) => {
  expect((await consistencyProof(SHA256, reference, { from, to })).map(hexOf)).toEqual(path)
})

/** The tree hash as RFC 6962 §2.1 defines it, entry by entry. */
async function rootByDefinition(entries: readonly Uint8Array[]): Promise<Bytes> {
  if (entries.length === 0) return await emptyRoot(SHA256)
  if (entries.length === 1) return await leafHash(SHA256, at(entries, 0))
  const k = 2 ** Math.floor(Math.log2(entries.length - 1))
  const left = await rootByDefinition(entries.slice(0, k))
  return await nodeHash(SHA256, left, await rootByDefinition(entries.slice(k)))
}

function numbered(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, i) => bytesOf(String(i)))
}

test.each([1, 2, 3, 255, 256, 257, 511, 513, 65_535, 65_536, 65_537])(
  'a root over %i entries is what RFC 6962 defines',
  async (size) => {
    const entries = numbered(size)
    const root = await rootOf(SHA256, await treeOf(entries), size)
    expect(root).toEqual(await rootByDefinition(entries))
  },
)

test('an entry that looks like two hashes is no inner node', async () => {
  const [left, right] = [await leafHash(SHA256, bytesOf('a')), await leafHash(SHA256, bytesOf('b'))]
  const posing = Uint8Array.of(...left, ...right)
  expect(await leafHash(SHA256, posing)).not.toEqual(await nodeHash(SHA256, left, right))
})

test.each([
  [2, 1],
  [3, 2],
  [4, 2],
  [5, 4],
  [2 ** 31, 2 ** 30],
  [2 ** 31 + 1, 2 ** 31],
  [2 ** 52 + 1, 2 ** 52],
  [2 ** 53 - 1, 2 ** 52],
])('the largest power of two below %i is %i', (size, k) => {
  expect(splitOf(size)).toBe(k)
})

async function isIncluded({ root, ...proof }: Provable): Promise<boolean> {
  const reached = await rootOfInclusion(SHA256, proof)
  return reached !== undefined && hexOf(reached) === hexOf(root)
}

const anySize = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 700 }))
const anyBit = fc.nat(255)
const whole = await treeOf(numbered(700))

test('every inclusion proof holds, and none with a bit, a hash or a number changed', async () => {
  const property = fc.asyncProperty(anySize, fc.nat(), anyBit, async (size, seed, bit) => {
    const proof = await inclusionOf(whole, seed % size, size)
    expect(await isIncluded(proof)).toBe(true)
    const wrong = [
      ...faultsOf(proof.path, bit).map((path) => ({ ...proof, path })),
      { ...proof, leaf: flipped(proof.leaf, bit) },
      { ...proof, root: flipped(proof.root, bit) },
      { ...proof, index: proof.index + 1 },
      { ...proof, index: proof.index + size },
      { ...proof, size: proof.index },
    ]
    for (const one of wrong) expect(await isIncluded(one), JSON.stringify(one)).toBe(false)
  })
  await fc.assert(property, { numRuns: RUNS })
})

test('every consistency proof holds, and none with a bit, a hash or a size changed', async () => {
  const property = fc.asyncProperty(anySize, fc.nat(), anyBit, async (to, seed, bit) => {
    const proof = await consistencyOf(whole, 1 + (seed % to), to)
    const { from, path } = proof
    expect(await isConsistent(SHA256, proof)).toBe(true)
    const wrong: Consistency[] = [
      ...faultsOf(path, bit).map((other) => ({ ...proof, path: other })),
      { ...proof, from: { ...from, root: flipped(from.root, bit) } },
      { ...proof, to: { ...proof.to, root: flipped(proof.to.root, bit) } },
      { ...proof, from: { ...from, size: to + 1 } },
    ]
    for (const one of wrong) {
      expect(await isConsistent(SHA256, one), JSON.stringify(one)).toBe(false)
    }
  })
  await fc.assert(property, { numRuns: RUNS })
})

test('every proof in every tree of up to 40 entries holds', async () => {
  for (let size = 1; size <= 40; size++) {
    for (let other = 0; other < size; other++) {
      expect(await isIncluded(await inclusionOf(whole, other, size))).toBe(true)
      expect(await isConsistent(SHA256, await consistencyOf(whole, other, size))).toBe(true)
    }
  }
})

describe('consistency with no entries and with itself', async () => {
  const empty = { size: 0, root: await emptyRoot(SHA256) }
  const five = { size: 5, root: await rootOf(SHA256, whole, 5) }
  const other = { size: 5, root: flipped(five.root, 0) }
  const eight = { size: 8, root: await rootOf(SHA256, whole, 8) }

  test.each([
    ['no entries go on to five', empty, five, true],
    ['no entries are themselves', empty, empty, true],
    ['five entries are themselves', five, five, true],
    ['other five entries are not', five, other, false],
    ['no entries have the empty root alone', { ...empty, root: five.root }, five, false],
    ['no entries have the same root', empty, { ...empty, root: five.root }, false],
    ['five do not go back to none', five, empty, false],
    ['eight do not go back to five', eight, five, false],
    ['five go on to eight by some hash only', five, eight, false],
  ])('%s', async (_name, from, to, holds) => {
    expect(await isConsistent(SHA256, { from, to, path: [] })).toBe(holds)
    // A hash that nothing asks for makes no proof better.
    expect(await isConsistent(SHA256, { from, to, path: [five.root] })).toBe(false)
  })

  test('such proofs are made of no hash', async () => {
    expect(await consistencyProof(SHA256, whole, { from: 0, to: 5 })).toEqual([])
    expect(await consistencyProof(SHA256, whole, { from: 5, to: 5 })).toEqual([])
    expect(await consistencyProof(SHA256, whole, { from: 0, to: 0 })).toEqual([])
  })
})

test('what is not in a tree is not asked for', async () => {
  const inclusion = inclusionProof(SHA256, whole, { index: 5, size: 5 })
  await expect(inclusion).rejects.toThrow(BrokenInvariant)
  const consistency = consistencyProof(SHA256, whole, { from: 6, to: 5 })
  await expect(consistency).rejects.toThrow(BrokenInvariant)
})

/** Powers where 32 bits end, signed and not, and where other short cuts do; the last is where numbers do. */
const POWERS = [30, 31, 32, 33, 40, 52]

describe.each(POWERS)('indices past 2^31: around 2^%i', async (power) => {
  const middle = 2 ** power
  const others = new Map<number, Bytes>()
  for (const index of [0, middle - 1, middle, middle + 1]) {
    others.set(index, await leafHash(SHA256, bytesOf(String(index))))
  }
  const node = treeOfAlike(await leafHash(SHA256, bytesOf('alike')), others)
  const sizes = [middle + 2, middle + 3, 2 * middle - 1]

  test.each(sizes)('proofs in %i entries hold', async (size) => {
    for (const index of others.keys()) {
      const proof = await inclusionOf(node, index, size)
      expect(await isIncluded(proof)).toBe(true)
      expect(await isIncluded({ ...proof, leaf: flipped(proof.leaf, 7) })).toBe(false)
      // The same in 32 bits.
      const short = { ...proof, index: index % 2 ** 32, size: size % 2 ** 32 }
      if (power >= 32) expect(await isIncluded(short)).toBe(false)
    }
    for (const from of [1, middle - 1, middle, middle + 1]) {
      const proof = await consistencyOf(node, from, size)
      expect(await isConsistent(SHA256, proof)).toBe(true)
      for (const path of faultsOf(proof.path, 3)) {
        expect(await isConsistent(SHA256, { ...proof, path })).toBe(false)
      }
    }
  })

  test('a root is made of whole subtrees', async () => {
    const two = await nodeHash(SHA256, await node(0, middle), await node(0, middle + 1))
    const root = await nodeHash(SHA256, await node(power, 0), two)
    expect(await rootOf(SHA256, node, middle + 2)).toEqual(root)
  })
})
