import fc from 'fast-check'
import { expect, test } from 'vitest'
import { growingLog, logLine, PART_AT } from '../../test/growing-log.ts'
import { type Bytes, base64Of, bytesOf, equalBytes } from '../bytes.ts'
import type { TreeHead } from './checkpoint.ts'
import { signerOf, signNote } from './signer.ts'
import { parseTrust } from './trust.ts'
import {
  admit,
  emptyTree,
  judge,
  parseAddCheckpoint,
  printAddCheckpoint,
  STATUS_OF,
} from './witness.ts'

const log = growingLog('log.example')
const other = growingLog('other.example')
const stranger = growingLog('stranger.example')
const parsed = await parseTrust(`${logLine(log)}${logLine(other)}quorum none\n`)
if (!parsed.ok) throw new Error(parsed.error.message)
const trust = parsed.value

/** What a witness that has cosigned a tree says to a body: `cosigned`, or a code and its status. */
async function answerTo(body: Uint8Array, latest?: TreeHead): Promise<string> {
  const submission = parseAddCheckpoint(body)
  const admitted = submission.ok ? await admit(submission.value, trust) : submission
  const refusal = admitted.ok
    ? await judge(admitted.value, latest ?? (await emptyTree()))
    : admitted.error
  return refusal ? `${refusal.code} ${STATUS_OF[refusal.code]}` : 'cosigned'
}

function asking(oldSize: number, note: string, path: readonly Bytes[] = []): Uint8Array {
  return printAddCheckpoint({ oldSize, path, note })
}

function headAt(size: number, history?: string): TreeHead {
  return { size, root: log.rootAt(size, history) }
}

const HASH = base64Of(new Uint8Array(32))
const NOTE = log.noteAt(3)
const PATH = log.proof(3, 7)

function checkpoint(size: string, root: string, origin = 'log.example'): string {
  return signNote(`${origin}\n${size}\n${root}\n`, log.signer)
}

test('what goes on from the latest checkpoint is cosigned, and no hash has to be shown from nothing', async () => {
  expect(await answerTo(asking(0, NOTE))).toBe('cosigned')
  expect(await answerTo(asking(3, log.noteAt(7), PATH), headAt(3))).toBe('cosigned')
  expect(await answerTo(asking(3, NOTE), headAt(3))).toBe('cosigned')
  expect(await answerTo(asking(0, log.noteAt(0)))).toBe('cosigned')
  expect(await answerTo(asking(0, NOTE), headAt(0))).toBe('cosigned')
  const witnessed = NOTE + signNote('x\n', stranger.signer).split('\n\n')[1]
  expect(await answerTo(asking(0, witnessed))).toBe('cosigned')
  const extended = signNote(`log.example\n3\n${base64Of(log.rootAt(3))}\nmore\n`, log.signer)
  expect(await answerTo(asking(0, extended))).toBe('cosigned')
})

