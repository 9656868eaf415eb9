import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { foldHeap, type Heap, move } from '../../test/heap.ts'
import { debianPrograms, query, urlOf } from '../../test/postgres.ts'
import { stateOf } from './change.ts'
import { clusterIn } from './cluster.ts'
import { type Database, type DatabasePlace, openDatabase } from './database.ts'
import { Embedded } from './embedded.ts'
import { isRoot, ownerOf } from './owner.ts'
import { postmasterOf, spawnPostmaster } from './postmaster.ts'
import { packagedPrograms, runnablePrograms, versionOf } from './programs.ts'
import { boundLog } from './ready.ts'
import { rebuild } from './rebuild.ts'

/** How often PostgreSQL is killed. */
const KILLS = process.env['PROVISO_SOAK'] === undefined ? 3 : 30

/** Longest that it may be away, in milliseconds. */
const AWAY_MS_MAX = 2_000

/** As root, nobody else reaches it. */
const TEMP = mkdtempSync(join(tmpdir(), 'proviso-embedded-'))

/** Longer than a socket's path may be. */
const DIRECTORY = join(TEMP, 'd'.repeat(120))

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})
afterAll(() => rmSync(TEMP, { recursive: true }))

async function started(): Promise<Embedded> {
  const embedded = await Embedded.start(DIRECTORY)
  opened.push(embedded)
  return embedded
}

async function openedDatabase(place: DatabasePlace): Promise<Database> {
  const database = await openDatabase(place)
  opened.push(database)
  return database
}

test('a directory is made once, is held by one process, and is run by no root', async () => {
  mkdirSync(join(DIRECTORY, 'data.part'), { recursive: true })
  writeFileSync(join(DIRECTORY, 'data.part', 'PG_VERSION'), 'half made')
  const first = await started()
  await expect(Embedded.start(DIRECTORY)).rejects.toMatchObject({ code: 'locked' })
  const status = readFileSync(`/proc/${first.pid}/status`, 'utf8')
  expect(status).not.toMatch(/^Uid:\t.*\b0\b/m)
  await query(first.connection, 'create table kept as select 7 as number')
  await first.close()
  expect(first.pid).toBeUndefined()
  const second = await started()
  expect(await query(second.connection, 'select * from kept')).toEqual([{ number: 7 }])
  expect(existsSync(join(DIRECTORY, 'data.part'))).toBe(false)
})

/** Adds stones to a heap until it is told to stop, whatever happens; returns the last version that was acknowledged. */
async function addOn(database: Database, id: string, signal: AbortSignal): Promise<number> {
  let acknowledged = 0
  while (!signal.aborted) {
    const moved = await move(database, id, 'added').catch(() => undefined)
    if (moved?.ok) acknowledged = moved.value.version
    else await pause(20)
  }
  return acknowledged
}

test('what was acknowledged is there after PostgreSQL is killed, and it is back soon', async () => {
  const embedded = await started()
  const database = await openedDatabase({ url: urlOf(embedded) })
  const stopping = new AbortController()
  const heaps = ['a', 'b', 'c', 'd']
  const adding = heaps.map((id) => addOn(database, id, stopping.signal))
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(150 + 40 * kill)
    process.kill(embedded.pid ?? 0, 'SIGKILL')
    const killed = performance.now()
    while (!(await move(database, 'probe', 'added').catch(() => undefined))?.ok) await pause(5)
    expect(performance.now() - killed).toBeLessThan(AWAY_MS_MAX)
  }
  stopping.abort()
  for (const [index, acknowledged] of (await Promise.all(adding)).entries()) {
    const id = heaps[index] ?? ''
    const stored = await stateOf<Heap>(database.db, { stream: 'heap', id })
    expect(acknowledged).toBeGreaterThan(KILLS)
    expect(stored?.version).toBeGreaterThanOrEqual(acknowledged)
  }
  const events = await database.db.selectFrom('events').select('seq').orderBy('seq').execute()
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  const rebuilt = await rebuild(database.db, { heap: foldHeap })
  expect(rebuilt).toEqual({ events: events.length, differing: [] })
})

