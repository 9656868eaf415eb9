import { bytesOf } from '../src/bytes.ts'
import type { Decision } from '../src/decision/decision.ts'
import { printDecisionPayload } from '../src/decision/payload.ts'
import { type DecisionRecord, printRecord } from '../src/decision/record.ts'
import type { Request } from '../src/decision/request.ts'
import { type AnchoredLog, printAnchor } from '../src/log/anchor.ts'
import { printCheckpoint } from '../src/log/checkpoint.ts'
import { preAuthenticationOf, printEnvelope } from '../src/log/dsse.ts'
import { printVerifier } from '../src/log/key.ts'
import { inclusionProof, leafHash, nodeHash, type ReadNode, rootOf } from '../src/log/merkle.ts'
import { printNote } from '../src/log/note.ts'
import type { Opening, Receipt } from '../src/log/receipt.ts'
import { cosign, type Signer, signatureOf, signBytes, signerOf } from '../src/log/signer.ts'
import { parseTrust, type Trust } from '../src/log/trust.ts'
import { hmacSha256, sha256 } from '../src/log/web-crypto.ts'

// Two logs in memory, their witnesses, and receipts of what is in them.

export const GOVERNANCE = 'proviso.example/governance'
export const DECISIONS = 'proviso.example/decisions/eu-1/3'

/** A signer that is the same in every run. */
export function signerNamed(name: string, seed: number, kind?: 'cosignature'): Signer {
  return signerOf(name, new Uint8Array(32).fill(seed), kind)
}

export const SIGNERS = {
  governance: signerNamed(GOVERNANCE, 1),
  decisions: signerNamed(DECISIONS, 2),
  statement: signerNamed('proviso.example/statements', 3),
  witnesses: ['north', 'south', 'west'].map((name, i) => {
    return signerNamed(`${name}.example`, 10 + i, 'cosignature')
  }),
}

/** Lines of a trust file. */
export const LINES = {
  governance: `log ${printVerifier(SIGNERS.governance.verifier)}`,
  decisions: `log ${printVerifier(SIGNERS.decisions.verifier)}`,
  witnesses: SIGNERS.witnesses.map(({ verifier }) => {
    return `witness ${verifier.name.split('.')[0]} ${printVerifier(verifier)}`
  }),
}

/** A trust file that knows every log and witness and asks for so many of these, such as `2` or `all`. */
export function trustOf(count: string): string {
  const { governance, decisions, witnesses } = LINES
  const group = `group three ${count} north south west`
  return [governance, decisions, ...witnesses, group, 'quorum three', ''].join('\n')
}

export async function trusted(text: string): Promise<Trust> {
  const trust = await parseTrust(text)
  if (!trust.ok) throw new Error(trust.error.message)
  return trust.value
}

/** A log's entries as a tree. */
function nodesOf(entries: readonly Uint8Array[]): ReadNode {
  const read: ReadNode = async (level, index) => {
    if (level === 0) return await leafHash(sha256, entries[index] ?? new Uint8Array())
    const [left, right] = [await read(level - 1, 2 * index), await read(level - 1, 2 * index + 1)]
    return await nodeHash(sha256, left, right)
  }
  return read
}

/** A checkpoint's text over so many entries from the first. */
async function headOver(origin: string, entries: readonly Uint8Array[]): Promise<string> {
  const size = entries.length
  return printCheckpoint({ origin, size, root: await rootOf(sha256, nodesOf(entries), size) })
}

async function pathTo(
  index: number,
  entries: readonly Uint8Array[],
): Promise<Receipt['proof']['path']> {
  return await inclusionProof(sha256, nodesOf(entries), { index, size: entries.length })
}

export const AT = Date.parse('2026-03-02T09:00:00Z')
export const BUNDLE = `sha256:${'ab'.repeat(32)}` as const

export const REQUEST: Request = {
  id: 'r1',
  customer: 'agency',
  deployment: 'desk',
  model: 'model-1',
  uses: ['analysis'],
  facts: { subjects: ['foreign'] },
  signals: [],
  at: AT,
}

