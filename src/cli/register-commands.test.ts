import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { applicationOf, OPENED, soundCommand } from '../../test/case-world.ts'
import { OSINT } from '../../test/contract-story.ts'
import { EXAMPLE_DIR, EXAMPLE_TEXTS } from '../../test/example-world.ts'
import { type MeddlingProxy, meddlingProxy } from '../../test/meddling-proxy.ts'
import { testServer } from '../../test/postgres.ts'
import { jsonLines, proviso, type Ran } from '../../test/proviso.ts'
import { assessed, DRAFT, determined, founded, inForce, who } from '../../test/register-story.ts'
import { RunningRegister } from '../../test/running-register.ts'
import { printSigner } from '../log/signer.ts'
import { application } from '../review/application.ts'
import { DAY_MS, printInstant } from '../time.ts'

// What else people do in a register by commands, than to act on one thing.

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-register-commands-'))
const postgres = testServer()
let register: RunningRegister
let proxy: MeddlingProxy
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  proxy = await meddlingProxy(() => register.url)
  await founded(register)
})
afterAll(async () => {
  await proxy.close()
  await register.close()
  rmSync(TEMP, { recursive: true })
})
beforeEach(() => proxy.reset())

function as(person: string, ...args: readonly string[]): Promise<Ran> {
  const [, role] = who(person)
  const key = join(TEMP, `${person}.key`)
  writeFileSync(key, printSigner(register.signerOf(person)), { mode: 0o600 })
  return ask(...args, '--by', person, '--role', role, '--key', key)
}

function ask(...args: readonly string[]): Promise<Ran> {
  return proviso([...args, '--server', proxy.url])
}

/** A file of somebody's own. */
function file(name: string, content: string): string {
  const path = join(TEMP, name)
  writeFileSync(path, content)
  return path
}

function sha256Of(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

test('a file is kept by its digest, and given back only as that digest says', async () => {
  const text = 'Minutes of the first meeting\n'
  const put = await ask('document', 'put', file('minutes.md', text))
  expect([put.code, put.stdout]).toEqual([
    0,
    `${join(TEMP, 'minutes.md')}: ${sha256Of(text)}, text/markdown, 29 bytes\n`,
  ])
  const given = join(TEMP, 'given.md')
  expect((await ask('document', 'get', sha256Of(text), '-o', given)).code).toBe(0)
  expect(readFileSync(given, 'utf8')).toBe(text)

  proxy.meddle((_, body) => body.replace('first', 'other'))
  const other = join(TEMP, 'other.md')
  const wrong = await ask('document', 'get', sha256Of(text), '-o', other)
  expect([wrong.code, wrong.stdout, existsSync(other)]).toEqual([1, '', false])
  expect(wrong.stderr).toContain(sha256Of('Minutes of the other meeting\n'))

  const page = await ask('document', 'put', file('page.html', '<p>'))
  expect([page.code, page.stderr]).toEqual([2, expect.stringContaining('of no kind that is kept')])
  const none = await ask('document', 'get', sha256Of('none'), '-o', other)
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/^proviso: not-found: /)])
})

test('models are added, asserted of and listed', async () => {
  expect((await as('officer', 'models', 'add', 'example-new-20260301')).code).toBe(0)
  const fields = { id: 'a1', scheme: 'rsp', level: 2, basis: 'determined' }
  const from = printInstant(register.at + DAY_MS)
  const asserting = ['models', 'assert', 'example-new-20260301'] as const
  const assertion = file('assertion.yaml', stringify({ ...fields, from }))
  expect((await as('officer', ...asserting, '--file', assertion)).code).toBe(0)
  const { stdout } = await ask('models', 'list')
  expect(stdout).toContain(`example-new-20260301\n  ${from}  a1: rsp 2, determined\n`)
  expect(stdout).toMatch(/^example-sonnet-20250514 {2}\(example-sonnet\)\n/)

  const unsound = file('unsound.yaml', stringify({ ...fields, id: 'a2', from, basis: 'a guess' }))
  const refused = await as('officer', ...asserting, '--file', unsound)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toContain(`${unsound}:4:8: error unknown-basis: `)
})

test('errors are told where they are in the files of whoever acts', async () => {
  const written = application.encode(applicationOf()) as Record<string, unknown>
  const lines = stringify({ application: { ...written, party: 7 } }).split('\n')
  const line = lines.indexOf('  party: 7') + 1
  const applied = file('application.yaml', lines.join('\n'))
  const refused = await as('rep', 'case', 'open', 'case-18', '--file', applied)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toMatch(/^proviso: malformed-command: /)
  expect(refused.stderr).toContain(`\n${applied}:${line}:10: error wrong-type: `)

  const policy = file('next.yaml', EXAMPLE_TEXTS.policy.replace('format: ', 'format : x'))
  const exceptions = join(EXAMPLE_DIR, 'exceptions.yaml')
  const texts = ['--text', `policy=${policy}`, '--text', `exceptions=${exceptions}`]
  const proposed = await as('author', 'provider', 'propose', ...texts)
  expect(proposed.code).toBe(1)
  expect(proposed.stderr).toMatch(/^proviso: documents-refused: /)
  expect(proposed.stderr).toContain(`\n${policy}:7:10: error unknown-format: `)
})

