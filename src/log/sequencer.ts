import { assert, at } from '../assert.ts'
import { bytesOf, textOf } from '../bytes.ts'
import { type Checkpoint, printCheckpoint, type TreeHead } from './checkpoint.ts'
import { type Edge, grow, headOf, NO_ENTRIES, readEdge } from './edge.ts'
import { LogFailure } from './failure.ts'
import { publishFiles, replaceFile } from './files.ts'
import { BATCH_BYTES_MAX, Journal, SEGMENT_BYTES } from './journal.ts'
import { bytesOfFrame, FRAME_HEAD_BYTES, type Frame } from './journal-batch.ts'
import { PUBLISHED, readShown, type ShownHead, type ShownLog, SIGNED } from './shown-head.ts'
import { type Signer, signNote } from './signer.ts'
import { ENTRY_BYTES_MAX, printTile, TILE_WIDTH } from './tile.ts'

// The one writer of a log. An entry is acknowledged when it is in the journal, on the disk; then it goes into tiles,
// then a checkpoint is signed, then published. Nothing is signed that is not on the disk, and no size twice.

/** Most bytes of entries that wait to be written; one more is refused until some are. */
const QUEUE_BYTES_MAX = 33_554_432

/** Most entries that are in the journal and not yet in tiles; further ones are refused until some are. */
const LAG_ENTRIES_MAX = 1_048_576

/** Most entries that are put into tiles at once. */
const GROWTH_ENTRIES_MAX = 1_024

/** Longest sidecar, in bytes. */
const SIDECAR_BYTES_MAX = 1_500_000

/** Something to log. Its index is known when it is written. */
export interface Item {
  entry(index: number): Uint8Array
  /** How long the entry is, in bytes. */
  readonly entryBytes: number
  /** What belongs to it and is kept beside the log. */
  readonly sidecar: Uint8Array
}

/**
 * What becomes of a signed checkpoint before everybody may see it: cosignatures; null: it is not published. Throws when
 * others have seen more than it covers. A log that is opened asks of the last one again.
 */
export type Cosign = (note: string, checkpoint: Checkpoint) => Promise<string | null>

export interface SequencerOptions extends ShownLog {
  /** Keys that sign: more than one while an old one is replaced. Asked for at each checkpoint. */
  readonly signers: () => readonly Signer[]
  /** Whether nobody else writes to these files. */
  readonly isHeld: () => boolean
  readonly cosign?: Cosign
  readonly segmentBytes?: number
}

interface Waiting {
  readonly items: readonly Item[]
  readonly bytes: number
  resolve(first: number): void
  reject(error: unknown): void
}

export class Sequencer {
  readonly #options: SequencerOptions
  readonly #journal: Journal
  #edge: Edge
  /** In the journal, and not in tiles. */
  readonly #pending: Uint8Array[]
  /** Directories that are known to be on the disk. */
  readonly #directories = new Set<string>()
  /** The checkpoint that was signed last, as it stands on the disk. */
  #signed: string | undefined
  /** One that was to take its place. It may have, though the disk said that it had not. */
  #signing: string | undefined
  /** What everybody may see: never before it is on the disk. */
  #publishedNote: string | undefined
  #published: TreeHead
  /** Whether what was signed last is published. */
  #isPublished: boolean
  readonly #queue: Waiting[] = []
  #queuedBytes = 0
  #writing: Promise<void> | undefined
  #integrating: Promise<void> | undefined
  /** How many entries are to be in tiles when that ends. */
  #wanted = 0
  /** Why nothing is written any more. */
  #stopped: Error | undefined

  /** Opens a log, and begins one where there is none. Throws when what is there is not as it was left. */
  static async open(options: SequencerOptions): Promise<Sequencer> {
    const signed = await readShown(options, SIGNED)
    const published = await readShown(options, PUBLISHED)
    if ((published?.head.size ?? 0) > (signed?.head.size ?? 0)) {
      throw new LogFailure(
        'rolled-back',
        'more entries were published than are signed for here: this is an older copy; bring back the newest, or begin a new log',
      )
    }
    const edge = signed ? await readEdge(options.files, signed.head) : NO_ENTRIES
    if ('code' in edge) {
      throw new LogFailure(
        'corrupt-log',
        `${edge.message}; bring it back from a copy, or begin a new log`,
      )
    }
    // Before anything is signed: a witness that has seen more entries says so by what this throws.
    if (signed) await options.cosign?.(signed.note, { origin: options.origin, ...signed.head })
    const { files, segmentBytes = SEGMENT_BYTES } = options
    const opened = await Journal.open({ files, segmentBytes, signedSize: edge.size })
    return new Sequencer(options, {
      ...opened,
      edge,
      signed: signed?.note,
      published,
    })
  }

