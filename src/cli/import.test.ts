import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CUSTOMER } from '../../test/case-world.ts'
import { ROOT } from '../../test/example-world.ts'
import { testServer } from '../../test/postgres.ts'
import { proviso, type Ran } from '../../test/proviso.ts'
import { RunningRegister } from '../../test/running-register.ts'
import { printSigner } from '../log/signer.ts'
import type { Role } from '../people.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-import-'))
const SAMPLE = join(ROOT, 'examples/legacy-exceptions.csv')
const OTHER = 'office-of-sanctions-analysis'

const APPROVERS: Readonly<Record<string, Role>> = {
  policy: 'approver.policy',
  legal: 'approver.legal',
  safeguards: 'approver.safeguards',
}

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  const place = { url: await postgres.emptyDatabase() }
  register = await RunningRegister.start(place, Date.UTC(2026, 2, 2))
  const staff = { ...APPROVERS, author: 'policy-author', officer: 'safeguards-officer' } as const
  await register.found({ ...staff, rep: 'customer-representative' }, CUSTOMER)
  await register.publish('author', APPROVERS, 'officer')
  const other = { act: 'people.register', person: 'other', key: register.keyOf('other') }
  await register.act(['operator', 'operator'], 'people', { ...other, customer: OTHER } as {
    act: string
  })
})
afterAll(async () => {
  await register.close()
  rmSync(TEMP, { recursive: true })
})

/** A spreadsheet as somebody saved it. */
function saved(name: string, content: string | Buffer): string {
  const path = join(TEMP, name)
  writeFileSync(path, content)
  return path
}

function imports(file: string, ...more: readonly string[]): Promise<Ran> {
  return importsAs(['operator', 'operator'], file, ...more)
}

function importsAs(
  [by, role]: readonly [string, Role],
  file: string,
  ...more: readonly string[]
): Promise<Ran> {
  const key = join(TEMP, `${by}.key`)
  writeFileSync(key, `${printSigner(register.signerOf(by))}\n`, { mode: 0o600 })
  const who = ['--by', by, '--role', role, '--key', key]
  return proviso(['import', file, ...who, '--server', register.url, ...more])
}

async function casesOf(customer: string): Promise<readonly string[]> {
  const { body } = await register.get(`/api/v1/cases?customer=${customer}`)
  return (body.items as readonly { id: string; state: string }[]).map(({ state }) => state)
}

test('a list is shown, brought in once, and gives nothing', async () => {
  const shown = await proviso(['import', SAMPLE, '--dry-run', '--server', register.url])
  expect([shown.code, shown.stderr]).toEqual([0, ''])
  expect(shown.stdout).toMatch(/^(new {5}legacy-[0-9a-f]{20} {2}\S+\n){3}3 cases to be opened, /)
  expect(await casesOf(CUSTOMER)).toEqual([])

  const done = await imports(SAMPLE, '--json')
  expect([done.code, done.stderr]).toEqual([0, ''])
  const { cases } = JSON.parse(done.stdout) as { cases: { case: string; line: number }[] }
  expect(cases.map(({ line }) => line)).toEqual([2, 4, 5])
  expect([await casesOf(CUSTOMER), await casesOf(OTHER)]).toEqual([['draft', 'draft'], ['draft']])
  const path = `cases/${cases[0]?.case}`
  const { body } = await register.get(`/api/v1/${path}`)
  expect(body.state).toMatchObject({
    application: { customer: CUSTOMER, tailorings: [], deployments: [] },
    legacy: {
      restriction: 'No tracking, or analysis, of persons',
      use: 'Reading foreign public reports',
      'granted-by': 'J. Doe',
      from: '2024-05-01T00:00:00.000Z',
      note: 'By e-mail:\n"for the time being"',
    },
  })
  const found = await register.get('/api/v1/cases?q=intercepted')
  expect(found.body.items).toMatchObject([{ id: cases[2]?.case }])

  const again = await imports(SAMPLE)
  expect([again.code, again.stdout]).toEqual([
    0,
    expect.stringMatching(/^(there .*\n){3}0 cases opened, 3 there before\n$/),
  ])
  const rep = ['rep', 'customer-representative'] as const
  const submitted = await register.ask(rep, path, { act: 'case.submit' })
  expect([submitted.status, submitted.body.code]).toEqual([422, 'application-unsound'])
  const asked = await register.decide({
    subject: { type: 'deployment', id: `${CUSTOMER}/desk-1` },
    action: { name: 'surveillance.intelligence-analysis' },
    resource: { type: 'model', id: 'example-sonnet-20250514' },
    context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
  })
  expect(asked.body).toMatchObject({ decision: false, context: { outcome: 'deny' } })
})

