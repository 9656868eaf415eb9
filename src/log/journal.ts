import { randomBytes } from 'node:crypto'
import { assert, at } from '../assert.ts'
import { LogFailure } from './failure.ts'
import { closing, type LogFile, type LogFiles, makeDirectories, synced, writeAll } from './files.ts'
import {
  type Batch,
  bytesOfBatch,
  type FoundFrame,
  type Frame,
  hasBatchAfter,
  NONCE_BYTES,
  nonceOf,
  parseBatch,
  printBatch,
  printSegmentHead,
  SEGMENT_HEAD_BYTES,
  SHREDDED_BYTE,
} from './journal-batch.ts'

// The journal of a log: every entry is here, on the disk, before anybody is told that it is in the log. Room is
// taken ahead of need, one segment beyond the one in use, so that a full disk is known of before it matters.

const DIRECTORY = 'journal'
const NEXT = `${DIRECTORY}/next`

/** Length of a segment when nothing else is said, in bytes. */
export const SEGMENT_BYTES = 8_388_608

/** Longest that one entry with its sidecar may be, in bytes, and most that is written at once. */
export const BATCH_BYTES_MAX = 2_097_152

/** How much of a new segment is written at once, in bytes. */
const ZEROS_BYTES = 1_048_576

export interface Segment {
  readonly first: number
  readonly path: string
}

/** Where the next batch goes. */
interface Place {
  readonly file: LogFile
  readonly nonce: Buffer
  at: number
}

export interface JournalOptions {
  readonly files: LogFiles
  readonly segmentBytes: number
  /** How many entries were signed for: those are whole, whatever else is torn. */
  readonly signedSize: number
}

export interface OpenJournal {
  readonly journal: Journal
  /** The entries beyond those that were signed for. */
  readonly entries: readonly Uint8Array[]
}

export class Journal {
  readonly #options: JournalOptions
  #place: Place | undefined
  /** The segment in reserve; undefined while there is none. */
  #reserve: Promise<void> | undefined
  #size: number

  /** Opens a journal, and makes one where there is none. Throws `LogFailure` for one that is damaged. */
  static async open(options: JournalOptions): Promise<OpenJournal> {
    const { files, signedSize } = options
    await makeDirectories(files, DIRECTORY)
    // A process that was killed may have left names that are seen and are not on the disk.
    await synced(files.syncDirectory(DIRECTORY))
    const segments = await segmentsOf(files)
    const entries: Uint8Array[] = []
    let place: Place | undefined
    const firstNeeded = segments.findLastIndex(({ first }) => first <= signedSize)
    let size = segments[Math.max(0, firstNeeded)]?.first ?? 0
    if (size > signedSize) throw lost(signedSize)
    for (const [i, segment] of segments.entries()) {
      if (i < firstNeeded) continue
      const found = await readSegment(options, segment, segments[i + 1]?.first)
      for (const { entry } of found.frames) if (size++ >= signedSize) entries.push(entry)
      const file = await files.open(segment.path, 'existing')
      await place?.file.close()
      place = { file, nonce: found.nonce, at: found.end }
      if (size > signedSize) await writeAgain(place, found)
    }
    if (size < signedSize) throw lost(signedSize)
    return { journal: new Journal(options, place, size), entries }
  }

  private constructor(options: JournalOptions, place: Place | undefined, size: number) {
    this.#options = options
    this.#place = place
    this.#size = size
  }

  /** How many entries are in it. */
  get size(): number {
    return this.#size
  }

