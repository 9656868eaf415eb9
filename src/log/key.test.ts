import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ED25519_EDGES, keyOf } from '../../test/ed25519-edges.ts'
import { RUNS } from '../../test/runs.ts'
import { bytesOf, concatBytes, textOf } from '../bytes.ts'
import { cosignedMessage, parseVerifier, printVerifier, timestampIfSigned } from './key.ts'
import { openNote } from './note.ts'
import { cosign, parseSigner, printSigner, signBytes, signerOf } from './signer.ts'

/** The example of C2SP's signed-note. */
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const NOTE = `This is an example message.

\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`

test('the key of the specification opens its note', async () => {
  const key = await parseVerifier(VKEY)
  if (!key.ok) throw new Error(key.error.message)
  expect(key.value).toMatchObject({ name: 'example.com/foo', kind: 'signature', keyId: '530d903a' })
  expect(printVerifier(key.value)).toBe(VKEY)
  const text = 'This is an example message.\n'
  expect(await openNote(NOTE, [key.value])).toMatchObject({ ok: true, value: { text } })
})

test.each([
  ['an upper-case key id', VKEY.replace('530d903a', '530D903A')],
  ['base64 with a line break', VKEY.replace('AekyeRrm', 'AekyeRrm\n')],
  ['base64 with bits to spare', VKEY.replace(/k$/, 'l')],
  ['base64 of the URL alphabet', VKEY.replace('+AekyeRrm', '+AekyeRr-')],
  ['a white space before it', ` ${VKEY}`],
  ['no name', VKEY.replace('example.com/foo', '')],
  ['a part too many', `${VKEY}+x`],
])('a public key with %s is refused', async (_name, text) => {
  expect(await parseVerifier(text)).toMatchObject({ ok: false, error: { code: 'malformed-key' } })
})

test.each([
  ['a space', 'a b'],
  ['a tab', 'a\tb'],
  ['a newline', 'a\nb'],
  ['a nul', 'a\0b'],
  ['a no-break space', 'a\u00a0b'],
  ['an ideographic space', 'a\u3000b'],
  ['a line separator', 'a\u2028b'],
  ['a next line', 'a\u0085b'],
  ['half a pair of surrogates', 'a\ud800b'],
  ['over 256 characters', 'a'.repeat(257)],
])('a key whose name has %s is refused', async (_name, name) => {
  const { verifier } = signerOf(name, Buffer.alloc(32, 3))
  expect(await parseVerifier(printVerifier(verifier))).toMatchObject({ ok: false })
})

test('keys have one spelling', async () => {
  const anyName = fc.oneof(
    fc.constantFrom('proviso.example/log', 'w\u00e4chter.example', '\u{1f512}', 'a\ufeffb', '='),
    fc.domain(),
  )
  const anySeed = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const anyKind = fc.constantFrom('signature' as const, 'cosignature' as const)
  const property = fc.asyncProperty(anyName, anySeed, anyKind, async (name, seed, kind) => {
    const signer = signerOf(name, seed, kind)
    const { verifier } = signer
    expect(await parseVerifier(printVerifier(verifier))).toEqual({ ok: true, value: verifier })
    expect(parseSigner(printSigner(signer))).toMatchObject({ ok: true, value: { verifier } })
  })
  await fc.assert(property, { numRuns: RUNS })
})

test('a key with one character changed is refused', async () => {
  const digits = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ \n']
  for (let place = 0; place < VKEY.length; place++) {
    for (const digit of digits.filter((one) => one !== VKEY[place])) {
      const text = VKEY.slice(0, place) + digit + VKEY.slice(place + 1)
      expect(await parseVerifier(text), text).toMatchObject({ ok: false })
    }
  }
})

/** The sign of x is the last bit of the last byte. */
function withSign(hex: string): string {
  return hex.slice(0, 62) + (Number.parseInt(hex.slice(62), 16) | 0x80).toString(16)
}

const FF = 'ff'.repeat(30)