test('a list is read as spreadsheets write it, and what has been added to it is brought in', async () => {
  const rows = [
    '\uFEFFcustomer;restriction;note',
    `${CUSTOMER};"Ships; and their crews";"first line\r\nsecond, ""quoted"""`,
    `${CUSTOMER};Persons;- asked twice`,
    ';;',
    ';;',
    '',
  ]
  const first = await imports(saved('first.csv', rows.slice(0, 2).join('\r\n')))
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('\n1 case opened, 0 ')])
  const whole = await imports(saved('whole.csv', rows.join('\r\n')), '--json')
  expect(JSON.parse(whole.stdout)).toMatchObject({
    cases: [
      { line: 2, is: 'there' },
      { line: 4, is: 'opened' },
    ],
  })
  const [, { case: id }] = JSON.parse(whole.stdout).cases
  const { body } = await register.get(`/api/v1/cases/${id}`)
  expect(body.state.legacy).toEqual({ restriction: 'Persons', note: '- asked twice' })
})

test('every error is told with its line, and then nothing is brought in', async () => {
  const before = (await casesOf(CUSTOMER)).length
  const wrong = saved(
    'wrong.csv',
    `customer,restriction,since
${CUSTOMER},Sound,2024-05-01
Ministry,Persons,1.5.2024
${CUSTOMER},=A1&B1,
${CUSTOMER},#REF!,
${CUSTOMER},,
${CUSTOMER},Sound,2024-05-01
`,
  )
  const told = await imports(wrong)
  expect([told.code, told.stdout]).toEqual([1, ''])
  expect(
    told.stderr.replaceAll(`${wrong}:`, '').match(/^[\d:]+ error [a-z-]+|^proviso.*/gm),
  ).toEqual([
    '3:1: error malformed-id',
    '3:18: error malformed-instant',
    `4:${CUSTOMER.length + 2}: error formula`,
    `5:${CUSTOMER.length + 2}: error formula`,
    `6:${CUSTOMER.length + 2}: error missing-cell`,
    '7:1: error duplicate-line',
    `proviso: ${wrong} is refused: 6 errors`,
  ])
  const strange = saved('strange.csv', `customer,restriction\n${CUSTOMER},A\nnobody,B\nno-one,C\n`)
  const strangers = await imports(strange)
  expect([strangers.code, strangers.stderr]).toEqual([
    1,
    `${strange}:3:1: error customer-unknown: nobody represents \`nobody\`; register somebody who does
${strange}:4:1: error customer-unknown: nobody represents \`no-one\`; register somebody who does
proviso: ${strange} is refused: 2 errors
`,
  ])
  expect((await casesOf(CUSTOMER)).length).toBe(before)
})

test('who does not run the register brings nothing in', async () => {
  const list = saved('list.csv', `customer,restriction\n${CUSTOMER},Something else\n`)
  const refused = await importsAs(['rep', 'customer-representative'], list)
  expect([refused.code, refused.stdout]).toEqual([1, ''])
  expect(refused.stderr).toBe(`${list}:2: the lines from here on are not brought in
proviso: not-permitted: \`case.import\` is done as operator, not as customer-representative
`)
})

test('a case is imported only for a customer whom somebody represents, whoever asks', async () => {
  const command = {
    act: 'case.import',
    case: 'c',
    customer: 'nobody',
    legacy: { restriction: 'A' },
  }
  const refused = await register.ask(['operator', 'operator'], 'cases/c', command)
  expect([refused.status, refused.body.code]).toEqual([422, 'customer-unknown'])
})

test('what cannot be read is wrong usage, in one sentence', async () => {
  const wide = saved('wide.csv', Buffer.from('\uFEFFcustomer,restriction\r\n', 'utf16le'))
  const runs = await Promise.all([
    imports(join(TEMP, 'none.csv')),
    imports(wide),
    proviso(['import', SAMPLE, '--server', register.url]),
    proviso(['import', SAMPLE, '--dry-run', '--server', 'http://127.0.0.1:9']),
  ])
  expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(Array(4).fill([2, '']))
  expect(runs.map(({ stderr }) => stderr)).toEqual([
    expect.stringMatching(/^proviso: no file \S+none.csv\n$/),
    `proviso: ${wide} is not UTF-8; save it as CSV UTF-8\n`,
    'proviso: say who acts: --role, or PROVISO_ROLE\n',
    expect.stringMatching(/^proviso: http:\/\/127.0.0.1:9 does not answer .*\n$/),
  ])
})
