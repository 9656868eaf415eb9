import { type Digest, isDigest } from '../digest.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import type { Verifier } from './key.ts'
import { openNote } from './note.ts'
import { type Signer, signNote } from './signer.ts'

// What a register signs for its decision points: which bundle they may use, and until when (semantics §10.2, §10.3).

const FORMAT = 'proviso/lease@1'

/** Longest lease, in milliseconds (semantics §10.3). */
export const LEASE_MS_MAX = 60_000

export interface BundleLease {
  /** One more than the index of the last entry of the governance log that the bundle is made from. */
  readonly serial: number
  readonly issuedAt: Instant
  readonly validUntil: Instant
  readonly bundle: Digest
  /** Where the governance log says that the bundle is published. */
  readonly entry: number
}

export interface LeaseError {
  readonly code: 'unsigned-lease' | 'malformed-lease'
  readonly message: string
}

export function signLease(lease: BundleLease, signer: Signer): string {
  const { serial, issuedAt, validUntil, bundle, entry } = lease
  const lines = [
    FORMAT,
    `serial ${serial}`,
    `issued ${printInstant(issuedAt)}`,
    `valid-until ${printInstant(validUntil)}`,
    `entry ${entry}`,
    bundle,
  ]
  return signNote(`${lines.join('\n')}\n`, signer)
}

/** What a lease says, when the register's key made it. */
export async function openLease(
  note: string,
  publisher: Verifier,
): Promise<Result<BundleLease, LeaseError>> {
  const opened = await openNote(note, [publisher])
  if (!opened.ok) return fail({ code: 'unsigned-lease', message: opened.error.message })
  const [, serial = '', issued = '', until = '', entry = '', bundle = ''] =
    LEASE.exec(opened.value.text) ?? []
  const issuedAt = parseInstant(issued)
  const validUntil = parseInstant(until)
  if (issuedAt === undefined || validUntil === undefined || !isDigest(bundle)) {
    return fail({ code: 'malformed-lease', message: `what is signed is no ${FORMAT}` })
  }
  // Whoever had the key for a moment would otherwise have leases for good.
  if (validUntil - issuedAt > LEASE_MS_MAX) {
    const message = `the lease is for longer than ${LEASE_MS_MAX / 1_000} seconds`
    return fail({ code: 'malformed-lease', message })
  }
  return ok({ serial: Number(serial), issuedAt, validUntil, entry: Number(entry), bundle })
}

const LEASE =
  /^proviso\/lease@1\nserial (0|[1-9]\d{0,14})\nissued (\S+)\nvalid-until (\S+)\nentry (0|[1-9]\d{0,14})\n(sha256:[0-9a-f]{64})\n$/
