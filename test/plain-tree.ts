import { hash } from 'node:crypto'
import { hashesAt, printTile, TILE_WIDTH, type Tile } from '../src/log/tile.ts'

// The tree of a list of entries as RFC 6962 §2.1 defines it, and its tiles as tlog-tiles does, made from the whole list
// and not from what was there before.

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return hash('sha256', Buffer.concat(parts), 'buffer')
}

const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)

/** Entries at the beginning of many lists, whose hashes are made once. */
export class PlainTree {
  readonly entries: Uint8Array[]
  /** Another tree of which this one has so many entries at its beginning. */
  readonly #base: { readonly tree: PlainTree; readonly size: number } | undefined
  /** Of subtrees that are whole, by the range that they are over. */
  readonly #hashes = new Map<string, Buffer>()
  readonly #tiles = new Map<string, Buffer>()

  constructor(base?: { readonly tree: PlainTree; readonly size: number }) {
    this.#base = base
    this.entries = base ? base.tree.entries.slice(0, base.size) : []
  }

  rootAt(size: number): Buffer {
    return size === 0 ? sha256() : this.#hashOver(0, size)
  }

  #hashOver(start: number, end: number): Buffer {
    if (this.#base && end <= this.#base.size) return this.#base.tree.#hashOver(start, end)
    const size = end - start
    // Only such a range is asked for again and again.
    const isWhole = Number.isInteger(Math.log2(size))
    const key = `${start}-${end}`
    const known = this.#hashes.get(key)
    if (known) return known
    const made = size === 1 ? this.#leaf(start) : this.#node(start, end)
    if (isWhole) this.#hashes.set(key, made)
    return made
  }

  #leaf(index: number): Buffer {
    return sha256(LEAF, this.entries[index] as Uint8Array)
  }

  #node(start: number, end: number): Buffer {
    const half = 2 ** (Math.ceil(Math.log2(end - start)) - 1)
    return sha256(NODE, this.#hashOver(start, start + half), this.#hashOver(start + half, end))
  }

  /** What a tile or a bundle holds. */
  tile(tile: Tile): Buffer {
    const { level, index, width } = tile
    const span = level === 'entries' ? 1 : TILE_WIDTH ** level
    const end = (index * TILE_WIDTH + width) * span
    if (this.#base && end <= this.#base.size) return this.#base.tree.tile(tile)
    const path = printTile(tile)
    const made = this.#tiles.get(path) ?? this.#made(tile, span)
    this.#tiles.set(path, made)
    return made
  }

  #made({ level, index, width }: Tile, span: number): Buffer {
    const places = Array.from({ length: width }, (_, i) => index * TILE_WIDTH + i)
    return Buffer.concat(
      level === 'entries'
        ? places.flatMap((place) => framed(this.entries[place] as Uint8Array))
        : places.map((place) => this.#hashOver(place * span, (place + 1) * span)),
    )
  }

  /** Every tile and bundle of the tree at a size. */
  *tilesAt(size: number): Generator<Tile> {
    yield* tilesOf('entries', size)
    for (let level = 0; hashesAt(level, size) > 0; level++) {
      yield* tilesOf(level, hashesAt(level, size))
    }
  }
}

function* tilesOf(level: Tile['level'], count: number): Generator<Tile> {
  for (let first = 0; first < count; first += TILE_WIDTH) {
    yield { level, index: first / TILE_WIDTH, width: Math.min(TILE_WIDTH, count - first) }
  }
}

function framed(entry: Uint8Array): readonly Uint8Array[] {
  return [Buffer.of(entry.length >>> 8, entry.length & 0xff), entry]
}
