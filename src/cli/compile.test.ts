import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR, MINIMAL_DIR } from '../../test/example-world.ts'
import { jsonLines, proviso, type Ran } from '../../test/proviso.ts'
import { NO_LEASE } from '../decision/bundle.ts'
import { printBundle } from '../decision/bundle-file.ts'
import { compile } from '../decision/compile.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-compile-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const TEXT = [...printBundle(bundleOf(EXAMPLE), sha256)].join('')

const ALTERED = TEXT.replace('osint-2026', 'osint-2027')

function path(name: string): string {
  return join(TEMP, name)
}

/** A file of the temporary directory with this in it. */
function file(name: string, content: string | Buffer): string {
  writeFileSync(path(name), content)
  return path(name)
}

/** A file of 8 GiB that takes no room. */
function sparse(): string {
  const large = file('sparse', '')
  truncateSync(large, 8 * 2 ** 30)
  return large
}

function copy(dir: string, name: string): string {
  cpSync(dir, path(name), { recursive: true })
  return path(name)
}

/** Refused in one sentence on standard error, with nothing on standard output. */
function expectRefused({ code, stdout, stderr }: Ran, sentence: RegExp): void {
  expect(stderr).toMatch(/^proviso: [^\n\p{C}]+\n$/u)
  expect(stderr).toMatch(sentence)
  expect([code, stdout]).toEqual([2, ''])
}

test('the same documents give the same bytes, here and there and whatever their files are called', async () => {
  const dir = copy(EXAMPLE_DIR, 'renamed')
  const contracts = join(dir, 'contracts')
  for (const [i, name] of readdirSync(contracts).sort().entries()) {
    renameSync(join(contracts, name), join(contracts, `${99 - i}.yaml`))
  }
  const runs = await Promise.all([
    proviso(['compile', EXAMPLE_DIR, '-o', path('1')]),
    proviso(['compile', dir, '-o', path('2')]),
  ])
  expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(Array(2).fill([0, '']))
  expect(runs[0]?.stdout).toBe(`${path('1')}: 7 customers, ${bundleOf(EXAMPLE).digest}\n`)
  for (const name of ['1', '2']) expect(readFileSync(path(name), 'utf8')).toBe(TEXT)
})

test('serial, issue and lease are written, and are no part of the digest', async () => {
  const lease = [
    '--serial',
    '7',
    '--issued-at',
    '2026-03-01T00:00:00Z',
    '--valid-until',
    '2026-03-02T00:00:00Z',
  ]
  const { stdout } = await proviso([
    'compile',
    MINIMAL_DIR,
    '-o',
    path('leased'),
    '--json',
    ...lease,
  ])
  const unleased = await proviso(['compile', MINIMAL_DIR, '-o', path('unleased'), '--json'])
  const [{ digest } = {}] = jsonLines(unleased.stdout)
  expect(jsonLines(stdout)).toEqual([{ bundle: path('leased'), digest, customers: 1 }])
  const [header = ''] = readFileSync(path('leased'), 'utf8').split('\n')
  expect(JSON.parse(header)).toMatchObject({
    serial: 7,
    issuedAt: '2026-03-01T00:00:00.000Z',
    validUntil: '2026-03-02T00:00:00.000Z',
    digest,
  })
})

test('from the end of a lease on, exceptions stop and everything else goes on', async () => {
  const lease = { ...NO_LEASE, validUntil: Date.UTC(2026, 2, 2, 9) }
  const leased = compile(EXAMPLE, sha256, lease)
  const bundle = file('ending', [...printBundle(leased, sha256)].join(''))
  const request = {
    customer: 'ministry-of-assessment',
    deployment: 'desk-1',
    model: 'example-sonnet-20250514',
    uses: ['surveillance.intelligence-analysis'],
    facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] },
  }
  const ask = (uses: readonly string[], at: string): string =>
    JSON.stringify({ ...request, uses, at })
  const input = [
    ask(request.uses, '2026-03-02T08:59:59.999Z'),
    ask(request.uses, '2026-03-02T09:00:00Z'),
    ask(['general'], '2026-03-02T09:00:00Z'),
  ].join('\n')
  const { stdout } = await proviso(['decide', bundle], input)
  expect(jsonLines(stdout)).toMatchObject([
    { outcome: 'permit-under-exception' },
    { outcome: 'deny', reasons: [{ code: 'bundle-stale' }] },
    { outcome: 'permit' },
  ])
})

