import { hash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diskFiles } from '../src/log/disk-files.ts'
import { sidecarsFrom } from '../src/log/journal.ts'
import { EXAMPLE_DIR } from './example-world.ts'
import { BOUND, setWritable } from './file-modes.ts'
import { proviso } from './proviso.ts'
import { ask, QUESTIONS } from './questions.ts'
import { indexOf, recordsIn } from './records.ts'
import {
  BUNDLE,
  DECISIONS,
  filesIn,
  limitFiles,
  nextClock,
  type RunningServer,
  ready,
  startServer,
  TEMP,
  unsignedArgs,
  until,
  untilPublished,
} from './running-server.ts'

// Directories of logs that cannot be written, or that another process writes.

const EXCEPTION = QUESTIONS['permit-under-exception']

function refusedStart(log: string, under: readonly string[] = []): ReturnType<typeof proviso> {
  return proviso([...unsignedArgs(log), '--port', '0'], '', under)
}

test('a second server on one directory is refused, and the first one goes on', async () => {
  const log = join(TEMP, 'shared')
  const server = await startServer(log)
  expect(await refusedStart(log)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: `proviso: another process writes to ${log}; stop it first, or name another directory\n`,
  })
  expect((await ask(server, EXCEPTION)).context.record).toBe('main-1/0')
  await server.kill()
  const next = await startServer(log)
  expect((await ask(next, EXCEPTION)).context.record).toBe('main-1/1')
})

function digestsIn(log: string): readonly string[] {
  return [...filesIn(log)].map(([name, bytes]) => `${name} ${hash('sha256', bytes)}`)
}

test('a directory that may not be written to is refused, and nothing in it is changed', async () => {
  const log = join(TEMP, 'read-only')
  expect((await (await startServer(log)).end()).code).toBe(0)
  const before = digestsIn(log)
  setWritable(log, false)
  const ran = await refusedStart(log, BOUND)
  setWritable(log, true)
  expect(digestsIn(log)).toEqual(before)
  expect(ran).toMatchObject({
    code: 2,
    stdout: '',
    stderr: `proviso: ${log} takes no lock: EACCES; let who runs this write to it, or name another directory\n`,
  })
})

test('a directory that cannot be made is refused', async () => {
  const parent = join(TEMP, 'closed')
  mkdirSync(parent)
  setWritable(parent, false)
  const ran = await refusedStart(join(parent, 'log'), BOUND)
  setWritable(parent, true)
  const below = await refusedStart(join(BUNDLE, 'log'))
  const closed = /^proviso: \S+log may not be read or written here; change its mode, [^\n]+\n$/
  expect([ran.code, ran.stdout, ran.stderr]).toEqual([2, '', expect.stringMatching(closed)])
  const within = /^proviso: a file stands where \S+log needs a directory; name another place\n$/
  expect([below.code, below.stdout, below.stderr]).toEqual([2, '', expect.stringMatching(within)])
})

/** A server of a bundle that can be replaced, bound by modes. */
async function startChangeable(name: string): Promise<{ server: RunningServer; bundle: string }> {
  const bundle = join(TEMP, `${name}.bundle`)
  copyFileSync(BUNDLE, bundle)
  const served = [bundle, '--unsigned', ...nextClock()]
  return { server: await startServer(join(TEMP, name), { served, under: BOUND }), bundle }
}

/** How many entries of the governance log are about a bundle. */
async function publicationsIn(log: string): Promise<number> {
  const entries: string[] = []
  for await (const { frame } of sidecarsFrom(diskFiles(join(log, 'governance')), 0)) {
    entries.push(Buffer.from(frame.entry).toString())
  }
  return entries.filter((entry) => entry.includes('bundle-publication')).length
}

/** Where what was written into a segment of a journal ends, in bytes: zeros follow. */
function endOf(segment: string): number {
  return readFileSync(segment).findLastIndex((byte) => byte !== 0) + 1
}

/** What a bundle's entry in the governance log is longer than, and what a decision leaves room for, in bytes. */
const TOO_LITTLE = 200

