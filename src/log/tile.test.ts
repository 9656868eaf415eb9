import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../../test/runs.ts'
import { BrokenInvariant } from '../assert.ts'
import { bytesOf, hexOf } from '../bytes.ts'
import {
  ENTRY_BYTES_MAX,
  hashesAt,
  parseEntries,
  parseTile,
  printEntries,
  printTile,
  type Tile,
  tilesBetween,
} from './tile.ts'

function pathsOf(size: number, before = 0): string[] {
  return Array.from(tilesBetween(before, size), printTile)
}

/** The last tile of each level, bundles first: the right edge of a tree. */
function edgeOf(size: number): string[] {
  const last = new Map<Tile['level'], string>()
  for (const tile of tilesBetween(0, size)) last.set(tile.level, printTile(tile))
  return [...last.values()]
}

// By hand, from tlog-tiles: a level has floor(size / 256^level) hashes, and a tile of none is never there.
test.each([
  [0, []],
  [1, ['tile/entries/000.p/1', 'tile/0/000.p/1']],
  [255, ['tile/entries/000.p/255', 'tile/0/000.p/255']],
  [256, ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']],
  [257, ['tile/entries/001.p/1', 'tile/0/001.p/1', 'tile/1/000.p/1']],
  [65_535, ['tile/entries/255.p/255', 'tile/0/255.p/255', 'tile/1/000.p/255']],
  [65_536, ['tile/entries/255', 'tile/0/255', 'tile/1/000', 'tile/2/000.p/1']],
  [65_537, ['tile/entries/256.p/1', 'tile/0/256.p/1', 'tile/1/000', 'tile/2/000.p/1']],
  [70_000, ['tile/entries/273.p/112', 'tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']],
])('partial tiles: a tree of %i ends in the right ones', (size, edge) => {
  expect(edgeOf(size)).toEqual(edge)
})

test('partial tiles: a tree of 70,000 has 273 full tiles of leaves and one of 256 hashes over them', () => {
  const tiles = [...tilesBetween(0, 70_000)]
  const fullAt = (level: Tile['level']): number =>
    tiles.filter((tile) => tile.level === level && tile.width === 256).length
  expect([fullAt('entries'), fullAt(0), fullAt(1), fullAt(2)]).toEqual([273, 273, 1, 0])
})

test('a tree of 256 has four files below its checkpoint when it grows to 257', () => {
  expect(pathsOf(256)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1'])
  expect(pathsOf(257, 256)).toEqual(['tile/entries/001.p/1', 'tile/0/001.p/1'])
})

test('what a tree needs that a smaller one does not is the difference of both', () => {
  fc.assert(
    fc.property(fc.nat(3_000), fc.nat(3_000), (a, b) => {
      const [before, size] = [Math.min(a, b), Math.max(a, b)]
      const there = new Set(pathsOf(before))
      expect(pathsOf(size, before)).toEqual(pathsOf(size).filter((path) => !there.has(path)))
    }),
    { numRuns: RUNS },
  )
})

test('no tile is empty and none wider than what there is, up to trees of 2^53 - 1', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 300 }), (before, more) => {
      const size = Math.min(before + more, Number.MAX_SAFE_INTEGER)
      for (const { level, index, width } of tilesBetween(before, size)) {
        const count = BigInt(size) / 256n ** BigInt(level === 'entries' ? 0 : level)
        expect(width).toBeGreaterThan(0)
        expect(width).toBeLessThanOrEqual(256)
        expect(BigInt(index) * 256n + BigInt(width)).toBeLessThanOrEqual(count)
        if (width < 256) expect(BigInt(width)).toBe(count % 256n)
      }
    }),
    { numRuns: RUNS },
  )
})

test('only whole subtrees count at a level', () => {
  expect([0, 1, 2, 3].map((level) => hashesAt(level, 2 ** 24 - 1))).toEqual([
    16_777_215, 65_535, 255, 0,
  ])
  expect(hashesAt(6, Number.MAX_SAFE_INTEGER)).toBe(31)
  expect(hashesAt(7, Number.MAX_SAFE_INTEGER)).toBe(0)
})

