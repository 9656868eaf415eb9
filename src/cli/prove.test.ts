import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR } from '../../test/example-world.ts'
import { proviso } from '../../test/proviso.ts'
import { printBundle } from '../decision/bundle-file.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-prove-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const BUNDLE = join(TEMP, 'example.bundle')
writeFileSync(BUNDLE, [...printBundle(bundleOf(EXAMPLE), sha256)].join(''))

/** A file of statements, by its whole path. */
function statements(...lines: readonly string[]): string {
  const file = join(TEMP, 'said.yaml')
  const said = lines.map((line) => `  - ${line}\n`).join('')
  writeFileSync(file, `format: proviso/proofs@1\nstatements:\n${said}`)
  return file
}

interface Printed {
  readonly warnings: readonly object[]
  readonly statements: readonly {
    readonly id: string
    readonly holds: boolean
    readonly ofAnyContract: boolean | null
    readonly counterexample?: { readonly requests: readonly { readonly decided: unknown }[] }
  }[]
}

async function proved(
  dir: string,
  ...lines: readonly string[]
): Promise<readonly [number | null, Printed['statements']]> {
  const args = ['prove', dir, '--proofs', statements(...lines), '--json']
  const { code, stdout } = await proviso(args)
  return [code, (JSON.parse(stdout) as Printed).statements]
}

test('of the example every law and every statement holds', async () => {
  const { code, stdout, stderr } = await proviso(['prove', EXAMPLE_DIR])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^contracts\/maritime-2025.yaml:111:15: warning narrowed-by-lineage: .*\n/)
  expect(stderr.match(/^\S+: (warning|error) /gm)).toHaveLength(1)
  expect(stdout).toContain('all 15 hold')
  expect(stdout).not.toContain('fails')
})

test('a statement that does not hold comes with a request that is decided so', async () => {
  const [code, [first, second]] = await proved(
    BUNDLE,
    '{ id: a, never: { uses: [surveillance.intelligence-analysis] } }',
    '{ id: b, never: { uses: [weapons] } }',
  )
  expect(code).toBe(1)
  expect(first?.counterexample?.requests[0]?.decided).toMatchObject({
    outcome: 'permit-under-exception',
  })
  expect(first).toMatchObject({ holds: false, ofAnyContract: null })
  expect(second).toMatchObject({ id: 'b', holds: true })
})

test('who else reaches a restriction, and who is permitted less than another, is found', async () => {
  const [code, found] = await proved(
    EXAMPLE_DIR,
    '{ id: a, only: { customers: [ministry-of-assessment], reach: surveillance.persons } }',
    '{ id: b, everything: { permitted-to: ministry-of-assessment, is-permitted-to: joint-assessment-cell } }',
    '{ id: c, everything: { permitted-to: nobody-at-all, is-permitted-to: ministry-of-assessment } }',
  )
  expect(code).toBe(1)
  expect(found.map(({ holds }) => holds)).toEqual([false, false, true])
})

const UNKNOWN = [
  '{ id: a, never: { customers: [ministry-of-assessment, ministry-of-assesment] } }',
  '{ id: b, only: { customers: [nobody-at-all], reach: weapons.making } }',
  '{ id: c, everything: { permitted-to: ministry-of-assessment, is-permitted-to: nobody-at-all } }',
]

/** Each with its line and column. */
const TOLD = [
  '3:59: warning unknown-customer: no contract is with `ministry-of-assesment`; did you mean `ministry-of-assessment`?',
  '4:34: warning unknown-customer: no contract is with `nobody-at-all`; name a customer who has one, or write one',
  '5:83: warning unknown-customer: no contract is with `nobody-at-all`; name a customer who has one, or write one',
]

/** The lines of standard error that begin a problem of a file. */
function toldOf(file: string, stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith(`${file}:`))
    .map((line) => line.slice(file.length + 1))
}

test('a customer without a contract is told of at its place, and changes no exit', async () => {
  const file = statements(...UNKNOWN)
  for (const subject of [EXAMPLE_DIR, BUNDLE]) {
    const { stderr } = await proviso(['prove', subject, '--proofs', file])
    expect(toldOf('said.yaml', stderr)).toEqual(TOLD)
  }
  const holding = statements('{ id: a, never: { customers: [nobody-at-all] } }')
  const { code, stderr } = await proviso(['prove', BUNDLE, '--proofs', holding])
  expect([code, toldOf('said.yaml', stderr)]).toEqual([0, [expect.stringContaining('3:35:')]])
})