describe('low-order keys are refused', () => {
  // The y coordinates of the eight points whose order divides 8, and those that are written a second way.
  test.each([
    ['of order 1', `01${'00'.repeat(31)}`],
    ['of order 2', `ec${FF}7f`],
    ['of order 4', '00'.repeat(32)],
    ['of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['of order 8, the other', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['of order 1, not reduced', `ee${FF}7f`],
    ['of order 4, not reduced', `ed${FF}7f`],
  ])('%s', async (_name, hex) => {
    for (const publicKey of [hex, withSign(hex)]) {
      const text = printVerifier(await keyOf(publicKey))
      expect(await parseVerifier(text)).toMatchObject({ ok: false })
    }
  })
})

test('a key written a second way, with a y of 2^255 - 19 or more, is refused', async () => {
  for (let low = 0xed; low <= 0xff; low++) {
    for (const high of ['7f', 'ff']) {
      const text = printVerifier(await keyOf(`${low.toString(16)}${FF}${high}`))
      expect(await parseVerifier(text), text).toMatchObject({ ok: false })
    }
  }
  // One less is reduced, and so are all others.
  const { verifier } = signerOf('a', Buffer.alloc(32, 1))
  expect(await parseVerifier(printVerifier(verifier))).toMatchObject({ ok: true })
  const other = printVerifier(await keyOf(`eb${FF}7f`))
  expect(await parseVerifier(other)).toMatchObject({ ok: true })
})

describe('Ed25519 is strict', () => {
  test.each(ED25519_EDGES)('a signature $name', async ({ name, key, note }) => {
    expect(await parseVerifier(printVerifier(key))).toMatchObject({ ok: true })
    const opened = await openNote(note, [key])
    if (name === 'as it is made') expect(opened).toMatchObject({ ok: true })
    else expect(opened).toMatchObject({ ok: false, error: { code: 'wrong-signature' } })
  })
})

const CHECKPOINT =
  'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
const witness = signerOf('witness.example', Buffer.alloc(32, 2), 'cosignature')

test('a witness signs two lines and the text, as tlog-cosignature shows', () => {
  expect(textOf(cosignedMessage(CHECKPOINT, 1_679_315_147))).toBe(
    `cosignature/v1\ntime 1679315147\n${CHECKPOINT}`,
  )
})

test('a cosignature is 8 bytes of time and 64 of Ed25519, and one with a bit changed is none', async () => {
  const { verifier } = witness
  const { bytes } = cosign(witness, CHECKPOINT, 1_679_315_147)
  expect(bytes).toHaveLength(72)
  expect(await timestampIfSigned(verifier, CHECKPOINT, bytes)).toBe(1_679_315_147)
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const changed = bytes.slice()
    changed[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
    expect(await timestampIfSigned(verifier, CHECKPOINT, changed), `bit ${bit}`).toBeUndefined()
  }
})

test.each([
  [
    'of a time of 2^53, which a number does not hold exactly',
    '9007199254740992',
    '0020000000000000',
  ],
  ['of a time over 2^63', '9223372036854775808', '8000000000000000'],
])('a cosignature %s is refused, though rightly signed', async (_name, decimal, hex) => {
  const message = bytesOf(`cosignature/v1\ntime ${decimal}\n${CHECKPOINT}`)
  const bytes = concatBytes(Buffer.from(hex, 'hex'), signBytes(witness, message))
  expect(await timestampIfSigned(witness.verifier, CHECKPOINT, bytes)).toBeUndefined()
})

test('a signature of a log and a cosignature are not taken for each other', async () => {
  const log = signerOf('witness.example', witness.seed)
  const [plain, timed] = [signBytes(log, bytesOf(CHECKPOINT)), cosign(witness, CHECKPOINT, 0).bytes]
  expect(log.verifier.keyId).not.toBe(witness.verifier.keyId)
  expect(await timestampIfSigned(log.verifier, CHECKPOINT, plain)).toBe(0)
  expect(await timestampIfSigned(witness.verifier, CHECKPOINT, timed)).toBe(0)
  expect(await timestampIfSigned(log.verifier, CHECKPOINT, timed)).toBeUndefined()
  expect(await timestampIfSigned(log.verifier, CHECKPOINT, timed.slice(8))).toBeUndefined()
  const posing = concatBytes(new Uint8Array(8), plain)
  expect(await timestampIfSigned(witness.verifier, CHECKPOINT, posing)).toBeUndefined()
  expect(await timestampIfSigned(witness.verifier, CHECKPOINT, plain)).toBeUndefined()
})

test.each([0, 63, 65])('a signature of %i bytes is wrong, and nothing worse', async (length) => {
  const bytes = new Uint8Array(length)
  const { verifier } = signerOf('a', Buffer.alloc(32, 1))
  expect(await timestampIfSigned(verifier, CHECKPOINT, bytes)).toBeUndefined()
})
