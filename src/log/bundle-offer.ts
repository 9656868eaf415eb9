import { type Bytes, base64Of, bytesOfBase64, equalBytes } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { hostOfDecisions } from './anchor.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { parseEnvelope } from './dsse.ts'
import type { ShownEntry } from './evidence.ts'
import { printVerifier, type Verifier } from './key.ts'
import { openTrusted } from './known-log.ts'
import { type BundleLease, openLease } from './lease.ts'
import { leafHash, rootOfInclusion } from './merkle.ts'
import { parseNote } from './note.ts'
import { type Publication, parsePublication } from './publication.ts'
import { parseTlogProof, printTlogProof, type TlogProof } from './tlog-proof.ts'
import { keysOf, type Trust } from './trust.ts'
import { sha256 } from './web-crypto.ts'

// What a register offers its decision points: a lease, and the entry of the governance log that says what is published,
// with the proof that it is there (semantics §10.2, §13.1).

/** An offer as it is sent, in JSON. */
export interface BundleOffer {
  /** A signed note. */
  readonly lease: string
  /** The entry of the governance log, in base64. */
  readonly entry: string
  /** A tlog-proof of that entry. */
  readonly proof: string
}

/** What an offer says, once it is shown. */
export interface OpenOffer {
  readonly lease: BundleLease
  /** What the governance log says. Of another bundle than the lease: the lease is of that one with less allowed. */
  readonly publication: Publication
}

export interface OfferError {
  readonly code: 'unsigned-lease' | 'malformed-lease' | 'unlogged-bundle'
  readonly message: string
}

/** Whom a decision point believes: the register's key for bundles, its governance log, and witnesses. */
export interface OfferTrust {
  readonly publisher: Verifier
  readonly trust: Trust
}

export function printOffer(lease: string, { entry, proof }: ShownEntry): BundleOffer {
  return { lease, entry: base64Of(Uint8Array.from(entry)), proof: printTlogProof(proof) }
}

/** What an offer says, when the register's key has signed it and a log that is trusted has its publication. */
export async function openOffer(
  offer: BundleOffer,
  { publisher, trust }: OfferTrust,
): Promise<Result<OpenOffer, OfferError>> {
  const lease = await openLease(offer.lease, publisher)
  if (!lease.ok) return lease
  const proof = parseTlogProof(offer.proof)
  if (!proof.ok) return unlogged(proof.error.message)
  const entry = bytesOfBase64(offer.entry)
  if (entry === undefined) return unlogged('the entry is not base64')
  const logged = await whyNotLogged(entry, proof.value, trust)
  if (logged !== undefined) return unlogged(logged)
  const envelope = parseEnvelope(entry)
  const publication = envelope.ok ? parsePublication(envelope.value) : undefined
  if (publication?.publisher !== printVerifier(publisher)) {
    return unlogged('the entry is not of a bundle that this key has published')
  }
  const isSame =
    lease.value.entry === proof.value.index && lease.value.serial === publication.serial
  if (!isSame) return unlogged('the entry is not the one that the lease names')
  return ok({ lease: lease.value, publication })
}

async function whyNotLogged(
  entry: Bytes,
  { index, path, checkpoint }: TlogProof,
  trust: Trust,
): Promise<string | undefined> {
  const note = parseNote(checkpoint)
  const head = note.ok ? parseCheckpoint(note.value.text) : undefined
  if (!head?.ok) return 'the proof has no checkpoint'
  const { origin } = head.value
  // Whoever holds the key of a decision log could otherwise put publications there.
  if (hostOfDecisions(origin) !== undefined) return 'the proof is of a decision log'
  const opened = await openTrusted(checkpoint, { origin, keys: keysOf(trust, origin) }, trust)
  if (!opened.ok) return opened.error.message
  const { size, root } = opened.value
  const leaf = await leafHash(sha256, entry)
  const led = await rootOfInclusion(sha256, { index, size, leaf, path })
  return led !== undefined && equalBytes(led, root) ? undefined : 'the entry is not in the log'
}

function unlogged(why: string): Result<never, OfferError> {
  const message = `the governance log does not show that the bundle is published: ${why}`
  return fail({ code: 'unlogged-bundle', message })
}
