import { describe, expect, test } from 'vitest'
import { keyOf } from '../../test/ed25519-edges.ts'
import { type KeyKind, printVerifier, type Verifier } from './key.ts'
import { signerOf } from './signer.ts'
import { isQuorum, keysOf, parseTrust, type Trust } from './trust.ts'

let seed = 0

/** The key of a new signer. */
function newKey(name: string, kind: KeyKind): string {
  seed++
  return printVerifier(signerOf(name, Buffer.alloc(32, seed), kind).verifier)
}

const LOG = newKey('example.com/log', 'signature')
const NAMES = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3']
const WITNESSES = NAMES.map((name) => newKey(`${name}.example`, 'cosignature'))
const [X1, X2, X3, Y1, Y2, Y3] = WITNESSES

/** The example of C2SP's tlog-policy, with keys. */
const EXAMPLE = `log ${LOG}

witness X1 ${X1}
witness X2 ${X2}
witness X3 ${X3}
group X-witnesses 2 X1 X2 X3

witness Y1 ${Y1}
witness Y2 ${Y2}
witness Y3 ${Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`

async function trustOf(text: string): Promise<Trust> {
  const parsed = await parseTrust(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

/** The keys of witnesses, by their names in the file. */
function cosigned({ witnesses }: Trust, names: readonly string[]): ReadonlySet<Verifier> {
  return new Set(witnesses.filter(({ name }) => names.includes(name)).map(({ key }) => key))
}

test('the file of the specification is read', async () => {
  const trust = await trustOf(EXAMPLE)
  expect(trust.logs.map(({ key, url }) => [printVerifier(key), url])).toEqual([[LOG, null]])
  expect(trust.witnesses.map(({ name }) => name)).toEqual(NAMES)
  expect(trust.witnesses.map(({ key }) => printVerifier(key))).toEqual(WITNESSES)
  expect(keysOf(trust, 'example.com/log').map(printVerifier)).toEqual([LOG])
  expect(keysOf(trust, 'example.com/other')).toEqual([])
})

test('its quorum is two of one group and one of the other, whichever', async () => {
  const trust = await trustOf(EXAMPLE)
  for (let set = 0; set < 2 ** NAMES.length; set++) {
    const names = NAMES.filter((_, i) => (set >>> i) % 2 === 1)
    const count = (letter: string): number => names.filter((name) => name[0] === letter).length
    const isEnough = count('X') >= 2 && count('Y') >= 1
    expect(isQuorum(trust, cosigned(trust, names)), names.join(' ')).toBe(isEnough)
  }
})

test('a key that is no witness of the file is no part of a quorum', async () => {
  const trust = await trustOf(`witness w ${X1}\nquorum w\n`)
  const stranger = await keyOf('00'.repeat(32))
  expect(isQuorum(trust, new Set([stranger]))).toBe(false)
  expect(isQuorum(trust, cosigned(trust, ['w']))).toBe(true)
})

test('a quorum of none needs no witness, of one that one', async () => {
  const none = await trustOf('quorum none\n')
  expect(none).toEqual({ logs: [], witnesses: [], quorum: null })
  expect(isQuorum(none, new Set())).toBe(true)
  const one = await trustOf(`witness a ${X1}\nwitness b ${X2}\nquorum b\n`)
  expect(isQuorum(one, cosigned(one, ['a']))).toBe(false)
  expect(isQuorum(one, cosigned(one, ['b']))).toBe(true)
})

test('white space, comments, URLs and lines in any order are as the specification has them', async () => {
  const text = `# whom to trust
\t quorum \t none \t
  # more
witness \u00fc ${X1} https://witness.example/
\t
log ${LOG}\thttps://log.example/`
  const trust = await trustOf(text)
  expect(trust.witnesses).toMatchObject([{ name: '\u00fc', url: 'https://witness.example/' }])
  expect(trust.logs).toMatchObject([{ url: 'https://log.example/' }])
})

const THREE = `witness a ${X1}\nwitness b ${X2}\nwitness c ${X3}\n`

describe('one witness is never counted twice', () => {
  test.each([
    ['twice in one group', `${THREE}group g 2 a a\nquorum g\n`, 4],
    [
      'in two groups of a group',
      `${THREE}group g any a b\ngroup h any a c\ngroup both all g h\nquorum both\n`,
      5,
    ],
    ['in a group and beside it', `${THREE}group g any a b\ngroup h 2 a g\nquorum h\n`, 5],
    ['through one group in two', `${THREE}group g any a\ngroup h any g\ngroup i 2 g h\n`, 6],
    ['under two names', `${THREE}witness d ${X1}\n`, 4],
  ])('%s', async (_name, text, line) => {
    expect(await parseTrust(text)).toMatchObject({ ok: false, error: { line } })
  })

  test('not by a key of its own under another name', async () => {
    const key = signerOf('x.example', Buffer.alloc(32, 99), 'cosignature')
    const again = signerOf('y.example', Buffer.alloc(32, 99), 'cosignature')
    const [one, two] = [printVerifier(key.verifier), printVerifier(again.verifier)]
    const text = `witness a ${one}\nwitness b ${two}\ngroup g all a b\nquorum g\n`
    expect(await parseTrust(text)).toMatchObject({ ok: false, error: { line: 2 } })
  })
})

test.each([
  ['no quorum', THREE, 0],
  ['two quorums', `${THREE}quorum a\nquorum a\n`, 5],
  ['a quorum of a stranger', `${THREE}quorum d\n`, 4],
  ['a quorum of two', `${THREE}quorum a b\n`, 4],
  ['a quorum of no name', `${THREE}quorum\n`, 4],
  ['a quorum before its witness', `quorum a\n${THREE}`, 1],
  ['a group of a stranger', `${THREE}group g any d\nquorum g\n`, 4],
  ['a group of itself', `${THREE}group g any g\nquorum g\n`, 4],
  ['a group of a later one', `${THREE}group g any h\ngroup h any a\nquorum g\n`, 4],
  ['a group of none', `${THREE}group g any\nquorum g\n`, 4],
  ['a group with none in it', `${THREE}group g any a none\nquorum g\n`, 4],
  ['a group that is called none', `${THREE}group none any a\nquorum none\n`, 4],
  ['a witness that is called none', `witness none ${X1}\nquorum none\n`, 1],
  ['a group with a witness’s name', `${THREE}group a any b\nquorum a\n`, 4],
  ['two groups of one name', `${THREE}group g any a\ngroup g any b\nquorum g\n`, 5],
  ['two witnesses of one name', `witness a ${X1}\nwitness a ${X2}\nquorum a\n`, 2],
  ['a threshold of 0', `${THREE}group g 0 a b\nquorum g\n`, 4],
  ['a threshold over its members', `${THREE}group g 3 a b\nquorum g\n`, 4],
  ['a threshold with a leading zero', `${THREE}group g 01 a b\nquorum g\n`, 4],
  ['a threshold of a fraction', `${THREE}group g 1.5 a b\nquorum g\n`, 4],
  ['a threshold in upper case', `${THREE}group g ANY a b\nquorum g\n`, 4],
  ['the same log twice', `log ${LOG}\nlog ${LOG}\nquorum none\n`, 2],
  ['a log with a key of a witness', `log ${X1}\nquorum none\n`, 1],
  ['a witness with a key of a log', `witness a ${LOG}\nquorum none\n`, 1],
  ['a key with another name', `log ${LOG.replace('example', 'exemple')}\nquorum none\n`, 1],
  ['a word too many', `log ${LOG} https://log.example/ more\nquorum none\n`, 1],
  ['a log without a key', 'log\nquorum none\n', 1],
  ['a witness without a key', 'witness a\nquorum none\n', 1],
  ['another kind of line', 'origin a\nquorum none\n', 1],
  ['a kind in upper case', 'Quorum none\n', 1],
  ['a carriage return', 'quorum none\r\n', 0],
  ['a form feed', 'quorum\fnone\n', 0],
  ['a delete character', '# \x7f\nquorum none\n', 0],
  ['a no-break space', 'quorum\u00a0none\n', 1],
  ['over a million characters', `#${' '.repeat(1_000_000)}\nquorum none\n`, 0],
])('a file with %s is refused, and the line named', async (_name, text, line) => {
  const error = { code: 'malformed-trust', line }
  expect(await parseTrust(text)).toMatchObject({ ok: false, error })
})

test('a file holds 256 witnesses of 256 groups, and no more', async () => {
  const keys = Array.from({ length: 257 }, (_, i) => {
    const bytes = Uint8Array.from({ length: 32 }, (_zero, j) => (j === 0 ? i % 256 : i >>> 8))
    return printVerifier(signerOf('w.example', bytes, 'cosignature').verifier)
  })
  const line = (key: string, i: number): string => `witness w${i} ${key}\ngroup g${i} any w${i}\n`
  const most = keys.slice(0, 256).map(line).join('')
  expect(await parseTrust(`${most}quorum g255\n`)).toMatchObject({ ok: true })
  const more = `${most}witness x ${keys[256]}\nquorum x\n`
  expect(await parseTrust(more)).toMatchObject({ ok: false, error: { line: 513 } })
  const group = `${most}group g all g0 g1\nquorum g\n`
  expect(await parseTrust(group)).toMatchObject({ ok: false, error: { line: 513 } })
})
