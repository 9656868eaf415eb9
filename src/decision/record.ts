import { assert } from '../assert.ts'
import { type Bytes, bytesOfHex, equalBytes, hexOf, putUint64, uint64At } from '../bytes.ts'
import { type Digest, digestOf } from '../digest.ts'
import { fail, ok, type Result } from '../result.ts'
import { INSTANT_MAX, type Instant } from '../time.ts'
import { OUTCOMES, type Outcome } from './decision.ts'

// The entry of a decision log: what is kept of a decision for good, with nothing of its content (semantics §13).

const VERSION = 1
/** Length of every record, in bytes. */
export const RECORD_BYTES = 115
const HASH_BYTES = 32

/** Where each part begins, in bytes; the one-byte parts are version, outcome and flags. */
const AT = { sequence: 3, instant: 11, bundle: 19, pseudonym: 51, commitment: 83 } as const

/** The flag of a record that counts plain permits, rather than being about one decision. */
const COUNTS = 1

const NO_PSEUDONYM = new Uint8Array(HASH_BYTES)

export interface DecisionRecord {
  /** `permit` only of a record that counts plain permits: a single one has no record (semantics §13.2). */
  readonly outcome: Outcome
  /** The place in the log, from 0, without gaps. */
  readonly sequence: number
  readonly at: Instant
  /** The bundle that decided. */
  readonly bundle: Digest
  /** What stands for the contract, 32 bytes; null unless an exception was used. */
  readonly pseudonym: Bytes | null
  /** HMAC-SHA-256 of the payload under a key kept beside it, 32 bytes. */
  readonly commitment: Bytes
}

export interface RecordError {
  readonly code: 'malformed-record'
  readonly message: string
}

/** 115 bytes, numbers big-endian (docs/formats.md, Record). */
export function printRecord(record: DecisionRecord): Bytes {
  const { outcome, sequence, at, bundle, pseudonym, commitment } = record
  assert(isUsing(outcome) === (pseudonym !== null), 'an exception alone has a pseudonym')
  const bytes = new Uint8Array(RECORD_BYTES)
  bytes[0] = VERSION
  bytes[1] = OUTCOMES.indexOf(outcome)
  bytes[2] = outcome === 'permit' ? COUNTS : 0
  const view = new DataView(bytes.buffer)
  putUint64(view, AT.sequence, sequence)
  putUint64(view, AT.instant, at)
  putHash(bytes, AT.bundle, bytesOfHex(bundle.slice(digestOf('').length)))
  putHash(bytes, AT.pseudonym, pseudonym ?? NO_PSEUDONYM)
  putHash(bytes, AT.commitment, commitment)
  return bytes
}

function putHash(bytes: Bytes, offset: number, hash: Bytes | undefined): void {
  assert(hash?.length === HASH_BYTES, `a hash has ${HASH_BYTES} bytes, not ${hash?.length}`)
  bytes.set(hash, offset)
}

function isUsing(outcome: Outcome): boolean {
  return outcome === 'permit-under-exception'
}

/** Reads a record as `printRecord` writes it, and no other. */
export function parseRecord(bytes: Uint8Array): Result<DecisionRecord, RecordError> {
  if (bytes.length !== RECORD_BYTES) return malformed(`it has ${bytes.length} bytes`)
  if (bytes[0] !== VERSION) return malformed(`it is of version ${bytes[0]}`)
  const outcome = OUTCOMES[bytes[1] ?? OUTCOMES.length]
  if (outcome === undefined) return malformed('it has no outcome')
  if (bytes[2] !== (outcome === 'permit' ? COUNTS : 0)) return malformed('its flags are wrong')
  const sequence = uint64At(bytes, AT.sequence)
  const at = uint64At(bytes, AT.instant)
  if (sequence === undefined) return malformed('its sequence is too large')
  if (at === undefined || at > INSTANT_MAX) return malformed('its time is no instant')
  const pseudonym = hashAt(bytes, AT.pseudonym)
  if (isUsing(outcome) === equalBytes(pseudonym, NO_PSEUDONYM)) {
    return malformed('an exception alone has the pseudonym of a contract')
  }
  return ok({
    outcome,
    sequence,
    at,
    bundle: digestOf(hexOf(hashAt(bytes, AT.bundle))),
    pseudonym: isUsing(outcome) ? pseudonym : null,
    commitment: hashAt(bytes, AT.commitment),
  })
}

function hashAt(bytes: Uint8Array, offset: number): Bytes {
  return Uint8Array.from(bytes.subarray(offset, offset + HASH_BYTES))
}

function malformed(why: string): Result<never, RecordError> {
  return fail({ code: 'malformed-record', message: `this is no decision record: ${why}` })
}
