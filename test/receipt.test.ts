import { beforeAll, expect, test } from 'vitest'
import { bytesOf, bytesOfBase64, textOf } from '../src/bytes.ts'
import { printCountsPayload, printDecisionPayload } from '../src/decision/payload.ts'
import type { AnchoredLog } from '../src/log/anchor.ts'
import { keyIdOf, printVerifier, type Verifier } from '../src/log/key.ts'
import { printNote } from '../src/log/note.ts'
import { parseOpening, parseReceipt, printReceipt, type Receipt } from '../src/log/receipt.ts'
import { cosign, signatureOf } from '../src/log/signer.ts'
import { parseTrust, type Trust } from '../src/log/trust.ts'
import { STEPS, type Verification } from '../src/log/verification.ts'
import { verifyReceipt } from '../src/log/verify-receipt.ts'
import {
  AT,
  BUNDLE,
  DECISION,
  DECISIONS,
  GOVERNANCE,
  LINES,
  type Odd,
  OPENING,
  REQUEST,
  receiptOf,
  SIGNERS,
  signerNamed,
  trusted,
  trustOf,
} from './receipts.ts'

// The receipt of one decision, and what each step of its check is for.

let usual: Receipt
let all: Trust
beforeAll(async () => {
  usual = await receiptOf()
  all = await trusted(trustOf('all'))
})

const STATEMENT = { statementKey: SIGNERS.statement.verifier }

/** The last step, and whether it held: `anchor: false`. */
function endOf({ ok, steps, facts }: Verification): string {
  expect(steps.map(({ step }) => step)).toEqual(STEPS.slice(0, steps.length))
  expect(ok).toBe(steps.every((step) => step.ok !== false))
  expect(facts !== null).toBe(ok)
  expect(steps.length).toBe(ok ? STEPS.length : steps.findIndex((step) => step.ok === false) + 1)
  return `${steps.at(-1)?.step}: ${steps.at(-1)?.ok}`
}

async function endWith(odd: Odd, trust = all): Promise<string> {
  return endOf(await verifyReceipt(printReceipt(await receiptOf(odd)), trust, STATEMENT))
}

async function endOfChanged(changed: Partial<Receipt>, trust = all): Promise<string> {
  return endOf(await verifyReceipt(printReceipt({ ...usual, ...changed }), trust, STATEMENT))
}

const VERIFIED = 'decision: true'

test('a receipt is verified step by step, and says what it is about', async () => {
  const verification = await verifyReceipt(printReceipt(usual), all, STATEMENT)
  expect(verification.steps.map(({ step, ok }) => [step, ok])).toEqual(
    STEPS.map((step) => [step, true]),
  )
  const at = AT + 9_000
  expect(verification.facts).toEqual({
    log: DECISIONS,
    governance: GOVERNANCE,
    index: 4,
    outcome: 'permit-under-exception',
    at: AT,
    bundle: BUNDLE,
    pseudonym: '09'.repeat(32),
    anchored: AT + 8_000,
    cosigned: ['north', 'south', 'west'].map((witness) => ({ witness, at })),
  })
  expect(verification.doesNotProve).toMatch(/what was never recorded no log can show/)
})

test('the example in docs is such a receipt, and its trust file the one that is shown', async () => {
  await expect(printReceipt(usual)).toMatchFileSnapshot('../docs/example.proviso-receipt')
  await expect(trustOf('2')).toMatchFileSnapshot('../docs/example.trust')
})

test('what there is nothing to check with is called unchecked, and the rest holds', async () => {
  const { governance, witnesses } = LINES
  const least = await trusted([governance, witnesses[1], 'quorum none'].join('\n'))
  const { ok, steps, facts } = await verifyReceipt(printReceipt({ ...usual, payload: null }), least)
  expect(ok).toBe(true)
  expect(steps.filter((step) => step.ok === null).map(({ step }) => step)).toEqual([
    'witnesses',
    'anchor-signature',
    'decision-checkpoint',
    'payload',
    'decision',
  ])
  expect(steps.find(({ step }) => step === 'witnesses')?.text).toMatch(/asks for no witness/)
  expect(facts?.cosigned.map(({ witness }) => witness)).toEqual(['south'])
})

