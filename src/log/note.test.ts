import { expect, test } from 'vitest'
import { parseVerifier, printVerifier } from './key.ts'
import { openNote } from './note.ts'
import { parseSigner, printSigner, signerOf, signNote } from './signer.ts'

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
const signatureOf = (note: string): string => note.slice(note.lastIndexOf('\n\n') + 2)

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
  ['a stranger’s beside ours', NOTE + signatureOf(signNote(TEXT, other)), 'ok'],
  [
    'a wrong one beside a right one',
    NOTE + signatureOf(signNote(`${TEXT}x\n`, signer)),
    'wrong-signature',
  ],
  ['over a hundred signatures', NOTE + signatureOf(NOTE).repeat(100), 'malformed-note'],
])('a note with %s is taken for what it is', async (_name, note, code) => {
  expect(await codeOf(note)).toBe(code)
})

test('a text with blank lines is signed whole', async () => {
  const text = 'one\n\ntwo\n'
  expect(await openNote(signNote(text, signer), [verifier])).toMatchObject({ value: { text } })
  expect(await codeOf(signNote(text, signer).replace('one', 'One'))).toBe('wrong-signature')
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
