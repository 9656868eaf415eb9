import { expect, test } from 'vitest'
import { digestOf } from '../digest.ts'
import { type BundleLease, openLease, signLease } from './lease.ts'
import { signerOf, signNote } from './signer.ts'

const KEY = signerOf('register', new Uint8Array(32).fill(1))
const OTHER = signerOf('register', new Uint8Array(32).fill(2))

const LEASE: BundleLease = {
  serial: 12,
  issuedAt: Date.UTC(2026, 2, 1),
  validUntil: Date.UTC(2026, 2, 1, 0, 1),
  bundle: digestOf('a'.repeat(64)),
  entry: 11,
}

test('a lease says what was signed, to whoever has the key', async () => {
  const note = signLease(LEASE, KEY)
  expect(await openLease(note, KEY.verifier)).toEqual({ ok: true, value: LEASE })
  expect(await openLease(note, OTHER.verifier)).toMatchObject({ error: { code: 'unsigned-lease' } })
})

test('a lease with any character changed is refused', async () => {
  const note = signLease(LEASE, KEY)
  for (let i = 0; i < note.length; i++) {
    const changed = note.slice(0, i) + (note[i] === '1' ? '2' : '1') + note.slice(i + 1)
    expect((await openLease(changed, KEY.verifier)).ok).toBe(false)
  }
})

test('another text that the key has signed is no lease', async () => {
  const note = signNote('proviso/publication@1\nserial 1\n', KEY)
  expect(await openLease(note, KEY.verifier)).toMatchObject({ error: { code: 'malformed-lease' } })
})

test('a lease for longer than a minute is refused, whoever has signed it', async () => {
  const note = signLease({ ...LEASE, validUntil: LEASE.validUntil + 1 }, KEY)
  expect(await openLease(note, KEY.verifier)).toMatchObject({ error: { code: 'malformed-lease' } })
})
