import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesOf, textOf } from '../bytes.ts'
import type { Digest } from '../digest.ts'
import type { Instant } from '../time.ts'
import { printAnchor } from './anchor.ts'
import type { TreeHead } from './checkpoint.ts'
import type { Recorded } from './decision-log.ts'
import { diskFiles } from './disk-files.ts'
import { LogFailure } from './failure.ts'
import { replaceFile } from './files.ts'
import { lockDirectory } from './lock.ts'
import {
  decisionsFolder,
  decisionsOrigin,
  GOVERNANCE_FOLDER,
  governanceOrigin,
  type LogDirectory,
  signingAt,
} from './log-directory.ts'
import { type OpenLogs, type OpenLogsOptions, openLogs } from './open-logs.ts'
import {
  type LastTaken,
  type Publication,
  parseLastTaken,
  printLastTaken,
  printPublication,
} from './publication.ts'
import { LogReader } from './reader.ts'
import { Repeating } from './repeating.ts'
import { PUBLISHED } from './shown-head.ts'
import { signStatement } from './statement.ts'
import { parseTile } from './tile.ts'
import type { TlogProof } from './tlog-proof.ts'

// A server's evidence: the decision log that it writes, the governance log, and what goes from one to the other.

/** How often what is in the journal goes into tiles, in milliseconds. */
const INTEGRATE_MS = 250

/** How often the decision logs' checkpoints go into the governance log, in milliseconds. */
const ANCHOR_MS = 10_000

/** How often counts of plain permits are logged, in milliseconds. */
const COUNTS_MS = 60_000

/** How often the disk's room is looked at, and a log tried that could not be written, in milliseconds. */
const LOOK_MS = 1_000

/** Longest that a change of the bundle waits for its entry in the governance log, in milliseconds. */
const PUBLICATION_MS_MAX = 1_000

/** Most bundles that are taken and not in the governance log; of more the first are left out. */
const UNLOGGED_MAX = 1_000

/** Below this many bytes left on the disk each customer may add only a little to what is there. */
const RESERVE_BYTES = 268_435_456

/** Where it stands which documents were taken last. */
const LAST_TAKEN = 'taken'

type Statement = Parameters<typeof signStatement>[0]

const NO_SIDECAR = new Uint8Array()

export interface EvidenceOptions extends OpenLogsOptions {
  /** The digest of the bundle in use. */
  readonly bundle: () => Digest
  /** Nothing can be written any more. */
  readonly onStopped: (error: Error) => void
}

/** What a probe is told. */
export interface EvidenceStatus {
  /** Why exceptions have stopped; null: they go on. */
  readonly unavailable: string | null
  /** Where the decision log stands below `/log/`. */
  readonly decisions: string
  readonly size: number
  readonly published: number
  /** The governance log's size, as everybody may see it. */
  readonly governance: number
}

/** What the governance log is to say of a bundle, and what is kept of it. */
interface Taken {
  readonly publication: Publication
  readonly issuedAt: Instant
  /** Whether the log has said already that this bundle is taken. */
  readonly isSaid: boolean
}

/** An entry of a log, and what shows that it is there. */
export interface ShownEntry {
  readonly entry: Uint8Array
  readonly proof: TlogProof
}

export class Evidence {
  readonly #options: EvidenceOptions
  readonly #parts: OpenLogs
  readonly #repeating: readonly Repeating[]
  /** Why the last record could not be written. */
  #failure: Error | undefined
  /** What the governance log is to say of bundles, in their order, and does not yet. */
  readonly #unlogged: Taken[] = []
  /** Whether one of them is in use all the same. */
  #isUnlogged = false
  #publishing: Promise<void> = Promise.resolve()
  #isLow = false
  #anchoredAt: Instant

