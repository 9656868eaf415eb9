import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { applicationOf } from '../../test/case-world.ts'
import { EXAMPLE_DIR } from '../../test/example-world.ts'
import { testServer } from '../../test/postgres.ts'
import { proviso, type Ran } from '../../test/proviso.ts'
import { RunningRegister } from '../../test/running-register.ts'
import type { Role } from '../people.ts'
import { application } from '../review/application.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-register-cli-'))
const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start(
    { url: await postgres.emptyDatabase() },
    Date.UTC(2026, 0, 2),
  )
})
afterAll(async () => {
  await register.close()
  rmSync(TEMP, { recursive: true })
})

function keyFile(person: string): string {
  return join(TEMP, `${person}.key`)
}

/** Somebody runs a command in a role. */
function as(person: string, role: Role, ...args: readonly string[]): Promise<Ran> {
  const who = ['--by', person, '--role', role, '--key', keyFile(person)]
  return proviso([...args, ...who, '--server', register.url])
}

async function registered(person: string, role: Role, ...more: readonly string[]): Promise<void> {
  await proviso(['person', 'key', keyFile(person), '--name', person])
  const key = readFileSync(`${keyFile(person)}.pub`, 'utf8').trim()
  const set = ['--set', `person=${person}`, '--set', `key=${key}`, ...more]
  const done = await as('ona', 'operator', 'people', 'register', ...set)
  expect([done.code, done.stderr]).toEqual([0, ''])
  const grant = ['--set', `person=${person}`, '--set', `role=${role}`]
  expect((await as('ona', 'operator', 'people', 'grant', ...grant)).code).toBe(0)
}

test('people begin a register, publish documents and open a case, by commands alone', async () => {
  await proviso(['person', 'key', keyFile('ona'), '--name', 'ona'])
  const key = readFileSync(`${keyFile('ona')}.pub`, 'utf8').trim()
  const begin = ['people', 'begin', '--set', 'person=ona', '--set', `key=${key}`]
  expect((await as('ona', 'operator', ...begin)).code).toBe(0)
  const again = await as('ona', 'operator', ...begin)
  expect([again.code, again.stdout]).toEqual([1, ''])
  expect(again.stderr).toMatch(/^proviso: people-begun: the register has an operator/)

  await registered('pia', 'policy-author')
  for (const name of ['policy', 'legal', 'safeguards']) await registered(name, `approver.${name}`)
  await registered('rep', 'customer-representative', '--set', 'customer=ministry-of-assessment')
  const texts = ['policy', 'exceptions'].flatMap((name) => {
    return ['--text', `${name}=${join(EXAMPLE_DIR, `${name}.yaml`)}`]
  })
  const proposed = await as('pia', 'policy-author', 'provider', 'propose', ...texts, '--json')
  const { digest } = JSON.parse(proposed.stdout).state.proposal
  const other = ['--expect', `sha256:${'0'.repeat(64)}`]
  const wrong = await as('legal', 'approver.legal', 'provider', 'approve', ...other)
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('not the one expected')])
  for (const name of ['policy', 'legal', 'safeguards']) {
    const signed = await as(name, `approver.${name}`, 'provider', 'approve', '--expect', digest)
    expect([signed.code, signed.stderr]).toEqual([0, `signing round 1, ${digest}\n`])
  }

  const file = join(TEMP, 'application.yaml')
  writeFileSync(file, stringify({ application: application.encode(applicationOf()) }))
  const rep = ['rep', 'customer-representative'] as const
  expect((await as(...rep, 'case', 'open', 'case-17', '--file', file)).code).toBe(0)
  expect((await as(...rep, 'case', 'submit', 'case-17')).code).toBe(0)
  const list = await proviso(['case', 'list', '--state', 'submitted', '--server', register.url])
  expect(list.stdout).toBe('submitted    case-17  ministry-of-assessment\n')
  const early = await as('legal', 'approver.legal', 'case', 'approve', 'case-17')
  expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('proviso: wrong-state: ')])
})

test('what cannot be asked is said in one sentence', async () => {
  const at = ['--server', register.url]
  const runs = await Promise.all([
    proviso(['case', 'show', 'case-99', ...at]),
    proviso(['case', 'submit', ...at]),
    proviso(['case', 'submit', 'case-17', ...at]),
    proviso(['case', 'list', '--server', 'http://127.0.0.1:9']),
    proviso(['case', 'list', '--server', 'http://register.example']),
    as('ona', 'operator', 'people', 'grant', '--set', 'person'),
  ])
  expect(runs.map(({ code }) => code)).toEqual([1, 2, 2, 2, 2, 2])
  for (const { stdout, stderr } of runs) {
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^proviso: [^\n]+\n$/)
  }
})
