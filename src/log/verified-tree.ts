import { at } from '../assert.ts'
import { type Bytes, equalBytes, hexOf } from '../bytes.ts'
import type { TreeHead } from './checkpoint.ts'
import { hashOver, headOf } from './edge.ts'
import { FaultyLog } from './fault.ts'
import { consistencyProof, inclusionProof, isConsistent, rootOf } from './merkle.ts'
import { sha256Now } from './sha256.ts'
import { type LogSource, readHashes } from './source.ts'
import { hashesAt, printTile, TILE_WIDTH } from './tile.ts'

// A tree that is read from tiles, each checked before it is believed: those at the right edge against the root, which
// somebody has signed, and every full one against its hash in the tile above it.

/** Most full tiles that are remembered: 8 KiB of hashes each. */
const TILES_MAX = 1_024

/** Full tiles by what they hash to. That a tile has a hash is true of every tree, so trees may share them. */
export class KnownTiles {
  readonly #tiles = new Map<string, readonly Bytes[]>()

  get(hash: Uint8Array): readonly Bytes[] | undefined {
    const key = hexOf(hash)
    const hashes = this.#tiles.get(key)
    if (hashes) this.#put(key, hashes)
    return hashes
  }

  set(hash: Uint8Array, hashes: readonly Bytes[]): void {
    this.#put(hexOf(hash), hashes)
    const [oldest = ''] = this.#tiles.keys()
    if (this.#tiles.size > TILES_MAX) this.#tiles.delete(oldest)
  }

  #put(key: string, hashes: readonly Bytes[]): void {
    this.#tiles.delete(key)
    this.#tiles.set(key, hashes)
  }
}

export class VerifiedTree {
  readonly head: TreeHead
  readonly #source: LogSource
  readonly #known: KnownTiles
  /** By level, the hashes of the tile at the right edge. */
  readonly #edge: readonly (readonly Bytes[])[]

  /** Reads the right edge of a tree. Throws `FaultyLog` when it does not lead to the root. */
  static async open(
    source: LogSource,
    head: TreeHead,
    known = new KnownTiles(),
  ): Promise<VerifiedTree> {
    const { size, root } = head
    const levels: (readonly Bytes[])[] = []
    for (let level = 0; hashesAt(level, size) > 0; level++) {
      const hashes = hashesAt(level, size)
      const index = Math.floor(hashes / TILE_WIDTH)
      const width = hashes % TILE_WIDTH
      const read = width === 0 ? undefined : await readHashes(source, { level, index, width })
      if (read?.ok === false) throw new FaultyLog(read.error)
      levels.push(read?.value ?? [])
    }
    if (!equalBytes(headOf({ size, levels }).root, root)) {
      const message = `the tiles at the right edge are not of the tree of ${size} entries that was signed for`
      throw new FaultyLog({ code: 'wrong-root', where: 'checkpoint', message })
    }
    return new VerifiedTree({ source, head, known, edge: levels })
  }

  private constructor(parts: {
    readonly source: LogSource
    readonly head: TreeHead
    readonly known: KnownTiles
    readonly edge: readonly (readonly Bytes[])[]
  }) {
    this.#source = parts.source
    this.head = parts.head
    this.#known = parts.known
    this.#edge = parts.edge
  }

  /** The hashes of a tile. Throws `FaultyLog` when the file is wrong, or one above it. */
  async hashes(level: number, index: number): Promise<readonly Bytes[]> {
    // INVARIANT: the highest level has fewer hashes than a full tile, so that the way up ends at the edge.
    if ((index + 1) * TILE_WIDTH > hashesAt(level, this.head.size)) return at(this.#edge, level)
    const above = await this.hashes(level + 1, Math.floor(index / TILE_WIDTH))
    const wanted = at(above, index % TILE_WIDTH)
    const known = this.#known.get(wanted)
    if (known) return known
    const tile = { level, index, width: TILE_WIDTH }
    const read = await readHashes(this.#source, tile)
    if (!read.ok) throw new FaultyLog(read.error)
    if (!equalBytes(hashOver(read.value, 0, TILE_WIDTH), wanted)) {
      const message = 'it is not of the tree that was signed for'
      throw new FaultyLog({ code: 'wrong-file', where: printTile(tile), message })
    }
    this.#known.set(wanted, read.value)
    return read.value
  }

  /** The root of the tree that this one began as. */
  rootAt(size: number): Promise<Bytes> {
    return rootOf(sha256Now, this.#node, size)
  }

  inclusionProof(index: number): Promise<readonly Bytes[]> {
    return inclusionProof(sha256Now, this.#node, { index, size: this.head.size })
  }

  consistencyProof(from: number): Promise<readonly Bytes[]> {
    return consistencyProof(sha256Now, this.#node, { from, to: this.head.size })
  }

  /** Whether this tree goes on from another. */
  async goesOnFrom(before: TreeHead): Promise<boolean> {
    const path = await this.consistencyProof(before.size)
    return await isConsistent(sha256Now, { from: before, to: this.head, path })
  }

  /** The hash of a subtree that is whole; a tile has those of 2^0 to 2^8 hashes. */
  readonly #node = async (level: number, index: number): Promise<Bytes> => {
    const width = 2 ** (level % 8)
    const first = index * width
    const hashes = await this.hashes(Math.floor(level / 8), Math.floor(first / TILE_WIDTH))
    const start = first % TILE_WIDTH
    return hashOver(hashes, start, start + width)
  }
}
