import { assert, at } from '../assert.ts'
import { type Bytes, equalBytes, textOf } from '../bytes.ts'
import type { OpenCheckpoint, TreeHead } from './checkpoint.ts'
import { leafOf } from './edge.ts'
import { FaultyLog } from './fault.ts'
import { type KnownLog, openTrusted } from './known-log.ts'
import { PUBLISHED } from './shown-head.ts'
import { type LogSource, readBundle } from './source.ts'
import { printTile, TILE_WIDTH, type Tile } from './tile.ts'
import type { Trust } from './trust.ts'
import { KnownTiles, VerifiedTree } from './verified-tree.ts'

// Reads a log that somebody else writes, and believes nothing of it that a signed root does not vouch for.

/** A tree as a log has shown it, and the note that says so. */
export interface Seen extends TreeHead {
  readonly note: string
}

export interface ReaderOptions {
  readonly source: LogSource
  readonly log: Pick<KnownLog, 'origin' | 'keys'>
  /** Whose witnesses are asked for; null: no witness is. */
  readonly trust: Trust | null
  /** What it has shown before; the log has to go on from there. */
  readonly seen?: Seen | undefined
}

export interface LoggedEntry {
  readonly index: number
  readonly entry: Uint8Array
}

/**
 * Each method throws `FaultyLog` when the log is not as it has to be, and what it has shown before stays then; and
 * `LogFailure`, or what the platform throws, when it cannot be read.
 */
export class LogReader {
  readonly #options: ReaderOptions
  readonly #known = new KnownTiles()
  #seen: Seen | undefined
  #tree: VerifiedTree | undefined

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#seen = options.seen
  }

  /** The newest tree that was seen. */
  get seen(): Seen | undefined {
    return this.#seen
  }

  /** Reads the checkpoint that the log shows now. It goes on from the one before. */
  async advance(): Promise<OpenCheckpoint> {
    const { source, log, trust } = this.#options
    const bytes = await source.read(PUBLISHED)
    if (!bytes) {
      throw new FaultyLog({ code: 'no-checkpoint', where: PUBLISHED, message: 'it is not there' })
    }
    const note = textOf(bytes) ?? ''
    const opened = await openTrusted(note, log, trust)
    if (!opened.ok) throw new FaultyLog({ ...opened.error, where: PUBLISHED })
    const { size, root } = opened.value
    await this.follow({ size, root, note })
    return opened.value
  }

  /** Goes on to a tree that somebody else vouches for. */
  async follow(next: Seen): Promise<void> {
    const { size, root, note } = next
    const before = this.#seen
    const notes = before && [before.note, note]
    if (before && size < before.size) {
      const message = `it shows ${size} entries, and has shown ${before.size} before`
      throw new FaultyLog({ code: 'rolled-back', where: PUBLISHED, message, notes })
    }
    if (before?.size === size && !equalBytes(before.root, root)) {
      const message = `it has shown two trees of ${size} entries, and they differ`
      throw new FaultyLog({ code: 'split-view', where: PUBLISHED, message, notes })
    }
    if (this.#tree?.head.size === size) return
    const tree = await VerifiedTree.open(this.#options.source, next, this.#known)
    if (before && !(await tree.goesOnFrom(before))) {
      const message = `its ${size} entries do not begin with the ${before.size} that it has shown before`
      throw new FaultyLog({ code: 'inconsistent', where: PUBLISHED, message, notes })
    }
    this.#tree = tree
    this.#seen = next
  }

  /** Entries from an index to before another, each checked; those that come in later do not disturb it. */
  async *entries(from: number, to: number): AsyncGenerator<LoggedEntry> {
    const tree = this.tree
    assert(to <= tree.head.size, `no entry ${to - 1} in a log of ${tree.head.size}`)
    for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) {
      const first = index * TILE_WIDTH
      const width = Math.min(TILE_WIDTH, tree.head.size - first)
      const entries = await this.#bundle(tree, { level: 'entries', index, width })
      const begin = Math.max(0, from - first)
      for (const [i, entry] of entries.slice(begin, to - first).entries()) {
        yield { index: first + begin + i, entry }
      }
    }
  }

  async #bundle(tree: VerifiedTree, bundle: Tile): Promise<readonly Uint8Array[]> {
    const leaves = await tree.hashes(0, bundle.index)
    const read = await readBundle(this.#options.source, bundle)
    if (!read.ok) throw new FaultyLog(read.error)
    const wrong = read.value.findIndex((entry, i) => !equalBytes(leafOf(entry), at(leaves, i)))
    if (wrong < 0) return read.value
    const message = `its entry ${bundle.index * TILE_WIDTH + wrong} is not the one that was signed for`
    throw new FaultyLog({ code: 'wrong-file', where: printTile(bundle), message })
  }

  /** Shows an entry to be in the tree that was seen last. */
  inclusionProof(index: number): Promise<readonly Bytes[]> {
    return this.tree.inclusionProof(index)
  }

  /** Shows the tree of a size to be the beginning of the one that was seen last. */
  consistencyProof(from: number): Promise<readonly Bytes[]> {
    return this.tree.consistencyProof(from)
  }

  /** The root of the tree as it was at a size. */
  rootAt(size: number): Promise<Bytes> {
    return this.tree.rootAt(size)
  }

  get tree(): VerifiedTree {
    assert(this.#tree !== undefined, 'a log is read before its checkpoint')
    return this.#tree
  }
}