  private constructor(
    options: SequencerOptions,
    opened: {
      readonly journal: Journal
      readonly entries: readonly Uint8Array[]
      readonly edge: Edge
      readonly signed: string | undefined
      readonly published: ShownHead | undefined
    },
  ) {
    this.#options = options
    this.#journal = opened.journal
    this.#pending = [...opened.entries]
    this.#edge = opened.edge
    this.#signed = opened.signed
    this.#published = opened.published?.head ?? headOf(NO_ENTRIES)
    this.#publishedNote = opened.published?.note
    this.#isPublished = opened.published?.head.size === opened.edge.size
  }

  /** Entries that have been acknowledged, or will be unless the disk fails. */
  get size(): number {
    return this.#journal.size
  }

  /** The tree as everybody may see it. */
  get published(): TreeHead {
    return this.#published
  }

  /** The checkpoint that everybody may see; undefined while there is none. */
  get publishedNote(): string | undefined {
    return this.#publishedNote
  }

  /** The tree as it was signed last. */
  get head(): TreeHead {
    return headOf(this.#edge)
  }

  /** Why nothing more can be written; undefined while it can. */
  get stopped(): Error | undefined {
    return this.#stopped
  }

  /** Whether more can be taken now. */
  get hasRoom(): boolean {
    return this.#queuedBytes < QUEUE_BYTES_MAX && this.#pending.length < LAG_ENTRIES_MAX
  }

  /** Makes sure that there is room on the disk ahead of need; throws when there is none. */
  async reserve(): Promise<void> {
    try {
      await this.#journal.reserve()
    } catch (error) {
      if (isFatal(error)) this.#stop(error)
      throw error
    }
  }

  /** Logs some items, one after the other. Answers the first one's index when all are on the disk. */
  append(items: readonly Item[]): Promise<number> {
    if (this.#stopped) return Promise.reject(this.#stopped)
    assert(items.every(isWithinBounds), 'an item is too long to be logged')
    if (!this.hasRoom) {
      return Promise.reject(new LogFailure('busy', 'the log is behind; try again'))
    }
    const bytes = items.reduce((sum, item) => sum + bytesOfItem(item), 0)
    return new Promise((resolve, reject) => {
      this.#queue.push({ items, bytes, resolve, reject })
      this.#queuedBytes += bytes
      this.#writing ??= this.#write()
    })
  }

  /** Writes what waits, as much at once as there is: the longer the disk takes, the more it gets at a time. */
  async #write(): Promise<void> {
    // Whoever asks in the same turn is written together: of a server, all whose requests have come by now.
    await new Promise(setImmediate)
    while (this.#queue.length > 0) {
      const group = this.#queue.shift() as Waiting
      try {
        const first = this.#journal.size
        const together = this.#takeBeside(group)
        await this.#writeItems(together.flatMap(({ items }) => items))
        let index = first
        for (const { items, resolve } of together) {
          resolve(index)
          index += items.length
        }
      } catch (error) {
        this.#refuse(group, error)
      }
    }
    this.#writing = undefined
  }

  #taken: readonly Waiting[] = []

  /** The groups that go to the disk with one that is first. */
  #takeBeside(group: Waiting): readonly Waiting[] {
    const taken = [group]
    let bytes = group.bytes
    while (this.#queue.length > 0 && bytes + at(this.#queue, 0).bytes <= BATCH_BYTES_MAX / 2) {
      const next = this.#queue.shift() as Waiting
      bytes += next.bytes
      taken.push(next)
    }
    this.#queuedBytes -= bytes
    this.#taken = taken
    return taken
  }

  async #writeItems(items: readonly Item[]): Promise<void> {
    for (let from = 0; from < items.length; ) {
      const first = this.#journal.size
      const frames: Frame[] = []
      let bytes = 0
      for (let i = from; i < items.length; i++) {
        const frame = frameOf(at(items, i), first + i - from)
        bytes += bytesOfFrame(frame)
        if (bytes > BATCH_BYTES_MAX / 2 && frames.length > 0) break
        frames.push(frame)
      }
      this.#assertHeld()
      const hasTakenReserve = await this.#journal.append(frames)
      // Made while that segment fills, since nobody should wait for it. Whoever needs it makes it again if this fails.
      if (hasTakenReserve) this.reserve().catch(() => undefined)
      // A sync that failed beside this one: nothing is acknowledged after it.
      if (this.#stopped) throw this.#stopped
      this.#pending.push(...frames.map(({ entry }) => entry))
      from += frames.length
    }
  }

  /** Tells those whose items were not written; after a failed sync, everybody from then on. */
  #refuse(group: Waiting, error: unknown): void {
    const refused = this.#taken.includes(group) ? this.#taken : [group]
    for (const { reject } of refused) reject(error)
    if (isFatal(error)) this.#stop(error)
    if (!this.#stopped) return
    for (const { reject } of this.#queue.splice(0)) reject(this.#stopped)
    this.#queuedBytes = 0
  }

  #stop(error: Error): void {
    this.#stopped ??= new LogFailure('stopped', `the log stopped: ${error.message}`, error)
  }

