import { expect, test } from 'vitest'
import { digestOf } from '../digest.ts'
import { parseEnvelope } from './dsse.ts'
import { commitmentTo, parseRegisterEntry, printRegisterEntry } from './register-entry.ts'
import { type ActSigned, isActSigned, signAct } from './signed-act.ts'
import { signerOf } from './signer.ts'
import { signStatement } from './statement.ts'

const SIGNED: ActSigned = {
  act: 'case.approve',
  by: 'lea',
  role: 'approver.legal',
  subject: 'case/case-17',
  round: 2,
  digest: digestOf('1'.repeat(64)),
  nonce: 'n',
}
const LEA = signerOf('lea', new Uint8Array(32).fill(1))

test('a signature holds for one act by one key, and for no other', async () => {
  const proof = signAct(SIGNED, LEA)
  expect(await isActSigned(SIGNED, proof)).toBe(true)
  const others: readonly Partial<ActSigned>[] = [
    { act: 'case.decline' },
    { by: 'max' },
    { role: 'approver.policy' },
    { subject: 'case/case-18' },
    { round: 3 },
    { digest: digestOf('2'.repeat(64)) },
    { nonce: 'm' },
  ]
  for (const other of others) expect(await isActSigned({ ...SIGNED, ...other }, proof)).toBe(false)
  const key = signAct(SIGNED, signerOf('lea', new Uint8Array(32).fill(2))).key
  expect(await isActSigned(SIGNED, { ...proof, key })).toBe(false)
  expect(await isActSigned(SIGNED, { ...proof, signature: `${proof.signature} ` })).toBe(false)
  expect(await isActSigned(SIGNED, { ...proof, key: 'no key' })).toBe(false)
})

test('an entry of the log says what kind of event it was, and commits to the rest', () => {
  const key = new Uint8Array(32).fill(3)
  const event = { type: 'contract-suspended', contract: 'osint-2026', why: 'misuse' }
  const commitment = commitmentTo(event, key)
  expect(commitmentTo({ ...event, why: 'no reason' }, key)).not.toBe(commitment)
  const entry = { seq: 7, type: event.type, at: Date.UTC(2026, 2, 1), commitment }
  const bytes = signStatement(printRegisterEntry(entry), [LEA])
  expect(new TextDecoder().decode(bytes)).not.toContain('osint')
  const envelope = parseEnvelope(bytes)
  expect(envelope.ok && parseRegisterEntry(envelope.value)).toEqual(entry)
})
