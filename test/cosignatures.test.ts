import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Bytes } from '../src/bytes.ts'
import { type Cosignatures, Cosigning } from '../src/log/cosignatures.ts'
import { printVerifier } from '../src/log/key.ts'
import { openNote, printSignature } from '../src/log/note.ts'
import { cosign, type Signer, signerOf } from '../src/log/signer.ts'
import { parseTrust, type Trust } from '../src/log/trust.ts'
import { type GrowingLog, growingLog, logLine } from './growing-log.ts'
import {
  type RunningWitness,
  startWitness,
  type WitnessFiles,
  witnessFiles,
} from './running-witness.ts'

// A log that asks witnesses: two that are honest, as processes, and servers that are not.

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-cosignatures-'))
const LOGS = Array.from({ length: 12 }, (_, i) => growingLog(`log.example/${i}`))
const LOG_LINES = LOGS.map(logLine).join('')

interface Party {
  readonly signer: Signer
  readonly url: string
}

const honest: Party[] = []
const witnesses: RunningWitness[] = []
const servers: Server[] = []

beforeAll(async () => {
  for (const name of ['w1.example', 'w2.example']) {
    const files: WitnessFiles = witnessFiles(join(TEMP, name), name, `${LOG_LINES}quorum none\n`)
    const running = await startWitness(files)
    witnesses.push(running)
    honest.push({ signer: files.signer, url: running.address })
  }
})

afterAll(() => {
  for (const witness of witnesses) witness.kill('SIGKILL')
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  rmSync(TEMP, { recursive: true })
})

let nextLog = 0

/** A log that no witness has seen. */
function newLog(): GrowingLog {
  const log = LOGS[nextLog++]
  if (!log) throw new Error('name more logs')
  return log
}

