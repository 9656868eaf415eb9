import { assert } from '../assert.ts'
import { bytesOf, hexOf, textOf } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { parseCheckpoint, type TreeHead } from './checkpoint.ts'
import { type LogFiles, replaceFile } from './files.ts'
import { openNote, printNote, printSignature } from './note.ts'
import { cosign, type Signer } from './signer.ts'
import { keysOf, type Trust } from './trust.ts'
import { sha256 } from './web-crypto.ts'
import {
  type Admitted,
  admit,
  emptyTree,
  judge,
  parseAddCheckpoint,
  type Refusal,
} from './witness.ts'

// What a witness has cosigned, on disk: of each log one file, the latest cosigned checkpoint.

/** Most requests about one log that wait for each other. */
const WAITING_MAX = 64

const SECOND_MS = 1_000

export interface WitnessParts {
  /** The state directory, which nobody else writes to. */
  readonly files: LogFiles
  readonly signer: Signer
  /** Its logs are those that are witnessed. */
  readonly trust: Trust
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** A checkpoint that this witness has cosigned. */
interface Cosigned extends TreeHead {
  /** Seconds since 1970. */
  readonly timestamp: number
  /** The checkpoint, signed by its log and cosigned. */
  readonly note: string
}

/** One log that is witnessed. */
interface Witnessed {
  readonly file: string
  latest: Cosigned | undefined
  /** Done when no request is under way; never fails. */
  idle: Promise<unknown>
  waiting: number
}

export interface WitnessStateError {
  readonly code: 'wrong-state'
  readonly message: string
}

/** The line of the cosignature, or why there is none. */
type Answer = Result<string, Refusal>

/**
 * The state of a witness. Requests about one log are judged one after another, and each cosignature is on disk before
 * it is known outside: INVARIANT: of each log it cosigns no smaller tree than it has, and no two roots of one size.
 */
export class WitnessState {
  readonly #parts: WitnessParts
  readonly #logs: ReadonlyMap<string, Witnessed>
  /** Why nothing more may be cosigned: what is on disk is not known. */
  #broken: Error | undefined

  private constructor(parts: WitnessParts, logs: ReadonlyMap<string, Witnessed>) {
    this.#parts = parts
    this.#logs = logs
  }

  /** Reads what has been cosigned. A file that is not as this witness wrote it is refused, never passed over. */
  static async open(parts: WitnessParts): Promise<Result<WitnessState, WitnessStateError>> {
    const logs = new Map<string, Witnessed>()
    for (const { key } of parts.trust.logs) {
      const origin = key.name
      const file = hexOf(await sha256(bytesOf(origin)))
      const bytes = await parts.files.read(file)
      const latest = bytes && (await openCosigned(parts, origin, bytes))
      if (latest && !latest.ok) return wrongState(origin, file, latest.error)
      logs.set(origin, { file, latest: latest?.value, idle: Promise.resolve(), waiting: 0 })
    }
    return ok(new WitnessState(parts, logs))
  }

  /** How many logs are witnessed, and of how many a checkpoint has been cosigned. */
  get counts(): { readonly logs: number; readonly cosigned: number } {
    const all = [...this.#logs.values()]
    return { logs: all.length, cosigned: all.filter(({ latest }) => latest).length }
  }

  /** The latest cosigned checkpoint of the log whose origin has a hash, in hexadecimal. */
  checkpointOf(originHash: string): string | undefined {
    return [...this.#logs.values()].find(({ file }) => file === originHash)?.latest?.note
  }

  /** Answers one request. Throws when the cosignature cannot be kept; from then on it always throws. */
  async add(body: Uint8Array): Promise<Answer> {
    const submission = parseAddCheckpoint(body)
    if (!submission.ok) return submission
    const admitted = await admit(submission.value, this.#parts.trust)
    if (!admitted.ok) return admitted
    const log = this.#logs.get(admitted.value.checkpoint.origin)
    assert(log !== undefined, 'a log that is trusted is not witnessed')
    if (log.waiting === WAITING_MAX) {
      return fail({ code: 'busy', message: 'too many requests about this log; ask again later' })
    }
    log.waiting++
    const turn = log.idle.then(() => this.#advance(log, admitted.value))
    log.idle = turn.catch(() => undefined)
    return await turn.finally(() => log.waiting--)
  }

  async #advance(log: Witnessed, admitted: Admitted): Promise<Answer> {
    if (this.#broken) throw this.#broken
    const latest = log.latest ?? (await emptyTree())
    const refusal = await judge(admitted, latest)
    if (refusal) return fail(refusal)
    const { next, line } = this.#cosigned(admitted, log.latest?.timestamp ?? 1)
    // Who sends one checkpoint again and again does not keep the disk busy: it is the same within a second.
    if (next.note !== log.latest?.note) await this.#keep(log, next)
    return ok(line)
  }

  #cosigned(
    { checkpoint, text, signatures }: Admitted,
    timestampMin: number,
  ): { readonly next: Cosigned; readonly line: string } {
    const { signer, clock } = this.#parts
    // A clock that goes back must not make a larger tree seem older than a smaller one.
    const timestamp = Math.max(Math.floor(clock() / SECOND_MS), timestampMin)
    const cosignature = cosign(signer, text, timestamp)
    const note = printNote({ text, signatures: [...signatures, cosignature] })
    const { size, root } = checkpoint
    return { next: { size, root, timestamp, note }, line: printSignature(cosignature) }
  }

  async #keep(log: Witnessed, next: Cosigned): Promise<void> {
    try {
      await replaceFile(this.#parts.files, log.file, bytesOf(next.note))
    } catch (error) {
      this.#broken = error as Error
      throw error
    }
    log.latest = next
  }
}

function wrongState(origin: string, file: string, why: string): Result<never, WitnessStateError> {
  const message = `\`${file}\` does not say what this witness has cosigned of \`${origin}\`: ${why}; put the file back as it was, or begin anew with another key and an empty directory`
  return fail({ code: 'wrong-state', message })
}

/** What a state file holds; a sentence when it is not what this witness has cosigned of the origin. */
async function openCosigned(
  { signer, trust }: WitnessParts,
  origin: string,
  bytes: Uint8Array,
): Promise<Result<Cosigned, string>> {
  const note = textOf(bytes) ?? ''
  // The log's key may have been replaced since: the witness's own cosignature is what counts.
  const opened = await openNote(note, [signer.verifier, ...keysOf(trust, origin)])
  if (!opened.ok) return fail(opened.error.message)
  const { text, signed } = opened.value
  const own = signed.find(({ key }) => key === signer.verifier)
  if (!own) return fail(`${signer.verifier.name} has not cosigned it`)
  const checkpoint = parseCheckpoint(text)
  if (!checkpoint.ok) return fail(checkpoint.error.message)
  if (checkpoint.value.origin !== origin) return fail('it is of another log')
  const { size, root } = checkpoint.value
  return ok({ size, root, timestamp: own.timestamp, note })
}
