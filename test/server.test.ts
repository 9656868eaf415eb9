import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kindOfFile, parseDocuments } from '../src/decision/documents.ts'
import { decideWithNearest } from '../src/decision/nearest.ts'
import { parseRequest } from '../src/decision/request.ts'
import { appOf } from '../src/server/app.ts'
import type { Instant } from '../src/time.ts'
import { bundleOf } from './bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR } from './example-world.ts'
import { servedFrom } from './served.ts'

// The decision point over real sockets, and beside the engine.

const bundle = bundleOf(EXAMPLE)
let at: Instant = Date.UTC(2026, 2, 2, 9)
const app = appOf(servedFrom(bundle, () => at))
let port = 0

beforeAll(async () => {
  port = await listenBelow(app)
})

afterAll(() => app.close())

/** Listens on a free port below those that the system gives to clients. */
async function listenBelow(server: FastifyInstance): Promise<number> {
  for (let candidate = 21_000 + (process.pid % 5_000); ; candidate++) {
    try {
      await server.listen({ host: '127.0.0.1', port: candidate })
      return candidate
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

const QUESTION = JSON.stringify({
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
})

/** Sends bytes as they are and gives back all that comes until the server closes. */
function exchange(...parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (data: string) => {
      received += data
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
    for (const part of parts) socket.write(part)
  })
}

function posted(headers: readonly string[], body = QUESTION): string {
  const lines = [
    'POST /access/v1/evaluation HTTP/1.1',
    'Host: localhost',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

test('a request id is sent back byte for byte', async () => {
  const ids = [
    'a',
    '7f000001-0000',
    'with space\tand tab',
    'caf\u00e9',
    '<>"\'%0d%0a',
    'x'.repeat(7_000),
  ]
  for (const id of ids) {
    const answer = await exchange(Buffer.from(posted([`X-Request-ID: ${id}`]), 'latin1'))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain(`\r\nx-request-id: ${id}\r\n`)
  }
})

test('a request id cannot become a header of its own', async () => {
  const ended = await exchange(posted(['X-Request-ID: a\r\nSet-Cookie: b=c']))
  expect(ended).toContain('\r\nx-request-id: a\r\n')
  expect(ended.toLowerCase()).not.toContain('set-cookie')
  for (const id of [
    'a\nSet-Cookie: b=c',
    'a\rSet-Cookie: b=c',
    'a\0b',
    'a\r\n Set-Cookie: b=c',
    'a\u007fb',
  ]) {
    const answer = await exchange(posted([`X-Request-ID: ${id}`]))
    const [head = ''] = answer.split('\r\n\r\n')
    expect(head.toLowerCase()).not.toMatch(/[\r\n]set-cookie/)
  }
})

test('a head that is too long to send back is refused', async () => {
  const answer = await exchange(posted([`X-Request-ID: ${'x'.repeat(9_000)}`]))
  expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  expect(answer.toLowerCase()).toContain('content-type: application/json')
  expect(answer).not.toContain('xxxx')
})

test('what is no HTTP, or could be read in two ways, is refused', async () => {
  const refused = [
    'hello\r\n\r\n',
    posted(['Content-Length: 3']),
    posted(['Transfer-Encoding: chunked']),
    posted(['Bad Header: x']),
  ]
  for (const bytes of refused) expect(await exchange(bytes)).toMatch(/^HTTP\/1\.1 400 /)
})

test('a body may come in chunks, and is bounded then too', async () => {
  const chunked = (...chunks: readonly string[]): string => {
    const head = posted([], '').replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
    return `${head}${body}0\r\n\r\n`
  }
  const answer = await exchange(chunked(QUESTION.slice(0, 40), QUESTION.slice(40)))
  expect(answer).toContain('"outcome":"permit-under-exception"')
  const long = await exchange(chunked(...Array<string>(20).fill(' '.repeat(65_536))))
  expect(long).toMatch(/^HTTP\/1\.1 413 /)
})

test('a compressed body is not read as something else', async () => {
  const body = gzipSync(QUESTION)
  const head = posted(['Content-Encoding: gzip'], '').replace(
    'Content-Length: 0',
    `Content-Length: ${body.length}`,
  )
  expect(await exchange(Buffer.concat([Buffer.from(head), body]))).toMatch(/^HTTP\/1\.1 400 /)
})

test('requests of one connection are answered in their order', async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `r-${i}`)
  const last = ids.length - 1
  const requests = ids.map((id, i) => {
    const one = posted([`X-Request-ID: ${id}`])
    return i === last ? one : one.replace('Connection: close\r\n', '')
  })
  const answer = await exchange(requests.join(''))
  expect([...answer.matchAll(/x-request-id: (\S+)/g)].map(([, id]) => id)).toEqual(ids)
})

test('many connections at once get the answer that one gets', async () => {
  const [, alone = ''] = (await exchange(posted([]))).split('\r\n\r\n')
  const answers = await Promise.all(Array.from({ length: 100 }, () => exchange(posted([]))))
  expect(alone).toContain('"decision":true')
  expect(answers.every((answer) => answer.endsWith(alone))).toBe(true)
})

test('a client that goes away in the middle harms nobody', async () => {
  for (const part of ['POST /acc', posted([]).slice(0, 120), posted([]).slice(0, -20)]) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(part, () => socket.destroy()))
      socket.on('close', () => resolve())
    })
  }
  expect(await exchange(posted([]))).toMatch(/^HTTP\/1\.1 200 /)
})

test('a client that is slow to ask is not waited for longer than ten seconds', async () => {
  const begun = performance.now()
  const parts = ['', 'POST /acc', posted([]).slice(0, -20)]
  const answers = await Promise.all(parts.map((part) => exchange(part)))
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(performance.now() - begun).toBeGreaterThan(9_000)
  expect(performance.now() - begun).toBeLessThan(15_000)
})

/** The requests of the example's own cases. */
function exampleRequests(): unknown[] {
  const files = readdirSync(EXAMPLE_DIR, { recursive: true, encoding: 'utf8' })
    .filter((name) => kindOfFile(name) === 'tests')
    .map((name) => ({ name, text: readFileSync(join(EXAMPLE_DIR, name), 'utf8') }))
  return parseDocuments(files).cases.map((placed) => placed.case.request)
}

test('every case of the example is answered over HTTP as the engine decides it', async () => {
  let answered = 0
  for (const raw of exampleRequests()) {
    const request = parseRequest(raw)
    if (!request.ok) continue
    const { customer, deployment, model, uses, facts, signals } = request.value
    const [name, ...more] = uses
    const body = {
      subject: { type: 'deployment', id: `${customer}/${deployment}` },
      action: { name },
      resource: { type: 'model', id: model },
      context: { uses: more, facts, signals, nearest: true },
    }
    at = request.value.at
    const answer = await app.inject({ method: 'POST', url: '/access/v1/evaluation', payload: body })
    const decided = decideWithNearest(bundle, request.value)
    expect(answer.statusCode).toBe(decided.ok ? 200 : 400)
    if (!decided.ok) continue
    const { outcome, base, triggered, reasons, nearest } = decided.value
    expect(answer.json()).toMatchObject({
      decision: outcome.startsWith('permit'),
      context: { outcome, base, triggered, reasons, nearest },
    })
    answered++
  }
  expect(answered).toBeGreaterThan(300)
})
