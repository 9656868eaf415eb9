import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { printVerifier } from '../src/log/key.ts'
import { printSignature } from '../src/log/note.ts'
import { cosign, signerOf } from '../src/log/signer.ts'
import { EXAMPLE_DIR } from './example-world.ts'
import { jsonLines, proviso } from './proviso.ts'
import { ask, QUESTIONS } from './questions.ts'
import {
  BUNDLE,
  nextClock,
  type RunningServer,
  ready,
  startServer,
  TEMP,
  unsignedArgs,
  until,
} from './running-server.ts'
import {
  type RunningWitness,
  startWitness,
  type WitnessFiles,
  witnessFiles,
} from './running-witness.ts'

// A server with a witness that is honest, down, slow, or lies, while it decides.

const EXCEPTION = QUESTIONS['permit-under-exception']

/** The log that each test copies: it has keys and no entries. */
const EMPTY = join(TEMP, 'empty')

let witness: RunningWitness
let files: WitnessFiles
let governanceKey = ''

beforeAll(async () => {
  const made = await proviso(['log', 'init', EMPTY, '--host', 'proviso.example', '--json'])
  const { logs } = JSON.parse(made.stdout) as { logs: string[] }
  governanceKey = logs.find((key) => key.startsWith('proviso.example/governance+')) ?? ''
})

type Way = (request: IncomingMessage, answer: ServerResponse) => void

/** What may stand between the server and its witness. */
const WAYS = {
  honest: (request, answer): void => {
    passOn(request, answer).catch(() => request.destroy())
  },
  down: (request): void => {
    request.destroy()
  },
  // An answer never comes.
  slow: (): void => undefined,
  refusing: (_, answer): void => {
    answer.writeHead(422).end('no\n')
  },
  // A cosignature of another key under the witness's name.
  lying: (_, answer): void => {
    const other = signerOf(files.signer.verifier.name, Buffer.alloc(32, 9), 'cosignature')
    answer.end(printSignature(cosign(other, 'proviso.example/governance\n', 1)))
  },
  // More than anybody reads.
  flooding: (_, answer): void => {
    answer.end('— '.repeat(100_000))
  },
} satisfies Record<string, Way>

let way: keyof typeof WAYS = 'honest'

/** Requests to the witness that have no answer yet, by their numbers. */
const open = new Set<number>()
let requests = 0

const proxy = createServer((request, answer) => {
  const number = requests++
  open.add(number)
  answer.on('close', () => open.delete(number))
  WAYS[way](request, answer)
})
proxy.listen(0, '127.0.0.1')
afterAll(() => {
  proxy.closeAllConnections()
  proxy.close()
})

async function passOn(request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const body = Buffer.concat(parts)
  const reply = await fetch(`${witness.address}${request.url}`, { method: 'POST', body })
  const type = reply.headers.get('content-type') ?? ''
  answer.writeHead(reply.status, { 'content-type': type }).end(await reply.text())
}

let tests = 0

interface Place {
  readonly log: string
  readonly args: readonly string[]
}

/** A directory of logs, a new witness of it, and the arguments that name the witness. */
async function placeWith(...more: readonly string[]): Promise<Place> {
  const directory = join(TEMP, `test-${tests++}`)
  const log = join(directory, 'log')
  mkdirSync(directory)
  cpSync(EMPTY, log, { recursive: true })
  const name = `w${tests}.example`
  files = witnessFiles(join(directory, 'witness'), name, `log ${governanceKey}\nquorum none\n`)
  witness = await startWitness(files)
  const trust = join(directory, 'witnesses')
  const { port } = proxy.address() as AddressInfo
  const key = printVerifier(files.signer.verifier)
  writeFileSync(trust, `witness w ${key} http://127.0.0.1:${port}\nquorum w\n`)
  return { log, args: ['--witnesses', trust, ...more] }
}

afterEach(() => {
  way = 'honest'
  witness.kill('SIGKILL')
})

/** The published checkpoint of the governance log, as anybody gets it; undefined while there is none. */
async function published({ address }: RunningServer): Promise<string | undefined> {
  const answer = await fetch(`${address}/log/governance/checkpoint`)
  return answer.ok ? await answer.text() : undefined
}