const stranger = signerNamed('stranger.example', 77, 'cosignature')
const { governance, decisions, witnesses } = SIGNERS
const [north = stranger, south = stranger] = witnesses

test('a receipt is refused when it is not written as it is printed', async () => {
  const text = printReceipt(usual)
  const others = [
    '',
    'null',
    text.slice(0, -1),
    `${text}\n`,
    ` ${text}`,
    text.replace('{"anchor"', '{ "anchor"'),
    text.replace('{"anchor"', '{"\\u0061nchor"'),
    text.replace('{', '{"more":1,'),
    text.replace('{', '{"record":"","'.slice(0, -1)),
    text.replace('receipt@1', 'receipt@2'),
    text.replace('\\nindex 4', '\\nextra AAAA\\nindex 4'),
    text.replace('\\nindex 4', '\\nindex 04'),
    text.replace('"text":"', '"text":"\\ud800'),
    text.replace('sha256:ab', 'sha256:AB'),
    text.replace('\\n\\nproviso.example/decisions', '\\n\\n\\ud800proviso.example/decisions'),
    'x'.repeat(8_388_609),
  ]
  for (const other of others) {
    expect(other).not.toBe(text)
    expect(endOf(await verifyReceipt(other, all)), other.slice(0, 80)).toBe('receipt: false')
  }
  expect(await endOfChanged({ anchor: new Uint8Array(65_536) })).toBe('receipt: false')
  expect(endOf(await verifyReceipt(undefined as unknown as string, all))).toBe('receipt: false')
})

test('a receipt is refused when record, proof and bundle are not of one decision', async () => {
  const { proof, record } = usual
  expect(await endOfChanged({ record: record.slice(1) })).toBe('record: false')
  expect(await endOfChanged({ proof: { ...proof, index: 3 } })).toBe('record: false')
  const bundle = `sha256:${'ac'.repeat(32)}` as const
  expect(await endOfChanged({ bundle })).toBe('record: false')
})

test('a receipt is refused when no log of the trust file has signed the governance checkpoint', async () => {
  const impostor = signerNamed(GOVERNANCE, 66)
  const end = 'governance-checkpoint: false'
  expect(await endWith({ governance: impostor })).toBe(end)
  expect(await endWith({ governance: signerNamed('other.example/governance', 1) })).toBe(end)
  expect(await endOfChanged({ anchorProof: { ...usual.anchorProof, checkpoint: '' } })).toBe(end)
  // A witness is no log, and a decision log governs nothing.
  const named = await trusted(trustOf('all').replace(LINES.governance, ''))
  expect(await endWith({}, named)).toBe(end)
  expect(await endWith({ governance: decisions })).toBe(end)
})

test('a receipt is refused when witnesses are too few, one counts twice, or one has signed something else', async () => {
  const two = await trusted(trustOf('2'))
  const end = 'witnesses: false'
  expect(await endWith({ witnesses: [north, south] }, two)).toBe(VERIFIED)
  expect(await endWith({ witnesses: [north, south] })).toBe(end)
  expect(await endWith({ witnesses: [] }, two)).toBe(end)
  expect(await endWith({ witnesses: [north, north, north] }, two)).toBe(end)
  expect(await endWith({ witnesses: [north, stranger] }, two)).toBe(end)
  // As many as are needed, and besides them a stranger's, or a witness's of another checkpoint.
  const { checkpoint } = usual.anchorProof
  const [text = '', lines = ''] = checkpoint.split('\n\n')
  const other = printNote({ text: 'x\n', signatures: [cosign(stranger, 'x\n', 1)] }).slice(3)
  const swapped = lines.replace(/.*west.*\n/, cosignatureLine('another\n'))
  for (const [ending, expected] of [
    [lines + other, VERIFIED],
    [swapped, end],
  ]) {
    const anchorProof = { ...usual.anchorProof, checkpoint: `${text}\n\n${ending}` }
    expect(await endOfChanged({ anchorProof }, two)).toBe(expected)
    const none = await trusted(trustOf('2').replace('quorum three', 'quorum none'))
    expect(await endOfChanged({ anchorProof }, none)).toBe(expected)
  }
})

