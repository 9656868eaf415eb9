import { assert } from '../assert.ts'
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES } from './checkpoint.ts'
import { LogFailure } from './failure.ts'
import { nodeHash, type ReadNode } from './merkle.ts'
import { sha256Now } from './sha256.ts'
import { hashesAt, printTile, TILE_WIDTH, type Tile } from './tile.ts'

/** Levels of a tree within one tile. */
const TILE_LEVELS = 8

/** Reads hashes of a tree of one size from its tiles. They are taken as they stand: a proof made of them is to be checked. */
export function nodesIn(
  read: (path: string) => Promise<Uint8Array | undefined>,
  size: number,
): ReadNode {
  const tiles = new Map<string, Promise<Uint8Array>>()
  const tileOf = (level: number, index: number): Promise<Uint8Array> => {
    const width = Math.min(TILE_WIDTH, hashesAt(level, size) - index * TILE_WIDTH)
    assert(width > 0, `a tree of ${size} has no tile ${index} at level ${level}`)
    const path = printTile({ level, index, width })
    const known = tiles.get(path) ?? readTile(read, { level, index, width })
    tiles.set(path, known)
    return known
  }
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_LEVELS)
    const count = 2 ** (level % TILE_LEVELS)
    const first = index * count
    const tile = await tileOf(tileLevel, Math.floor(first / TILE_WIDTH))
    return await hashOver(tile, first % TILE_WIDTH, count)
  }
}

/** The hash over so many hashes of a tile: a power of two. */
async function hashOver(tile: Uint8Array, first: number, count: number): Promise<Bytes> {
  if (count === 1) return tile.slice(first * HASH_BYTES, (first + 1) * HASH_BYTES) as Bytes
  const half = count / 2
  const left = await hashOver(tile, first, half)
  return await nodeHash(sha256Now, left, await hashOver(tile, first + half, half))
}

async function readTile(
  read: (path: string) => Promise<Uint8Array | undefined>,
  tile: Tile,
): Promise<Uint8Array> {
  const path = printTile(tile)
  // A partial tile may go once the full one is there.
  const bytes = (await read(path)) ?? (await read(printTile({ ...tile, width: TILE_WIDTH })))
  const isWhole = bytes !== undefined && bytes.length >= tile.width * HASH_BYTES
  if (isWhole) return bytes.subarray(0, tile.width * HASH_BYTES)
  throw new LogFailure('corrupt-log', `${path} is missing or damaged; run \`proviso log fsck\``)
}
