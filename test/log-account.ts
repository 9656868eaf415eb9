import { bytesOf } from '../src/bytes.ts'
import { openCheckpoint } from '../src/log/checkpoint.ts'
import { sidecarsFrom } from '../src/log/journal.ts'
import type { Verifier } from '../src/log/key.ts'
import type { Item } from '../src/log/sequencer.ts'
import { PUBLISHED, SIGNED } from '../src/log/shown-head.ts'
import { parseEntries, printTile, type Tile, tilesBetween } from '../src/log/tile.ts'
import { PlainTree } from './plain-tree.ts'
import type { SimulatedFiles } from './simulated-files.ts'

// What others remember of a log, whatever happens to its disk: what it has acknowledged, and every checkpoint that it
// has shown. In the end the log has to agree with all of it.

/** An entry that says where it was put and which one it is, and what is kept beside it. */
export interface Submission extends Item {
  readonly number: number
}

/** Where an entry says its index and its number. */
const NUMBER_AT = 8
export const NUMBERED_BYTES = 16

/** An entry of a length, or of none: then nobody can tell it from another such. */
export function submissionOf(number: number, entryBytes: number, sidecarBytes: number): Submission {
  return {
    number,
    entryBytes,
    entry: (index): Uint8Array => {
      const entry = Buffer.alloc(entryBytes, number)
      if (entryBytes === 0) return entry
      entry.writeBigUInt64BE(BigInt(index))
      entry.writeBigUInt64BE(BigInt(number), NUMBER_AT)
      return entry
    },
    sidecar: Buffer.alloc(sidecarBytes, `sidecar ${number} `),
  }
}

interface Shown {
  readonly tile: Tile
  readonly bytes: Uint8Array
}

export class LogAccount {
  /** What went wrong, in the order in which it did. */
  readonly violations: string[] = []
  readonly #base: { readonly tree: PlainTree; readonly size: number }
  readonly #acknowledged = new Map<number, Submission>()
  #last = -1
  /** Every note that was ever there to be read, signed or published. */
  readonly #notes = new Set<string>()
  readonly #notesNow = new Map<string, string>()
  /** Tiles as they were when a checkpoint over them was published first. */
  readonly #shown: Shown[] = []
  /** Largest size that was published since the power was last lost; -1: nothing was. */
  #published: number
  /** Largest size that the log itself says is published for good. */
  #settled: number

  constructor(base: { readonly tree: PlainTree; readonly size: number }) {
    this.#base = base
    this.#settled = base.size === 0 ? -1 : base.size
    this.#published = this.#settled
  }

