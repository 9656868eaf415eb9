import { type Bytes, base64Of, bytesOfBase64, parseWholeNumber } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Verifier } from './key.ts'
import { type NoteError, openNote, type Signed } from './note.ts'

// Checkpoints (https://c2sp.org/tlog-checkpoint): what a log says of itself at one size.

export const HASH_BYTES = 32

/** A tree at one size. */
export interface TreeHead {
  /** How many entries it has. */
  readonly size: number
  readonly root: Bytes
}

export interface Checkpoint extends TreeHead {
  /** Which log it is of. */
  readonly origin: string
}

export interface OpenCheckpoint extends Checkpoint {
  /** The text that is signed. */
  readonly text: string
  readonly signed: readonly Signed[]
}

export interface CheckpointError {
  readonly code: NoteError['code'] | 'malformed-checkpoint' | 'other-origin'
  readonly message: string
}

/** The text of a checkpoint, as it is signed. */
export function printCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${base64Of(root)}\n`
}

/** Reads the text of a checkpoint. Lines after the third are extensions, which nothing here gives a meaning. */
export function parseCheckpoint(text: string): Result<Checkpoint, CheckpointError> {
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length < 3 || lines.includes('')) {
    return malformed('its text is not three lines')
  }
  const [origin = '', sizeText = '', rootText = ''] = lines
  const size = parseWholeNumber(sizeText)
  if (size === undefined) return malformed('its second line is no size')
  const root = bytesOfBase64(rootText)
  if (root?.length !== HASH_BYTES) return malformed('its third line is no root hash')
  return ok({ origin, size, root })
}

function malformed(why: string): Result<never, CheckpointError> {
  return fail({ code: 'malformed-checkpoint', message: `this is no checkpoint: ${why}` })
}

/** The checkpoint in a note, when it is the origin's and one of the log's keys at least has signed it. */
export async function openCheckpoint(
  note: string,
  origin: string,
  keys: readonly Verifier[],
): Promise<Result<OpenCheckpoint, CheckpointError>> {
  const opened = await openNote(note, keys)
  if (!opened.ok) return opened
  const { text, signed } = opened.value
  const checkpoint = parseCheckpoint(text)
  if (!checkpoint.ok) return checkpoint
  if (checkpoint.value.origin !== origin) {
    const message = `this is a checkpoint of \`${checkpoint.value.origin}\`, not of \`${origin}\``
    return fail({ code: 'other-origin', message })
  }
  // A witness's word on a log is not the log's.
  const isOwn = signed.some(({ key }) => key.kind === 'signature' && key.name === origin)
  if (isOwn) return ok({ ...checkpoint.value, text, signed })
  return fail({ code: 'unknown-signer', message: `\`${origin}\` itself has not signed it` })
}
