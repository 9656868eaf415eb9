import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { printBundle } from '../src/decision/bundle-file.ts'
import { bundleOf, sha256 } from './bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR, MINIMAL_DIR, ROOT } from './example-world.ts'
import { jsonLines, proviso, type Ran, spawnProviso } from './proviso.ts'

// What every command promises of its exit, its output and its errors (docs/commands.md). The commands
// that read requests, write bundles and serve have tests of their own beside them.

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-cli-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const COMMANDS = [
  'init',
  'check',
  'decide',
  'explain',
  'test',
  'compile',
  'replay',
  'schema',
  'serve',
]

function path(name: string): string {
  return join(TEMP, name)
}

function file(name: string, content: string): string {
  writeFileSync(path(name), content)
  return path(name)
}

/** A copy of the minimal directory with one file more. */
function minimalWith(name: string, added: string, content: string): string {
  cpSync(MINIMAL_DIR, path(name), { recursive: true })
  writeFileSync(join(path(name), added), content)
  return path(name)
}

const ODD = 'format: proviso/tests@1\ncases: []\nnonsense: true\n'
const BROKEN = minimalWith('broken', 'tests/odd.yaml', ODD)

const FAILING = minimalWith(
  'failing',
  'tests/failing.yaml',
  `format: proviso/tests@1
cases:
  - name: Nothing is ever allowed
    why: To see it fail.
    request: { customer: nobody, deployment: nowhere, model: none, uses: [general], at: 2026-03-02T09:00:00Z }
    expect: { outcome: deny }
`,
)

const REQUEST = file(
  'request.json',
  readFileSync(join(ROOT, 'test/golden/explain/wrong-scope.json'), 'utf8'),
)

const BUNDLE = file('example.bundle', [...printBundle(bundleOf(EXAMPLE), sha256)].join(''))

/** Wrong usage: one sentence on standard error, nothing else, exit 2. */
function expectUsage({ code, stdout, stderr }: Ran, sentence: RegExp): void {
  expect(stderr).toMatch(/^proviso: [^\n]+\n$/)
  expect(stderr).toMatch(sentence)
  expect([code, stdout]).toEqual([2, ''])
}

describe('help', () => {
  test('proviso alone, --help, -h and help list every command', async () => {
    const runs = await Promise.all([[], ['--help'], ['-h'], ['help']].map((args) => proviso(args)))
    for (const { code, stdout, stderr } of runs) {
      expect([code, stderr]).toEqual([0, ''])
      for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} +\\w`, 'm'))
    }
  })

  test.each(COMMANDS)('%s --help says how it is used and what its exits mean', async (name) => {
    const { code, stdout, stderr } = await proviso([name, '--help'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^proviso ${name} [^\\n]*\\[--json\\]\\n\\n`))
    expect(stdout).toMatch(/^Exit 0: /m)
    expect(stdout).toMatch(/2: \w/)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  })
})

