import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseWholeNumber } from '../bytes.ts'
import { diskFiles } from '../log/disk-files.ts'
import { FaultyLog } from '../log/fault.ts'
import type { LogFiles } from '../log/files.ts'
import {
  decisionsFolder,
  decisionsOrigin,
  GOVERNANCE_FOLDER,
  governanceOrigin,
  type LogConfig,
  publicKeysOf,
  readLogConfig,
} from '../log/log-directory.ts'
import type { ReceiptLogs } from '../log/make-receipt.ts'
import { LogReader } from '../log/reader.ts'
import { PUBLISHED } from '../log/shown-head.ts'
import type { Arguments } from './command.ts'
import { UsageError } from './usage-error.ts'

/** A decision log of a directory, and the governance log. */
export interface DecisionPlace {
  readonly path: string
  /** The files of the decision log. */
  readonly files: LogFiles
  /** Readers that have read nothing yet. */
  readonly readers: () => ReceiptLogs
}

/** An entry of one. */
export interface RecordPlace extends DecisionPlace {
  /** Null: the last record. */
  readonly index: number | null
}

export function logDirectoryOf(args: Arguments): string {
  const path = args.text('log')
  if (path === undefined) throw new UsageError('say in which directory of logs: --log DIR')
  return path
}

/** Reads the id of a record, `<name>-<epoch>/<index>`, or `latest`. */
export function recordPlaceOf(args: Arguments, record: string): RecordPlace {
  const path = logDirectoryOf(args)
  const config = readLogConfig(path)
  const [, name, epochText = '', indexText = ''] = /^(.+)-(\d+)\/(\d+)$/.exec(record) ?? []
  const isLatest = record === 'latest'
  const epoch = isLatest ? newestEpoch(path, config) : parseWholeNumber(epochText)
  const index = isLatest ? null : parseWholeNumber(indexText)
  if (index === undefined || epoch === undefined || (!isLatest && name !== config.name)) {
    throw new UsageError(
      `\`${record}\` is no record of ${path}; say \`${config.name}-${config.epoch}/0\`, as answers do, or \`latest\``,
    )
  }
  return { ...decisionPlaceOf(path, config, epoch), index }
}

/** The newest decision log that has begun: a new key makes one that begins when the server does. */
export function newestEpoch(path: string, { name, epoch }: LogConfig): number {
  for (let newest = epoch; newest > 1; newest--) {
    if (existsSync(join(path, decisionsFolder(name, newest), PUBLISHED))) return newest
  }
  return 1
}

/** The decision log of an epoch. */
export function decisionPlaceOf(path: string, config: LogConfig, epoch: number): DecisionPlace {
  if (epoch < 1 || epoch > config.epoch) {
    throw new UsageError(`${path} has decision logs 1 to ${config.epoch}, and no ${epoch}`)
  }
  const { logs } = publicKeysOf(path)
  const filesOf = (folder: string): LogFiles => diskFiles(join(path, folder))
  const readerOf = (folder: string, origin: string): LogReader => {
    const keys = logs.filter((key) => key.name === origin)
    return new LogReader({ source: filesOf(folder), log: { origin, keys }, trust: null })
  }
  const folder = decisionsFolder(config.name, epoch)
  const origin = decisionsOrigin(config, epoch)
  return {
    path,
    files: filesOf(folder),
    readers: () => ({
      origin,
      decisions: readerOf(folder, origin),
      governance: readerOf(GOVERNANCE_FOLDER, governanceOrigin(config)),
    }),
  }
}

/** How many entries of a decision log are published. */
export async function publishedSizeOf({ path, readers }: DecisionPlace): Promise<number> {
  try {
    return (await readers().decisions.advance()).size
  } catch (error) {
    if (!(error instanceof FaultyLog)) throw error
    throw new UsageError(`${path}: ${error.message}; \`proviso log fsck ${path}\` tells more`)
  }
}
