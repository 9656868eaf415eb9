import { at } from '../assert.ts'
import { type Bytes, equalBytes } from '../bytes.ts'
import type { TreeHead } from './checkpoint.ts'
import { type Frontier, growLeaves, headOf, leafOf, NO_LEAVES } from './edge.ts'
import { LogFailure } from './failure.ts'
import { FaultyLog } from './fault.ts'
import { checkFiles, type LogUnderCheck, misfitOfBundle, misfitOfHashes } from './fsck-files.ts'
import { readBundle, readHashes } from './source.ts'
import { hashesAt, printTile, TILE_WIDTH, type Tile } from './tile.ts'
import { VerifiedTree } from './verified-tree.ts'

// Whether the files of a tree are those that follow from its entries: all levels are made anew from them, in one pass.

/** Some entries, as they pass. */
export interface Passing {
  readonly first: number
  readonly leaves: readonly Bytes[]
  /** Null when they are not at hand: the bundle is wrong, or may not be read. */
  readonly entries: readonly Uint8Array[] | null
}

/** What is done with entries as they pass. */
export interface Visitor {
  pass(passing: Passing): Promise<void>
  /** The size of the tree that `reach` is to be called at next, at least the tree's size now; Infinity for none. */
  nextSize(): Promise<number>
  reach(head: TreeHead): Promise<void>
}

/** Checks the files of a tree, and that they lead to its root. */
export async function checkTree(
  check: LogUnderCheck,
  head: TreeHead,
  visitor: Visitor,
): Promise<void> {
  const pass = new Pass(check, head, visitor)
  const isWhole = await pass.run()
  if (isWhole && !equalBytes(headOf(pass.frontier).root, head.root)) {
    const message = `its ${head.size} entries do not lead to the root that was signed for`
    check.findings.fault({ code: 'wrong-root', where: check.log.folder, message })
  }
}

class Pass {
  readonly #check: LogUnderCheck
  readonly #head: TreeHead
  readonly #visitor: Visitor
  /** Undefined until it is needed; null: its edge is wrong. */
  #tree: VerifiedTree | null | undefined
  #mayReadEntries = true
  frontier: Frontier = NO_LEAVES

  constructor(check: LogUnderCheck, head: TreeHead, visitor: Visitor) {
    this.#check = check
    this.#head = head
    this.#visitor = visitor
  }

  /** False when it had to end before all entries had passed. */
  async run(): Promise<boolean> {
    await this.#reach()
    for (let index = 0; this.frontier.size < this.#head.size; index++) {
      const width = Math.min(TILE_WIDTH, this.#head.size - index * TILE_WIDTH)
      const found = await this.#leavesOf(index, width)
      if (!found) return false
      await this.#grow(found)
    }
    for (const [level, hashes] of this.frontier.levels.entries()) {
      if (hashes.length === 0) continue
      const index = Math.floor(hashesAt(level, this.frontier.size) / TILE_WIDTH)
      const tile = { level, index, width: hashes.length }
      await this.#checkHashes(tile, Buffer.concat(hashes))
    }
    return true
  }

  /** Lets entries pass and the tree grow, up to one size that is asked for after the other. */
  async #grow({ leaves, entries }: Pick<Passing, 'leaves' | 'entries'>): Promise<void> {
    let from = 0
    while (from < leaves.length) {
      const first = this.frontier.size
      const to = Math.min(leaves.length, from + (await this.#visitor.nextSize()) - first)
      const some = leaves.slice(from, to)
      await this.#visitor.pass({ first, leaves: some, entries: entries?.slice(from, to) ?? null })
      const { frontier, tiles } = growLeaves(this.frontier, some)
      this.frontier = frontier
      for (const [tile, bytes] of tiles) {
        if (tile.width === TILE_WIDTH) await this.#checkHashes(tile, bytes)
      }
      await this.#reach()
      from = to
    }
  }

  async #reach(): Promise<void> {
    const { size } = this.frontier
    if ((await this.#visitor.nextSize()) === size) await this.#visitor.reach(headOf(this.frontier))
  }

  /**
   * The hashes of a bundle's entries. When the bundle and the tile above it do not fit each other, the root tells
   * which of the two is right.
   */
  async #leavesOf(
    index: number,
    width: number,
  ): Promise<Pick<Passing, 'leaves' | 'entries'> | undefined> {
    const entries = await this.#entriesOf({ level: 'entries', index, width })
    const leaves = entries?.map(leafOf)
    const stored = await readHashes(this.#check.source, { level: 0, index, width })
    const isAlike =
      stored.ok && leaves?.every((leaf, i) => equalBytes(leaf, at(stored.value, i))) === true
    const isTileRight = stored.ok && !isAlike && (!leaves || (await this.#isSigned(index)))
    const found = isTileRight ? { leaves: stored.value, entries: null } : undefined
    const answer = found ?? (leaves && entries ? { leaves, entries } : undefined)
    if (answer) {
      if (this.#mayReadEntries) await this.#checkBundle(index, answer.leaves)
      return answer
    }
    const where = `${this.#check.log.folder}/${printTile({ level: 0, index, width })}`
    const message = `neither it nor its entries can be read, so nothing from entry ${index * TILE_WIDTH} on was checked`
    this.#check.findings.fault({ code: 'missing-file', where, message })
    return undefined
  }

  async #entriesOf(bundle: Tile): Promise<readonly Uint8Array[] | undefined> {
    if (!this.#mayReadEntries) return undefined
    try {
      const read = await readBundle(this.#check.source, bundle)
      return read.ok ? read.value : undefined
    } catch (error) {
      if (!(error instanceof LogFailure) || error.code !== 'no-access') throw error
      this.#mayReadEntries = false
      const { folder: where } = this.#check.log
      const message = 'its entries were not read: that takes a key of scope auditor (--key-file)'
      this.#check.findings.note({ code: 'not-checked', where, message })
      return undefined
    }
  }

  async #isSigned(index: number): Promise<boolean> {
    try {
      if (this.#tree === undefined) {
        this.#tree = null
        this.#tree = await VerifiedTree.open(this.#check.source, this.#head)
      }
      await this.#tree?.hashes(0, index)
      return this.#tree !== null
    } catch (error) {
      if (error instanceof FaultyLog) return false
      throw error
    }
  }

  #checkHashes(tile: Tile, expected: Uint8Array): Promise<void> {
    return checkFiles(this.#check, tile, (bytes, width) => misfitOfHashes(bytes, width, expected))
  }

  #checkBundle(index: number, leaves: readonly Bytes[]): Promise<void> {
    const tile = { level: 'entries', index, width: leaves.length } as const
    return checkFiles(this.#check, tile, (bytes, width) => misfitOfBundle(bytes, width, leaves))
  }
}
