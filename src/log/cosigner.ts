import { assert } from '../assert.ts'
import type { Bytes } from '../bytes.ts'
import type { TreeHead } from './checkpoint.ts'
import { Cosigning } from './cosignatures.ts'
import { LogFailure } from './failure.ts'
import { printSignature } from './note.ts'
import type { Cosign } from './sequencer.ts'
import type { Trust } from './trust.ts'
import { KnownTiles, VerifiedTree } from './verified-tree.ts'

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
  const known = new KnownTiles()
  let head: TreeHead | undefined
  const consistency = async (from: number): Promise<readonly Bytes[]> => {
    assert(head !== undefined, 'a proof is asked for before a checkpoint')
    return await (await VerifiedTree.open({ read }, head, known)).consistencyProof(from)
  }
  const cosigning = new Cosigning({ trust, consistency })
  return async (note, checkpoint) => {
    head = checkpoint
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