test('while the governance log takes nothing a new bundle is in use, and exceptions wait for its entry', async () => {
  const log = join(TEMP, 'ungoverned')
  const { server, bundle } = await startChangeable('ungoverned')
  await until(() => existsSync(join(log, DECISIONS, 'journal/next')))
  // The journal of decisions is empty, and has room where that of the governance log ends.
  const end = endOf(join(log, 'governance/journal/0000000000000000.segment'))
  limitFiles(server, end + TOO_LITTLE)
  await proviso(['compile', EXAMPLE_DIR, '-o', bundle, '--serial', '2'])
  await until(async () => (await ready(server)).exceptions !== 'recorded')
  expect(await ready(server)).toMatchObject({
    status: 'ready',
    serial: 2,
    exceptions: 'the bundle in use is not in the governance log yet',
  })
  expect((await ask(server, EXCEPTION)).context).toMatchObject({
    outcome: 'deny',
    reasons: [{ code: 'record-unavailable' }],
  })
  expect(await ask(server, QUESTIONS.permit)).toMatchObject({ decision: true })
  const told = server.log().filter(({ event }) => event === 'log-trouble')
  expect(told.map(({ error }) => String(error)).join()).toContain('EFBIG')

  limitFiles(server, 'unlimited')
  await until(async () => (await ready(server)).exceptions === 'recorded')
  const { record, outcome } = (await ask(server, EXCEPTION)).context
  expect(outcome).toBe('permit-under-exception')
  expect((await server.end()).code).toBe(0)
  expect((await recordsIn(log)).get(indexOf(record))?.record.outcome).toBe(outcome)
  expect(await proviso(['log', 'fsck', log])).toMatchObject({ code: 0 })
})

test('a governance log that gets no tiles holds nothing up, and has each entry once', async () => {
  const log = join(TEMP, 'no-governance-tiles')
  const { server, bundle } = await startChangeable('no-governance-tiles')
  await until(async () => (await ready(server)).logs.governance === 1)
  setWritable(join(log, 'governance'), false)
  await proviso(['compile', EXAMPLE_DIR, '-o', bundle, '--serial', '2'])
  await until(async () => (await ready(server)).serial === 2)
  await until(() => server.log().some(({ error }) => String(error).includes('EACCES')))
  expect((await ask(server, EXCEPTION)).context.record).toBe('main-1/0')
  expect((await ready(server)).logs.governance).toBe(1)
  await server.kill()
  setWritable(join(log, 'governance'), true)
  const next = await startServer(log)
  // Two bundles' entries, and that of the second start's; an anchor when the test is slow.
  await until(async () => (await ready(next)).logs.governance >= 3)
  expect((await next.end()).code).toBe(0)
  expect(await publicationsIn(log)).toBe(3)
  expect(await proviso(['log', 'fsck', log])).toMatchObject({ code: 0 })
})

test('a decision log that gets no tiles goes on to record, and is whole when it gets them again', async () => {
  const log = join(TEMP, 'no-tiles')
  const server = await startServer(log, { under: BOUND })
  await ask(server, EXCEPTION)
  await untilPublished(server)
  setWritable(join(log, DECISIONS), false)
  for (let i = 1; i <= 3; i++) {
    expect((await ask(server, EXCEPTION)).context.record).toBe(`main-1/${i}`)
  }
  await until(() => server.log().some(({ error }) => String(error).includes('EACCES')))
  expect((await ready(server)).logs).toMatchObject({ size: 4, published: 1 })
  setWritable(join(log, DECISIONS), true)
  await until(async () => (await ready(server)).logs.published === 4)
  expect((await server.end()).code).toBe(0)
  expect(await proviso(['log', 'fsck', log])).toMatchObject({ code: 0 })
})

test('a server whose lock is taken away stops, and says so', async () => {
  const log = join(TEMP, 'lock-taken')
  const server = await startServer(log)
  rmSync(join(log, 'lock'))
  const denied = await ask(server, EXCEPTION)
  expect(denied.context).toMatchObject({ outcome: 'deny' })
  const { code, stderr } = await server.exit
  expect(code).toBe(1)
  expect(stderr).toContain('"event":"log-stopped"')
  expect(stderr).toContain('another process has taken the lock of this log')
})