function cosignatureLine(text: string): string {
  const [, , west = stranger] = witnesses
  return printNote({ text, signatures: [cosign(west, text, 1)] }).split('\n\n')[1] ?? ''
}

test('a receipt is refused when the anchor is not the entry that its proof is of', async () => {
  const { anchorProof } = usual
  const end = 'anchor-entry: false'
  expect(await endOfChanged({ anchor: bytesOf('first') })).toBe(end)
  expect(await endOfChanged({ anchorProof: { ...anchorProof, index: 0 } })).toBe(end)
  expect(await endOfChanged({ anchorProof: { ...anchorProof, index: 3 } })).toBe(end)
  const path = anchorProof.path.toReversed()
  expect(await endOfChanged({ anchorProof: { ...anchorProof, path } })).toBe(end)
  expect(await endOfChanged({ anchorProof: { ...anchorProof, path: path.slice(1) } })).toBe(end)
})

test('a receipt is refused when the anchor does not hold the decision log’s checkpoint as it stands', async () => {
  const end = 'anchor: false'
  const other = (await receiptOf({ decisions: signerNamed('proviso.example/decisions/us/1', 2) }))
    .proof.checkpoint
  const longer = (await receiptOf({ record: { sequence: 9 } })).proof.checkpoint
  const resigned = signedAnew(usual.proof.checkpoint)
  expect(await endWith({ rows: () => [] })).toBe(end)
  expect(await endWith({ rows: (row) => [row, row] })).toBe(end)
  expect(
    await endWith({
      rows: (row) => [{ ...row, origin: 'proviso.example/decisions/us/1', checkpoint: other }],
    }),
  ).toBe(end)
  expect(await endWith({ rows: (row) => [{ ...row, checkpoint: longer, entries: 11 }] })).toBe(end)
  expect(await endWith({ rows: (row) => [{ ...row, checkpoint: resigned }] })).toBe(end)
  expect(await endOfChanged({ proof: { ...usual.proof, checkpoint: resigned } })).toBe(end)
  expect(await endOfChanged({ proof: { ...usual.proof, checkpoint: '' } })).toBe(end)
  expect(await endWith({ rows: (row) => [row, { ...row, checkpoint: other, origin: 'a' }] })).toBe(
    end,
  )
})

/** The same text, with a signature of a stranger besides. */
function signedAnew(checkpoint: string): string {
  const text = `${checkpoint.split('\n\n')[0]}\n`
  const signers = [decisions, signerNamed('stranger.example', 78)]
  return printNote({ text, signatures: signers.map((signer) => signatureOf(signer, text)) })
}

