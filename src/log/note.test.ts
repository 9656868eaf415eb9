import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../../test/runs.ts'
import { parseVerifier, printVerifier } from './key.ts'
import { openNote, parseNote, printNote } from './note.ts'
import { cosign, parseSigner, printSigner, signatureOf, signerOf, signNote } from './signer.ts'

// The keys and the note of the specification's reference implementation (golang.org/x/mod/sumdb/note).
const NAME = 'PeterNeumann'
const SKEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const TEXT = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.
`
const NOTE = `${TEXT}
\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`

function must<T>(result: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

const signer = must(parseSigner(SKEY))
const verifier = must(await parseVerifier(VKEY))

test('keys and notes of another implementation are read, and written alike', async () => {
  expect(signer.verifier.name).toBe(NAME)
  expect(printSigner(signer)).toBe(SKEY)
  expect(printVerifier(signer.verifier)).toBe(VKEY)
  expect(signNote(TEXT, signer)).toBe(NOTE)
  expect(await openNote(NOTE, [verifier])).toMatchObject({ ok: true, value: { text: TEXT } })
})

async function codeOf(note: string): Promise<string> {
  const opened = await openNote(note, [verifier])
  return opened.ok ? 'ok' : opened.error.code
}

const other = signerOf('other', Buffer.alloc(32, 7))
const signaturesOf = (note: string): string => note.slice(note.lastIndexOf('\n\n') + 2)

test.each([
  ['a changed text', NOTE.replace('answer', 'Answer'), 'wrong-signature'],
  ['a hyphen for the dash', NOTE.replace('\u2014', '-'), 'malformed-note'],
  ['carriage returns', NOTE.replaceAll('\n', '\r\n'), 'malformed-note'],
  ['a nul', NOTE.replace('answer', 'answer\0'), 'malformed-note'],
  ['no blank line', NOTE.replace('\n\n', '\n'), 'malformed-note'],
  ['no newline at the end', NOTE.slice(0, -1), 'malformed-note'],
  ['no signature', `${TEXT}\n`, 'malformed-note'],
  ['base64 of the URL alphabet', NOTE.replaceAll('/', '_'), 'malformed-note'],
  ['base64 without padding', NOTE.replace('AM=', 'AM'), 'malformed-note'],
  ['base64 with bits to spare', NOTE.replace('nAM=', 'nAN='), 'malformed-note'],
  ['a space more', NOTE.replace('PeterNeumann x', 'PeterNeumann  x'), 'malformed-note'],
  ['a stranger’s signature', signNote(TEXT, other), 'unknown-signer'],
  [
    'our name with another key',
    signNote(TEXT, signerOf(NAME, Buffer.alloc(32, 7))),
    'unknown-signer',
  ],
  ['a stranger’s beside ours', NOTE + signaturesOf(signNote(TEXT, other)), 'ok'],
  [
    'a wrong one beside a right one',
    NOTE + signaturesOf(signNote(`${TEXT}x\n`, signer)),
    'wrong-signature',
  ],
  ['an en dash for the em dash', NOTE.replace('\u2014', '\u2013'), 'malformed-note'],
  ['a tab for a space', NOTE.replace('\u2014 ', '\u2014\t'), 'malformed-note'],
  ['a no-break space', NOTE.replace('\u2014 ', '\u2014\u00a0'), 'malformed-note'],
  ['half a pair of surrogates', NOTE.replace('answer', '\ud800'), 'malformed-note'],
  ['a blank line after its signature', `${NOTE}\n`, 'malformed-note'],
  ['text after its signature', `${NOTE}text\n`, 'malformed-note'],
  ['a key id and no signature', `${TEXT}\n\u2014 other AAAAAA==\n`, 'malformed-note'],
  ['our key id under another name', NOTE.replace('\u2014 Peter', '\u2014 Pater'), 'unknown-signer'],
  ['a hundred signatures', NOTE + signaturesOf(NOTE).repeat(99), 'ok'],
  ['over a hundred signatures', NOTE + signaturesOf(NOTE).repeat(100), 'malformed-note'],
])('a note with %s is taken for what it is', async (_name, note, code) => {
  expect(await codeOf(note)).toBe(code)
})

test('a text with blank lines is signed whole', async () => {
  const text = 'one\n\ntwo\n'
  expect(await openNote(signNote(text, signer), [verifier])).toMatchObject({ value: { text } })
  expect(await codeOf(signNote(text, signer).replace('one', 'One'))).toBe('wrong-signature')
})

test('a note is split at its last blank line, so a text that looks signed is but text', async () => {
  const inner = signNote('inner\n', signer)
  const opened = await openNote(signNote(inner, signer), [verifier])
  expect(opened).toMatchObject({ ok: true, value: { text: inner } })
  expect(await codeOf(`${inner}\n${signaturesOf(signNote('x\n', other))}`)).toBe('unknown-signer')
})

test('a key that signs twice, or cosigns at two times, counts once', async () => {
  const witness = signerOf('witness.example', Buffer.alloc(32, 2), 'cosignature')
  const signatures = [1, 2, 3].map((time) => cosign(witness, TEXT, time))
  const ours = signatureOf(signer, TEXT)
  const note = printNote({ text: TEXT, signatures: [ours, ...signatures, ours] })
  const opened = must(await openNote(note, [verifier, witness.verifier]))
  expect(opened.signed.map(({ key }) => key.name)).toEqual([NAME, 'witness.example'])
})

test.each([
  ['a space of no width', 'a\u200bb'],
  ['a mark of the order of bytes', 'a\ufeffb'],
  ['a code point that Unicode may yet assign', 'a\u{e0fff}b'],
  ['a code point for private use', 'a\ue000b'],
])('a stranger whose name has %s is passed over', async (_name, name) => {
  // What has a meaning in one version of Unicode must not make a note malformed in another.
  const theirs = signNote(TEXT, signerOf(name, Buffer.alloc(32, 7)))
  expect(await codeOf(NOTE + signaturesOf(theirs))).toBe('ok')
})

test('a note with any bit of its signature changed is refused', async () => {
  const signature = signatureOf(signer, TEXT)
  for (let bit = 0; bit < 8 * signature.bytes.length; bit++) {
    const bytes = signature.bytes.slice()
    bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
    const note = printNote({ text: TEXT, signatures: [{ ...signature, bytes }] })
    expect(await codeOf(note), `bit ${bit}`).toBe('wrong-signature')
  }
})

test('a note has one spelling', () => {
  const anyLine = fc.string({ unit: fc.constantFrom(...'ab \n\u2014\u00e4'), maxLength: 12 })
  const anySignature = fc.record({
    name: fc.constantFrom('a', 'witness.example', '\u{1f512}'),
    keyId: fc.stringMatching(/^[0-9a-f]{8}$/),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  })
  const anySignatures = fc.array(anySignature, { minLength: 1, maxLength: 4 })
  const nearNote = fc.array(
    fc.constantFrom(
      '\n',
      '\n\n',
      'a',
      '\u2014 ',
      '\u2014 a AAAAAAA=\n',
      '\u2014 b AAAAAAAB\n',
      ' ',
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(anyLine, anySignatures, nearNote, (line, signatures, pieces) => {
      const note = { text: `${line}\n`, signatures }
      expect(parseNote(printNote(note))).toEqual({ ok: true, value: note })
      const near = pieces.join('')
      const parsed = parseNote(near)
      if (parsed.ok) expect(printNote(parsed.value)).toBe(near)
    }),
    { numRuns: RUNS },
  )
})

test.each([
  ['nothing', ''],
  ['another key id', VKEY.replace('c74f20a3', 'c74f20a4')],
  ['another name', VKEY.replace('Peter', 'Pater')],
  ['another algorithm', VKEY.replace('+ARpc', '+BRpc')],
  ['a key cut short', VKEY.slice(0, -4)],
  ['a newline', `${VKEY}\n`],
  ['a point of small order', printVerifier({ ...verifier, publicKey: new Uint8Array(32) })],
])('%s is no public key', async (_name, text) => {
  expect(await parseVerifier(text)).toMatchObject({ ok: false, error: { code: 'malformed-key' } })
})