async function trustOf(parties: Readonly<Record<string, Party>>, quorum: string): Promise<Trust> {
  const lines = Object.entries(parties).map(
    ([name, { signer, url }]) => `witness ${name} ${printVerifier(signer.verifier)} ${url}\n`,
  )
  const parsed = await parseTrust(`${LOG_LINES}${lines.join('')}${quorum}\n`)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

function asking(trust: Trust, log: GrowingLog, history?: string): Cosigning {
  const consistency = (from: number, to: number): Promise<readonly Bytes[]> =>
    Promise.resolve(log.proof(from, to, history))
  return new Cosigning({ trust, consistency })
}

/** Who has cosigned a checkpoint, as anybody would find out who has the witnesses' keys. */
async function cosigners(
  note: string,
  { cosignatures }: Cosignatures,
  { witnesses: known }: Trust,
): Promise<readonly string[]> {
  if (cosignatures.length === 0) return []
  const cosigned = note + cosignatures.map(printSignature).join('')
  const keys = known.map(({ key }) => key)
  const opened = await openNote(cosigned, keys)
  if (!opened.ok) throw new Error(opened.error.message)
  return known
    .filter(({ key }) => opened.value.signed.some((signed) => signed.key === key))
    .map(({ name }) => name)
}

const signerFor = (name: string): Signer => signerOf(name, Buffer.alloc(32, name), 'cosignature')

/** A server that answers as it is told to, and the key that it should have. */
async function server(name: string, listener: RequestListener): Promise<Party> {
  const listening = createServer(listener)
  servers.push(listening)
  await new Promise<void>((resolve) => {
    listening.listen(0, '127.0.0.1', resolve)
  })
  const { port } = listening.address() as AddressInfo
  return { signer: signerFor(name), url: `http://127.0.0.1:${port}` }
}

const silent: RequestListener = () => undefined

test('every witness that agrees cosigns, and is asked from where it was', async () => {
  const log = newLog()
  const [w1, w2] = honest as [Party, Party]
  const trust = await trustOf({ w1, w2 }, 'group both all w1 w2\nquorum both')
  const proved: string[] = []
  const cosigning = new Cosigning({
    trust,
    consistency: (from, to) => {
      proved.push(`${from} to ${to}`)
      return Promise.resolve(log.proof(from, to))
    },
  })
  for (const size of [3, 7, 12]) {
    const answer = await cosigning.ask(log.noteAt(size))
    expect(answer).toMatchObject({ isQuorum: true, ahead: [], failures: [] })
    expect(await cosigners(log.noteAt(size), answer, trust)).toEqual(['w1', 'w2'])
  }
  expect(proved.sort()).toEqual(
    ['0 to 3', '0 to 3', '3 to 7', '3 to 7', '7 to 12', '7 to 12'].sort(),
  )
  // Who has forgotten is told.
  const answer = await asking(trust, log).ask(log.noteAt(14))
  expect(answer).toMatchObject({ isQuorum: true, failures: [] })
})

test('a log that has been restored from a backup is told that witnesses are ahead', async () => {
  const log = newLog()
  const [w1, w2] = honest as [Party, Party]
  const trust = await trustOf({ w1, w2 }, 'group both all w1 w2\nquorum both')
  await asking(trust, log).ask(log.noteAt(12))
  const restored = asking(trust, log)
  for (let i = 0; i < 2; i++) {
    const { ahead, ...rest } = await restored.ask(log.noteAt(9))
    expect(rest).toEqual({ cosignatures: [], isQuorum: false, failures: [] })
    expect(ahead).toContainEqual({ witness: 'w1', size: 12 })
    expect(ahead).toContainEqual({ witness: 'w2', size: 12 })
  }
  // Grown anew to the same size, it has another history.
  const regrown = await asking(trust, log, 'b').ask(log.noteAt(12, 'b'))
  expect(regrown).toMatchObject({ cosignatures: [], isQuorum: false, ahead: [] })
  expect(regrown.failures.map(({ code, status }) => [code, status])).toEqual([
    ['refused', 422],
    ['refused', 422],
  ])
})

test('one witness that is ahead is told of beside those that cosign', async () => {
  const log = newLog()
  const [w1, w2] = honest as [Party, Party]
  const one = await trustOf({ w1 }, 'quorum w1')
  await asking(one, log).ask(log.noteAt(12))
  const trust = await trustOf({ w1, w2 }, 'quorum none')
  const answer = await asking(trust, log).ask(log.noteAt(9))
  expect(answer).toMatchObject({ ahead: [{ witness: 'w1', size: 12 }], failures: [] })
  expect(await cosigners(log.noteAt(9), answer, trust)).toEqual(['w2'])
})

test('once there is a quorum nobody else is waited for', async () => {
  const log = newLog()
  const [w1, w2] = honest as [Party, Party]
  const parties = { w1, w2, slow: await server('slow', silent) }
  const trust = await trustOf(parties, 'group enough 2 w1 w2 slow\nquorum enough')
  const answer = await asking(trust, log).ask(log.noteAt(3))
  expect(answer).toMatchObject({ isQuorum: true, failures: [] })
  expect(await cosigners(log.noteAt(3), answer, trust)).toEqual(['w1', 'w2'])
})

test('a group of groups is a quorum when each of them has enough', async () => {
  const log = newLog()
  const [w1, w2] = honest as [Party, Party]
  const down = { signer: signerFor('down'), url: 'http://127.0.0.1:1' }
  const other = { signer: signerFor('other'), url: 'http://127.0.0.1:1' }
  const parties = { w1, w2, down, other }
  const groups = 'group a any w1 down\ngroup b any w2 other\n'
  const met = await trustOf(parties, `${groups}group c all a b\nquorum c`)
  expect(await asking(met, log).ask(log.noteAt(3))).toMatchObject({ isQuorum: true })
  const away = { signer: signerFor('away'), url: 'http://127.0.0.1:1' }
  const unmet = await trustOf({ ...parties, away }, `${groups}group c all a b away\nquorum c`)
  const answer = await asking(unmet, log).ask(log.noteAt(3))
  expect(await cosigners(log.noteAt(3), answer, unmet)).toEqual(['w1', 'w2'])
  expect(answer.isQuorum).toBe(false)
  const failed = answer.failures.map(({ witness, code }) => [witness, code]).sort()
  expect(failed).toEqual([
    ['away', 'unreachable'],
    ['down', 'unreachable'],
    ['other', 'unreachable'],
  ])
})

test('without a witness nobody is asked', async () => {
  const log = newLog()
  const trust = await trustOf({}, 'quorum none')
  const answer = { cosignatures: [], isQuorum: true, ahead: [], failures: [] }
  expect(await asking(trust, log).ask(log.noteAt(3))).toEqual(answer)
})

test('a proof that cannot be made is thrown, whoever has answered', async () => {
  const log = newLog()
  const [w1, w2] = honest as [Party, Party]
  const trust = await trustOf({ w1, w2 }, 'group both all w1 w2\nquorum both')
  const consistency = (): Promise<never> => Promise.reject(new Error('a tile is gone'))
  const asked = new Cosigning({ trust, consistency }).ask(log.noteAt(3))
  await expect(asked).rejects.toThrow('a tile is gone')
})

const fooled = newLog()
const note = fooled.noteAt(7)
const text = note.slice(0, note.lastIndexOf('\n\n') + 1)
const otherText = fooled.noteAt(7, 'b').replace(/\n\n.*$/s, '\n')
const now = 1_800_000_000
const line = (name: string, over = text, timestamp = now): string =>
  printSignature(cosign(signerFor(name), over, timestamp))
const strange = (name: string): string =>
  printSignature(cosign(signerOf(name, Buffer.alloc(32, 3), 'cosignature'), text, now))

function says(body: string | Buffer, status = 200, type = 'text/plain'): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }
}

const conflict = (size: string): RequestListener => says(`${size}\n`, 409, 'text/x.tlog.size')
const endless = (): Readable => Readable.from(Array(1_000_000).fill(Buffer.alloc(65_536)))

