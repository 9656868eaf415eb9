import { textOf } from '../bytes.ts'
import { openCheckpoint, type TreeHead } from './checkpoint.ts'
import { LogFailure } from './failure.ts'
import type { LogFiles } from './files.ts'
import type { Verifier } from './key.ts'

// What a log has last said of itself, on its own disk.

/** Where the checkpoint that was signed last stands, and the one that everybody may see. */
export const SIGNED = 'signed'
export const PUBLISHED = 'checkpoint'

export interface ShownLog {
  readonly files: LogFiles
  readonly origin: string
  /** Keys that may have signed what is there. */
  readonly verifiers: readonly Verifier[]
}

/** A checkpoint of a log of ours, as it was read. */
export interface ShownHead {
  readonly note: string
  readonly head: TreeHead
}

/** Reads a checkpoint that one of the log's keys has signed; undefined when there is none. Throws for any other. */
export async function readShown(
  { files, origin, verifiers }: ShownLog,
  path: string,
): Promise<ShownHead | undefined> {
  const bytes = await files.read(path)
  if (!bytes) return undefined
  const note = textOf(bytes) ?? ''
  const opened = await openCheckpoint(note, origin, verifiers)
  if (opened.ok) return { note, head: opened.value }
  throw new LogFailure('corrupt-log', `${path}: ${opened.error.message}; bring it back from a copy`)
}
