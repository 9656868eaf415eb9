import { at } from '../assert.ts'
import { type Bytes, equalBytes } from '../bytes.ts'
import { HASH_BYTES, type TreeHead } from './checkpoint.ts'
import type { LogFiles } from './files.ts'
import { splitOf } from './merkle.ts'
import { sha256Now } from './sha256.ts'
import { hashesAt, parseEntries, printEntries, printTile, TILE_WIDTH, type Tile } from './tile.ts'

// The right edge of a tree: what it takes to make the tree grow without reading it again. Hashes are made at once, with
// the platform's fastest call: a log makes two for every entry.

const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)

export function leafOf(entry: Uint8Array): Bytes {
  return sha256Now(Buffer.concat([LEAF, entry]))
}

function nodeOf(left: Uint8Array, right: Uint8Array): Bytes {
  return sha256Now(Buffer.concat([NODE, left, right]))
}

/** The hash over nodes that stand side by side, of which the last one may cover less than the others. */
export function hashOver(nodes: readonly Bytes[], start: number, end: number): Bytes {
  if (end - start === 1) return at(nodes, start)
  const middle = start + splitOf(end - start)
  return nodeOf(hashOver(nodes, start, middle), hashOver(nodes, middle, end))
}

/** A tree's size, and what its tiles of hashes that are not full hold. */
export interface Frontier {
  readonly size: number
  /** By level, the hashes of the tile that is not full. */
  readonly levels: readonly (readonly Bytes[])[]
}

/** A tree's size, and what its tiles that are not full hold. */
export interface Edge extends Frontier {
  /** The entries of the bundle that is not full. */
  readonly entries: readonly Uint8Array[]
}

export const NO_LEAVES: Frontier = { size: 0, levels: [] }

export const NO_ENTRIES: Edge = { size: 0, entries: [], levels: [] }

export interface Growth {
  readonly edge: Edge
  /** The files that are new, and what they hold. */
  readonly tiles: readonly (readonly [Tile, Bytes])[]
}

/** The tree with entries after those that it has. */
export function grow(edge: Edge, entries: readonly Uint8Array[]): Growth {
  const tiles: [Tile, Bytes][] = []
  const bundles = cut([...edge.entries, ...entries])
  const first = Math.floor(edge.size / TILE_WIDTH)
  for (const [i, bundle] of [...bundles.full, bundles.rest].entries()) {
    if (bundle.length === 0) continue
    tiles.push([{ level: 'entries', index: first + i, width: bundle.length }, printEntries(bundle)])
  }
  const grown = growLeaves(edge, entries.map(leafOf))
  return {
    edge: { ...grown.frontier, entries: bundles.rest },
    tiles: [...tiles, ...grown.tiles],
  }
}

/** The tree with entries after those that it has, of which the hashes alone are known. */
export function growLeaves(
  { size, levels: before }: Frontier,
  leaves: readonly Bytes[],
): { readonly frontier: Frontier; readonly tiles: Growth['tiles'] } {
  const tiles: [Tile, Bytes][] = []
  const levels: Bytes[][] = []
  let added = leaves
  for (let level = 0; added.length > 0 || level < before.length; level++) {
    const { full, rest } = cut([...(before[level] ?? []), ...added])
    const from = Math.floor(hashesAt(level, size) / TILE_WIDTH)
    for (const [i, hashes] of [...full, rest].entries()) {
      if (hashes.length === 0 || added.length === 0) continue
      const bytes = Buffer.concat(hashes) as Bytes
      tiles.push([{ level, index: from + i, width: hashes.length }, bytes])
    }
    levels.push([...rest])
    added = full.map((hashes) => hashOver(hashes, 0, hashes.length))
  }
  return { frontier: { size: size + leaves.length, levels }, tiles }
}

interface Cut<T> {
  readonly full: readonly (readonly T[])[]
  readonly rest: readonly T[]
}

function cut<T>(list: readonly T[]): Cut<T> {
  const count = Math.floor(list.length / TILE_WIDTH)
  const full = Array.from({ length: count }, (_, i) =>
    list.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH),
  )
  return { full, rest: list.slice(count * TILE_WIDTH) }
}

/** The root of the tree (RFC 6962 §2.1). */
export function headOf({ size, levels }: Frontier): TreeHead {
  if (size === 0) return { size, root: sha256Now(new Uint8Array()) }
  let below: readonly Bytes[] = []
  for (const level of levels) {
    const nodes = [...level, ...below]
    below = nodes.length === 0 ? [] : [hashOver(nodes, 0, nodes.length)]
  }
  return { size, root: at(below, 0) }
}

export interface EdgeError {
  readonly code: 'tile-missing' | 'tile-malformed' | 'root-differs'
  readonly message: string
}

/** The edge of a tree that was signed, from its tiles; the error when they are not that tree's. */
export async function readEdge(files: LogFiles, head: TreeHead): Promise<Edge | EdgeError> {
  const read = async (tile: Tile): Promise<Uint8Array | EdgeError> =>
    (await files.read(printTile(tile))) ?? {
      code: 'tile-missing',
      message: `the checkpoint is of ${head.size} entries, and ${printTile(tile)} is missing`,
    }
  const { size } = head
  const levels: Bytes[][] = []
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    const hashes = hashesAt(level, size)
    const width = hashes % TILE_WIDTH
    const tile = { level, index: Math.floor(hashes / TILE_WIDTH), width }
    const bytes = width === 0 ? new Uint8Array() : await read(tile)
    if ('code' in bytes) return bytes
    if (bytes.length !== width * HASH_BYTES) return malformedTile(tile)
    levels.push(
      Array.from({ length: width }, (_, i) =>
        Uint8Array.from(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
      ),
    )
  }
  const width = size % TILE_WIDTH
  const bundle: Tile = { level: 'entries', index: Math.floor(size / TILE_WIDTH), width }
  const bytes = width === 0 ? new Uint8Array() : await read(bundle)
  if ('code' in bytes) return bytes
  const entries = parseEntries(bytes, width)
  if (!entries.ok) return malformedTile(bundle)
  const edge = { size, entries: entries.value, levels }
  return fits(edge, head) ? edge : ROOT_DIFFERS
}

const ROOT_DIFFERS: EdgeError = {
  code: 'root-differs',
  message: 'the tiles are not of the tree that the checkpoint was signed for',
}

function malformedTile(tile: Tile): EdgeError {
  return { code: 'tile-malformed', message: `${printTile(tile)} is damaged` }
}

function fits(edge: Edge, { root }: TreeHead): boolean {
  const [leaves = []] = edge.levels
  const isOfEntries =
    edge.entries.length === leaves.length &&
    edge.entries.every((entry, i) => equalBytes(leafOf(entry), at(leaves, i)))
  return isOfEntries && equalBytes(headOf(edge).root, root)
}