  /** Opens the directory's logs and begins to keep them. Throws a `LogFailure` when they are not as they were left. */
  static async open(options: EvidenceOptions): Promise<Evidence> {
    const lock = await lockDirectory(options.path)
    try {
      return new Evidence(options, await openLogs(options, lock))
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  private constructor(options: EvidenceOptions, parts: OpenLogs) {
    this.#options = options
    this.#parts = parts
    this.#anchoredAt = parts.anchoredAt
    const { sequencer } = parts
    const repeat = (ms: number, task: () => Promise<void>): Repeating =>
      new Repeating(ms, task, (error) => this.#trouble(error))
    this.#repeating = [
      repeat(INTEGRATE_MS, () => sequencer.integrate()),
      repeat(ANCHOR_MS, () => this.anchor()),
      repeat(COUNTS_MS, () => this.#logCounts()),
      repeat(LOOK_MS, () => this.#look()),
    ]
  }

  get directory(): LogDirectory {
    return this.#parts.directory
  }

  /** Why exceptions have to stop; null while records of them can be written. */
  get unavailable(): string | null {
    if (this.stopped) return 'the log stopped'
    if (this.#isUnlogged) return 'the bundle in use is not in the governance log yet'
    return this.#failure ? publicReasonOf(this.#failure) : null
  }

  /** Why nothing can be written any more; undefined while it can. */
  get stopped(): Error | undefined {
    return this.#parts.sequencer.stopped ?? this.#parts.governance.stopped
  }

  /** Whether more records can be taken now. */
  get hasRoom(): boolean {
    return this.#parts.sequencer.hasRoom
  }

  /** Whether the disk is nearly full, so that what one customer adds has to be held down. */
  get isLow(): boolean {
    return this.#isLow
  }

  /** When the last anchor was made; 0 before there is one. */
  get anchoredAt(): Instant {
    return this.#anchoredAt
  }

  get status(): EvidenceStatus {
    const { directory, sequencer, governance } = this.#parts
    const { name, epoch } = directory.config
    return {
      unavailable: this.unavailable,
      decisions: decisionsFolder(name, epoch),
      size: sequencer.size,
      published: sequencer.published.size,
      governance: governance.published.size,
    }
  }

  /** Logs decisions; answers their records' ids once they are on the disk, and throws when they are not. */
  async record(all: readonly Recorded[]): Promise<readonly string[]> {
    const { unavailable } = this
    if (unavailable !== null) throw new LogFailure('stopped', unavailable)
    try {
      return await this.#parts.decisions.record(all)
    } catch (error) {
      if ((error as LogFailure).code !== 'busy') this.#fail(error as Error)
      throw error
    }
  }

  /** Counts a plain permit. */
  count(request: Recorded['request'], at: Instant): void {
    const isDue = this.#parts.decisions.count(request, at)
    // While there is little room they wait for their minute: what waits is bounded, and what they took would not be.
    if (isDue && this.#failure === undefined && !this.#isLow)
      this.#logCounts().catch((error) => this.#fail(error))
  }

  #fail(error: Error): void {
    if (this.#failure === undefined) this.#trouble(error)
    this.#failure = error
  }

  /** Tells of what did not work, and of the end when it was the disk: then nothing is tried again. */
  #trouble(error: Error): void {
    this.#options.onTrouble(error)
    const isSync = (error as Partial<LogFailure>).code === 'sync-failed'
    const stopped = this.stopped ?? (isSync ? error : undefined)
    if (stopped) this.#options.onStopped(stopped)
  }

  async #logCounts(): Promise<void> {
    await this.#parts.decisions.logCounts(this.#options.clock(), this.#options.bundle())
  }

  /** Tries again what did not work, and looks at how much room is left. */
  async #look(): Promise<void> {
    const { sequencer, governance } = this.#parts
    if (this.stopped) return
    try {
      const { bavail, bsize } = await statfs(this.#options.path)
      this.#isLow = bavail * bsize < RESERVE_BYTES
      await sequencer.reserve()
      await governance.reserve()
      this.#failure = undefined
    } catch (error) {
      // What is in reserve already goes on to be written.
      this.#isLow = true
      throw error
    }
    await this.#publish()
  }

  /**
   * Logs that a bundle is taken, before it is. When that cannot be done in time the bundle is taken all the same, since
   * it may take away what the last one grants; exceptions then stop until it is logged (semantics §13.1).
   * `issuedAt` is when its lease was issued; 0 when it has none.
   */
  publish(publication: Publication, issuedAt: Instant = 0): Promise<void> {
    return this.#say({ publication, issuedAt, isSaid: false })
  }

  /** Keeps that the bundle in use has come to have another serial. */
  keepSerial(publication: Publication, issuedAt: Instant): Promise<void> {
    return this.#say({ publication, issuedAt, isSaid: true })
  }

  async #say(taken: Taken): Promise<void> {
    this.#unlogged.push(taken)
    if (this.#unlogged.length > UNLOGGED_MAX) this.#unlogged.shift()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PUBLICATION_MS_MAX)
    })
    const logged = this.#publish().catch((error) => this.#trouble(error))
    await Promise.race([logged, late])
    clearTimeout(timer)
    this.#isUnlogged = this.#unlogged.includes(taken)
  }

  /** Logs what is to be said of bundles, once what is under way of that has ended. */
  #publish(): Promise<void> {
    const before = this.#publishing.catch(() => undefined)
    this.#publishing = before.then(() => this.#publishNow())
    return this.#publishing
  }

  async #publishNow(): Promise<void> {
    for (let next = this.#unlogged[0]; next; next = this.#unlogged[0]) {
      await this.#keepTaken(next)
      if (!next.isSaid) await this.state([printPublication(next.publication)])
      if (this.#unlogged[0] === next) this.#unlogged.shift()
    }
    this.#isUnlogged = false
  }

  async #keepTaken({ publication: { publisher, serial }, issuedAt }: Taken): Promise<void> {
    if (publisher === null) return
    const text = printLastTaken({ publisher, serial, issuedAt })
    await replaceFile(diskFiles(this.#options.path), LAST_TAKEN, bytesOf(text))
  }

  /** Which documents of a publisher were taken last, whenever that was; undefined when none were. */
  async lastTakenOf(publisher: string): Promise<LastTaken | undefined> {
    const bytes = await diskFiles(this.#options.path).read(LAST_TAKEN)
    if (bytes === undefined) return undefined
    const last = parseLastTaken(textOf(bytes) ?? '')
    if (last) return last.publisher === publisher ? last : undefined
    const message = `${join(this.#options.path, LAST_TAKEN)} is damaged; bring it back from a copy`
    throw new LogFailure('malformed-log-directory', message)
  }

  /** Puts the checkpoints of the decision logs into the governance log. */
  async anchor(): Promise<void> {
    const { directory, sequencer, decisions, earlier } = this.#parts
    await sequencer.integrate()
    const { publishedNote: checkpoint, published } = sequencer
    if (checkpoint === undefined) return
    const { size } = published
    const origin = decisionsOrigin(directory.config, directory.config.epoch)
    const own = { origin, checkpoint, entries: size, permits: decisions.permitsAt(size) }
    const logs = [...earlier, own]
    // A clock that is set back does not set back the order of anchors.
    this.#anchoredAt = Math.max(this.#options.clock(), this.#anchoredAt + 1)
    await this.state([await printAnchor({ at: this.#anchoredAt, logs })])
  }

  /** Puts statements into the governance log, one after the other; answers the first one's index once they are on the disk. */
  async state(statements: readonly Statement[]): Promise<number> {
    const { directory, governance } = this.#parts
    const signers = signingAt(directory.statements, this.#options.clock())
    const items = statements.map((statement) => {
      const entry = signStatement(statement, signers)
      return { entryBytes: entry.length, sidecar: NO_SIDECAR, entry: (): Uint8Array => entry }
    })
    const first = await governance.append(items)
    // They are in the log now. Who waits for that need not wait for tiles and witnesses.
    this.#integrateGovernance().catch((error) => this.#trouble(error))
    return first
  }

  /** Makes all that is in the governance log known, as far as witnesses let it; answers how many entries are. */
  async makeKnown(): Promise<number> {
    await this.#integrateGovernance()
    return this.#parts.governance.published.size
  }

  /** Reads the governance log as it was signed last. */
  governanceReader(): Promise<LogReader> {
    return this.#readerOf(this.#parts.governance.head)
  }

  /** An entry of the governance log, and the proof that everybody may see it; undefined while not everybody may. */
  async shownEntry(index: number): Promise<ShownEntry | undefined> {
    const { published, publishedNote: checkpoint } = this.#parts.governance
    if (checkpoint === undefined || index >= published.size) return undefined
    const reader = await this.#readerOf(published)
    const path = await reader.inclusionProof(index)
    for await (const { entry } of reader.entries(index, index + 1)) {
      return { entry, proof: { index, path, checkpoint } }
    }
    return undefined
  }

  async #readerOf(head: TreeHead): Promise<LogReader> {
    const { read } = diskFiles(join(this.#options.path, GOVERNANCE_FOLDER))
    const log = { origin: governanceOrigin(this.directory.config), keys: [] }
    const reader = new LogReader({ source: { read }, log, trust: null })
    await reader.follow({ ...head, note: '' })
    return reader
  }

  async #integrateGovernance(): Promise<void> {
    const { governance } = this.#parts
    do await governance.integrate()
    while (governance.head.size < governance.size)
  }

  /** A public file of one of the logs, which stand below `/log/`; undefined when there is none. */
  async read(folder: string, path: string): Promise<Uint8Array | undefined> {
    const sequencer = this.#parts.logs.get(folder)
    const isPublic = path === PUBLISHED || parseTile(path) !== undefined
    if (sequencer === undefined || !isPublic) return undefined
    // Read from the disk, it might be one that is not there for good yet.
    if (sequencer !== null && path === PUBLISHED) {
      const { publishedNote } = sequencer
      return publishedNote === undefined ? undefined : bytesOf(publishedNote)
    }
    return await diskFiles(join(this.#options.path, folder)).read(path)
  }

  /** Logs what is left, anchors it, and ends. */
  async close(): Promise<void> {
    await Promise.all(this.#repeating.map((one) => one.end()))
    const { lock, sequencer, governance } = this.#parts
    try {
      if (this.stopped === undefined) {
        await this.#logCounts()
        await this.anchor()
        await this.#integrateGovernance()
      }
    } finally {
      const closed = await Promise.allSettled([sequencer.close(), governance.close()])
      await lock.release()
      for (const one of closed) if (one.status === 'rejected') this.#options.onTrouble(one.reason)
    }
  }
}

/** What everybody may be told of a failure: what kind it was, and not on which path. */
function publicReasonOf({ message }: Error): string {
  return /^[A-Z]+: [^,]+/.exec(message)?.[0] ?? 'records cannot be written'
}