  acknowledge(first: number, items: readonly Submission[]): void {
    // Whoever asks first comes first.
    if (first <= this.#last) this.violations.push(`${first} was acknowledged after ${this.#last}`)
    for (const [i, item] of items.entries()) this.#acknowledged.set(first + i, item)
    this.#last = first + items.length - 1
  }

  /** Looks at what anybody could read now. */
  observe(files: SimulatedFiles): void {
    for (const path of [SIGNED, PUBLISHED]) {
      const bytes = files.peek(path)
      const note = bytes ? Buffer.from(bytes).toString() : ''
      if (note === (this.#notesNow.get(path) ?? '')) continue
      this.#notesNow.set(path, note)
      if (note !== '') this.#notes.add(note)
      if (path === PUBLISHED) this.#observePublished(files, note)
    }
  }

  #observePublished(files: SimulatedFiles, note: string): void {
    const size = note === '' ? -1 : Number(note.split('\n')[1])
    if (size < this.#published) {
      this.violations.push(`the published checkpoint went from ${this.#published} to ${size}`)
    }
    for (const tile of tilesBetween(Math.max(0, this.#published), Math.max(0, size))) {
      const bytes = files.peek(printTile(tile))
      if (bytes) this.#shown.push({ tile, bytes })
      else this.violations.push(`${size} was published without ${printTile(tile)}`)
    }
    this.#published = Math.max(size, this.#published)
  }

  /** The log says that it has published a size: no loss of power takes that back. */
  settle(size: number): void {
    this.#settled = Math.max(size, this.#settled)
  }

  /** A loss of power may take back what was published and not yet said to be. */
  losePower(): void {
    this.#published = this.#settled
    this.#notesNow.clear()
  }

  /** Compares a log that was opened again and integrated with all that is remembered. */
  async check(files: SimulatedFiles, keys: readonly Verifier[], origin: string): Promise<void> {
    this.observe(files)
    const tree = this.#treeIn(files)
    this.#checkEntries(tree)
    this.#checkTiles(files, tree)
    await Promise.all([...this.#notes].map((note) => this.#checkNote(note, tree, { keys, origin })))
    await this.#checkSidecars(files, tree.entries.length)
  }

  /** The tree of the entries that the log shows. */
  #treeIn(files: SimulatedFiles): PlainTree {
    const tree = new PlainTree(this.#base)
    for (const tile of tilesBetween(this.#base.size, this.#published)) {
      if (tile.level !== 'entries') continue
      const bytes = files.peek(printTile(tile)) ?? bytesOf('')
      const entries = parseEntries(bytes, tile.width)
      if (!entries.ok) this.violations.push(`${printTile(tile)}: ${entries.error.message}`)
      // What was there before is compared with the tiles.
      const known = tree.entries.length % 256
      tree.entries.push(...(entries.ok ? entries.value.slice(known) : []))
    }
    return tree
  }

  #checkEntries({ entries }: PlainTree): void {
    for (const [index, item] of this.#acknowledged) {
      const entry = entries[index]
      if (entry === undefined) this.violations.push(`acknowledged entry ${index} is not there`)
      else if (!isSame(item.entry(index), entry))
        this.violations.push(`acknowledged entry ${index} is another one`)
    }
    const numbers = new Set<number>()
    for (const [i, entry] of entries.slice(this.#base.size).entries()) {
      if (entry.length === 0) continue
      const view = Buffer.from(entry.buffer, entry.byteOffset, entry.length)
      const index = Number(view.readBigUInt64BE())
      const number = Number(view.readBigUInt64BE(NUMBER_AT))
      if (index !== this.#base.size + i) this.violations.push(`entry ${index} is at another place`)
      if (numbers.has(number)) this.violations.push(`submission ${number} is there twice`)
      numbers.add(number)
    }
  }

  #checkTiles(files: SimulatedFiles, tree: PlainTree): void {
    const { length: size } = tree.entries
    if (size !== this.#published) this.violations.push(`${this.#published} is published of ${size}`)
    for (const tile of tree.tilesAt(size)) {
      const there = files.peek(printTile(tile))
      if (!there || !tree.tile(tile).equals(there))
        this.violations.push(`${printTile(tile)} is wrong`)
    }
    for (const { tile, bytes } of this.#shown) {
      if (!tree.tile(tile).equals(bytes)) this.violations.push(`${printTile(tile)} was another one`)
    }
  }

  async #checkNote(
    note: string,
    tree: PlainTree,
    { keys, origin }: { readonly keys: readonly Verifier[]; readonly origin: string },
  ): Promise<void> {
    const opened = await openCheckpoint(note, origin, keys)
    if (!opened.ok) {
      this.violations.push(`a checkpoint was shown that is none: ${opened.error.message}`)
      return
    }
    const { size, root } = opened.value
    const isOfTree = size <= tree.entries.length && tree.rootAt(size).equals(root)
    if (!isOfTree) this.violations.push(`another tree of ${size} was signed for`)
  }

  async #checkSidecars(files: SimulatedFiles, size: number): Promise<void> {
    const found = new Set<number>()
    for await (const { index, frame } of sidecarsFrom(files, this.#base.size)) {
      // Of what is torn off at the end, sidecars may still be found.
      if (index >= size) break
      const item = this.#acknowledged.get(index)
      const isRight = item === undefined || Buffer.from(item.sidecar).equals(frame.sidecar)
      if (!isRight || frame.state !== 'whole')
        this.violations.push(`the sidecar of ${index} is wrong`)
      found.add(index)
    }
    for (const index of this.#acknowledged.keys()) {
      if (!found.has(index)) this.violations.push(`the sidecar of ${index} is not there`)
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
