import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RUNS } from '../../test/runs.ts'
import { base64Of } from '../bytes.ts'
import { parseTlogProof, printTlogProof } from './tlog-proof.ts'

/** Of the example of C2SP's tlog-proof, whose signatures and extra data are cut short. */
const HEADER = 'c2sp.org/tlog-proof@v1\n'
const INDEX = 'index 73894\n'
const PATH = `gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=
`
const CHECKPOINT = `example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

\u2014 example.com/fancylog hI2DJw==
`
const PROOF = `${HEADER}${INDEX}${PATH}\n${CHECKPOINT}`

test('the proof of the specification is read, and written alike', () => {
  const parsed = parseTlogProof(PROOF)
  if (!parsed.ok) throw new Error(parsed.error.message)
  const { index, path, checkpoint } = parsed.value
  expect([index, checkpoint]).toEqual([73_894, CHECKPOINT])
  expect(path.map((hash) => `${base64Of(hash)}\n`).join('')).toBe(PATH)
  expect(printTlogProof(parsed.value)).toBe(PROOF)
})

test('extra data, which nobody has signed, changes nothing', () => {
  const extended = PROOF.replace(INDEX, `extra AAEC\n${INDEX}`)
  expect(parseTlogProof(extended)).toEqual(parseTlogProof(PROOF))
})

test('a proof in a tree of one entry has no hash', () => {
  const proof = `${HEADER}index 0\n\n${CHECKPOINT}`
  const value = { index: 0, path: [], checkpoint: CHECKPOINT }
  expect(parseTlogProof(proof)).toEqual({ ok: true, value })
})

test('a checkpoint with blank lines in it is taken whole', () => {
  const checkpoint = `a\n\nb\n\n${CHECKPOINT}`
  const parsed = parseTlogProof(`${HEADER}${INDEX}${PATH}\n${checkpoint}`)
  expect(parsed).toMatchObject({ ok: true, value: { checkpoint } })
})

const HASH = base64Of(new Uint8Array(32))

test.each([
  ['nothing', ''],
  ['another version', PROOF.replace('@v1', '@v2')],
  ['white space before it', ` ${PROOF}`],
  ['carriage returns', PROOF.replaceAll('\n', '\r\n')],
  ['carriage returns before its checkpoint', `${HEADER}${INDEX}${PATH}`.replaceAll('\n', '\r\n')],
  ['no checkpoint', `${HEADER}${INDEX}${PATH}`],
  ['no index', PROOF.replace(INDEX, '')],
  ['leading zeroes in its index', PROOF.replace('73894', '073894')],
  ['an index below none', PROOF.replace('73894', '-1')],
  ['an index of 2^53', PROOF.replace('73894', '9007199254740992')],
  ['two spaces before its index', PROOF.replace('index ', 'index  ')],
  ['a tab before its index', PROOF.replace('index ', 'index\t')],
  ['an index in upper case', PROOF.replace('index', 'Index')],
  ['its index twice', PROOF.replace(INDEX, INDEX + INDEX)],
  ['its index after the path', `${HEADER}${PATH}${INDEX}\n${CHECKPOINT}`],
  ['extra data twice', PROOF.replace(INDEX, `extra AAEC\nextra AAEC\n${INDEX}`)],
  ['extra data after its index', PROOF.replace(INDEX, `${INDEX}extra AAEC\n`)],
  ['extra data that is no base64', PROOF.replace(INDEX, `extra AAE\n${INDEX}`)],
  ['a hash without padding', PROOF.replace('PlQ=', 'PlQ')],
  ['a hash with bits to spare', PROOF.replace('PlQ=', 'PlR=')],
  ['a hash in the URL alphabet', PROOF.replace('//1U8', '__1U8')],
  ['a hash of 31 bytes', PROOF.replace(PATH, `${base64Of(new Uint8Array(31))}\n`)],
  ['a hash of 33 bytes', PROOF.replace(PATH, `${base64Of(new Uint8Array(33))}\n`)],
  ['a space after a hash', PROOF.replace('PlQ=\n', 'PlQ= \n')],
  ['64 hashes', PROOF.replace(PATH, `${HASH}\n`.repeat(64))],
  ['over a million characters', PROOF + 'a'.repeat(1_000_000)],
])('what has %s is no proof', (_name, text) => {
  const error = { code: 'malformed-proof' }
  expect(parseTlogProof(text)).toMatchObject({ ok: false, error })
})

test('a proof has one spelling, but for its extra data', () => {
  const anyHash = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((hash) => Uint8Array.from(hash))
  const anyProof = fc.record({
    index: fc.maxSafeNat(),
    path: fc.array(anyHash, { maxLength: 63 }),
    checkpoint: fc.string({ unit: fc.constantFrom(...'ab \n\u2014') }),
  })
  const pieces = [HEADER, INDEX, 'index 0\n', `${HASH}\n`, '\n', 'index ', ' ', CHECKPOINT]
  const nearProof = fc.array(fc.constantFrom(...pieces), { maxLength: 6 })
  fc.assert(
    fc.property(anyProof, nearProof, (proof, rest) => {
      expect(parseTlogProof(printTlogProof(proof))).toEqual({ ok: true, value: proof })
      const near = HEADER + INDEX + rest.join('')
      const parsed = parseTlogProof(near)
      if (parsed.ok) expect(printTlogProof(parsed.value)).toBe(near)
    }),
    { numRuns: RUNS },
  )
})
