import { mkdirSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { textOf } from '../bytes.ts'
import type { Digest } from '../digest.ts'
import type { Instant } from '../time.ts'
import { type AnchoredLog, printAnchor } from './anchor.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { cosignerOf } from './cosigner.ts'
import { DecisionLog, permitsIn, type Recorded } from './decision-log.ts'
import { diskFiles } from './disk-files.ts'
import { LogFailure } from './failure.ts'
import { type Lock, lockDirectory } from './lock.ts'
import {
  decisionsFolder,
  decisionsOrigin,
  GOVERNANCE_FOLDER,
  governanceOrigin,
  type LogConfig,
  type LogDirectory,
  publicKeysOf,
  readLogDirectory,
  signingAt,
} from './log-directory.ts'
import { lastAnchorOf, type ReadFile } from './make-receipt.ts'
import { parseNote } from './note.ts'
import { type Publication, printPublication } from './publication.ts'
import { Repeating } from './repeating.ts'
import { PUBLISHED, Sequencer, type SequencerOptions } from './sequencer.ts'
import { signStatement } from './statement.ts'
import { parseTile } from './tile.ts'
import type { Trust } from './trust.ts'

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
const PUBLICATION_MS_MAX = 2_000

/** Below this many bytes left on the disk each customer may add only a little to what is there. */
const RESERVE_BYTES = 268_435_456

/** Most logs of earlier keys that are anchored on: they fit into an entry whatever the host is called. */
const EARLIER_LOGS_MAX = 15

export interface EvidenceOptions {
  readonly path: string
  readonly clock: () => Instant
  /** The digest of the bundle in use. */
  readonly bundle: () => Digest
  /** Who cosigns the governance log; undefined: nobody. */
  readonly witnesses?: { readonly trust: Trust; readonly isRequired: boolean }
  /** How long a segment of a journal is, in bytes. */
  readonly segmentBytes?: number
  /** Something did not work, and is tried again. */
  readonly onTrouble: (error: Error) => void
  /** Nothing can be written any more. */
  readonly onStopped: (error: Error) => void
}

interface Parts {
  readonly lock: Lock
  readonly directory: LogDirectory
  readonly sequencer: Sequencer
  readonly decisions: DecisionLog
  readonly governance: Sequencer
  /** Logs that this process wrote under earlier keys. */
  readonly earlier: readonly AnchoredLog[]
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

export class Evidence {
  readonly #options: EvidenceOptions
  readonly #parts: Parts
  readonly #repeating: readonly Repeating[]
  /** Why the last record could not be written. */
  #failure: Error | undefined
  /** What the governance log is to say of a bundle, and does not yet. */
  #unlogged: Publication | undefined
  /** Whether that bundle is in use all the same. */
  #isUnlogged = false
  #publishing: Promise<void> | undefined
  #isLow = false

  /** Opens the directory's logs and begins to keep them. Throws a `LogFailure` when they are not as they were left. */
  static async open(options: EvidenceOptions): Promise<Evidence> {
    const lock = await lockDirectory(options.path)
    try {
      return new Evidence(options, await open(options, lock))
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  private constructor(options: EvidenceOptions, parts: Parts) {
    this.#options = options
    this.#parts = parts
    const { sequencer } = parts
    const repeat = (ms: number, task: () => Promise<void>): Repeating =>
      new Repeating(ms, task, options.onTrouble)
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
    const { sequencer, governance } = this.#parts
    const stopped = sequencer.stopped ?? governance.stopped
    if (stopped) return stopped.message
    if (this.#isUnlogged) return 'the bundle in use is not in the governance log yet'
    return this.#failure?.message ?? null
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
    if (isDue && this.#failure === undefined) this.#logCounts().catch((error) => this.#fail(error))
  }

  #fail(error: Error): void {
    if (this.#failure === undefined) this.#options.onTrouble(error)
    this.#failure = error
  }

  async #logCounts(): Promise<void> {
    await this.#parts.decisions.logCounts(this.#options.clock(), this.#options.bundle())
  }

  /** Tries again what did not work, and looks at how much room is left. */
  async #look(): Promise<void> {
    const { sequencer } = this.#parts
    if (this.stopped) return this.#options.onStopped(this.stopped)
    try {
      const { bavail, bsize } = await statfs(this.#options.path)
      this.#isLow = bavail * bsize < RESERVE_BYTES
      await sequencer.reserve()
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
   */
  async publish(publication: Publication): Promise<void> {
    this.#unlogged = publication
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PUBLICATION_MS_MAX)
    })
    const logged = this.#publish().catch(this.#options.onTrouble)
    await Promise.race([logged, late])
    clearTimeout(timer)
    this.#isUnlogged = this.#unlogged === publication
  }

  /** Logs what is to be said of the bundle in use; what is under way is waited for first. */
  async #publish(): Promise<void> {
    await this.#publishing?.catch(() => undefined)
    const publication = this.#unlogged
    if (publication === undefined) return
    this.#publishing = this.#state(printPublication(publication))
    await this.#publishing
    if (this.#unlogged !== publication) return
    this.#unlogged = undefined
    this.#isUnlogged = false
    // Its entry is on the disk for good, so that nothing waits for tiles and witnesses.
    this.#parts.governance.integrate().catch(this.#options.onTrouble)
  }

  /** Puts the checkpoints of the decision logs into the governance log. */
  async anchor(): Promise<void> {
    const { directory, sequencer, decisions, earlier } = this.#parts
    await sequencer.integrate()
    const checkpoint = sequencer.signedNote
    if (checkpoint === undefined) return
    const { size } = sequencer.head
    const origin = decisionsOrigin(directory.config, directory.config.epoch)
    const own = { origin, checkpoint, entries: size, permits: decisions.permitsAt(size) }
    const logs = [...earlier, own]
    await this.#state(await printAnchor({ at: this.#options.clock(), logs }))
    await this.#parts.governance.integrate()
  }

  async #state(statement: Parameters<typeof signStatement>[0]): Promise<void> {
    const { directory, governance } = this.#parts
    const entry = signStatement(statement, signingAt(directory.statements, this.#options.clock()))
    await governance.append([
      { entryBytes: entry.length, sidecar: new Uint8Array(), entry: (): Uint8Array => entry },
    ])
  }

  /** A public file of one of the logs, which stand below `/log/`; undefined when there is none. */
  async read(folder: string, path: string): Promise<Uint8Array | undefined> {
    const { name, epoch } = this.#parts.directory.config
    const isOurs =
      folder === GOVERNANCE_FOLDER ||
      Array.from({ length: epoch }, (_, i) => decisionsFolder(name, i + 1)).includes(folder)
    const isPublic = path === PUBLISHED || parseTile(path) !== undefined
    return isOurs && isPublic
      ? await diskFiles(join(this.#options.path, folder)).read(path)
      : undefined
  }

  /** Logs what is left, anchors it, and ends. */
  async close(): Promise<void> {
    await Promise.all(this.#repeating.map((one) => one.end()))
    const { lock, sequencer, governance } = this.#parts
    try {
      if (this.stopped === undefined) {
        await this.#logCounts()
        await this.anchor()
      }
    } finally {
      await Promise.allSettled([sequencer.close(), governance.close()])
      await lock.release()
    }
  }
}

async function open(options: EvidenceOptions, lock: Lock): Promise<Parts> {
  const { path, clock, witnesses, onTrouble, segmentBytes } = options
  const directory = readLogDirectory(path)
  const { config } = directory
  const { logs } = publicKeysOf(path)
  const isHeld = (): boolean => lock.isHeld()
  const begin = (
    folder: string,
    origin: string,
    more: Pick<SequencerOptions, 'signers' | 'cosign'>,
  ): Promise<Sequencer> => {
    mkdirSync(join(path, folder), { recursive: true, mode: 0o700 })
    const files = diskFiles(join(path, folder))
    const verifiers = logs.filter(({ name }) => name === origin)
    const length = segmentBytes === undefined ? {} : { segmentBytes }
    return Sequencer.open({ files, origin, verifiers, isHeld, ...length, ...more })
  }
  const { name, epoch } = config
  const folder = decisionsFolder(name, epoch)
  const sequencer = await begin(folder, decisionsOrigin(config, epoch), {
    signers: () => [directory.decisions],
  })
  const { read } = diskFiles(join(path, GOVERNANCE_FOLDER))
  const cosign = witnesses ? cosignerOf({ ...witnesses, read, onTrouble }) : undefined
  const governance = await begin(GOVERNANCE_FOLDER, governanceOrigin(config), {
    signers: () => signingAt(directory.governance, clock()),
    ...(cosign ? { cosign } : {}),
  })
  // Asked before anything is signed: a witness that has seen more tells of an older copy.
  const { signedNote, head } = governance
  if (signedNote !== undefined) {
    await cosign?.(signedNote, { origin: governanceOrigin(config), ...head })
  }
  await sequencer.integrate()
  await refuseOlder({ sequencer, governance, read, config })
  // Not waited for: a witness may take long to cosign.
  governance.integrate().catch(onTrouble)
  const files = diskFiles(join(path, folder))
  const { pseudonymKey } = directory
  const decisions = await DecisionLog.open({ files, sequencer, name, epoch, pseudonymKey })
  return {
    lock,
    directory,
    sequencer,
    decisions,
    governance,
    earlier: await earlierLogs(directory),
  }
}

/**
 * Refuses a decision log that has fewer entries than the governance log tells of: to go on from there would sign
 * another history under the same name.
 */
async function refuseOlder({
  sequencer,
  governance,
  read,
  config,
}: {
  readonly sequencer: Sequencer
  readonly governance: Sequencer
  readonly read: ReadFile
  readonly config: LogConfig
}): Promise<void> {
  const origin = decisionsOrigin(config, config.epoch)
  const log = { origin: governanceOrigin(config), read }
  const anchor = await lastAnchorOf(log, origin, governance.head.size)
  if (!anchor.ok) throw new LogFailure('corrupt-log', anchor.error.message)
  const anchored = anchor.value?.size ?? 0
  if (anchored <= sequencer.size) return
  throw new LogFailure(
    'rolled-back',
    `${origin} had ${anchored} entries when it was anchored, and ${sequencer.size} are here: this is an older copy; bring back the newest, or begin a new log`,
  )
}

/** The last checkpoints of the logs that this process wrote under earlier keys, which never change again. */
async function earlierLogs({ path, config }: LogDirectory): Promise<readonly AnchoredLog[]> {
  const logs: AnchoredLog[] = []
  for (let epoch = Math.max(1, config.epoch - EARLIER_LOGS_MAX); epoch < config.epoch; epoch++) {
    const files = diskFiles(join(path, decisionsFolder(config.name, epoch)))
    const bytes = await files.read(PUBLISHED)
    const checkpoint = bytes && textOf(bytes)
    const note = checkpoint === undefined ? undefined : parseNote(checkpoint)
    const head = note?.ok ? parseCheckpoint(note.value.text) : undefined
    if (checkpoint === undefined || !head?.ok) continue
    const { origin, size: entries } = head.value
    logs.push({ origin, checkpoint, entries, permits: await permitsIn(files, entries) })
  }
  return logs
}