function isCosigned(note: string | undefined): boolean {
  return note?.includes(`\n— ${files.signer.verifier.name} `) ?? false
}

test.each(['down', 'refusing', 'lying', 'flooding'] as const)(
  'a witness that is %s holds up no decision, and the checkpoint is published without it',
  async (bad) => {
    way = bad
    const { log, args } = await placeWith()
    const before = requests
    const server = await startServer(log, { args })
    for (let i = 0; i < 20; i++) {
      const { outcome, record } = (await ask(server, EXCEPTION)).context
      expect([outcome, record]).toEqual(['permit-under-exception', `main-1/${i}`])
    }
    await until(async () => (await published(server)) !== undefined)
    expect(isCosigned(await published(server))).toBe(false)
    expect(requests).toBeGreaterThan(before)
    await until(() => server.log().some(({ error }) => String(error).startsWith('witness w: ')))
    await server.kill()
  },
)

test('decisions are answered, and a new bundle is taken, while a witness is still asked', async () => {
  way = 'slow'
  const { log, args } = await placeWith()
  const bundle = join(log, '../bundle')
  copyFileSync(BUNDLE, bundle)
  const served = [bundle, '--unsigned', ...nextClock()]
  const server = await startServer(log, { args, served })
  await until(async () => {
    await until(() => open.size > 0)
    const asked = [...open]
    const { outcome } = (await ask(server, EXCEPTION)).context
    expect(outcome).toBe('permit-under-exception')
    return asked.some((number) => open.has(number))
  })
  await proviso(['compile', EXAMPLE_DIR, '-o', bundle, '--serial', '2'])
  await until(async () => {
    await until(() => open.size > 0)
    const asked = [...open]
    const { serial, exceptions } = await ready(server)
    return serial === 2 && exceptions === 'recorded' && asked.some((number) => open.has(number))
  })
  expect((await ask(server, EXCEPTION)).context.outcome).toBe('permit-under-exception')
  // It is waited for no longer than it takes to be sure.
  await until(async () => (await published(server)) !== undefined)
  expect(isCosigned(await published(server))).toBe(false)
  await server.kill()
})

test('a checkpoint has the cosignature of a witness that answers', async () => {
  const { log, args } = await placeWith()
  const server = await startServer(log, { args })
  await until(async () => (await published(server)) !== undefined)
  expect(isCosigned(await published(server))).toBe(true)
  await ask(server, EXCEPTION)
  expect((await server.end()).code).toBe(0)
  const receipt = join(log, '../receipt')
  await proviso(['log', 'receipt', 'latest', '--log', log, '-o', receipt])
  const ran = await proviso(['log', 'verify', receipt, '--trust', join(log, 'trust'), '--json'])
  expect(JSON.parse(ran.stdout)).toMatchObject({
    ok: true,
    facts: { cosigned: [{ witness: 'w' }] },
  })
})

/** A place whose quorum takes another witness too, which is never there. */
async function placeWithTwo(...more: readonly string[]): Promise<Place> {
  const place = await placeWith(...more)
  const [, trust = ''] = place.args
  const absent = printVerifier(signerOf('x.example', Buffer.alloc(32, 8), 'cosignature').verifier)
  const lines = readFileSync(trust, 'utf8').replace('quorum w\n', '')
  const group = `witness x ${absent} http://127.0.0.1:9\ngroup both all w x\nquorum both\n`
  writeFileSync(trust, `${lines}${group}`)
  return place
}

test('a checkpoint that lacks a quorum has the cosignatures that there were', async () => {
  const { log, args } = await placeWithTwo()
  const server = await startServer(log, { args })
  await until(async () => (await published(server)) !== undefined)
  expect(isCosigned(await published(server))).toBe(true)
})

test('a checkpoint that lacks a quorum is not published where one is required', async () => {
  const { log, args } = await placeWithTwo('--require-witness')
  const server = await startServer(log, { args })
  await until(() => server.log().some(({ error }) => String(error).startsWith('witness x: ')))
  // On a slow machine its first entry may take longer than it is waited for.
  await until(async () => (await ready(server)).exceptions === 'recorded')
  expect((await ask(server, EXCEPTION)).context.record).toBe('main-1/0')
  expect(await published(server)).toBe(undefined)
  expect((await server.end()).code).toBe(0)
  expect(readdirSync(join(log, 'governance'))).not.toContain('checkpoint')
})

