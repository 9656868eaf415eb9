import { type Bytes, base64Of, bytesOfBase64, parseWholeNumber } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { HASH_BYTES } from './checkpoint.ts'

// Receipts of one entry (https://c2sp.org/tlog-proof): its place, the way to the root, and the checkpoint.

const HEADER = 'c2sp.org/tlog-proof@v1'

/** Most hashes of a proof: a tree has fewer than 2^63 entries. */
const PATH_MAX = 63

/** Longest proof, in characters. */
const PROOF_CHARS_MAX = 1_000_000

export interface TlogProof {
  readonly index: number
  readonly path: readonly Bytes[]
  /** A signed note, verbatim. Nothing in a proof is worth anything but by it. */
  readonly checkpoint: string
}

export interface TlogProofError {
  readonly code: 'malformed-proof'
  readonly message: string
}

export function printTlogProof({ index, path, checkpoint }: TlogProof): string {
  const hashes = path.map((hash) => `${base64Of(hash)}\n`).join('')
  return `${HEADER}\nindex ${index}\n${hashes}\n${checkpoint}`
}

/** Reads a proof; extra data, which nobody has signed, is passed over. */
export function parseTlogProof(text: string): Result<TlogProof, TlogProofError> {
  if (text.length > PROOF_CHARS_MAX) return malformed(`it is over ${PROOF_CHARS_MAX} characters`)
  // The path has no blank line: the first one begins the checkpoint.
  const end = text.indexOf('\n\n')
  const [header, ...rest] = end < 0 ? [] : text.slice(0, end).split('\n')
  if (header !== HEADER) return malformed(`it does not begin with ${HEADER}`)
  const isExtra = rest[0]?.startsWith('extra ') === true
  if (isExtra && bytesOfBase64(rest[0]?.slice('extra '.length) ?? '') === undefined) {
    return malformed('its extra data is not base64')
  }
  const [indexLine = '', ...hashes] = isExtra ? rest.slice(1) : rest
  const index = indexLine.startsWith('index ')
    ? parseWholeNumber(indexLine.slice('index '.length))
    : undefined
  if (index === undefined) return malformed('it has no line `index`')
  if (hashes.length > PATH_MAX) return malformed(`it has over ${PATH_MAX} hashes`)
  const path = hashes.map(bytesOfBase64).filter((hash) => hash?.length === HASH_BYTES)
  if (path.length < hashes.length) return malformed('a line is no hash')
  return ok({ index, path: path as Bytes[], checkpoint: text.slice(end + 2) })
}

function malformed(why: string): Result<never, TlogProofError> {
  return fail({ code: 'malformed-proof', message: `this is no tlog-proof: ${why}` })
}
