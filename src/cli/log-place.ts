import { join } from 'node:path'
import { parseWholeNumber } from '../bytes.ts'
import { diskFiles } from '../log/disk-files.ts'
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
import type { ReadLog } from '../log/make-receipt.ts'
import type { Arguments } from './command.ts'
import { UsageError } from './usage-error.ts'

/** Which decision log of a directory, and which entry of it. */
export interface RecordPlace {
  readonly decisions: ReadLog & { readonly files: LogFiles }
  readonly governance: ReadLog
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
  const epoch = isLatest ? config.epoch : parseWholeNumber(epochText)
  const index = isLatest ? null : parseWholeNumber(indexText)
  if (index === undefined || epoch === undefined || (!isLatest && name !== config.name)) {
    throw new UsageError(
      `\`${record}\` is no record of ${path}; say \`${config.name}-${config.epoch}/0\`, as answers do, or \`latest\``,
    )
  }
  return { ...logsOf(path, config, epoch), index }
}

/** A decision log of a directory, and the governance log. */
export function logsOf(
  path: string,
  config: LogConfig,
  epoch: number,
): Pick<RecordPlace, 'decisions' | 'governance'> {
  if (epoch < 1 || epoch > config.epoch) {
    throw new UsageError(`${path} has decision logs 1 to ${config.epoch}, and no ${epoch}`)
  }
  const { logs } = publicKeysOf(path)
  const open = (folder: string, origin: string): RecordPlace['decisions'] => {
    const files = diskFiles(join(path, folder))
    const keys = logs.filter(({ name }) => name === origin)
    return { files, origin, keys, read: (file) => files.read(file) }
  }
  return {
    decisions: open(decisionsFolder(config.name, epoch), decisionsOrigin(config, epoch)),
    governance: open(GOVERNANCE_FOLDER, governanceOrigin(config)),
  }
}
