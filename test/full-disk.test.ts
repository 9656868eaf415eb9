import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { proviso } from './proviso.ts'
import { type Answer, ask, askAll, denialOf, QUESTIONS, type Question } from './questions.ts'
import { indexOf, recordsIn } from './records.ts'
import {
  DECISIONS,
  limitFiles,
  type RunningServer,
  ready,
  startServer,
  TEMP,
  until,
} from './running-server.ts'

// A disk without room: exceptions stop, all else goes on, and when there is room again exceptions go on by themselves.

/** How a disk is filled and emptied. */
interface Disk {
  readonly name: string
  /** The directory of logs; it is not there yet. */
  readonly log: string
  fill(server: RunningServer): void
  empty(server: RunningServer): void
}

/** A limit on how long files are (setrlimit(2)): every write fails, also where the file had room. */
const limited: Disk = {
  name: 'a disk that takes no byte',
  log: join(TEMP, 'limited'),
  fill: (server) => limitFiles(server, 0),
  empty: (server) => limitFiles(server, 'unlimited'),
}

const MOUNTED = join(TEMP, 'mounted')
const FILLER = join(MOUNTED, 'filler')

/** Room for the segments of two journals, in use and in reserve, in KiB. */
const MOUNTED_KIB = 65_536

function hasMounted(): boolean {
  mkdirSync(MOUNTED)
  const options = ['-t', 'tmpfs', '-o', `size=${MOUNTED_KIB}k`, 'proviso-test', MOUNTED]
  return spawnSync('mount', options).status === 0
}

const isMounted = hasMounted()
afterAll(() => {
  if (isMounted) execFileSync('umount', ['--lazy', MOUNTED])
})

/** A file system that is full: what had been reserved of it is still written to. */
const full: Disk = {
  name: 'a full file system',
  log: join(MOUNTED, 'log'),
  fill: () => {
    const zeros = Buffer.alloc(1_024)
    expect(() => {
      for (;;) writeFileSync(FILLER, zeros, { flag: 'a' })
    }).toThrow('ENOSPC')
  },
  empty: () => rmSync(FILLER),
}

/** Where nothing can be mounted, files that may grow no further than some: no segment can be reserved. */
const short: Disk = {
  ...limited,
  name: 'a disk on which no long file fits',
  log: join(TEMP, 'short'),
  fill: (server) => limitFiles(server, 4_194_304),
}

/** A denial whose payload has some 180 KiB, which a journal soon has no room for. */
const LONG: Question = {
  ...QUESTIONS.deny,
  context: {
    ...(QUESTIONS.deny['context'] as object),
    signals: Array.from({ length: 1_024 }, () => {
      return { detector: 'd'.repeat(128), use: 'surveillance.tracking', score: 0 }
    }),
  },
}

/** Who asks them: each may add only a little a second while there is little room. */
const MANY = [
  'riverside-clinic',
  'border-outlook-service',
  'bureau-of-treaty-verification',
  'coastal-threat-centre',
  'directorate-of-external-affairs',
  'joint-assessment-cell',
  'office-of-sanctions-analysis',
]

/** How often each is asked for at once: a body may ask for so much. */
const EACH = 7

const EXCEPTION = QUESTIONS['permit-under-exception']

async function isStopped(server: RunningServer): Promise<boolean> {
  try {
    return (await ask(server, EXCEPTION)).context.outcome === 'deny'
  } catch (error) {
    // It has been asked too often while there was little room, and so it is not stopped.
    expect((error as Error).message).toMatch(/^429: /)
    return false
  }
}

describe.each([limited, isMounted ? full : short])('$name', ({ log, fill, empty }) => {
  test('stops exceptions, says why, and lets them go on when there is room', async () => {
    const server = await startServer(log)
    const answers: Answer[] = [await ask(server, EXCEPTION)]
    await until(() => existsSync(join(log, DECISIONS, 'journal/next')))
    fill(server)
    await until(async () => {
      const { context, subject: _, ...rest } = LONG
      const evaluations = Array.from({ length: EACH }, () =>
        MANY.map((customer) => ({ ...rest, subject: denialOf(customer)['subject'] })),
      ).flat()
      answers.push(...(await askAll(server, evaluations, { context })))
      return await isStopped(server)
    })

    let stopped = await ask(server, EXCEPTION)
    expect(stopped).toMatchObject({
      decision: false,
      context: { outcome: 'deny', base: 'deny', reasons: [{ code: 'record-unavailable' }] },
    })
    for (const member of ['contract', 'tailoring', 'record']) {
      expect(stopped.context).not.toHaveProperty(member)
    }
    expect(stopped.context).toMatchObject({ obligations: [] })
    expect(await ask(server, QUESTIONS.permit)).toMatchObject({ decision: true })
    const denied = await ask(server, QUESTIONS.deny)
    expect(denied).toMatchObject({ decision: false, context: { outcome: 'deny' } })
    expect(denied.context).not.toHaveProperty('record')
    await until(async () => {
      stopped = await ask(server, EXCEPTION)
      const { status, exceptions } = await ready(server)
      return status === 'ready' && /^(?:EFBIG|ENOSPC): /.test(exceptions)
    })
    const told = server.log().filter(({ event }) => event === 'log-trouble')
    expect(told.map(({ error }) => String(error)).join()).toMatch(/EFBIG|ENOSPC/)

    empty(server)
    await until(async () => (await ready(server)).exceptions === 'recorded')
    await until(async () => !(await isStopped(server)))
    for (const outcome of ['permit-under-exception', 'deny', 'refer'] as const) {
      answers.push(await ask(server, QUESTIONS[outcome]))
    }
    expect((await server.end()).code).toBe(0)
    await expectKept(log, answers)
  })
})

/** Every record that was acknowledged is there, once, at its index, and says what was answered. */
async function expectKept(log: string, answers: readonly Answer[]): Promise<void> {
  const records = await recordsIn(log)
  const acknowledged = answers.flatMap(({ context }) => (context.record ? [context] : []))
  const indices = acknowledged.map(({ record }) => indexOf(record))
  expect(new Set(indices).size).toBe(indices.length)
  for (const { record, outcome } of acknowledged) {
    expect(records.get(indexOf(record))?.record).toMatchObject({ outcome })
  }
  expect([...records.keys()]).toEqual(Array.from({ length: records.size }, (_, i) => i))
  expect(await proviso(['log', 'fsck', log])).toMatchObject({ code: 0 })
}