test('warnings of the own statements of a directory are told where these are proved, as check words them', async () => {
  const dir = join(TEMP, 'own')
  cpSync(EXAMPLE_DIR, dir, { recursive: true })
  cpSync(statements(...UNKNOWN), join(dir, 'proofs.yaml'))
  const own = await proviso(['prove', dir])
  expect(toldOf('proofs.yaml', own.stderr)).toEqual(TOLD)
  const checked = await proviso(['check', dir])
  expect(checked.stdout.startsWith(own.stderr)).toBe(true)
  const others = statements('{ id: a, never: { uses: [weapons] } }')
  const { stderr } = await proviso(['prove', dir, '--proofs', others])
  expect([toldOf('proofs.yaml', stderr), toldOf('said.yaml', stderr)]).toEqual([[], []])
  expect(stderr).toContain('contracts/maritime-2025.yaml:111:15')
})

test('a customer whose contract reaches nothing has one all the same', async () => {
  const dir = join(TEMP, 'idle')
  cpSync(EXAMPLE_DIR, dir, { recursive: true })
  const contract = readFileSync(join(dir, 'contracts/osint-2026.yaml'), 'utf8')
    .replace('id: osint-2026', 'id: idle-2026')
    .replace('customer: ministry-of-assessment', 'customer: nobody-at-all')
    .replaceAll('scope: { act: [analyse] }', 'scope: { act: [target] }')
  writeFileSync(join(dir, 'contracts/idle-2026.yaml'), contract)
  const file = statements('{ id: a, never: { customers: [nobody-at-all] } }')
  const { code, stdout, stderr } = await proviso(['prove', dir, '--proofs', file])
  expect([code, toldOf('said.yaml', stderr)]).toEqual([0, []])
  expect(stdout).toContain(': 7 customers,')
})

test('with --json warnings are in the answer and nowhere else', async () => {
  const args = ['prove', EXAMPLE_DIR, '--proofs', statements(UNKNOWN[0] ?? ''), '--json']
  const { stdout, stderr } = await proviso(args)
  expect(stderr).toBe('')
  expect((JSON.parse(stdout) as Printed).warnings).toMatchObject([
    { code: 'narrowed-by-lineage', file: 'contracts/maritime-2025.yaml', line: 111, column: 15 },
    { code: 'unknown-customer', file: 'said.yaml', line: 3, column: 59 },
  ])
})

test('statements that name nothing, contradict each other or have another format are refused', async () => {
  const refused = async (file: string, ...parts: readonly string[]): Promise<void> => {
    const { code, stderr } = await proviso(['prove', BUNDLE, '--proofs', file])
    expect(code).toBe(1)
    for (const part of parts) expect(stderr).toContain(part)
  }
  const reach = 'reach: surveillance.persons'
  await refused(statements('{ id: a, never: { uses: [weapns] } }'), 'said.yaml:3', '`weapons`')
  await refused(
    statements(
      `{ id: a, only: { customers: [ministry-of-assessment], ${reach} } }`,
      `{ id: b, only: { customers: [joint-assessment-cell], ${reach} } }`,
    ),
    'contradiction',
    'keep one',
  )
  const other = join(TEMP, 'other.yaml')
  writeFileSync(other, 'format: proviso/proofs@2\nstatements: []\n')
  await refused(other, 'proviso/proofs@1')
})

test('what cannot be read exits 2 with one sentence', async () => {
  for (const args of [[BUNDLE, '--proofs', join(TEMP, 'none.yaml')], [join(TEMP, 'none')]]) {
    const { code, stdout, stderr } = await proviso(['prove', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr.trim().split('\n')).toHaveLength(1)
  }
})

test('--smt writes a file a law, takes away those of before, and leaves any other directory alone', async () => {
  const out = join(TEMP, 'smt')
  await proviso(['prove', EXAMPLE_DIR, '--smt', out])
  const first = readdirSync(out)
  expect(first).toEqual(
    expect.arrayContaining(['L1.smt2', 'meaning.smt2', 'statement.no-weapons.smt2']),
  )
  await proviso(['prove', BUNDLE, '--smt', out])
  expect(readdirSync(out)).toEqual(first.filter((name) => /^(L|meaning)/.test(name)))
  expect(readFileSync(join(out, 'L1.smt2'), 'utf8').match(/\(check-sat\)/g)).toHaveLength(1)
  const { code, stderr } = await proviso(['prove', BUNDLE, '--smt', TEMP])
  expect([code, stderr]).toEqual([2, expect.stringContaining('name a directory that is new')])
  const onFile = await proviso(['prove', BUNDLE, '--smt', BUNDLE])
  expect([onFile.code, onFile.stderr]).toEqual([2, expect.stringContaining('is a file; name')])
})

test('a statement that has the id of a law does not take the place of its file', async () => {
  const out = join(TEMP, 'same-id')
  const file = statements('{ id: meaning, never: { uses: [weapons] } }')
  await proviso(['prove', EXAMPLE_DIR, '--proofs', file, '--smt', out])
  const names = ['meaning.smt2', 'statement.meaning.smt2']
  expect(readdirSync(out)).toEqual(expect.arrayContaining(names))
})
