import type { Bytes } from '../bytes.ts'
import { Cosigning } from './cosignatures.ts'
import { LogFailure } from './failure.ts'
import { consistencyProof } from './merkle.ts'
import { printSignature } from './note.ts'
import type { Cosign } from './sequencer.ts'
import { sha256Now } from './sha256.ts'
import { nodesIn } from './tile-nodes.ts'
import type { Trust } from './trust.ts'

export interface CosignerOptions {
  readonly trust: Trust
  /** Whether a checkpoint without a quorum is kept back. */
  readonly isRequired: boolean
  /** Reads the log's tiles. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>
  /** A witness has not cosigned. */
  readonly onTrouble: (error: Error) => void
}

/** Gets a log's checkpoints cosigned before they are published. */
export function cosignerOf({ trust, isRequired, read, onTrouble }: CosignerOptions): Cosign {
  const consistency = (from: number, to: number): Promise<readonly Bytes[]> =>
    consistencyProof(sha256Now, nodesIn(read, to), { from, to })
  const cosigning = new Cosigning({ trust, consistency })
  return async (note) => {
    const { cosignatures, isQuorum, ahead, failures } = await cosigning.ask(note)
    const [first] = ahead
    if (first) throw rolledBack(first.witness, first.size)
    for (const { witness, message } of failures)
      onTrouble(new Error(`witness ${witness}: ${message}`))
    if (isRequired && !isQuorum) return null
    return note + cosignatures.map(printSignature).join('')
  }
}

/** A log that goes on from an older copy would sign another history than the one that others have seen. */
function rolledBack(witness: string, size: number): LogFailure {
  const message = `witness ${witness} has seen ${size} entries, which is more than are here: this is an older copy; bring back the newest, or begin a new log`
  return new LogFailure('rolled-back', message)
}
