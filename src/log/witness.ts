import {
  type Bytes,
  base64Of,
  bytesOf,
  bytesOfBase64,
  equalBytes,
  parseWholeNumber,
  textOf,
} from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Checkpoint, HASH_BYTES, parseCheckpoint, type TreeHead } from './checkpoint.ts'
import { emptyRoot, isConsistent } from './merkle.ts'
import { openNote, parseNote, type Signature } from './note.ts'
import { keysOf, type Trust } from './trust.ts'
import { sha256 } from './web-crypto.ts'

// What a witness is asked and what it answers (https://c2sp.org/tlog-witness), without disk and network. The three
// steps, parse, admit and judge, make the specification's checks in its order.

/** Most hashes of a consistency proof: a tree has fewer than 2^63 entries. */
const PROOF_HASHES_MAX = 63

/** The status that each refusal is answered with. */
export const STATUS_OF = {
  'malformed-request': 400,
  'unknown-log': 404,
  'not-signed': 403,
  'old-size-too-large': 400,
  'other-old-size': 409,
  'wrong-empty-root': 422,
  'wrong-proof': 422,
  'other-root': 422,
  busy: 503,
} as const satisfies Record<string, 400 | 403 | 404 | 409 | 422 | 503>

type PlainCode = Exclude<keyof typeof STATUS_OF, 'other-old-size' | 'other-root'>

export type Refusal =
  | { readonly code: PlainCode; readonly message: string }
  | { readonly code: 'other-root'; readonly origin: string; readonly message: string }
  | { readonly code: 'other-old-size'; readonly latestSize: number; readonly message: string }

/** The type of a body that holds the size that a witness has cosigned last, and nothing else. */
export const SIZE_TYPE = 'text/x.tlog.size'

/** What is asked of a witness: to cosign a checkpoint that goes on from an older one. */
export interface AddCheckpoint {
  readonly oldSize: number
  /** Shows the tree of the old size to be the beginning of the checkpoint's. */
  readonly path: readonly Bytes[]
  /** A signed note. */
  readonly note: string
}

export function printAddCheckpoint({ oldSize, path, note }: AddCheckpoint): Bytes {
  const hashes = path.map((hash) => `${base64Of(hash)}\n`).join('')
  return bytesOf(`old ${oldSize}\n${hashes}\n${note}`)
}

/** A request that is well formed. */
export interface Submission extends AddCheckpoint {
  /** What the note says; nobody has checked its signatures. */
  readonly checkpoint: Checkpoint
  /** The text that is signed. */
  readonly text: string
  readonly signatures: readonly Signature[]
}

export function parseAddCheckpoint(body: Uint8Array): Result<Submission, Refusal> {
  const request = textOf(body)
  if (request === undefined) return malformed('it is not UTF-8')
  // No line before the note is blank: the first blank one ends them.
  const end = request.indexOf('\n\n')
  const [oldLine = '', ...hashes] = end < 0 ? [] : request.slice(0, end).split('\n')
  const oldSize = oldLine.startsWith('old ') ? parseWholeNumber(oldLine.slice(4)) : undefined
  if (oldSize === undefined) return malformed('it does not begin with a line `old` and a size')
  if (hashes.length > PROOF_HASHES_MAX) return malformed(`it has over ${PROOF_HASHES_MAX} hashes`)
  const path = hashes.flatMap((line) => hashOf(line) ?? [])
  if (path.length < hashes.length) return malformed('a line before its blank line is no hash')
  const note = request.slice(end + 2)
  const parsed = parseNote(note)
  if (!parsed.ok) return malformed(parsed.error.message)
  const checkpoint = parseCheckpoint(parsed.value.text)
  if (!checkpoint.ok) return malformed(checkpoint.error.message)
  return ok({ oldSize, path, note, checkpoint: checkpoint.value, ...parsed.value })
}

function hashOf(line: string): Bytes | undefined {
  const hash = bytesOfBase64(line)
  return hash?.length === HASH_BYTES ? hash : undefined
}

function malformed(why: string): Result<never, Refusal> {
  return refusal('malformed-request', `this asks a witness for nothing: ${why}`)
}

function refusal(code: PlainCode, message: string): Result<never, Refusal> {
  return fail({ code, message })
}

/** A checkpoint that its log has signed; whether it goes on from another is not yet known. */
export interface Admitted extends Submission {
  /** Of keys that are trusted for the log alone, one each. */
  readonly signatures: readonly Signature[]
}

/** A request as what a log has asked, when it is one of the trusted logs and has signed the checkpoint. */
export async function admit(
  submission: Submission,
  trust: Trust,
): Promise<Result<Admitted, Refusal>> {
  const { checkpoint, note, oldSize } = submission
  const { origin, size } = checkpoint
  const keys = keysOf(trust, origin)
  if (keys.length === 0) return refusal('unknown-log', `\`${origin}\` is no log of this witness`)
  const opened = await openNote(note, keys)
  if (!opened.ok) return refusal('not-signed', opened.error.message)
  if (oldSize > size) {
    return refusal('old-size-too-large', `the old size ${oldSize} is over the checkpoint's ${size}`)
  }
  const signatures = opened.value.signed.flatMap(({ key }) => {
    const isOfKey = ({ name, keyId }: Signature): boolean =>
      name === key.name && keyId === key.keyId
    return submission.signatures.find(isOfKey) ?? []
  })
  return ok({ ...submission, signatures })
}

/** The tree of a log that a witness has not cosigned yet. */
export async function emptyTree(): Promise<TreeHead> {
  return { size: 0, root: await emptyRoot(sha256) }
}

/** Why the checkpoint may not be cosigned after the latest one; null when it may be. */
export async function judge(
  { oldSize, path, checkpoint }: Admitted,
  latest: TreeHead,
): Promise<Refusal | null> {
  const { origin, size, root } = checkpoint
  if (oldSize !== latest.size) {
    const message = `the latest cosigned size is ${latest.size}, not ${oldSize}`
    return { code: 'other-old-size', latestSize: latest.size, message }
  }
  if (size === 0 && !equalBytes(root, await emptyRoot(sha256))) {
    return { code: 'wrong-empty-root', message: 'this is not the root of a tree of no entries' }
  }
  if (size === latest.size && !equalBytes(root, latest.root)) {
    return { code: 'other-root', origin, message: `another root is cosigned at size ${size}` }
  }
  if (await isConsistent(sha256, { from: latest, to: checkpoint, path })) return null
  return {
    code: 'wrong-proof',
    message: `the proof from size ${oldSize} to ${size} does not hold`,
  }
}