  /**
   * Writes entries after those that are there. They are on the disk when this returns; when it throws they are not in
   * the journal, and the next ones take their place. Answers whether they took the segment in reserve.
   */
  async append(frames: readonly Frame[]): Promise<boolean> {
    const bytes = bytesOfBatch(frames)
    assert(bytes <= BATCH_BYTES_MAX, `a batch of ${bytes} bytes`)
    const before = this.#place
    const place = await this.#placeFor(bytes)
    await writeAll(place.file, printBatch(place.nonce, this.#size, frames), place.at)
    await synced(place.file.sync())
    place.at += bytes
    this.#size += frames.length
    return place !== before
  }

  /** Makes sure that there is a segment beyond the one in use; throws when there is no room for it. */
  async reserve(): Promise<void> {
    this.#reserve ??= reserveSegment(this.#options)
    try {
      await this.#reserve
    } catch (error) {
      // A disk that did not take something is not asked again.
      if ((error as LogFailure).code !== 'sync-failed') this.#reserve = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#reserve?.catch(() => undefined)
    await this.#place?.file.close()
  }

  async #placeFor(bytes: number): Promise<Place> {
    const { files, segmentBytes } = this.#options
    if (this.#place && this.#place.at + bytes <= segmentBytes) return this.#place
    await this.reserve()
    const path = pathOf(this.#size)
    const before = this.#place
    // INVARIANT: once there may be a segment for the next entry, no entry goes into one before it, where nobody would
    // look for it. When a call below fails, the next append makes the segment anew.
    this.#place = undefined
    this.#reserve = undefined
    await before?.file.close()
    // One of that name holds nothing that anybody was told of.
    await files.rename(NEXT, path)
    await synced(files.syncDirectory(DIRECTORY))
    const file = await files.open(path, 'existing')
    const nonce = nonceOf(Buffer.from(await file.read(0, SEGMENT_HEAD_BYTES)))
    assert(nonce !== undefined, 'a segment in reserve has no beginning')
    this.#place = { file, nonce, at: SEGMENT_HEAD_BYTES }
    return this.#place
  }
}

function lost(signedSize: number): LogFailure {
  const message = `the log has signed for ${signedSize} entries and its journal ends before that; bring back the journal, or begin a new log`
  return new LogFailure('corrupt-journal', message)
}

function pathOf(first: number): string {
  return `${DIRECTORY}/${String(first).padStart(16, '0')}.segment`
}

/** The segments of a journal, in order. */
export async function segmentsOf(files: LogFiles): Promise<readonly Segment[]> {
  const names = await files.list(DIRECTORY)
  return names
    .flatMap((name) => {
      const [, first] = /^(\d{16})\.segment$/.exec(name) ?? []
      return first === undefined ? [] : [{ first: Number(first), path: `${DIRECTORY}/${name}` }]
    })
    .sort((a, b) => a.first - b.first)
}

/** Writes zeros to the end of a segment, so that appending later takes no room and changes no length. */
async function reserveSegment({ files, segmentBytes }: JournalOptions): Promise<void> {
  const part = `${NEXT}.part`
  await files.remove(part)
  const file = await files.open(part, 'create')
  await closing(file, async () => {
    const zeros = new Uint8Array(ZEROS_BYTES)
    await writeAll(file, printSegmentHead(randomBytes(NONCE_BYTES)), 0)
    for (let at = SEGMENT_HEAD_BYTES; at < segmentBytes; at += ZEROS_BYTES) {
      await writeAll(file, zeros.subarray(0, Math.min(ZEROS_BYTES, segmentBytes - at)), at)
    }
    await synced(file.sync())
  })
  await files.rename(part, NEXT)
  await synced(files.syncDirectory(DIRECTORY))
}

export interface FoundSegment {
  readonly nonce: Buffer
  readonly frames: readonly FoundFrame[]
  readonly end: number
  /** Bytes that hold all batches. */
  readonly batches: Uint8Array
}

/**
 * Puts what was found in a segment on the disk. A process that was killed may have left it unsynced, and after a sync
 * that failed the system may take it for written; so it is written once more, which changes no byte.
 */
async function writeAgain({ file }: Place, { batches }: FoundSegment): Promise<void> {
  await writeAll(file, batches, SEGMENT_HEAD_BYTES)
  await synced(file.sync())
}

/**
 * All entries of a segment, up to the first of the segment after it. The last one may end in a batch that was torn,
 * of which nobody was told; anything else that is not as it was written throws.
 */
export async function readSegment(
  options: Pick<JournalOptions, 'files' | 'signedSize'>,
  { first, path }: Segment,
  nextFirst: number | undefined,
): Promise<FoundSegment> {
  const bytes = await options.files.read(path)
  const segment = bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const nonce = segment && nonceOf(segment)
  if (!nonce) throw corrupt(path, 0)
  const frames: FoundFrame[] = []
  let end = SEGMENT_HEAD_BYTES
  while (first + frames.length < (nextFirst ?? Infinity)) {
    const batch = parseBatch(segment, nonce, end)
    if (!batch || isTorn(batch, options.signedSize)) {
      if (nextFirst === undefined && !hasBatchAfter(segment, nonce, end + 1)) break
      throw corrupt(path, end)
    }
    if (batch.first !== first + frames.length) throw corrupt(path, end)
    frames.push(...batch.frames)
    end = batch.end
  }
  const batches = segment.subarray(SEGMENT_HEAD_BYTES, end)
  return { nonce, frames: frames.slice(0, (nextFirst ?? Infinity) - first), end, batches }
}

/** Whether not all of a batch came to the disk. What was signed for once has: its sidecars may be shredded since. */
function isTorn({ first, frames }: Batch, signedSize: number): boolean {
  return first >= signedSize && frames.some(({ state }) => state !== 'whole')
}

function corrupt(path: string, at: number): LogFailure {
  const message = `${path} is damaged at byte ${at}, before entries that were acknowledged; bring it back from a copy, or begin a new log`
  return new LogFailure('corrupt-journal', message)
}

/** The sidecars of entries from an index on, in order, segment by segment. */
export async function* sidecarsFrom(
  files: LogFiles,
  index: number,
): AsyncGenerator<{ readonly index: number; readonly frame: FoundFrame }> {
  const segments = await segmentsOf(files)
  const begin = Math.max(
    0,
    segments.findLastIndex(({ first }) => first <= index),
  )
  for (let i = begin; i < segments.length; i++) {
    const segment = at(segments, i)
    const { frames } = await readSegment(
      { files, signedSize: Infinity },
      segment,
      segments[i + 1]?.first,
    )
    for (const [n, frame] of frames.entries()) {
      if (segment.first + n >= index) yield { index: segment.first + n, frame }
    }
  }
}

/** Destroys what belongs to an entry and leaves the entry. It is gone from the disk when this returns. */
export async function shredSidecar(files: LogFiles, index: number): Promise<void> {
  const segment = (await segmentsOf(files)).findLast(({ first }) => first <= index)
  const next = sidecarsFrom(files, index)
  const found = (await next.next()).value
  await next.return(undefined)
  if (!segment || found?.index !== index) {
    throw new LogFailure('no-such-entry', `there is no entry ${index} in the journal`)
  }
  const { sidecarAt, sidecar } = found.frame
  const file = await files.open(segment.path, 'existing')
  await closing(file, async () => {
    await writeAll(file, new Uint8Array(sidecar.length).fill(SHREDDED_BYTE), sidecarAt)
    await synced(file.sync())
  })
}