export const DECISION: Decision = {
  request: 'r1',
  outcome: 'permit-under-exception',
  base: 'deny',
  triggered: ['surveillance.persons'],
  contract: 'osint-2026',
  tailoring: 'foreign-osint',
  obligations: ['log-content'],
  reasons: [{ code: 'tailored', restriction: 'surveillance.persons', text: 'Lifted – for this.' }],
  nearest: [],
  at: AT,
  bundle: BUNDLE,
}

export const OPENING: Opening = {
  key: new Uint8Array(32).fill(7),
  text: printDecisionPayload(DECISION, REQUEST),
}

/** A record of the decision, in fifth place, that commits to a payload. */
export async function recordOver(opening: Opening): Promise<DecisionRecord> {
  return {
    outcome: DECISION.outcome,
    sequence: 4,
    at: AT,
    bundle: BUNDLE,
    pseudonym: new Uint8Array(32).fill(9),
    commitment: await hmacSha256(opening.key, bytesOf(opening.text)),
  }
}

/** What of a receipt is to be otherwise than usual. */
export interface Odd {
  readonly record?: Partial<DecisionRecord>
  readonly opening?: Opening
  /** The origins and the keys that sign. */
  readonly decisions?: Signer
  readonly governance?: Signer
  readonly witnesses?: readonly Signer[]
  /** What the anchor holds, given the row that it would have. */
  readonly rows?: (usual: AnchoredLog) => readonly AnchoredLog[]
  /** The envelope's bytes, given what they would be. */
  readonly anchor?: (usual: Uint8Array) => Uint8Array
  readonly cosignedAt?: number
}

/** The receipt of the fifth of six decisions, in the second of three anchors. */
export async function receiptOf(odd: Odd = {}): Promise<Receipt> {
  const opening = odd.opening ?? OPENING
  const record = { ...(await recordOver(opening)), ...odd.record }
  const { sequence } = record
  const records = Array.from({ length: Math.max(6, sequence + 2) }, (_, i) => {
    return printRecord(i === sequence ? record : { ...record, sequence: i })
  })
  const decisions = odd.decisions ?? SIGNERS.decisions
  const origin = decisions.verifier.name
  const text = await headOver(origin, records)
  const note = printNote({ text, signatures: [signatureOf(decisions, text)] })
  const anchor = await anchorOf(
    { origin, checkpoint: note, entries: records.length, permits: 3 },
    odd,
  )
  const entries = [bytesOf('first'), anchor, bytesOf('third')]
  const index = record.sequence
  return {
    record: printRecord(record),
    payload: opening,
    proof: { index, path: await pathTo(index, records), checkpoint: note },
    anchor: Uint8Array.from(anchor),
    anchorProof: {
      index: 1,
      path: await pathTo(1, entries),
      checkpoint: await governanceNote(entries, odd),
    },
    bundle: record.bundle,
  }
}

async function anchorOf(row: AnchoredLog, { rows, anchor }: Odd): Promise<Uint8Array> {
  const logs = rows?.(row) ?? [row]
  const statement = await printAnchor({ at: AT + 8_000, logs })
  const sig = signBytes(SIGNERS.statement, preAuthenticationOf(statement))
  const { keyId } = SIGNERS.statement.verifier
  const envelope = printEnvelope({ ...statement, signatures: [{ keyid: keyId, sig }] })
  return anchor?.(envelope) ?? envelope
}

async function governanceNote(entries: readonly Uint8Array[], odd: Odd): Promise<string> {
  const governance = odd.governance ?? SIGNERS.governance
  const text = await headOver(governance.verifier.name, entries)
  const seconds = odd.cosignedAt ?? AT / 1_000 + 9
  const cosignatures = (odd.witnesses ?? SIGNERS.witnesses).map((w) => cosign(w, text, seconds))
  return printNote({ text, signatures: [signatureOf(governance, text), ...cosignatures] })
}