describe('wrong usage', () => {
  test.each<readonly [readonly string[], RegExp]>([
    [['decyde'], /no command decyde; `proviso --help` lists them/],
    [['constructor'], /no command constructor/],
    [['check'], /usage: proviso check DIR/],
    [['check', 'a', 'b'], /usage: proviso check DIR/],
    [['check', MINIMAL_DIR, '--colour'], /Unknown option '--colour'; usage: proviso check DIR/],
    [['check', MINIMAL_DIR, '--json=yes'], /does not take an argument; usage: proviso check DIR/],
    [['decide', MINIMAL_DIR, '--at'], /'--at <value>' argument missing; usage: proviso decide/],
    [
      ['decide', MINIMAL_DIR, '--at', '2026-02-30T00:00:00Z'],
      /is no instant; write it as 2026-01-31/,
    ],
    [['decide', MINIMAL_DIR, '--requests', path('none')], /no file .*none/],
    [['decide', MINIMAL_DIR, '--requests', TEMP], /a directory is named where a file is read/],
    [['decide', path('none')], /no directory .*none; make one with `proviso init/],
    [['explain', MINIMAL_DIR], /say which request: --request FILE, or - for standard input/],
    [['test', REQUEST], /a bundle holds no cases; name the directory/],
    [
      ['compile', MINIMAL_DIR, '-o', path('b'), '--serial', '-1'],
      /--serial' argument is ambiguous/,
    ],
    [['compile', MINIMAL_DIR, '-o', path('b'), '--serial=1.5'], /--serial 1.5 is no whole number/],
    [['schema', 'recipe'], /no kind recipe; there are policy, exceptions, models, contract, tests/],
    [['init', TEMP], /is not empty; name a new directory/],
  ])('%j exits 2 with one sentence', async (args, sentence) => {
    expectUsage(await proviso(args), sentence)
  })
})

describe('check', () => {
  test('a directory without errors exits 0, with its warnings and a summary', async () => {
    const { code, stdout, stderr } = await proviso(['check', EXAMPLE_DIR])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^contracts\/maritime-2025.yaml:111:15: warning narrowed-by-lineage: /)
    expect(stdout).toMatch(
      /105 uses, 12 facts, 77 restrictions, 8 models, 9 contracts, 4\d\d cases\n/,
    )
    expect(stdout).toMatch(/\n0 errors, 1 warning\n$/)
  })

  test('a directory with errors exits 1, and says where each is', async () => {
    const { code, stdout, stderr } = await proviso(['check', BROKEN])
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout).toMatch(/^tests\/odd\.yaml:3:1: error unknown-key: no key `nonsense` here/)
    expect(stdout).toMatch(/\n1 error, 0 warnings\n$/)
  })
})

describe('test', () => {
  test('cases that come out as expected exit 0', async () => {
    const { code, stdout, stderr } = await proviso(['test', EXAMPLE_DIR])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^4\d\d cases passed, 0 failed\n$/)
  })

  test('a case that does not exits 1, with its file, name, reason and first difference', async () => {
    const [text, json] = await Promise.all([
      proviso(['test', FAILING]),
      proviso(['test', FAILING, '--json']),
    ])
    expect([text.code, text.stderr]).toEqual([1, ''])
    expect(text.stdout).toMatch(
      /^failed tests\/failing\.yaml: Nothing is ever allowed\n {2}outcome: expected "deny", found "permit"\n {2}why: To see it fail\.\n\d+ cases passed, 1 failed\n$/,
    )
    expect(json.code).toBe(1)
    expect(jsonLines(json.stdout)).toMatchObject([
      {
        failed: 1,
        failures: [
          {
            file: 'tests/failing.yaml',
            name: 'Nothing is ever allowed',
            why: 'To see it fail.',
            difference: 'outcome: expected "deny", found "permit"',
          },
        ],
      },
    ])
  })
})

describe('explain', () => {
  test('a request is explained as the reviewed text says, wherever it and the policy come from', async () => {
    const text = readFileSync(join(ROOT, 'test/golden/explain/wrong-scope.txt'), 'utf8')
    const runs = await Promise.all([
      proviso(['explain', EXAMPLE_DIR, '--request', REQUEST]),
      proviso(['explain', BUNDLE, '--request', '-'], readFileSync(REQUEST, 'utf8')),
    ])
    for (const { code, stdout, stderr } of runs)
      expect([code, stdout, stderr]).toEqual([0, text, ''])
  })

  test('a request in error exits 1 and names the field', async () => {
    const bad = [
      '{"customer":"a","customer":"b"}',
      '{"customer":"a"}',
      '{"customer":"a","deployment":"b","model":"m","uses":["nothing"],"at":"2026-03-02T09:00:00Z"}',
      '\u001b[31m',
    ]
    const runs = await Promise.all(
      bad.map((text) => proviso(['explain', MINIMAL_DIR, '--request', '-'], text)),
    )
    expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(Array(4).fill([1, '']))
    expect(runs.map(({ stderr }) => stderr)).toEqual([
      'proviso: duplicate-key: customer: the member `customer` is there twice in one object\n',
      'proviso: missing-field: deployment: `deployment` is missing\n',
      expect.stringMatching(/^proviso: unknown-use: uses: no use `nothing`/),
      expect.stringMatching(/^proviso: malformed-json: not JSON: [^\p{C}]*\n$/u),
    ])
  })

  test('a request that is too long, or no UTF-8, is refused without reading on', async () => {
    const explain = ['explain', MINIMAL_DIR, '--request', '-']
    expectUsage(
      await proviso(explain, Array<string>(40).fill(' '.repeat(1_000_000))),
      /at most 1048576 bytes/,
    )
    expectUsage(await proviso(explain, Buffer.from([0x22, 0xff, 0x22])), /UTF-8/)
  })
})

describe('--json', () => {
  test.each<readonly [string, readonly string[], object]>([
    ['init', [path('new')], { directory: path('new') }],
    ['check', [EXAMPLE_DIR], { errors: 0, warnings: 1, summary: { contracts: 9 } }],
    ['explain', [BUNDLE, '--request', REQUEST], { decision: { outcome: 'deny' }, uses: [{}] }],
    ['test', [MINIMAL_DIR], { failed: 0, failures: [] }],
    [
      'compile',
      [MINIMAL_DIR, '-o', path('json.bundle')],
      { bundle: path('json.bundle'), customers: 1 },
    ],
    ['schema', [], { policy: {}, exceptions: {}, models: {}, contract: {}, tests: {} }],
    ['schema', ['-o', path('schemas')], { output: path('schemas') }],
  ])('%s %j prints one JSON value and nothing else', async (name, args, expected) => {
    const { code, stdout, stderr } = await proviso([name, ...args, '--json'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n')).toHaveLength(2)
    expect(jsonLines(stdout)).toMatchObject([expected])
  })

  test('a directory in error is a JSON value too, wherever it is refused', async () => {
    const runs = await Promise.all([
      proviso(['compile', BROKEN, '-o', path('none.bundle'), '--json']),
      proviso(['decide', BROKEN, '--json']),
      proviso(['test', BROKEN, '--json']),
    ])
    for (const { code, stdout } of runs) {
      expect(code).toBe(1)
      expect(jsonLines(stdout)).toMatchObject([
        {
          error: { code: 'refused-directory' },
          problems: [{ code: 'unknown-key', file: 'tests/odd.yaml' }],
        },
      ])
    }
  })

  test('a request in error is a JSON value too', async () => {
    const { code, stdout } = await proviso(
      ['explain', MINIMAL_DIR, '--request', '-', '--json'],
      '{}',
    )
    expect(code).toBe(1)
    expect(jsonLines(stdout)).toMatchObject([
      { error: { code: 'missing-field', field: 'customer' } },
    ])
  })
})

describe('output', () => {
  test('a reader that has seen enough changes no answer', async () => {
    const child = spawnProviso(['check', BROKEN])
    child.stdout.destroy()
    expect(await once(child, 'close')).toEqual([1, null])
  })

  test('output that cannot be written is told of, and exits 2', () => {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(join(ROOT, 'bin/proviso'), ['schema'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toMatch(/^proviso: the output cannot be written: ENOSPC: [^\n]+\n$/)
  })

  test('what standard error does not take is lost, and changes no answer', () => {
    const full = openSync('/dev/full', 'w')
    for (const args of [
      ['check', BROKEN],
      ['decide', BROKEN, '--requests', 'none'],
    ]) {
      const { status } = spawnSync(join(ROOT, 'bin/proviso'), args, {
        stdio: ['ignore', 'ignore', full],
      })
      expect(status).toBe(1)
    }
  })
})

test('a new directory is sound: it checks, its cases pass, and it compiles to a bundle that checks', async () => {
  const dir = path('begun')
  const steps = [
    ['init', dir],
    ['check', dir],
    ['test', dir],
    ['compile', dir, '-o', path('begun.bundle')],
    ['check', path('begun.bundle')],
  ]
  for (const step of steps) expect(await proviso(step)).toMatchObject({ code: 0, stderr: '' })
})
