import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { jsonLines, proviso, type Ran } from './proviso.ts'
import { ask, QUESTIONS } from './questions.ts'
import { recordsIn } from './records.ts'
import { BUNDLE, startServer, TEMP } from './running-server.ts'

// Keys of logs that are replaced, and what was signed with those before them.

const EXCEPTION = QUESTIONS['permit-under-exception']
const LOG = join(TEMP, 'log')

const path = (name: string): string => join(TEMP, name)

/** Runs a server, asks it once, and lets it end; what the answer names. */
async function askedOnce(log: string, served?: readonly string[]): Promise<string> {
  const server = await startServer(log, served ? { served } : {})
  const { record = '' } = (await ask(server, EXCEPTION)).context
  expect((await server.end()).code).toBe(0)
  return record
}

async function receiptOf(record: string, log: string, file: string): Promise<string> {
  const made = await proviso(['log', 'receipt', record, '--log', log, '-o', path(file)])
  expect(made).toMatchObject({ code: 0, stderr: '' })
  return path(file)
}

function verified(receipt: string, trust: string, ...more: readonly string[]): Promise<Ran> {
  return proviso(['log', 'verify', receipt, '--trust', trust, '--json', ...more])
}

/** Steps of a verification that failed. */
async function failures(receipt: string, trust: string): Promise<unknown[]> {
  const { stdout } = await verified(receipt, trust)
  const { steps } = JSON.parse(stdout) as { steps: { step: string; ok: boolean | null }[] }
  return steps.filter(({ ok }) => ok === false).map(({ step }) => step)
}

async function rotate(log: string, owner: string, ...more: readonly string[]): Promise<void> {
  const ran = await proviso(['log', 'key', owner, '--log', log, ...more, '--json'])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
}

const trustOf = (log: string): string => join(log, 'trust')
const before = { receipt: '', trust: path('trust-before') }

beforeAll(async () => {
  before.receipt = await receiptOf(await askedOnce(LOG), LOG, 'receipt-before')
  copyFileSync(trustOf(LOG), before.trust)
  await rotate(LOG, 'decisions')
  expect(await askedOnce(LOG)).toBe('main-2/0')
})

test('a new key of the decision log begins a new log, and the earlier one stays as it was', async () => {
  const server = await startServer(LOG)
  for (const [folder, origin] of [
    ['decisions-main-1', 'localhost/decisions/main/1'],
    ['decisions-main-2', 'localhost/decisions/main/2'],
  ]) {
    const answer = await fetch(`${server.address}/log/${folder}/checkpoint`)
    expect((await answer.text()).split('\n').slice(0, 2)).toEqual([origin, '1'])
  }
  const other = await fetch(`${server.address}/log/decisions-main-3/checkpoint`)
  expect(other.status).toBe(404)
  await server.end()
  const exported = await proviso(['log', 'export', '--log', LOG, '--epoch', '1'])
  expect(jsonLines(exported.stdout)).toHaveLength(1)
  expect(await proviso(['log', 'fsck', LOG])).toMatchObject({ code: 0 })
})

test('one contract has another pseudonym in each log', async () => {
  const [one, two] = await Promise.all(
    ['decisions-main-1', 'decisions-main-2'].map((folder) => recordsIn(LOG, folder)),
  )
  expect(one?.get(0)?.record.pseudonym).toBeInstanceOf(Uint8Array)
  expect(one?.get(0)?.record.pseudonym).not.toEqual(two?.get(0)?.record.pseudonym)
})

test('receipts of the earlier log hold, those given out and new ones, since anchors go on naming it', async () => {
  const [old, next] = [before.trust, trustOf(LOG)]
  expect(await failures(before.receipt, old)).toEqual([])
  expect(await failures(before.receipt, next)).toEqual([])
  const anew = await receiptOf('main-1/0', LOG, 'receipt-anew')
  expect(readFileSync(anew, 'utf8')).not.toBe(readFileSync(before.receipt, 'utf8'))
  expect(await failures(anew, next)).toEqual([])
  expect(await failures(anew, old)).toEqual([])
  const newer = await receiptOf('main-2/0', LOG, 'receipt-newer')
  expect(await failures(newer, next)).toEqual([])
  const { stdout } = await verified(newer, next)
  expect(JSON.parse(stdout)).toMatchObject({ facts: { log: 'localhost/decisions/main/2' } })
})

/** How many signatures of a name a note has. */
function signaturesIn(log: string): number {
  const note = readFileSync(join(log, 'governance/checkpoint'), 'utf8')
  return note.split('\n').filter((line) => line.startsWith('\u2014 localhost/governance ')).length
}

test('two keys of the governance log sign while they overlap, and then the new one alone', async () => {
  const log = path('overlapping')
  const first = await receiptOf(await askedOnce(log), log, 'overlap-first')
  const old = path('trust-overlap')
  copyFileSync(trustOf(log), old)
  expect(signaturesIn(log)).toBe(1)

  // Until an instant that is today and later than the clock of the next server.
  await rotate(log, 'governance', '--overlap', 'P1D')
  await rotate(log, 'statements', '--overlap', 'P1D')
  const during = await receiptOf(await askedOnce(log), log, 'overlap-during')
  expect(signaturesIn(log)).toBe(2)
  for (const trust of [old, trustOf(log)]) {
    expect(await failures(first, trust)).toEqual([])
    expect(await failures(during, trust)).toEqual([])
  }
  for (const generation of [1, 2]) {
    const key = join(log, `keys/statements-${generation}.key.pub`)
    expect(await verified(during, old, '--statement-key', key)).toMatchObject({ code: 0 })
  }

  const later = [BUNDLE, '--unsigned', '--clock', '2100-01-01T00:00:00Z']
  const after = await receiptOf(await askedOnce(log, later), log, 'overlap-after')
  expect(signaturesIn(log)).toBe(1)
  expect(await failures(after, trustOf(log))).toEqual([])
  expect(await failures(after, old)).toContain('governance-checkpoint')
  expect(await failures(first, trustOf(log))).toEqual([])
  const stale = join(log, 'keys/statements-1.key.pub')
  expect(await verified(after, trustOf(log), '--statement-key', stale)).toMatchObject({ code: 1 })
})

test('a key is made for whom there is one, and nothing is changed otherwise', async () => {
  const config = readFileSync(join(LOG, 'log.json'), 'utf8')
  for (const args of [['pseudonyms'], ['nobody'], ['governance', '--overlap', 'P367D']]) {
    const ran = await proviso(['log', 'key', ...args, '--log', LOG])
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toMatch(/^proviso: [^\n]+\n$/)
  }
  expect(readFileSync(join(LOG, 'log.json'), 'utf8')).toBe(config)
})