test('evidence is kept before the act that names it', async () => {
  await register.onCase(who('rep'), 'case-19', {
    ...soundCommand('case.open', register.at),
    case: 'case-19',
  } as never)
  await register.onCase(who('rep'), 'case-19', soundCommand('case.submit', register.at))
  const text = 'Who the ministry is'
  const named = ['--evidence', `evidence=${file('screening.txt', text)}`]
  const screening = ['case', 'screen', 'case-19', '--set', 'rationale=Known', ...named]
  expect((await as('assessor', ...screening)).code).toBe(0)
  const { body } = await register.get('/api/v1/cases/case-19')
  expect(body.state.screening.evidence).toEqual([
    { digest: sha256Of(text), 'media-type': 'text/plain', size: 19, title: 'screening.txt' },
  ])
  const puts = proxy.passed.findIndex((one) => one.startsWith('PUT /api/v1/files/'))
  expect(puts).toBeGreaterThanOrEqual(0)
  expect(puts).toBeLessThan(proxy.passed.indexOf('POST /api/v1/cases/case-19/acts'))
})

test('a role that there is not is refused with those that there are', async () => {
  const named = ['--by', 'x', '--key', 'none', '--role', 'approver']
  const ran = await ask('case', 'submit', 'case-18', ...named)
  expect([ran.code, ran.stderr]).toEqual([
    2,
    expect.stringMatching(/--role approver is no role; it is .*assessor.* or approver.NAME/),
  ])
  const granting = ['people', 'grant', '--set', 'person=rep'] as const
  const granted = await as('officer', ...granting, '--set', 'role=assesor')
  const unknown = / {2}role: unknown-role: `assesor` is no role; it is .*assessor/
  expect([granted.code, granted.stderr]).toEqual([1, expect.stringMatching(unknown)])
  const none = await as('officer', ...granting)
  const missing = '  role: missing-field: `role` is missing; add it\n'
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining(missing)])
  const refused = await as('rep', 'case', 'return', 'case-19', '--set', 'reasons=None')
  const doers =
    /not-permitted: `case.return` is done as assessor or approver.NAME, not as customer-/
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(doers)])
})

test('what is said twice, or where nothing takes it, is not passed over', async () => {
  const more = await ask('case', 'list', 'case-19')
  expect([more.code, more.stdout]).toEqual([2, ''])
  expect(more.stderr).toContain('list takes no ID; see one with: case show case-19')

  const named = file('named.yaml', stringify({ application: applicationOf(), case: 'case-21' }))
  const other = await as('rep', 'case', 'open', 'case-20', '--file', named)
  expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/other-id: .*`case-20`/)])
})

test('a value of another form is told what it may be, each form once', async () => {
  const colon = await as('officer', 'contract', 'stop', 'osint-2026', '--set', 'reasons=a: b: c')
  const unread = /--set reasons: its value is no YAML; a text with `: ` goes in quotes/
  expect([colon.code, colon.stderr]).toEqual([2, expect.stringMatching(unread)])
  const values = ['--set', 'reasons=Misuse', '--set', 'scope=all']
  const scope = await as('officer', 'contract', 'stop', 'osint-2026', ...values)
  const forms = 'scope: wrong-type: expected `contract` or a map, found `all`\n'
  expect([scope.code, scope.stderr]).toEqual([1, expect.stringContaining(forms)])
})

test('all that was done is shown, page by page', async () => {
  for (let i = 0; i < 50; i++) {
    const model = { act: 'models.add', model: `example-many-${i}` }
    await register.act(who('officer'), 'provider', model)
  }
  const { body } = await register.get('/api/v1/provider')
  const shown = await ask('provider', 'acts', '--json')
  const versions = jsonLines(shown.stdout).map(({ version }) => version)
  expect(versions).toEqual(Array.from({ length: body.version }, (_, i) => i + 1))
  expect(proxy.passed.length).toBeGreaterThan(1)
  const text = await ask('provider', 'acts')
  expect(parse(text.stdout).map(({ version }: { version: number }) => version)).toEqual(versions)
})

test('an incident is reported by a file, and a contract suspended by a word and a reason', async () => {
  await assessed(register)
  await determined(register)
  await register.onContract(who('signer'), OSINT.id, DRAFT)
  await inForce(register)
  const happened = `happened=${printInstant(register.at)}`
  const named = ['--evidence', `summary=${file('incident.txt', 'A wrong name')}`]
  const incident = ['--set', happened, '--set', 'kind=wrong-name', ...named]
  const reported = await as('officer', 'contract', 'report-incident', OSINT.id, ...incident)
  expect([reported.code, reported.stderr]).toEqual([0, ''])
  const silent = await as('officer', 'suspend', OSINT.id)
  expect([silent.code, silent.stderr]).toEqual([2, expect.stringContaining('--reason')])
  const done = await as('officer', 'suspend', OSINT.id, '--reason', 'Misuse is suspected')
  expect([done.code, done.stderr]).toEqual([0, ''])
  const listed = await ask('contract', 'list', '--state', 'suspended')
  expect(listed.stdout).toContain(OSINT.id)
  const { body } = await register.get(`/api/v1/contracts/${OSINT.id}`)
  expect(body.state.reasons).toBe('Misuse is suspected')
  expect(body.state.incidents).toMatchObject([{ summary: sha256Of('A wrong name') }])
})
