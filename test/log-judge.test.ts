import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { bytesOf } from '../src/bytes.ts'
import { printVerifier } from '../src/log/key.ts'
import { openNote } from '../src/log/note.ts'
import { printSigner, signerOf, signNote } from '../src/log/signer.ts'
import { parseTile } from '../src/log/tile.ts'
import { ED25519_EDGES } from './ed25519-edges.ts'
import { judgeLog, judgeNote, signedByJudge } from './judge.ts'
import { RUNS } from './runs.ts'
import { writeLog } from './write-log.ts'

// Logs and notes as we write them, judged by code that is not ours, and its notes opened by us.

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-log-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const ORIGIN = 'proviso.example/governance'
const signer = signerOf(ORIGIN, Buffer.alloc(32, 1))
const VKEY = printVerifier(signer.verifier)

/** Entries of lengths from none on, no two alike but the empty ones. */
function entriesOf(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, i) => bytesOf(`${i} `.repeat(i % 5)))
}

async function logOf(size: number): Promise<string> {
  const directory = join(TEMP, String(size))
  mkdirSync(directory)
  await writeLog(directory, entriesOf(size), signer)
  return directory
}

describe.each([0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 513, 65_537])(
  'a log of %i entries',
  async (size) => {
    const directory = await logOf(size)

    test('is accepted, with its tiles, root and proofs', () => {
      const { accepts, says } = judgeLog(directory, VKEY)
      expect(says).toContain(`checkpoint: ${size} entries of ${ORIGIN}\n`)
      expect(says).toMatch(/root: agrees\nproofs: \d+ hold\n$/)
      expect(accepts).toBe(true)
    })

    test('has no file that is neither a checkpoint nor a tile', () => {
      const files = readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
      expect(files).toContain('checkpoint')
      expect(files.filter((file) => file !== 'checkpoint' && !parseTile(file))).toEqual([])
    })
  },
)

test('a log of some hundred long entries is accepted', async () => {
  const directory = join(TEMP, 'long')
  const entries = Array.from({ length: 300 }, (_, i) => new Uint8Array(65_535 - (i % 3)).fill(i))
  mkdirSync(directory)
  await writeLog(directory, entries, signer)
  expect(judgeLog(directory, VKEY)).toMatchObject({ accepts: true })
})

describe('a log with one bit changed', async () => {
  const directory = await logOf(600)

  test.each([
    ['a full tile', 'tile/0/001', 'tile/0/001 has another hash'],
    ['a partial tile', 'tile/0/002.p/88', 'tile/0/002.p/88 has another hash'],
    ['a tile over tiles', 'tile/1/000.p/2', 'tile/1/000.p/2 has another hash'],
    ['a bundle', 'tile/entries/001', '(ends within entry|has another hash|goes on after)'],
    ['the last bundle', 'tile/entries/002.p/88', '(ends within entry|has another hash|goes on)'],
    ['the checkpoint', 'checkpoint', '(invalid signature|malformed note|no verifiable signatures)'],
  ])('in %s is refused', (_name, file, why) => {
    const path = join(directory, file)
    const whole = readFileSync(path)
    const bits = [0, Math.floor(whole.length * 4.5), whole.length * 8 - 9]
    for (const bit of bits) {
      const changed = Uint8Array.from(whole)
      changed[bit >>> 3] = (whole[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
      writeFileSync(path, changed)
      const { accepts, says } = judgeLog(directory, VKEY)
      expect(says).toMatch(new RegExp(`refused: .*${why}`))
      expect(accepts).toBe(false)
    }
    writeFileSync(path, whole)
    expect(judgeLog(directory, VKEY)).toMatchObject({ accepts: true })
  })
})

test('a log whose tiles are not there is refused', async () => {
  const directory = await logOf(300)
  rmSync(join(directory, 'tile/1'), { recursive: true })
  expect(judgeLog(directory, VKEY)).toMatchObject({ accepts: false })
})

test('a checkpoint of another root, another size or another log is refused, whoever signs it', async () => {
  const directory = await logOf(5)
  const other = await logOf(6)
  const checkpoint = readFileSync(join(directory, 'checkpoint'), 'utf8')
  const [text = ''] = checkpoint.split('\n\n')
  const root = (readFileSync(join(other, 'checkpoint'), 'utf8').split('\n')[2] ?? '').trim()
  const wrong = [
    ['the root is', text.replace(/[^\n]+$/, root)],
    ['no such file', text.replace('\n5\n', '\n6\n')],
    ['no size', text.replace('\n5\n', '\n05\n')],
    ['has signed a checkpoint of', text.replace('governance', 'decisions')],
  ] as const
  for (const [why, body] of wrong) {
    writeFileSync(join(directory, 'checkpoint'), signNote(`${body}\n`, signer))
    const { accepts, says } = judgeLog(directory, VKEY)
    expect(says).toContain(why)
    expect(accepts).toBe(false)
  }
})

/** Fewer than other properties are tried on: each starts the judge once or twice. */
const NOTES = Math.ceil(RUNS / 4)

/** Texts that a note can be of. */
const anyText = fc
  .array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1, maxLength: 5 })
  .map((lines) => `${lines.join('\n').replaceAll(/(?!\n)\p{Cc}/gu, '')}\n`)

test('notes that we sign are opened by the judge, and those that it signs by us', async () => {
  const property = fc.asyncProperty(anyText, async (text) => {
    const note = signNote(text, signer)
    expect(judgeNote(note, VKEY)).toEqual({ accepts: true, says: text })
    expect(signedByJudge(text, printSigner(signer))).toBe(note)
    expect(await openNote(note, [signer.verifier])).toMatchObject({ ok: true, value: { text } })
  })
  await fc.assert(property, { numRuns: NOTES })
})

test('a note with one character changed is opened by neither', async () => {
  const property = fc.asyncProperty(anyText, fc.nat(), fc.constantFrom(...'\nA \u2014-'), check)
  async function check(text: string, seed: number, character: string): Promise<void> {
    const note = signNote(text, signer)
    const place = seed % note.length
    const changed = `${note.slice(0, place)}${character}${note.slice(place + 1)}`
    if (changed === note) return
    const ours = await openNote(changed, [signer.verifier])
    expect(ours.ok, changed).toBe(false)
    expect(judgeNote(changed, VKEY).accepts, changed).toBe(false)
  }
  await fc.assert(property, { numRuns: NOTES })
})

test.each(ED25519_EDGES)(
  'an Ed25519 signature $name is one for both or for neither',
  async (edge) => {
    const ours = await openNote(edge.note, [edge.key])
    expect(judgeNote(edge.note, printVerifier(edge.key)).accepts).toBe(ours.ok)
  },
)
