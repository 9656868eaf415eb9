import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonLines, proviso, type Ran } from './proviso.ts'
import { type Answer, ask, askAll, denialOf, permitOf, QUESTIONS, RECORDED } from './questions.ts'
import { indexOf, recordsIn } from './records.ts'
import {
  BUNDLE,
  DECISIONS,
  filesIn,
  ready,
  startServer,
  TEMP,
  untilPublished,
} from './running-server.ts'

// The evidence of a running server, as somebody sees it who has its answers, its files and its addresses.

/** A directory of logs that a server has been asked into: one of each outcome, and ended well. */
const ASKED = join(TEMP, 'asked')

const asked = await askOfEach()

async function askOfEach(): Promise<readonly Answer[]> {
  const server = await startServer(ASKED)
  const answers: Answer[] = []
  for (const outcome of RECORDED) answers.push(await ask(server, QUESTIONS[outcome]))
  for (const desk of ['one', 'two', 'two']) await ask(server, permitOf(desk))
  await server.end()
  return answers
}

test('what is not plainly permitted is on the disk when its answer arrives, batches in their order', async () => {
  const log = join(TEMP, 'acknowledged')
  const server = await startServer(log)
  const alone: Answer[] = []
  for (const outcome of RECORDED) alone.push(await ask(server, QUESTIONS[outcome]))
  const permit = await ask(server, QUESTIONS.permit)
  const { deny, refer, permit: plain } = QUESTIONS
  const exception = QUESTIONS['permit-under-exception']
  const batch = await askAll(server, [refer, plain, exception, deny, plain, deny])
  await server.kill()

  const answers = [...alone, ...batch].filter(({ context }) => context.outcome !== 'permit')
  expect(permit.context).not.toHaveProperty('record')
  expect(batch.map(({ context }) => context.record)).toEqual([
    'main-1/3',
    undefined,
    'main-1/4',
    'main-1/5',
    undefined,
    'main-1/6',
  ])
  const found = await recordsIn(log)
  expect(found.size).toBe(answers.length)
  const check = (records: Awaited<ReturnType<typeof recordsIn>>): void => {
    for (const { context } of answers) {
      const { record, text } = records.get(indexOf(context.record)) ?? {}
      expect(record).toMatchObject({ outcome: context.outcome, sequence: indexOf(context.record) })
      const { decision } = JSON.parse(text ?? '') as { decision: object }
      expect(decision).toMatchObject({ outcome: context.outcome, reasons: context.reasons })
    }
  }
  check(found)

  const again = await startServer(log)
  expect((await ready(again)).logs.size).toBe(answers.length)
  expect((await ask(again, deny)).context.record).toBe(`main-1/${answers.length}`)
  await again.end()
  check(await recordsIn(log))
})

test('plain permits are counted, by customer, deployment and uses, and exported as no decisions', async () => {
  const records = [...(await recordsIn(ASKED)).values()]
  expect(records.map(({ record }) => record.outcome)).toEqual([...RECORDED, 'permit'])
  const { counts } = JSON.parse(records.at(-1)?.text ?? '') as { counts: object[] }
  const row = { customer: 'riverside-clinic', uses: ['general'] }
  expect(counts).toEqual([
    { ...row, deployment: 'one', count: 1 },
    { ...row, deployment: 'two', count: 2 },
  ])
  const { code, stdout } = await proviso(['log', 'export', '--log', ASKED])
  expect(code).toBe(0)
  expect(jsonLines(stdout).map(({ decision }) => decision)).toMatchObject(
    RECORDED.map((outcome) => ({ outcome })),
  )
})

test('what was decided is exported, and is decided again to the byte from what was asked', async () => {
  const { stdout } = await proviso(['log', 'export', '--log', ASKED])
  const requests = jsonLines(stdout).map(({ request }) => JSON.stringify(request))
  const decided = await proviso(['decide', BUNDLE], requests.map((line) => `${line}\n`).join(''))
  const lines = decided.stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(RECORDED.length)
  expect(stdout).toBe(
    lines.map((line, i) => `{"decision":${line},"request":${requests[i]}}\n`).join(''),
  )
})

/** The receipt of a record, in a directory of its own with nothing but whom to trust. */
async function receiptOf(record: string, directory: string): Promise<Ran> {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'receipt')
  const made = await proviso(['log', 'receipt', record, '--log', ASKED, '-o', file, '--json'])
  expect(made).toMatchObject({ code: 0, stderr: '' })
  cpSync(join(ASKED, 'trust'), join(directory, 'trust'))
  return made
}

function verified(directory: string): Promise<Ran> {
  const trust = ['--trust', join(directory, 'trust')]
  return proviso(['log', 'verify', join(directory, 'receipt'), ...trust, '--json'])
}