/** Kills a process that holds the directory and adds to a heap; returns the last version that it was told of. */
async function killHolder(): Promise<number> {
  const program = join(import.meta.dirname, '../../test/hold-postgres.ts')
  const child = spawn(process.execPath, [program, DIRECTORY], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  while (said.split('\n').length < 20 && child.exitCode === null) await pause(5)
  child.kill('SIGKILL')
  await once(child, 'close')
  return Number(said.split('\n').at(-2))
}

/** The version of the heap, from a new start, which is not a long one. */
async function versionAfterStart(): Promise<number | undefined> {
  const begun = performance.now()
  const { db } = await openedDatabase({ directory: DIRECTORY })
  expect(performance.now() - begun).toBeLessThan(AWAY_MS_MAX)
  return (await stateOf<Heap>(db, { stream: 'heap', id: 'held' }))?.version
}

test('a process that is killed leaves a PostgreSQL that the next one takes over', async () => {
  const acknowledged = await killHolder()
  const left = pidIn(DIRECTORY)
  expect(await versionAfterStart()).toBeGreaterThanOrEqual(acknowledged)
  expect(pidIn(DIRECTORY)).toBe(left)
})

test('what was acknowledged is there after both are killed', async () => {
  const acknowledged = await killHolder()
  process.kill(pidIn(DIRECTORY), 'SIGKILL')
  expect(await versionAfterStart()).toBeGreaterThanOrEqual(acknowledged)
})

test('what a killed PostgreSQL has left running keeps the next one away', async () => {
  await killHolder()
  const killed = pidIn(DIRECTORY)
  const children = readFileSync(`/proc/${killed}/task/${killed}/children`, 'utf8').split(' ')
  const writer = Number(children.find((pid) => nameOf(pid).includes('background writer')))
  process.kill(writer, 'SIGSTOP')
  process.kill(killed, 'SIGKILL')
  await expect(Embedded.start(DIRECTORY)).rejects.toMatchObject({ code: 'not-started' })
  process.kill(writer, 'SIGKILL')
  expect(await versionAfterStart()).toBeGreaterThan(0)
})

function nameOf(pid: string): string {
  return pid === '' ? '' : readFileSync(`/proc/${pid}/cmdline`, 'utf8')
}

test('a number that another program has got since is not taken for PostgreSQL', async () => {
  writeFileSync(join(DIRECTORY, 'data/postmaster.pid'), `${process.pid}\n`)
  const embedded = await started()
  expect(embedded.pid).not.toBe(process.pid)
})

function pidIn(directory: string): number {
  return Number.parseInt(readFileSync(join(directory, 'data/postmaster.pid'), 'utf8'), 10)
}

test('a PostgreSQL that was left running by another command is started anew', async () => {
  const cluster = await clusterIn(DIRECTORY)
  const shared = mkdtempSync('/tmp/proviso-shared-')
  chmodSync(shared, 0o755)
  symlinkSync(join(cluster.programs.bin, '..'), join(shared, 'native'))
  const bin = join(shared, 'native/bin')
  const child = spawnPostmaster({ ...cluster, programs: { ...cluster.programs, bin } })
  while (postmasterOf(cluster)?.state !== 'ready') await pause(5)
  const embedded = await started()
  expect(child.exitCode).toBe(0)
  expect(embedded.pid).not.toBe(child.pid)
  expect(await query(embedded.connection, 'select 1 as one')).toEqual([{ one: 1 }])
  rmSync(shared, { recursive: true })
})

test("a data directory that is not this PostgreSQL's is refused, and stays as it is", async () => {
  const other = join(TEMP, 'other')
  mkdirSync(join(other, 'data'), { recursive: true })
  if (isRoot()) chownSync(join(other, 'data'), 65_534, 65_534)
  const note = join(other, 'data', 'note')
  writeFileSync(note, 'mine')
  await expect(Embedded.start(other)).rejects.toThrow('is not a data directory of PostgreSQL')
  writeFileSync(join(other, 'data', 'PG_VERSION'), '17\n')
  const refused = Embedded.start(other, debianPrograms())
  await expect(refused).rejects.toThrow('was made by PostgreSQL 17, and this is 15')
  expect(readFileSync(note, 'utf8')).toBe('mine')
})

test("a directory of root's is run as nobody, or refused with what to do", () => {
  const mine = join(TEMP, 'mine')
  mkdirSync(mine)
  if (isRoot()) expect(() => ownerOf(mine)).toThrow('belongs to root')
  else expect(ownerOf(mine)).toBeNull()
  expect(ownerOf(join(TEMP, 'none'))).toEqual(isRoot() ? { uid: 65_534, gid: 65_534 } : null)
})

test('programs that cannot be run where they are are copied', () => {
  const packaged = packagedPrograms(TEMP, null)
  const hidden = join(TEMP, 'hidden/native')
  cpSync(join(packaged.bin, '..'), hidden, { recursive: true, verbatimSymlinks: true })
  chmodSync(join(TEMP, 'hidden'), 0o700)
  const shared = mkdtempSync('/tmp/proviso-copy-')
  chmodSync(shared, 0o755)
  try {
    const owner = isRoot() ? { uid: 65_534, gid: 65_534 } : null
    const copied = runnablePrograms(hidden, join(shared, 'copy'), owner)
    expect(copied.bin).toBe(isRoot() ? join(shared, 'copy/bin') : join(hidden, 'bin'))
    expect(versionOf(copied, owner)).toBe('18')
  } finally {
    rmSync(shared, { recursive: true })
  }
})

test('the log has a greatest size', async () => {
  const cluster = await clusterIn(DIRECTORY)
  const log = join(DIRECTORY, 'postgres.log')
  writeFileSync(log, 'x'.repeat(4_194_305))
  boundLog(cluster)
  expect([statSync(log).size, statSync(`${log}.old`).size]).toEqual([0, 4_194_305])
})