test('a request of the specification reads as it is written', () => {
  // The example of tlog-witness.
  const body = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`
  const submission = parseAddCheckpoint(bytesOf(body))
  if (!submission.ok) throw new Error(submission.error.message)
  const { oldSize, path, checkpoint: read, note } = submission.value
  expect([oldSize, path.length, read.size]).toEqual([20_852_014, 4, 20_852_163])
  expect(printAddCheckpoint({ oldSize, path, note })).toEqual(bytesOf(body))
})

test.each([
  ['nothing', ''],
  ['no old size', `\n${NOTE}`],
  ['a leading zero', `old 03\n\n${NOTE}`],
  ['a sign', `old +3\n\n${NOTE}`],
  ['an old size past 2^53', `old 9007199254740992\n\n${NOTE}`],
  ['two spaces', `old  0\n\n${NOTE}`],
  ['a capital', `Old 0\n\n${NOTE}`],
  ['a byte order mark', `\ufeffold 0\n\n${NOTE}`],
  ['carriage returns', `old 0\n\n${NOTE}`.replaceAll('\n', '\r\n')],
  ['no blank line before the note', `old 0\n${NOTE}`],
  ['two blank lines before the note', `old 0\n\n\n${NOTE}`],
  ['over 63 hashes', `old 0\n${`${HASH}\n`.repeat(64)}\n${NOTE}`],
  ['a hash of 31 bytes', `old 0\n${base64Of(new Uint8Array(31))}\n\n${NOTE}`],
  ['a hash without padding', `old 0\n${HASH.slice(0, -1)}\n\n${NOTE}`],
  ['a hash and a space', `old 0\n${HASH} \n\n${NOTE}`],
  ['no signature', `old 0\n\n${NOTE.slice(0, NOTE.lastIndexOf('\n\n') + 2)}`],
  ['no newline at the end', `old 0\n\n${NOTE.slice(0, -1)}`],
  ['a size that is none', `old 0\n\n${checkpoint('03', HASH)}`],
  ['a size past 2^53', `old 0\n\n${checkpoint('9007199254740993', HASH)}`],
  ['a root of 33 bytes', `old 0\n\n${checkpoint('3', base64Of(new Uint8Array(33)))}`],
  ['a blank line in the checkpoint', `old 0\n\n${checkpoint('3', `${HASH}\n\nmore`)}`],
])('a request with %s is malformed', async (_name, body) => {
  expect(await answerTo(bytesOf(body))).toBe('malformed-request 400')
})

test('63 hashes are as many as there may be', async () => {
  const body = `old 3\n${`${HASH}\n`.repeat(63)}\n${log.noteAt(7)}`
  expect(await answerTo(bytesOf(body), headAt(3))).toBe('wrong-proof 422')
})

test('a request that is not UTF-8 is malformed', async () => {
  const body = asking(0, NOTE)
  body[body.length - 1] = 0xff
  expect(await answerTo(body)).toBe('malformed-request 400')
})

const imposter = signerOf('log.example', Buffer.alloc(32, 9))
const text = NOTE.slice(0, NOTE.lastIndexOf('\n\n') + 1)
const wrong = signNote(`${text}x\n`, log.signer).split('\n\n')[1]

test.each([
  ['of an unknown log', asking(0, stranger.noteAt(3)), 'unknown-log 404'],
  [
    'of an unknown log, signed by a known one',
    asking(0, checkpoint('3', HASH, 'log.example/2')),
    'unknown-log 404',
  ],
  [
    'signed by another log’s key alone',
    asking(0, checkpoint('3', HASH, 'other.example')),
    'not-signed 403',
  ],
  [
    'signed by another key of the log’s name',
    asking(0, signNote(text, imposter)),
    'not-signed 403',
  ],
  ['with a wrong signature of the log', asking(0, `${text}\n${wrong}`), 'not-signed 403'],
  ['with a wrong signature beside the right one', asking(0, NOTE + wrong), 'not-signed 403'],
])('a checkpoint %s is refused', async (_name, body, answer) => {
  expect(await answerTo(body)).toBe(answer)
})

test.each<[string, Uint8Array, TreeHead | undefined, string]>([
  ['an old size over its own', asking(4, NOTE), headAt(4), 'old-size-too-large 400'],
  [
    'an old size of nobody',
    asking(2, log.noteAt(7), log.proof(2, 7)),
    headAt(3),
    'other-old-size 409',
  ],
  ['no old size where there is one', asking(0, log.noteAt(7)), headAt(3), 'other-old-size 409'],
  [
    'an old size where there is none',
    asking(3, log.noteAt(7), PATH),
    undefined,
    'other-old-size 409',
  ],
  ['a wrong empty root', asking(0, checkpoint('0', HASH)), undefined, 'wrong-empty-root 422'],
  ['hashes from nothing', asking(0, NOTE, PATH), undefined, 'wrong-proof 422'],
  ['hashes from nothing to nothing', asking(0, log.noteAt(0), PATH), undefined, 'wrong-proof 422'],
  ['no hashes', asking(3, log.noteAt(7)), headAt(3), 'wrong-proof 422'],
  ['too few hashes', asking(3, log.noteAt(7), PATH.slice(1)), headAt(3), 'wrong-proof 422'],
  [
    'a hash too many',
    asking(3, log.noteAt(7), [...PATH, ...PATH.slice(-1)]),
    headAt(3),
    'wrong-proof 422',
  ],
  [
    'hashes in another order',
    asking(3, log.noteAt(7), PATH.toReversed()),
    headAt(3),
    'wrong-proof 422',
  ],
  ['hashes to itself', asking(3, NOTE, PATH), headAt(3), 'wrong-proof 422'],
  ['another root of the same size', asking(7, log.noteAt(7, 'b')), headAt(7), 'other-root 422'],
  [
    'another history',
    asking(7, log.noteAt(9, 'b'), log.proof(7, 9, 'b')),
    headAt(7),
    'wrong-proof 422',
  ],
])('a checkpoint with %s is refused', async (_name, body, latest, answer) => {
  expect(await answerTo(body, latest)).toBe(answer)
})

test('of several faults the one is told that the specification looks for first', async () => {
  const faults: readonly [Uint8Array, string][] = [
    [bytesOf(`old 9\n?\n\n${stranger.noteAt(3)}`), 'malformed-request 400'],
    [asking(9, stranger.noteAt(3), PATH), 'unknown-log 404'],
    [asking(9, signNote(text, imposter), PATH), 'not-signed 403'],
    [asking(9, NOTE, PATH), 'old-size-too-large 400'],
    [asking(0, checkpoint('0', HASH), PATH), 'other-old-size 409'],
    [asking(2, log.noteAt(3, 'b'), PATH), 'other-old-size 409'],
  ]
  for (const [body, answer] of faults) expect(await answerTo(body, headAt(7))).toBe(answer)
})

test('of a key that has signed twice one signature is kept, and of strangers none', async () => {
  const twice = NOTE + NOTE.split('\n\n')[1] + signNote('x\n', stranger.signer).split('\n\n')[1]
  const submission = parseAddCheckpoint(asking(0, twice))
  if (!submission.ok) throw new Error(submission.error.message)
  const admitted = await admit(submission.value, trust)
  if (!admitted.ok) throw new Error(admitted.error.message)
  expect(admitted.value.signatures.map(({ name }) => name)).toEqual(['log.example'])
})

const SIZE_MAX = 12
const MANGLED = ['drop', 'flip', 'add'] as const

/** One request: the old size is the latest one, or any. */
const anyRequest = fc.record({
  history: fc.constantFrom('a', 'b'),
  oldSize: fc.option(fc.nat(SIZE_MAX), { nil: undefined, freq: 1 }),
  size: fc.nat(SIZE_MAX),
  mangled: fc.option(fc.constantFrom(...MANGLED), { nil: undefined, freq: 1 }),
})

const notes = new Map(
  ['a', 'b'].flatMap((history) =>
    Array.from({ length: SIZE_MAX + 1 }, (_, size) => {
      return [`${history}${size}`, log.noteAt(size, history)] as const
    }),
  ),
)

function mangle(path: readonly Bytes[], how: (typeof MANGLED)[number]): readonly Bytes[] {
  if (how === 'drop') return path.slice(1)
  if (how === 'add') return [...path, new Uint8Array(32)]
  return path.map((hash) => hash.map((byte) => byte ^ 1))
}

test('whatever is asked, one history is cosigned, and it never shrinks', async () => {
  let cosigned = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyRequest, { minLength: 1, maxLength: 12 }), async (requests) => {
      let latest = await emptyTree()
      const seen = new Map<number, Bytes>()
      for (const { history, oldSize = latest.size, size, mangled } of requests) {
        const from = Math.min(oldSize, size)
        const proof = log.proof(from, size, history)
        const path = mangled ? mangle(proof, mangled) : proof
        const note = notes.get(`${history}${size}`) ?? ''
        const isSameProof = !mangled || (mangled !== 'add' && proof.length === 0)
        const goesOn = equalBytes(log.rootAt(latest.size, history), latest.root)
        const isRight = oldSize === latest.size && oldSize <= size && isSameProof && goesOn
        const answer = await answerTo(asking(oldSize, note, path), latest)
        expect(answer === 'cosigned').toBe(isRight)
        if (answer !== 'cosigned') continue
        const root = log.rootAt(size, history)
        expect(size).toBeGreaterThanOrEqual(latest.size)
        expect(seen.get(size) ?? root).toEqual(root)
        seen.set(size, root)
        latest = { size, root }
        cosigned++
      }
      const histories = ['a', 'b'].filter((history) =>
        [...seen].every(([size, root]) => equalBytes(log.rootAt(size, history), root)),
      )
      expect(histories).not.toEqual([])
    }),
    { numRuns: 1_000 },
  )
  // The histories part at an entry that they reach.
  expect(PART_AT).toBeLessThan(SIZE_MAX)
  expect(cosigned).toBeGreaterThan(1_000)
})
