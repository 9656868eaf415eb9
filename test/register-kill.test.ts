import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import * as z from 'zod'
import { caseCommand } from '../src/review/case-commands.ts'
import { USER } from '../src/store/cluster.ts'
import { openDatabase } from '../src/store/database.ts'
import { PORT } from '../src/store/postmaster.ts'
import { digestAnew } from './bundle-anew.ts'
import { applicationOf, CUSTOMER } from './case-world.ts'
import { loggedEvents } from './logged-events.ts'
import { proviso } from './proviso.ts'
import { APPROVERS } from './register-story.ts'
import { RunningRegister } from './running-register.ts'
import { type RunningServer, startServer, TEMP, until } from './running-server.ts'

// A register that is killed under load, it or its PostgreSQL or both, again and again.

const ROUNDS = process.env['PROVISO_SOAK'] === undefined ? 5 : 50

/** How long there is load before a kill, in milliseconds. */
const LOAD_MS = 400

const DATA = join(TEMP, 'register')
const LOG = join(DATA, 'log')
const CLIENTS = ['case-1', 'case-2', 'case-3', 'case-4']

function start(): Promise<RunningServer> {
  return startServer(LOG, { served: ['--data', DATA], isKept: true })
}

function postmasterPid(): number {
  const file = join(DATA, 'database/data/postmaster.pid')
  return Number.parseInt(readFileSync(file, 'utf8'), 10)
}

afterAll(() => {
  try {
    kill(postmasterPid(), 'SIGKILL')
  } catch {
    // It has ended.
  }
})

/** Nonces of the acts that were acknowledged, by case. */
const acknowledged = new Map(CLIENTS.map((id) => [id, [] as string[]]))

const REP = ['rep', 'customer-representative'] as const

async function actOn(register: RunningRegister, id: string, act: string): Promise<boolean> {
  const application = applicationOf()
  const opened = act === 'case.open' ? { case: id } : {}
  const command = z.encode(caseCommand, { act, ...opened, application } as never)
  const given = await fetch(`${register.url}/api/v1/nonces`, { method: 'POST' })
  if (given.status !== 201) return false
  const { nonce } = (await given.json()) as { nonce: string }
  const done = await register.ask(REP, `cases/${id}`, command as never, { nonce })
  if (done.status === 200) acknowledged.get(id)?.push(nonce)
  return done.status === 200
}

/** Revises a case again and again, whatever happens. */
async function reviseOn(url: string, id: string, signal: AbortSignal): Promise<void> {
  const register = RunningRegister.over(url)
  while (!signal.aborted) {
    const isDone = await actOn(register, id, 'case.revise').catch(() => false)
    if (!isDone) await pause(20)
  }
}

interface ShownAct {
  readonly nonce: string
  readonly entry: number | null
  readonly event: { readonly type: string }
}

/** All acts on a case; undefined while the register does not answer. */
async function actsOn(url: string, id: string): Promise<readonly ShownAct[] | undefined> {
  const register = RunningRegister.over(url)
  const acts: ShownAct[] = []
  for (let next: string | null = '0'; next !== null; ) {
    const { status, body } = await register.get(`/api/v1/cases/${id}/acts?cursor=${next}`)
    if (status !== 200) return undefined
    acts.push(...body.items)
    next = body.next
  }
  return acts
}

/** The bundle in use is what the events come to, made anew from them alone. */
async function expectBundle({ address }: RunningServer): Promise<void> {
  const { db, close } = await openDatabase({ url: databaseUrl() })
  try {
    const anew = await digestAnew(db, Date.now())
    await until(async () => {
      const answer = await fetch(`${address}/readyz`)
      return ((await answer.json()) as { readonly bundle: string }).bundle === anew
    })
  } finally {
    await close()
  }
}

/** The embedded database, which the server keeps running: its socket is among its data. */
function databaseUrl(): string {
  const host = encodeURIComponent(join(DATA, 'database/data'))
  return `postgres://${USER}@localhost:${PORT}/postgres?host=${host}`
}

async function expectKept({ address }: RunningServer): Promise<void> {
  for (const [id, nonces] of acknowledged) {
    let acts: readonly ShownAct[] = []
    await until(async () => {
      const found = await actsOn(address, id)
      acts = found ?? []
      return found?.every(({ entry }) => entry !== null) ?? false
    })
    const all = acts.map(({ nonce }) => nonce)
    expect(new Set(all).size).toBe(all.length)
    expect(all.filter((nonce) => nonces.includes(nonce))).toEqual(nonces)
    const entries = await loggedEvents(LOG)
    expect(acts.map(({ entry }) => entries.get(entry ?? -1)?.type)).toEqual(
      acts.map(({ event }) => event.type),
    )
  }
  const seqs = [...(await loggedEvents(LOG)).values()].map(({ seq }) => seq)
  expect(seqs).toEqual(seqs.map((_, i) => i + 1))
}

/** Kills the server, its PostgreSQL, or both; answers a server that runs. */
async function killed(server: RunningServer, round: number): Promise<RunningServer> {
  const pid = postmasterPid()
  if (round % 3 === 1) {
    kill(pid, 'SIGKILL')
    await until(async () => {
      const answer = await fetch(`${server.address}/api/v1/people`).catch(() => undefined)
      return answer?.status === 200
    })
    return server
  }
  await Promise.all([server.kill(), round % 3 === 2 ? kill(pid, 'SIGKILL') : undefined])
  return await start()
}

test('whatever is acknowledged is there after every kill, once, in order, and in the log', async () => {
  let server = await start()
  const first = RunningRegister.over(server.address)
  await first.found(
    { rep: REP[1], author: 'policy-author', officer: 'safeguards-officer', ...APPROVERS },
    CUSTOMER,
  )
  // What is asserted of models counts from later than it arrives.
  first.at += 60_000
  await first.publish('author', APPROVERS, 'officer')
  for (const id of CLIENTS) expect(await actOn(first, id, 'case.open')).toBe(true)
  for (let round = 0; round < ROUNDS; round++) {
    const stopping = new AbortController()
    const load = CLIENTS.map((id) => reviseOn(server.address, id, stopping.signal))
    await pause(LOAD_MS)
    const next = await killed(server, round)
    stopping.abort()
    await Promise.all(load)
    server = next
    await expectKept(server)
    await expectBundle(server)
  }
  for (const nonces of acknowledged.values()) expect(nonces.length).toBeGreaterThan(0)
  expect((await server.end()).code).toBe(0)
  expect(await proviso(['log', 'fsck', LOG])).toMatchObject({ code: 0 })
  const rebuilt = await proviso(['rebuild', '--data', DATA])
  expect(rebuilt.stdout).toMatch(/ 0 states mended\n$/)
  expect(rebuilt.code).toBe(0)
})