test('a directory in error is not compiled, and the bundle that is there stays', async () => {
  const dir = copy(MINIMAL_DIR, 'broken')
  writeFileSync(join(dir, 'contracts/odd.yaml'), 'format: proviso/contract@1\n')
  const output = file('kept', 'what was there')
  const { code, stdout, stderr } = await proviso(['compile', dir, '-o', output])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('contracts/odd.yaml:1:1: error missing-field: `id` is missing; add it')
  expect(stderr).toMatch(/proviso: .*broken is refused: \d+ errors\n$/)
  expect(readFileSync(output, 'utf8')).toBe('what was there')
  expect(existsSync(`${output}.part`)).toBe(false)
})

test('an output that cannot be written is told of, and leaves nothing behind', async () => {
  mkdirSync(path('a-directory'))
  const [directory, nowhere, unsaid] = await Promise.all([
    proviso(['compile', MINIMAL_DIR, '-o', path('a-directory')]),
    proviso(['compile', MINIMAL_DIR, '-o', path('no-such/bundle')]),
    proviso(['compile', MINIMAL_DIR]),
  ])
  expectRefused(directory, /a-directory/)
  expectRefused(nowhere, /no directory .*no-such; make it, or name another/)
  expectRefused(unsaid, /say where the bundle goes: -o BUNDLE/)
  expect(readdirSync(TEMP).filter((name) => name.endsWith('.part'))).toEqual([])
})

test.each<readonly [string, string, RegExp]>([
  ['empty', file('empty', ''), /bundle-format: this is no bundle; compile one with/],
  ['something else', join(EXAMPLE_DIR, 'policy.yaml'), /bundle-format/],
  ['of another format', file('next', TEXT.replace('@1', '@2')), /found `proviso\/bundle@2`/],
  ['cut short', file('short', TEXT.slice(0, -20)), /truncated: .*6 of 7 customers are whole; copy/],
  ['altered', file('altered', ALTERED), /bundle-altered: .*; compile it again/],
  ['no UTF-8', file('bytes', Buffer.from([0x7b, 0xff, 0x7d])), /not UTF-8; copy it again/],
  ['too large', sparse(), /bundle-too-large: a bundle has at most 268435456 bytes; split it/],
  ['not there', path('no-such'), /no directory .*no-such; make one with/],
])(
  'a bundle that is %s is refused by whatever would decide with it',
  async (_, bundle, sentence) => {
    const begun = performance.now()
    expectRefused(await proviso(['decide', bundle], '{}\n'), sentence)
    expect(performance.now() - begun).toBeLessThan(10_000)
  },
)

test('every command that takes a bundle refuses a bad one alike', async () => {
  const bad = file('bad', TEXT.slice(0, 2_000))
  const request = file(
    'request.json',
    '{"customer":"a","deployment":"b","model":"m","uses":["general"],"at":"2026-03-02T09:00:00Z"}',
  )
  const runs = await Promise.all([
    proviso(['decide', bad]),
    proviso(['explain', bad, '--request', request]),
    proviso(['serve', bad, '--unsigned', '--port', '0']),
  ])
  for (const run of runs) expectRefused(run, /bundle-truncated/)
})

test('check says of a bundle what is wrong with it, and exits 1', async () => {
  const bad = file('bad-2', ALTERED)
  const [good, text, json] = await Promise.all([
    proviso(['check', file('good', TEXT)]),
    proviso(['check', bad]),
    proviso(['check', bad, '--json']),
  ])
  expect(good).toMatchObject({ code: 0, stderr: '' })
  expect(good.stdout).toContain(bundleOf(EXAMPLE).digest)
  expect(text).toMatchObject({ code: 1, stderr: '' })
  expect(text.stdout).toMatch(/error bundle-altered: the content is not what the digest says/)
  expect(json.code).toBe(1)
  expect(jsonLines(json.stdout)).toMatchObject([
    {
      errors: 1,
      problems: [{ severity: 'error', code: 'bundle-altered', file: bad }],
      summary: null,
    },
  ])
})

test('a file that may not be read is told of', async () => {
  // Whoever runs as root may read everything.
  if (process.getuid?.() === 0) return
  const secret = file('secret', TEXT)
  chmodSync(secret, 0)
  expectRefused(await proviso(['decide', secret]), /may not be read or written here/)
})