test('where a witness is required nothing is published without it, and receipts wait for it', async () => {
  way = 'down'
  const { log, args } = await placeWith('--require-witness')
  const server = await startServer(log, { args })
  const { outcome, record } = (await ask(server, EXCEPTION)).context
  expect(outcome).toBe('permit-under-exception')
  await until(() => server.log().some(({ error }) => String(error).startsWith('witness w: ')))
  expect(await published(server)).toBe(undefined)
  expect((await ready(server)).logs.governance).toBe(0)
  expect((await ready(server)).exceptions).toBe('recorded')

  const receipt = join(log, '../receipt')
  const made = proviso(['log', 'receipt', record ?? '', '--log', log, '-o', receipt])
  way = 'honest'
  expect(await made).toMatchObject({ code: 0, stderr: '' })
  expect(isCosigned(await published(server))).toBe(true)
  const ran = await proviso(['log', 'verify', receipt, '--trust', join(log, 'trust'), '--json'])
  expect(JSON.parse(ran.stdout)).toMatchObject({ ok: true, facts: { outcome } })

  // What was published stays as it was while the witness is gone once more.
  way = 'down'
  const before = await published(server)
  expect((await server.end()).code).toBe(0)
  expect(readFileSync(join(log, 'governance/checkpoint'), 'utf8')).toBe(before)
  expect(await proviso(['log', 'fsck', log])).toMatchObject({ code: 0 })
})

/** A directory as it was once, and as it has become. */
async function restored(place: Place): Promise<void> {
  const { log, args } = place
  const first = await startServer(log, { args })
  await ask(first, EXCEPTION)
  await first.end()
  cpSync(log, `${log}.backup`, { recursive: true })
  const second = await startServer(log, { args })
  await ask(second, QUESTIONS.deny)
  await second.end()
  await proviso([
    'log',
    'monitor',
    log,
    '--trust',
    join(log, 'trust'),
    '--state',
    `${log}.seen`,
    '--once',
  ])
  rmSync(log, { recursive: true })
  cpSync(`${log}.backup`, log, { recursive: true })
}

test('an older copy is refused when a witness has seen more, and nothing is signed', async () => {
  const place = await placeWith()
  await restored(place)
  const { log, args } = place
  const before = readFileSync(join(log, 'governance/signed'), 'utf8')
  const ran = await proviso([...unsignedArgs(log), ...args, '--port', '0'])
  expect([ran.code, ran.stdout]).toEqual([2, ''])
  expect(ran.stderr).toMatch(
    /^proviso: witness w has seen \d+ entries, which is more than are here: this is an older copy; bring back the newest, or begin a new log\n$/,
  )
  expect(readFileSync(join(log, 'governance/signed'), 'utf8')).toBe(before)
})

test('an older copy that no witness knows of goes on, and only who has seen more can tell', async () => {
  const { log } = await placeWith()
  await restored({ log, args: [] })
  const server = await startServer(log)
  // The record of this name was given out for another decision.
  expect((await ask(server, EXCEPTION)).context.record).toBe('main-1/1')
  await server.end()
  expect((await proviso(['log', 'fsck', log])).code).toBe(0)
  // Clocks that tests begin make pauses of them, which are problems too.
  const monitor = ['log', 'monitor', log, '--trust', join(log, 'trust'), '--once', '--json']
  const problems = async (...more: string[]): Promise<unknown[]> => {
    const { stdout } = await proviso([...monitor, ...more])
    const lines = jsonLines(stdout).filter(
      ({ kind, code }) => kind === 'problem' && code !== 'silence',
    )
    return lines.map(({ code, where }) => `${code} of ${where}`)
  }
  expect(await problems()).toEqual([])
  expect(await problems('--state', `${log}.seen`)).toEqual([
    'split-view of governance/checkpoint',
    'split-view of decisions-main-1/checkpoint',
  ])
})
