import { type Bytes, base64Of, bytesOfBase64 } from '../bytes.ts'
import { canonicalJson } from '../canonical-json.ts'
import { type Digest, isDigest } from '../digest.ts'
import { exactMembers, parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import { ENTRY_BYTES_MAX } from './tile.ts'
import { parseTlogProof, printTlogProof, type TlogProof } from './tlog-proof.ts'

// The evidence of one decision in one file, `*.proviso-receipt` (docs/formats.md, Receipt).

const FORMAT = 'proviso/receipt@1'
const MEMBERS = ['anchor', 'anchorProof', 'bundle', 'format', 'payload', 'proof', 'record'] as const

/** Longest receipt, in UTF-16 code units. */
export const RECEIPT_CHARS_MAX = 8_388_608

/** Longest payload, in UTF-16 code units: a request of a line's length, and the decision. */
const PAYLOAD_CHARS_MAX = 2_097_152

const OPENING_KEY_BYTES = 32

/** What opens a record's commitment. */
export interface Opening {
  /** 32 bytes. */
  readonly key: Bytes
  /** The payload. */
  readonly text: string
}

export interface Receipt {
  /** The entry of the decision log, not yet read. */
  readonly record: Bytes
  /** Null when the payload is not disclosed. */
  readonly payload: Opening | null
  /** That the record is an entry of the decision log. */
  readonly proof: TlogProof
  /** The entry of the governance log: an envelope that holds the decision log's checkpoint. */
  readonly anchor: Bytes
  readonly anchorProof: TlogProof
  readonly bundle: Digest
}

export interface ReceiptError {
  readonly code: 'malformed-receipt' | 'malformed-opening'
  readonly message: string
}

/** Canonical JSON (RFC 8785) and a newline. */
export function printReceipt(receipt: Receipt): string {
  const { record, payload, proof, anchor, anchorProof, bundle } = receipt
  const members = {
    format: FORMAT,
    record: base64Of(record),
    payload: payload && { key: base64Of(payload.key), text: payload.text },
    proof: printTlogProof(proof),
    anchor: base64Of(anchor),
    anchorProof: printTlogProof(anchorProof),
    bundle,
  }
  return `${canonicalJson(members)}\n`
}

/**
 * Reads a receipt as `printReceipt` writes it, and no other: no byte of the file is without meaning. Nothing in it is
 * checked yet (`verifyReceipt`).
 */
export function parseReceipt(text: string): Result<Receipt, ReceiptError> {
  if (typeof text !== 'string' || text.length > RECEIPT_CHARS_MAX) {
    return malformed(`it is no text of at most ${RECEIPT_CHARS_MAX} characters`)
  }
  const json = parseJson(text)
  if (!json.ok) return malformed(json.error.message)
  const members = exactMembers(json.value, MEMBERS)
  if (members?.format !== FORMAT) return malformed(`it is no object of format ${FORMAT}`)
  const payload = members.payload === null ? null : openingOf(members.payload)
  const [record, anchor] = [bytesIn(members.record), bytesIn(members.anchor)]
  const [proof, anchorProof] = [proofIn(members.proof), proofIn(members.anchorProof)]
  const { bundle } = members
  if (payload === undefined) return malformed('its payload is not a key and a text')
  if (record === undefined) return malformed('its record is not the base64 of an entry')
  if (anchor === undefined) return malformed('its anchor is not the base64 of an entry')
  if (proof === undefined) return malformed('its proof is no tlog-proof')
  if (anchorProof === undefined) return malformed('its anchorProof is no tlog-proof')
  if (typeof bundle !== 'string' || !isDigest(bundle)) return malformed('its bundle is no digest')
  const receipt = { record, payload, proof, anchor, anchorProof, bundle }
  return printReceipt(receipt) === text
    ? ok(receipt)
    : malformed('it is not canonical JSON and a newline; take the file as it was given')
}

/** Reads a payload that was given apart from its receipt: JSON, `{key, text}` as in a receipt. */
export function parseOpening(text: string): Result<Opening, ReceiptError> {
  const json = text.length > RECEIPT_CHARS_MAX ? undefined : parseJson(text)
  const opening = json?.ok ? openingOf(json.value) : undefined
  if (opening !== undefined) return ok(opening)
  const message = 'this is no payload: write it as {"key": "<base64>", "text": "…"}'
  return fail({ code: 'malformed-opening', message })
}

function openingOf(value: unknown): Opening | undefined {
  const members = exactMembers(value, ['key', 'text'])
  const key = typeof members?.key === 'string' ? bytesOfBase64(members.key) : undefined
  const opening = { key, text: members?.text }
  return isOpening(opening) ? opening : undefined
}

/** Whether a value can open a commitment. Half a surrogate pair has no bytes of its own. */
export function isOpening(value: Readonly<Record<keyof Opening, unknown>>): value is Opening {
  const { key, text } = value
  const isKey = key instanceof Uint8Array && key.length === OPENING_KEY_BYTES
  return isKey && typeof text === 'string' && isBounded(text) && text.isWellFormed()
}

function isBounded({ length }: string): boolean {
  return length <= PAYLOAD_CHARS_MAX
}

function bytesIn(value: unknown): Bytes | undefined {
  const bytes = typeof value === 'string' ? bytesOfBase64(value) : undefined
  return bytes !== undefined && bytes.length <= ENTRY_BYTES_MAX ? bytes : undefined
}

function proofIn(value: unknown): TlogProof | undefined {
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined
  const proof = parseTlogProof(value)
  return proof.ok ? proof.value : undefined
}

function malformed(why: string): Result<never, ReceiptError> {
  return fail({ code: 'malformed-receipt', message: `this is no receipt: ${why}` })
}