test('a receipt of each outcome is verified with the trust file alone, and is that of the id in the answer', async () => {
  for (const [i, { context }] of asked.entries()) {
    const { record = '', outcome } = context
    const directory = join(TEMP, `receipt-${i}`)
    const made = await receiptOf(record, directory)
    expect(JSON.parse(made.stdout)).toMatchObject({ index: indexOf(record) })
    const { code, stdout } = await verified(directory)
    expect(code).toBe(0)
    const log = 'localhost/decisions/main/1'
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, facts: { log, index: i, outcome } })
    const { payload } = JSON.parse(readFileSync(join(directory, 'receipt'), 'utf8')) as {
      payload: { text: string }
    }
    expect(JSON.parse(payload.text)).toMatchObject({ decision: { outcome } })
  }
  const latest = join(TEMP, 'receipt-latest')
  const made = await receiptOf('latest', latest)
  // The counts that come after it are about no decision.
  expect(JSON.parse(made.stdout)).toMatchObject({ index: RECORDED.length - 1 })
})

test('a receipt that is changed, or is of a log that is not trusted, is not verified', async () => {
  const directory = join(TEMP, 'receipt-changed')
  await receiptOf('main-1/1', directory)
  const file = join(directory, 'receipt')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('riverside-clinic', 'riverside-clinix'))
  expect((await verified(directory)).code).toBe(1)
  writeFileSync(file, text)
  expect((await verified(directory)).code).toBe(0)
  const trust = readFileSync(join(ASKED, 'trust'), 'utf8')
  writeFileSync(join(directory, 'trust'), trust.replace(/^log localhost\/governance.*\n/, ''))
  expect((await verified(directory)).code).toBe(1)
})

/** In whose payload alone it stands. */
const MARKER = 'marker-customer-7f3a'

test('what is shredded while the server runs is nowhere in the directory, and all else is as it was', async () => {
  const log = join(TEMP, 'shredded')
  const server = await startServer(log)
  const kept = await ask(server, QUESTIONS.deny)
  const { context } = await ask(server, denialOf(MARKER))
  await ask(server, QUESTIONS['permit-under-exception'])
  await untilPublished(server)
  const holders = (): string[] =>
    [...filesIn(log)].filter(([, bytes]) => bytes.includes(MARKER)).map(([name]) => name)
  expect(holders()).toEqual([`${DECISIONS}/journal/0000000000000000.segment`])
  const before = await recordsIn(log)
  const tree = readFileSync(join(log, DECISIONS, 'checkpoint'))

  const record = context.record ?? ''
  const { code } = await proviso(['log', 'shred', '--record', record, '--log', log])
  expect(code).toBe(0)
  expect(holders()).toEqual([])
  expect(readFileSync(join(log, DECISIONS, 'checkpoint'))).toEqual(tree)
  before.delete(indexOf(record))
  expect(await recordsIn(log)).toEqual(before)
  const exported = await proviso(['log', 'export', '--log', log])
  expect(exported).toMatchObject({
    code: 0,
    stderr: '1 record shredded: what they were about is gone\n',
  })
  expect(exported.stdout).toBe([...before.values()].map(({ text }) => `${text}\n`).join(''))

  await ask(server, QUESTIONS.deny)
  await server.kill()
  const again = await startServer(log)
  expect((await ask(again, QUESTIONS.deny)).context.record).toBe('main-1/4')
  await again.end()
  expect((await recordsIn(log)).get(indexOf(kept.context.record))).toEqual(before.get(0))
  expect(await proviso(['log', 'fsck', log])).toMatchObject({ code: 0 })
  expect(holders()).toEqual([])
})

test('a receipt that was given out is valid after its record is shredded, and a new one is sealed', async () => {
  const log = join(TEMP, 'shredded-later')
  cpSync(ASKED, log, { recursive: true, filter: (path) => !path.endsWith('/lock') })
  const [old, sealed, trust] = [join(TEMP, 'old'), join(TEMP, 'sealed'), join(log, 'trust')]
  const receipt = (file: string, ...more: string[]): Promise<Ran> =>
    proviso(['log', 'receipt', 'main-1/1', '--log', log, '-o', file, ...more])
  await receipt(old)
  await proviso(['log', 'shred', '--record', 'main-1/1', '--log', log])
  expect(await receipt(sealed)).toMatchObject({ code: 0 })
  expect(readFileSync(old, 'utf8')).toContain('riverside-clinic')
  expect(readFileSync(sealed, 'utf8')).toContain('"payload":null')
  for (const file of [old, sealed]) {
    const { code } = await proviso(['log', 'verify', file, '--trust', trust])
    expect(code).toBe(0)
  }
  // A receipt can be sealed while the payload is there, too.
  rmSync(sealed)
  const other = ['log', 'receipt', 'main-1/0', '--log', log, '-o', sealed, '--sealed']
  expect(await proviso(other)).toMatchObject({ code: 0 })
  expect(readFileSync(sealed, 'utf8')).toContain('"payload":null')
})