// The first two are in tlog-tiles.
test.each([
  ['tile/0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
  ['tile/entries/000', { level: 'entries', index: 0, width: 256 }],
  ['tile/0/999', { level: 0, index: 999, width: 256 }],
  ['tile/0/x001/000', { level: 0, index: 1_000, width: 256 }],
  ['tile/63/x999/x999/999.p/255', { level: 63, index: 999_999_999, width: 255 }],
  ['tile/0/x002/x147/x483/648.p/1', { level: 0, index: 2 ** 31, width: 1 }],
  ['tile/0/x009/x007/x199/x254/x740/991', { level: 0, index: 2 ** 53 - 1, width: 256 }],
] as const)('%s is a path of a tile', (path, tile) => {
  expect(parseTile(path)).toEqual(tile)
  expect(printTile(tile)).toBe(path)
})

test.each([
  ['an empty partial tile', 'tile/0/000.p/0'],
  ['a full tile that is called partial', 'tile/0/000.p/256'],
  ['a tile wider than full', 'tile/0/000.p/300'],
  ['a width with a leading zero', 'tile/0/000.p/01'],
  ['a level over 63', 'tile/64/000'],
  ['a level with a leading zero', 'tile/00/000'],
  ['another kind of level', 'tile/data/000'],
  ['an index of two digits', 'tile/0/00'],
  ['an index of four digits', 'tile/0/0000'],
  ['an index with a group too many', 'tile/0/x000/000'],
  ['a group without its x', 'tile/0/001/000'],
  ['a last group with an x', 'tile/0/x000'],
  ['an index of 2^53', 'tile/0/x009/x007/x199/x254/x740/992'],
  ['an index of seven groups', 'tile/0/x001/x000/x000/x000/x000/x000/000'],
  ['a slash before it', '/tile/0/000'],
  ['a slash after it', 'tile/0/000/'],
  ['a way up', 'tile/0/../000'],
  ['a newline', 'tile/0/000\n'],
  ['nothing', ''],
])('%s is no path of a tile', (_name, path) => {
  expect(parseTile(path)).toBeUndefined()
})

test('a tile has one path, and a path names one tile', () => {
  const level = fc.oneof(fc.constant('entries' as const), fc.nat(63))
  const anyTile = fc.record({
    level,
    index: fc.oneof(fc.nat(3_000), fc.maxSafeNat()),
    width: fc.integer({ min: 1, max: 256 }),
  })
  const nearPath = fc.stringMatching(
    /^tile\/(entries|\d{1,2})\/(x\d{3}\/){0,2}\d{3}(\.p\/\d{1,3})?$/,
  )
  fc.assert(
    fc.property(anyTile, nearPath, (tile, path) => {
      expect(parseTile(printTile(tile))).toEqual(tile)
      const parsed = parseTile(path)
      if (parsed) expect(printTile(parsed)).toBe(path)
    }),
    { numRuns: RUNS },
  )
})

test('a bundle of entries has the length of each before it, most significant byte first', () => {
  const entries = [new Uint8Array(), bytesOf('ab'), new Uint8Array(258).fill(7)]
  expect(hexOf(printEntries(entries))).toBe(
    `00000002${hexOf(bytesOf('ab'))}0102${'07'.repeat(258)}`,
  )
})

test('a bundle has one spelling', () => {
  const anyEntry = fc.uint8Array({ maxLength: 20 })
  const near = fc.array(fc.nat(3), { maxLength: 12 }).map((bytes) => Uint8Array.from(bytes))
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 10 }), near, fc.nat(6), (entries, bytes, width) => {
      const printed = printEntries(entries)
      expect(parseEntries(printed, entries.length)).toEqual({ ok: true, value: entries })
      expect(parseEntries(printed, entries.length + 1)).toMatchObject({ ok: false })
      const parsed = parseEntries(bytes, width)
      if (parsed.ok) expect(printEntries(parsed.value)).toEqual(bytes)
    }),
    { numRuns: RUNS },
  )
})

test('an entry of the longest length comes back, and a longer one is not written', () => {
  const longest = new Uint8Array(ENTRY_BYTES_MAX).fill(1)
  expect(parseEntries(printEntries([longest]), 1)).toEqual({ ok: true, value: [longest] })
  const longer = new Uint8Array(ENTRY_BYTES_MAX + 1)
  expect(() => printEntries([longer])).toThrow(BrokenInvariant)
})

test.each([
  ['half a length', [0], 1],
  ['an entry cut short', [0, 2, 1], 1],
  ['a byte after the last entry', [0, 1, 1, 0], 1],
  ['one entry too many', [0, 1, 1, 0, 0], 1],
  ['one entry too few', [0, 1, 1], 2],
])('%s is no bundle', (_name, bytes, width) => {
  const error = { code: 'malformed-entries' }
  expect(parseEntries(Uint8Array.from(bytes), width)).toMatchObject({ ok: false, error })
})
