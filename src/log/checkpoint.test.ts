import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../../test/runs.ts'
import { base64Of } from '../bytes.ts'
import { openCheckpoint, parseCheckpoint, printCheckpoint } from './checkpoint.ts'
import { printNote } from './note.ts'
import { cosign, signatureOf, signerOf, signNote } from './signer.ts'

/** The text of the example of C2SP's tlog-checkpoint. */
const TEXT = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
`
const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
const ORIGIN = 'example.com/behind-the-sofa'

test('the text of the specification is read, and written alike', () => {
  const parsed = parseCheckpoint(TEXT)
  if (!parsed.ok) throw new Error(parsed.error.message)
  const { origin, size, root } = parsed.value
  expect([origin, size, base64Of(root)]).toEqual([ORIGIN, 20_852_163, ROOT])
  expect(printCheckpoint(parsed.value)).toBe(TEXT)
})

test('lines after the third are passed over', () => {
  expect(parseCheckpoint(`${TEXT}extension 1\nextension 2\n`)).toEqual(parseCheckpoint(TEXT))
})

test.each([
  ['nothing', ''],
  ['two lines', `${ORIGIN}\n5\n`],
  ['no newline at its end', TEXT.slice(0, -1)],
  ['no origin', `\n5\n${ROOT}\n`],
  ['a blank line for its size', `${ORIGIN}\n\n${ROOT}\n`],
  ['a blank line before its end', `${TEXT}\n`],
  ['a blank line among its extensions', `${TEXT}one\n\ntwo\n`],
  ['carriage returns', TEXT.replaceAll('\n', '\r\n')],
  ['leading zeroes in its size', TEXT.replace('20852163', '020852163')],
  ['two zeroes for its size', TEXT.replace('20852163', '00')],
  ['a sign before its size', TEXT.replace('20852163', '+20852163')],
  ['a size below none', TEXT.replace('20852163', '-1')],
  ['a space before its size', TEXT.replace('20852163', ' 20852163')],
  ['a fraction for its size', TEXT.replace('20852163', '20852163.0')],
  ['a size of 2^53', TEXT.replace('20852163', '9007199254740992')],
  ['a root of 31 bytes', TEXT.replace(ROOT, base64Of(new Uint8Array(31)))],
  ['a root of 33 bytes', TEXT.replace(ROOT, base64Of(new Uint8Array(33)))],
  ['a root without padding', TEXT.replace('=', '')],
  ['a root with bits to spare', TEXT.replace('q2I=', 'q2J=')],
  ['a root in the URL alphabet', TEXT.replace('/Xajj', '_Xajj')],
  ['a root in hexadecimal', TEXT.replace(ROOT, '00'.repeat(32))],
])('what has %s is no checkpoint', (_name, text) => {
  const error = { code: 'malformed-checkpoint' }
  expect(parseCheckpoint(text)).toMatchObject({ ok: false, error })
})

const anyOrigin = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => !/\n/.test(one))
const anyRoot = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((root) => Uint8Array.from(root))

test('a checkpoint has one spelling', () => {
  const anyCheckpoint = fc.record({ origin: anyOrigin, size: fc.maxSafeNat(), root: anyRoot })
  const nearSize = fc.stringMatching(/^[ 0-9+-]{1,17}$/)
  fc.assert(
    fc.property(anyCheckpoint, nearSize, (checkpoint, size) => {
      const text = printCheckpoint(checkpoint)
      expect(parseCheckpoint(text)).toEqual({ ok: true, value: checkpoint })
      const near = `${ORIGIN}\n${size}\n${base64Of(checkpoint.root)}\n`
      const parsed = parseCheckpoint(near)
      if (parsed.ok) expect(printCheckpoint(parsed.value)).toBe(near)
    }),
    { numRuns: RUNS },
  )
})

const log = signerOf(ORIGIN, Buffer.alloc(32, 1))
const witness = signerOf('witness.example', Buffer.alloc(32, 2), 'cosignature')

async function codeOf(note: string, origin = ORIGIN): Promise<string> {
  const opened = await openCheckpoint(note, origin, [log.verifier, witness.verifier])
  return opened.ok ? 'ok' : opened.error.code
}

test.each([
  ['what the log has signed', signNote(TEXT, log), 'ok'],
  [
    'a text of no checkpoint that the log has signed',
    signNote('text\n', log),
    'malformed-checkpoint',
  ],
  ['a stranger’s', signNote(TEXT, signerOf(ORIGIN, Buffer.alloc(32, 3))), 'unknown-signer'],
  ['one of another size', signNote(TEXT, log).replace('20852163', '20852164'), 'wrong-signature'],
  ['no note', TEXT, 'malformed-note'],
])('%s is taken for what it is', async (_name, note, code) => {
  expect(await codeOf(note)).toBe(code)
})

test('the origin is checked, though a key of the log has signed', async () => {
  const other = TEXT.replace('behind-the-sofa', 'under-the-sofa')
  expect(await codeOf(signNote(other, log))).toBe('other-origin')
  expect(await codeOf(signNote(TEXT, log), 'example.com/under-the-sofa')).toBe('other-origin')
  for (const near of [`${ORIGIN}/`, ` ${ORIGIN}`, ORIGIN.toUpperCase(), '']) {
    expect(await codeOf(signNote(TEXT, log), near)).toBe('other-origin')
  }
})

test('one witness that has cosigned twice counts once, and says when it last did', async () => {
  const signatures = [signatureOf(log, TEXT), cosign(witness, TEXT, 5), cosign(witness, TEXT, 9)]
  const note = printNote({ text: TEXT, signatures })
  const opened = await openCheckpoint(note, ORIGIN, [log.verifier, witness.verifier])
  expect(opened).toMatchObject({ ok: true, value: { size: 20_852_163, text: TEXT } })
  expect(opened.ok && opened.value.signed).toEqual([
    { key: log.verifier, timestamp: 0 },
    { key: witness.verifier, timestamp: 9 },
  ])
})

test('a cosignature is over the extensions too', async () => {
  const extended = `${TEXT}extension\n`
  const cosigned = cosign(witness, TEXT, 5)
  const note = printNote({ text: extended, signatures: [signatureOf(log, extended), cosigned] })
  expect(await codeOf(note)).toBe('wrong-signature')
})