  #assertHeld(): void {
    if (this.#options.isHeld()) return
    throw new LogFailure('another-writer', 'another process has taken the lock of this log')
  }

  /**
   * Puts what is in the journal into tiles, signs a checkpoint and publishes it. One such is under way at a time; it
   * ends with what was there when it was last asked for, since under load there is always more.
   */
  integrate(): Promise<void> {
    return this.#alone(async () => {
      do {
        await this.#grow()
        await this.#publish()
      } while (this.#edge.size < this.#wanted)
    })
  }

  /** Does all of that but publish, for which witnesses may have to be waited for. */
  catchUp(): Promise<void> {
    return this.#alone(async () => {
      do await this.#grow()
      while (this.#edge.size < this.#wanted)
    })
  }

  /** Does what makes the tree grow, or waits for what makes it grow already. */
  #alone(act: () => Promise<void>): Promise<void> {
    this.#wanted = this.#edge.size + this.#pending.length
    this.#integrating ??= this.#orStop(act).finally(() => {
      this.#integrating = undefined
    })
    return this.#integrating
  }

  async #orStop(act: () => Promise<void>): Promise<void> {
    if (this.#stopped) throw this.#stopped
    try {
      await act()
    } catch (error) {
      if (isFatal(error)) this.#stop(error)
      throw error
    }
  }

  async #grow(): Promise<void> {
    const { files } = this.#options
    if (this.#signed === undefined) await this.#sign(this.#edge)
    if (this.#pending.length === 0) return
    const entries = this.#pending.slice(0, GROWTH_ENTRIES_MAX)
    const before = this.#edge
    const { edge, tiles } = grow(before, entries)
    await publishFiles(
      files,
      tiles.map(([tile, bytes]) => [printTile(tile), bytes]),
      this.#directories,
    )
    await this.#sign(edge)
    this.#edge = edge
    this.#pending.splice(0, entries.length)
    for (const [tile] of tiles) {
      if (tile.width === TILE_WIDTH) await files.remove(`${printTile(tile)}.p`)
    }
  }

  async #sign(edge: Edge): Promise<void> {
    const { files, origin, signers } = this.#options
    this.#assertHeld()
    const bytes = await files.read(SIGNED)
    const there = bytes && textOf(bytes)
    if (there !== this.#signed && (bytes === undefined || there !== this.#signing)) {
      throw new LogFailure('another-writer', 'another process has signed for this log')
    }
    // INVARIANT: a size is signed for once. A tree only grows, and what it grew by is in the journal for good.
    assert(this.#signed === undefined || edge.size > this.#edge.size, 'a size is signed for twice')
    const note = signNote(printCheckpoint({ origin, ...headOf(edge) }), ...signers())
    this.#signing = note
    await replaceFile(files, SIGNED, bytesOf(note))
    this.#signed = note
    this.#isPublished = false
  }

  async #publish(): Promise<void> {
    const { files, origin, cosign } = this.#options
    const head = headOf(this.#edge)
    const note = this.#signed
    if (note === undefined || this.#isPublished) return
    const cosigned = cosign ? await cosign(note, { origin, ...head }) : note
    if (cosigned === null) return
    await replaceFile(files, PUBLISHED, bytesOf(cosigned))
    this.#published = head
    this.#publishedNote = cosigned
    this.#isPublished = true
  }

  /** Writes what waits and ends. What was acknowledged is in tiles when this returns, unless the disk fails. */
  async close(): Promise<void> {
    await this.#writing
    try {
      await this.#integrating
      if (!this.#stopped) await this.integrate()
    } finally {
      this.#stopped ??= new LogFailure('closed', 'the log is closed')
      await this.#journal.close()
    }
  }
}

function isWithinBounds({ entryBytes, sidecar }: Item): boolean {
  return entryBytes <= ENTRY_BYTES_MAX && sidecar.length <= SIDECAR_BYTES_MAX
}

/** What an item takes in a batch: groups that fit into one together are written together, or not at all. */
function bytesOfItem({ entryBytes, sidecar }: Item): number {
  return FRAME_HEAD_BYTES + entryBytes + sidecar.length
}

function frameOf(item: Item, index: number): Frame {
  const entry = item.entry(index)
  assert(
    entry.length === item.entryBytes,
    `an entry of ${entry.length} bytes, not ${item.entryBytes}`,
  )
  return { entry, sidecar: item.sidecar }
}

function isFatal(error: unknown): error is Error {
  const fatal: readonly unknown[] = ['sync-failed', 'another-writer', 'rolled-back']
  return error instanceof LogFailure && fatal.includes(error.code)
}