function drip(response: ServerResponse): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write(' '), 50)
  response.on('close', () => clearInterval(timer))
}

let told = 0
const LIES: Readonly<Record<string, readonly [RequestListener, string]>> = {
  'wrong-root': [says(line('wrong-root', otherText)), 'wrong-answer'],
  extension: [says(line('extension', `${text}more\n`)), 'wrong-answer'],
  'wrong-key': [says(strange('wrong-key')), 'wrong-answer'],
  'other-name': [says(line('right-name')), 'wrong-answer'],
  'no-time': [says(line('no-time', text, 0)), 'wrong-answer'],
  'log-signature': [says(note.split('\n\n')[1] ?? ''), 'wrong-answer'],
  'wrong-beside-right': [
    says(line('wrong-beside-right') + line('wrong-beside-right', otherText)),
    'wrong-answer',
  ],
  unfinished: [says(line('unfinished').slice(0, -1)), 'wrong-answer'],
  prefixed: [says(`ok\n${line('prefixed')}`), 'wrong-answer'],
  garbage: [says(Buffer.from([0xff, 0xfe, 0x00])), 'wrong-answer'],
  empty: [says(''), 'wrong-answer'],
  created: [says(line('created'), 201), 'refused'],
  error: [says('\u001b[31mred\u0007\n', 500), 'refused'],
  'conflict-page': [says('99\n', 409, 'text/html'), 'refused'],
  'conflict-word': [conflict('many'), 'refused'],
  'conflict-zero': [conflict('007'), 'refused'],
  'conflict-huge': [conflict('9007199254740992'), 'refused'],
  'conflict-same': [conflict('0'), 'refused'],
  'conflict-again': [
    (_request, response) => conflict(`${(told++ % 5) + 1}`)(_request, response),
    'refused',
  ],
  redirect: [
    (_request, response) => {
      const location = `${honest[0]?.url}/add-checkpoint`
      response.writeHead(307, { location }).end()
    },
    'unreachable',
  ],
  'hang-up': [(request) => request.socket.destroy(), 'unreachable'],
  half: [
    (_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('x')
      setTimeout(() => response.destroy(), 50)
    },
    'unreachable',
  ],
  endless: [(_request, response) => endless().pipe(response.writeHead(200)), 'answer-too-long'],
  bomb: [
    (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      endless().pipe(createGzip()).pipe(response)
    },
    'answer-too-long',
  ],
  'long-head': [
    (_request, response) => {
      response.writeHead(200, { x: 'x'.repeat(1_000_000) }).end()
    },
    'unreachable',
  ],
  silent: [silent, 'timeout'],
  drip: [(_request, response) => drip(response), 'timeout'],
}

test('a witness that lies, dawdles or breaks gives no cosignature, and keeps nobody from getting those of the others', async () => {
  const [w1] = honest as [Party]
  const parties: Record<string, Party> = { w1 }
  for (const [name, [listener]] of Object.entries(LIES))
    parties[name] = await server(name, listener)
  const trust = await trustOf(
    parties,
    `group all all ${Object.keys(parties).join(' ')}\nquorum all`,
  )
  const answer = await asking(trust, fooled).ask(note)
  expect(await cosigners(note, answer, trust)).toEqual(['w1'])
  expect(answer).toMatchObject({ isQuorum: false, ahead: [] })
  const codes = Object.fromEntries(answer.failures.map(({ witness, code }) => [witness, code]))
  const expected = Object.entries(LIES).map(([name, [, code]]) => [name, code])
  expect(codes).toEqual(Object.fromEntries(expected))
  // What they say is shown on one line, and moves no terminal.
  for (const { message } of answer.failures) expect(message).toMatch(/^[\p{L}\p{N}\p{P}\p{S} ]+$/u)
})

test.each(['', 'ftp://127.0.0.1', 'no-url', 'http://a:b@127.0.0.1', 'http://127.0.0.1/?a'])(
  'is not asked at `%s`',
  async (url) => {
    const trust = await trustOf({ w: { signer: signerFor('w'), url } }, 'quorum w')
    const { failures } = await asking(trust, fooled).ask(note)
    expect(failures.map(({ code }) => code)).toEqual(['no-url'])
  },
)

test('a witness is asked below its prefix', async () => {
  const paths: (string | undefined)[] = []
  const { signer, url } = await server('w', (request, response) => {
    paths.push(request.url)
    response.end(line('w'))
  })
  for (const prefix of ['', '/', '/witness', '/witness/']) {
    const trust = await trustOf({ w: { signer, url: url + prefix } }, 'quorum w')
    expect(await asking(trust, fooled).ask(note)).toMatchObject({ isQuorum: true })
  }
  const own = '/add-checkpoint'
  expect(paths).toEqual([own, own, `/witness${own}`, `/witness${own}`])
})