test('a receipt is refused when the anchor is written otherwise than anchors are', async () => {
  const changes: readonly (readonly [string | RegExp, string])[] = [
    ['"permits":3', '"permits":-1'],
    ['"permits":3', '"permits":3.5'],
    ['"permits":3', '"permits":3,"more":1'],
    ['"permits":3', '"permits": 3'],
    ['"entries":6', '"entries":7'],
    ['urn:proviso:anchor:v1', 'urn:proviso:other:v1'],
    ['Statement/v1', 'Statement/v2'],
    [/"sha256":"../, '"sha256":"00'],
    ['08.000Z', '08Z'],
    ['"subject":[', '"subject":[],"subjects":['],
  ]
  for (const [from, to] of changes) {
    const end = await endWith({ anchor: (bytes) => rewritten(bytes, from, to) })
    expect(end, to).toBe('anchor: false')
  }
  const type = (bytes: Uint8Array): Uint8Array => {
    return bytesOf((textOf(bytes) ?? '').replace('anchor+json;v=1', 'anchor+json;v=2'))
  }
  expect(await endWith({ anchor: type })).toBe('anchor: false')
  expect(await endWith({ anchor: () => bytesOf('{}') })).toBe('anchor: false')
})

/** An envelope with something replaced in what it holds. */
function rewritten(bytes: Uint8Array, from: string | RegExp, to: string): Uint8Array {
  const envelope = JSON.parse(textOf(bytes) ?? '') as { payload: string }
  const text = textOf(bytesOfBase64(envelope.payload) ?? new Uint8Array()) ?? ''
  expect(text.replace(from, to)).not.toBe(text)
  const payload = Buffer.from(text.replace(from, to)).toString('base64')
  return bytesOf(JSON.stringify({ ...envelope, payload }))
}

test('a receipt is refused when another operator’s governance log anchors it', async () => {
  const theirs = signerNamed('other.example/governance', 5)
  const both = await trusted(
    `log ${printVerifier(theirs.verifier)}\n${LINES.governance}\nquorum none\n`,
  )
  expect(await endWith({}, both)).toBe(VERIFIED)
  expect(await endWith({ governance: theirs }, both)).toBe('anchor: false')
  const near = signerNamed('proviso.example.net/governance', 5)
  const third = await trusted(`log ${printVerifier(near.verifier)}\nquorum none\n`)
  expect(await endWith({ governance: near }, third)).toBe('anchor: false')
  const plain = signerNamed('proviso.example/any-log', 6)
  expect(await endWith({ decisions: plain })).toBe('anchor: false')
})

test('a receipt is refused when the anchor is not signed with the key that is given', async () => {
  const text = printReceipt(usual)
  const end = 'anchor-signature: false'
  const statementKey = governance.verifier
  expect(endOf(await verifyReceipt(text, all, { statementKey }))).toBe(end)
  const unsigned = (bytes: Uint8Array): Uint8Array => {
    const envelope = JSON.parse(textOf(bytes) ?? '') as object
    return bytesOf(JSON.stringify({ ...envelope, signatures: [{ keyid: 'a', sig: 'AAAA' }] }))
  }
  expect(await endWith({ anchor: unsigned })).toBe(end)
})

test('a receipt is refused when the trust file knows the decision log, and another key has signed for it', async () => {
  const impostor = signerNamed(DECISIONS, 67)
  expect(await endWith({ decisions: impostor })).toBe('decision-checkpoint: false')
  const unknowing = await trusted(trustOf('all').replace(LINES.decisions, ''))
  expect(await endWith({ decisions: impostor }, unknowing)).toBe(VERIFIED)
})

test('a receipt is refused when the record is not the entry that its proof is of', async () => {
  const end = 'record-entry: false'
  const { proof } = usual
  // Of the same place in the same log, and of another outcome.
  const { record } = await receiptOf({ record: { outcome: 'deny', pseudonym: null } })
  expect(await endOfChanged({ record })).toBe(end)
  const path = proof.path.slice(1)
  expect(await endOfChanged({ proof: { ...proof, path } })).toBe(end)
  // Another log of six records, in which the same stands in the same place.
  const elsewhere = signerNamed('proviso.example/decisions/us/1', 2)
  const strange = await receiptOf({ decisions: elsewhere, record: { at: AT + 1 } })
  const mixed = { ...strange.proof, checkpoint: proof.checkpoint }
  expect(await endOfChanged({ proof: mixed })).toBe(end)
  // A place after the end of the log, whose size only the checkpoint says.
  const ninth = await receiptOf({ record: { sequence: 9 } })
  const late = { ...ninth.proof, checkpoint: proof.checkpoint }
  expect(await endOfChanged({ record: ninth.record, proof: late })).toBe(end)
})

test('a receipt is refused when the payload is another’s, or opens with another key', async () => {
  const end = 'payload: false'
  const { key, text } = OPENING
  const other = printDecisionPayload({ ...DECISION, tailoring: 'other' }, REQUEST)
  expect(await endOfChanged({ payload: { key, text: other } })).toBe(end)
  expect(await endOfChanged({ payload: { key: new Uint8Array(32), text } })).toBe(end)
  const closed = printReceipt({ ...usual, payload: null })
  const given = [
    OPENING,
    { key, text: other },
    { key: key.slice(1), text },
    { key: key.slice(32), text },
    { key, text: '\ud800' },
  ]
  const ends = [VERIFIED, end, end, end, end]
  for (const [i, payload] of given.entries()) {
    expect(endOf(await verifyReceipt(closed, all, { payload }))).toBe(ends[i])
  }
  // The payload that was given apart is the one that is checked.
  const payload = { key, text: other }
  expect(endOf(await verifyReceipt(printReceipt(usual), all, { payload }))).toBe(end)
})

test('a receipt is refused when the payload says something else than the record', async () => {
  const end = 'decision: false'
  const saying = async (changed: Partial<typeof DECISION>): Promise<string> => {
    const text = printDecisionPayload({ ...DECISION, ...changed }, REQUEST)
    return await endWith({ opening: { ...OPENING, text } })
  }
  expect(await saying({ request: 'another' })).toBe(VERIFIED)
  expect(await saying({ outcome: 'deny' })).toBe(end)
  expect(await saying({ at: AT + 1 })).toBe(end)
  expect(await saying({ bundle: `sha256:${'ac'.repeat(32)}` })).toBe(end)
  expect(await endWith({ opening: { ...OPENING, text: 'nothing' } })).toBe(end)
})

test('a member of any other kind gets an answer like any other', async () => {
  const members = JSON.parse(printReceipt(usual)) as Record<string, unknown>
  const values = [null, true, 0, -1, '', 'AAAA', '\ud800', [], [[]], {}, { key: '', text: '' }]
  for (const name of Object.keys(members)) {
    for (const value of values) {
      if (name === 'payload' && value === null) continue
      const text = `${JSON.stringify({ ...members, [name]: value })}\n`
      expect(endOf(await verifyReceipt(text, all)), text.slice(0, 60)).toMatch(/: false$/)
    }
  }
})

test('counts of plain permits have receipts too', async () => {
  const text = printCountsPayload({ counts: [], from: AT - 60_000, until: AT })
  const record = { outcome: 'permit', pseudonym: null } as const
  const odd = { record, opening: { ...OPENING, text } }
  const verified = await verifyReceipt(printReceipt(await receiptOf(odd)), all)
  expect(verified).toMatchObject({ ok: true, facts: { outcome: 'permit', pseudonym: null } })
})

test('a witness that states no instant cosigns without one', async () => {
  const text = printReceipt(await receiptOf({ cosignedAt: 253_402_300_800 }))
  const { facts } = await verifyReceipt(text, all)
  expect(facts?.cosigned[0]).toEqual({ witness: 'north', at: null })
})

test('a trust file with a key that any text passes under is refused', async () => {
  const weak: Verifier = { ...SIGNERS.governance.verifier, publicKey: new Uint8Array(32) }
  const keyId = await keyIdOf(weak.name, weak.kind, weak.publicKey)
  const read = await parseTrust(`log ${printVerifier({ ...weak, keyId })}\nquorum none\n`)
  expect(read).toMatchObject({ ok: false, error: { code: 'malformed-trust', line: 1 } })
})

test('an anchor of many logs is read whatever order they came in', async () => {
  const names = ['us-2', 'us-1', 'ap-1']
  const others = await Promise.all(
    names.map(async (name): Promise<AnchoredLog> => {
      const signer = signerNamed(`proviso.example/decisions/${name}/1`, 20)
      const { checkpoint } = (await receiptOf({ decisions: signer })).proof
      return { origin: signer.verifier.name, checkpoint, entries: 6, permits: 0 }
    }),
  )
  expect(await endWith({ rows: (row) => [...others, row] })).toBe(VERIFIED)
})

test('what a receipt is read as is what was printed, disclosed or not', () => {
  for (const receipt of [usual, { ...usual, payload: null }]) {
    expect(parseReceipt(printReceipt(receipt))).toEqual({ ok: true, value: receipt })
  }
})

test('a payload in a file of its own is read as in a receipt', () => {
  const key = Buffer.from(OPENING.key).toString('base64')
  const text = JSON.stringify({ key, text: OPENING.text })
  expect(parseOpening(text)).toEqual({ ok: true, value: OPENING })
  for (const other of ['', '[]', text.replace('"key"', '"keys"'), text.replace('Bwc=', 'Bwd=')]) {
    expect(parseOpening(other)).toMatchObject({ error: { code: 'malformed-opening' } })
  }
})
