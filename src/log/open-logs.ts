import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { textOf } from '../bytes.ts'
import type { Instant } from '../time.ts'
import type { AnchoredLog } from './anchor.ts'
import { anchorsBack } from './anchors.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { cosignerOf } from './cosigner.ts'
import { DecisionLog, permitsIn } from './decision-log.ts'
import { diskFiles } from './disk-files.ts'
import { LogFailure } from './failure.ts'
import type { Lock } from './lock.ts'
import {
  decisionsFolder,
  decisionsOrigin,
  GOVERNANCE_FOLDER,
  governanceOrigin,
  type LogDirectory,
  publicKeysOf,
  readLogDirectory,
  signingAt,
} from './log-directory.ts'
import { parseNote } from './note.ts'
import { LogReader } from './reader.ts'
import { Sequencer, type SequencerOptions } from './sequencer.ts'
import { PUBLISHED } from './shown-head.ts'
import type { LogSource } from './source.ts'
import type { Trust } from './trust.ts'

/** Most logs of earlier keys that are anchored on: they fit into an entry whatever the host is called. */
const EARLIER_LOGS_MAX = 15

export interface OpenLogsOptions {
  /** The directory of logs. */
  readonly path: string
  readonly clock: () => Instant
  /** Who cosigns the governance log; undefined: nobody. */
  readonly witnesses?: { readonly trust: Trust; readonly isRequired: boolean }
  /** How long a segment of a journal is, in bytes. */
  readonly segmentBytes?: number
  /** Something did not work, and is tried again. */
  readonly onTrouble: (error: Error) => void
}

/** The logs of a directory, ready to be written. */
export interface OpenLogs {
  readonly lock: Lock
  readonly directory: LogDirectory
  readonly sequencer: Sequencer
  readonly decisions: DecisionLog
  readonly governance: Sequencer
  /** Logs that this process wrote under earlier keys. */
  readonly earlier: readonly AnchoredLog[]
  /** All logs by folder, with who writes them; null: nobody does any more. */
  readonly logs: ReadonlyMap<string, Sequencer | null>
  /** When the last anchor was made; 0 when none was. */
  readonly anchoredAt: Instant
}

/** Opens the logs of a directory whose lock is held. Throws a `LogFailure` when they are not as they were left. */
export async function openLogs(options: OpenLogsOptions, lock: Lock): Promise<OpenLogs> {
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
  const governance = await begin(GOVERNANCE_FOLDER, governanceOrigin(config), {
    signers: () => signingAt(directory.governance, clock()),
    ...(witnesses ? { cosign: cosignerOf({ ...witnesses, read, onTrouble }) } : {}),
  })
  await sequencer.integrate()
  await governance.catchUp()
  const files = diskFiles(join(path, folder))
  const { pseudonymKey } = directory
  const decisions = await DecisionLog.open({ files, sequencer, name, epoch, pseudonymKey })
  const old = Array.from({ length: epoch - 1 }, (_, i) => decisionsFolder(name, i + 1))
  const folders = new Map<string, Sequencer | null>(old.map((one) => [one, null]))
  folders.set(folder, sequencer).set(GOVERNANCE_FOLDER, governance)
  const earlier = await earlierLogs(directory)
  const origin = decisionsOrigin(config, epoch)
  const anchoredAt = await anchoredBefore(governance, sequencer, { read, origin })
  // Not waited for: a witness may take long to cosign.
  governance.integrate().catch(onTrouble)
  return { lock, directory, sequencer, decisions, governance, earlier, logs: folders, anchoredAt }
}

/**
 * When the last anchor was made, whatever the clock says now; 0 when none was. Throws when it tells of more entries than
 * the decision log has: to go on from there would sign another history under the same name.
 */
async function anchoredBefore(
  governance: Sequencer,
  decisions: Sequencer,
  { read, origin }: { readonly read: LogSource['read']; readonly origin: string },
): Promise<Instant> {
  if (governance.head.size === 0) return 0
  const log = { origin: '', keys: [] }
  const reader = new LogReader({ source: { read }, log, trust: null })
  await reader.follow({ ...governance.head, note: '' })
  let last: Instant | undefined
  for await (const { anchor } of anchorsBack(reader)) {
    last ??= anchor.at
    const row = anchor.logs.find((one) => one.origin === origin)
    if (!row) continue
    if (row.entries > decisions.size) throw olderThan(row, decisions.size)
    break
  }
  return last ?? 0
}

function olderThan({ origin, entries }: AnchoredLog, size: number): LogFailure {
  const message = `${origin} had ${entries} entries when it was anchored, and ${size} are here: this is an older copy; bring back the newest, or begin a new log`
  return new LogFailure('rolled-back', message)
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
