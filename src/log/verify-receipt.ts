import { bytesOf, equalBytes, hexOf } from '../bytes.ts'
import { checkPayload } from '../decision/payload.ts'
import { type DecisionRecord, parseRecord } from '../decision/record.ts'
import { ok, type Result } from '../result.ts'
import { quote } from '../suggest.ts'
import { INSTANT_MAX, type Instant } from '../time.ts'
import { hostOfDecisions, parseAnchor } from './anchor.ts'
import { type Checkpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { isEnvelopeSigned, parseEnvelope } from './dsse.ts'
import type { Verifier } from './key.ts'
import { leafHash, rootOfInclusion } from './merkle.ts'
import { openNote, parseNote, type Signed } from './note.ts'
import { isOpening, type Opening, parseReceipt, type Receipt } from './receipt.ts'
import type { TlogProof } from './tlog-proof.ts'
import { isQuorum, keysOf, type Trust } from './trust.ts'
import {
  Checked,
  type Cosigned,
  type Facts,
  type Found,
  refused,
  shown,
  unchecked,
  type Verification,
} from './verification.ts'
import { hmacSha256, sha256 } from './web-crypto.ts'

// What a receipt shows, by the keys of a trust file alone (docs/formats.md, Receipt).

export interface VerifyOptions {
  /** The payload, when it was given apart from the receipt; in place of the receipt's own. */
  readonly payload?: Opening
  /** The key that the operator signs entries of the governance log with. */
  readonly statementKey?: Verifier
}

/**
 * Checks a receipt against a trust file. Any text gets an answer; it throws only where there is no Web Crypto that
 * knows Ed25519. Sizes, indices and roots come from signed checkpoints alone.
 */
export async function verifyReceipt(
  text: string,
  trust: Trust,
  options: VerifyOptions = {},
): Promise<Verification> {
  const checked = new Checked()
  return checked.verification(await factsOf(checked, { text, trust, options }))
}

interface Asked {
  readonly text: string
  readonly trust: Trust
  readonly options: VerifyOptions
}

async function factsOf(checked: Checked, { text, trust, options }: Asked): Promise<Facts | null> {
  const parsed = parseReceipt(text)
  const receipt = checked.take('receipt', parsed.ok ? shown(parsed.value, WELL_FORMED) : parsed)
  const record = receipt && checked.take('record', recordOf(receipt))
  if (!record) return null
  const governed = await governedOf(checked, receipt, trust)
  if (!governed) return null
  const anchored = await anchoredOf(checked, receipt, { governed, options })
  if (!anchored) return null
  const isRecorded =
    checked.take('decision-checkpoint', await decisionSigned(receipt, anchored, trust)) &&
    checked.take('record-entry', await entryOf('record', anchored, receipt.record, receipt.proof))
  if (!isRecorded) return null
  const opening = options.payload ?? receipt.payload
  const isFit =
    checked.take('payload', await payloadFits(record, opening)) &&
    checked.take('decision', decisionAgrees(record, opening))
  if (!isFit) return null
  const { outcome, sequence: index, at, bundle, pseudonym } = record
  return {
    log: anchored.origin,
    governance: governed.origin,
    index,
    outcome,
    at,
    bundle,
    pseudonym: pseudonym && hexOf(pseudonym),
    anchored: anchored.at,
    cosigned: governed.cosigned,
  }
}

const WELL_FORMED = 'the receipt is well formed'

function recordOf({ record: bytes, proof, bundle }: Receipt): Found<DecisionRecord> {
  const record = parseRecord(bytes)
  if (!record.ok) return record
  const { sequence } = record.value
  if (sequence !== proof.index) {
    return refused(`the record is number ${sequence}, and its proof is of number ${proof.index}`)
  }
  if (record.value.bundle !== bundle) return refused('the record is of another bundle')
  return shown(record.value, `the record is well formed, number ${sequence} of its log`)
}

interface Governed extends Checkpoint {
  readonly cosigned: readonly Cosigned[]
}

/** The governance log's checkpoint, signed by the log and by witnesses enough. */
async function governedOf(
  checked: Checked,
  { anchorProof }: Receipt,
  trust: Trust,
): Promise<Governed | undefined> {
  const { checkpoint } = anchorProof
  const governance = checked.take(
    'governance-checkpoint',
    await governanceSigned(checkpoint, trust),
  )
  const cosigned = governance && checked.take('witnesses', await witnessed(checkpoint, trust))
  return cosigned && { ...governance, cosigned }
}

async function governanceSigned(note: string, trust: Trust): Promise<Found<Checkpoint>> {
  const head = headOf(note)
  if (!head.ok) return head
  const { origin, size } = head.value
  // Whoever holds the key of a decision log could otherwise anchor its own checkpoints.
  if (hostOfDecisions(origin) !== undefined) {
    return refused(`the anchor is in ${quote(origin)}, which is a decision log`)
  }
  const keys = keysOf(trust, origin)
  if (keys.length === 0) return refused(`the trust file has no key of the log ${quote(origin)}`)
  const opened = await openCheckpoint(note, origin, keys)
  if (!opened.ok) return opened
  return shown(opened.value, `${quote(origin)} has signed its checkpoint of ${size} entries`)
}

/** What a note says that nobody has checked. */
function headOf(note: string): Result<Checkpoint, { readonly message: string }> {
  const parsed = parseNote(note)
  return parsed.ok ? parseCheckpoint(parsed.value.text) : parsed
}

async function witnessed(note: string, trust: Trust): Promise<Found<readonly Cosigned[]>> {
  const opened = await openNote(
    note,
    trust.witnesses.map(({ key }) => key),
  )
  if (!opened.ok && opened.error.code !== 'unknown-signer') return opened
  const signed = opened.ok ? opened.value.signed : []
  const cosigned = trust.witnesses.flatMap(({ name, key }) => cosignedOf(name, key, signed))
  const names = cosigned.map(({ witness }) => quote(witness)).join(', ') || 'no witness'
  const value = { value: cosigned, isOpen: trust.quorum === null }
  if (trust.quorum === null) {
    return ok({ ...value, text: `the trust file asks for no witness; ${names} cosigned it` })
  }
  return isQuorum(trust, new Set(signed.map(({ key }) => key)))
    ? ok({ ...value, text: `${names} cosigned it, which is a quorum` })
    : refused(`${names} cosigned it, which is no quorum by the trust file`)
}

function cosignedOf(witness: string, key: Verifier, signed: readonly Signed[]): Cosigned[] {
  const found = signed.find((one) => one.key === key)
  if (found === undefined) return []
  const at = found.timestamp * 1_000
  return [{ witness, at: at <= INSTANT_MAX ? at : null }]
}

/** The decision log's checkpoint as the anchor holds it. */
interface Anchored extends Checkpoint {
  readonly at: Instant
}

interface Context {
  readonly governed: Governed
  readonly options: VerifyOptions
}

async function anchoredOf(
  checked: Checked,
  { anchor, anchorProof, proof }: Receipt,
  { governed, options }: Context,
): Promise<Anchored | undefined> {
  const isEntry = checked.take(
    'anchor-entry',
    await entryOf('anchor', governed, anchor, anchorProof),
  )
  const anchored =
    isEntry && checked.take('anchor', await anchorHolds(anchor, proof.checkpoint, governed.origin))
  const signature = anchored && (await anchorSigned(anchor, options.statementKey))
  return signature && checked.take('anchor-signature', signature) && anchored
}

/** Whether an entry is in a log, as a checkpoint of it that is already trusted has it. */
async function entryOf(
  what: 'anchor' | 'record',
  { origin, size, root }: Checkpoint,
  entry: Uint8Array,
  { index, path }: TlogProof,
): Promise<Found<true>> {
  const leaf = await leafHash(sha256, entry)
  const led = await rootOfInclusion(sha256, { index, size, leaf, path })
  return led !== undefined && equalBytes(led, root)
    ? shown(true, `the ${what} is entry ${index} of ${quote(origin)}`)
    : refused(`the ${what} is not shown to be entry ${index} of ${quote(origin)}`)
}

async function anchorHolds(
  entry: Uint8Array,
  note: string,
  governance: string,
): Promise<Found<Anchored>> {
  const envelope = parseEnvelope(entry)
  if (!envelope.ok) return envelope
  const anchor = await parseAnchor(envelope.value)
  if (!anchor.ok) return anchor
  const { at, logs } = anchor.value
  const head = headOf(note)
  if (!head.ok) return head
  const { origin } = head.value
  // INVARIANT: a row's checkpoint is of the row's log and size, which parseAnchor has seen to.
  if (!logs.some(({ checkpoint }) => checkpoint === note)) {
    return refused(`the anchor does not hold this checkpoint of ${quote(origin)}`)
  }
  // One operator's governance log must not speak for the decision logs of another.
  const host = hostOfDecisions(origin)
  if (host === undefined || !`${governance}/`.startsWith(`${host}/`)) {
    return refused(`${quote(origin)} is no decision log of whoever runs ${quote(governance)}`)
  }
  return shown({ ...head.value, at }, `the anchor holds this checkpoint of ${quote(origin)}`)
}

async function anchorSigned(entry: Uint8Array, key: Verifier | undefined): Promise<Found<true>> {
  if (key === undefined) return unchecked('who signed the anchor was not checked: no key was given')
  const envelope = parseEnvelope(entry)
  if (!envelope.ok) return envelope
  return (await isEnvelopeSigned(envelope.value, key))
    ? shown(true, `${quote(key.name)} has signed the anchor`)
    : refused(`${quote(key.name)} has not signed the anchor`)
}

async function decisionSigned(
  { proof }: Receipt,
  { origin }: Anchored,
  trust: Trust,
): Promise<Found<true>> {
  const keys = keysOf(trust, origin)
  if (keys.length === 0) {
    return unchecked(`the trust file has no key of ${quote(origin)}; the anchor vouches for it`)
  }
  const opened = await openCheckpoint(proof.checkpoint, origin, keys)
  return opened.ok ? shown(true, `${quote(origin)} has signed its checkpoint`) : opened
}

const UNDISCLOSED = 'the payload is not disclosed'

async function payloadFits(
  { commitment }: DecisionRecord,
  opening: Opening | null,
): Promise<Found<true>> {
  if (opening === null) return unchecked(UNDISCLOSED)
  if (!isOpening(opening)) return refused('the payload given is not a key of 32 bytes and a text')
  return equalBytes(await hmacSha256(opening.key, bytesOf(opening.text)), commitment)
    ? shown(true, 'the payload is what the record commits to')
    : refused('the payload is not what the record commits to')
}

function decisionAgrees(record: DecisionRecord, opening: Opening | null): Found<true> {
  if (opening === null) return unchecked(UNDISCLOSED)
  const agrees = checkPayload(opening.text, record)
  return agrees.ok ? shown(true, 'the payload says what the record says') : agrees
}
