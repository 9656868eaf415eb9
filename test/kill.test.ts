import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Outcome } from '../src/decision/decision.ts'
import { judgeLog } from './judge.ts'
import { proviso } from './proviso.ts'
import { ask, askAll, denialOf, QUESTIONS, type Question } from './questions.ts'
import { indexOf, recordsIn } from './records.ts'
import { DECISIONS, type RunningServer, ready, startServer, TEMP } from './running-server.ts'

// A server that is killed under load, again and again, on one directory of logs.

/** How often it is killed. */
const KILLS = process.env['PROVISO_SOAK'] === undefined ? 10 : 100

const CONNECTIONS = 6

/** Most items of a batch. */
const BATCH_MAX = 40

/** Least and most that a server is asked before it is killed, in milliseconds: sooner and later than its first tiles. */
const LOAD_MS = { least: 100, most: 700 } as const

const LOG = join(TEMP, 'killed')

/** What was answered with the id of a record. */
interface Acknowledged {
  readonly outcome: Outcome
  readonly customer: string
}

const acknowledged = new Map<number, Acknowledged>()

function note(question: Question, outcome: Outcome, record: string): void {
  const index = indexOf(record)
  // One index is given to one record, whatever happens.
  expect(acknowledged.has(index)).toBe(false)
  const { id } = question['subject'] as { id: string }
  acknowledged.set(index, { outcome, customer: id.split('/')[0] ?? '' })
}

let asked = 0

/** A question whose customer says which one it is, or one of each outcome. */
function nextQuestion(): Question {
  asked++
  if (asked % 4 === 0) return QUESTIONS['permit-under-exception']
  if (asked % 4 === 1) return QUESTIONS.refer
  return asked % 4 === 2 ? QUESTIONS.permit : denialOf(`customer-${asked}`)
}

/** Asks one question, then batches of more and more, until the server is gone. */
async function askOn(server: RunningServer, connection: number): Promise<void> {
  for (let count = 1; ; count = (count * 3 + connection) % BATCH_MAX) {
    const questions = Array.from({ length: Math.max(1, count) }, nextQuestion)
    const [first = QUESTIONS.permit] = questions
    const answers = await (questions.length === 1
      ? ask(server, first).then((answer) => [answer])
      : askAll(server, questions)
    ).catch((error: Error) => {
      // The connection broke, as it does when the other side is killed.
      expect(error.message).not.toMatch(/^\d{3}: /)
      return null
    })
    if (answers === null) return
    expect(answers).toHaveLength(questions.length)
    for (const [i, { context }] of answers.entries()) {
      const isRecorded = context.outcome !== 'permit'
      expect(isRecorded).toBe(context.record !== undefined)
      if (context.record) note(questions[i] ?? first, context.outcome, context.record)
    }
  }
}

/** Everything that was acknowledged is in the journal, at its index, and says what was answered. */
async function expectKept(): Promise<void> {
  const records = await recordsIn(LOG)
  const wrong = [...acknowledged].filter(([index, { outcome, customer }]) => {
    const { record, text = '{}' } = records.get(index) ?? {}
    const { decision, request } = JSON.parse(text) as {
      decision?: { outcome: string }
      request?: { customer: string }
    }
    const isSaid = decision?.outcome === outcome && request?.customer === customer
    return record?.outcome !== outcome || record.sequence !== index || !isSaid
  })
  expect(wrong).toEqual([])
}

function expectJudged(): void {
  const trust = readFileSync(join(LOG, 'trust'), 'utf8')
  const keys = [...trust.matchAll(/^log (\S+)/gm)].map(([, key = '']) => key)
  for (const folder of ['governance', DECISIONS]) {
    const { accepts, says } = judgeLog(join(LOG, folder), ...keys)
    expect(says).toMatch(/root: agrees\nproofs: \d+ hold\n$/)
    expect(accepts).toBe(true)
  }
}

test('whatever is acknowledged under load is there after every kill, and the log is accepted', async () => {
  const startMs: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const begun = performance.now()
    const server = await startServer(LOG)
    startMs.push(Math.round(performance.now() - begun))
    expect((await ready(server)).logs.size).toBeGreaterThanOrEqual(acknowledged.size)
    const load = Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => askOn(server, i)))
    const spread = ((kill * 7) % KILLS) / KILLS
    const pause = LOAD_MS.least + spread * (LOAD_MS.most - LOAD_MS.least)
    await new Promise((resolve) => setTimeout(resolve, pause))
    await server.kill()
    await load
    await expectKept()
  }
  const last = await startServer(LOG)
  const { logs } = await ready(last)
  expect((await last.end()).code).toBe(0)
  await expectKept()
  process.stdout.write(
    `${KILLS} kills: ${acknowledged.size} of ${logs.size} records acknowledged; starts took ${startMs.join(', ')} ms\n`,
  )
  // Several tiles, or the test says little.
  expect(acknowledged.size).toBeGreaterThan(1_000)
  expectJudged()
  const { code, stdout } = await proviso(['log', 'fsck', LOG])
  expect(stdout).toMatch(/no fault\n$/)
  expect(code).toBe(0)
})
