import { readFileSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { parseEntries } from '../src/log/tile.ts'
import { proviso } from './proviso.ts'
import { QUESTIONS } from './questions.ts'
import { BUNDLE, filesIn, type RunningServer, startServer, TEMP, until } from './running-server.ts'

// The logs of a signed server as they are reached over HTTP.

const LOG = join(TEMP, 'served')
const KEYS = join(TEMP, 'keys.json')

/** Entries of the decision log: more than fill one tile. */
const ENTRIES = 300
const ORIGIN_PATH = '/log/decisions-main-1'

let server: RunningServer
const keys = { gateway: '', auditor: '', metrics: '' }

/** A key that is made as an operator makes it. */
async function keyFor(id: string, ...whom: readonly string[]): Promise<string> {
  const added = await proviso(['key', 'add', KEYS, '--id', id, ...whom, '--json'])
  return (JSON.parse(added.stdout) as { key: string }).key
}

beforeAll(async () => {
  const publisher = join(TEMP, 'publisher.key')
  await proviso(['keygen', publisher, '--name', 'example.com'])
  await proviso(['sign', BUNDLE, '--key', publisher])
  keys.gateway = await keyFor('gateway', '--all-customers')
  keys.auditor = await keyFor('auditor', '--auditor')
  keys.metrics = await keyFor('metrics', '--metrics')
  const served = [BUNDLE, '--publisher', `${publisher}.pub`, '--keys', KEYS]
  server = await startServer(LOG, { served, isKept: true })
  const evaluations = Array.from({ length: ENTRIES }, () => QUESTIONS.deny)
  const { status } = await get('/access/v1/evaluations', {
    method: 'POST',
    authorization: `Bearer ${keys.gateway}`,
    'content-type': 'application/json',
    body: JSON.stringify({ evaluations }),
  })
  expect(status).toBe(200)
  await until(async () => (await get(`${ORIGIN_PATH}/tile/0/001.p/44`)).status === 200)
})

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Asks for a path exactly as it is written. */
function get(
  path: string,
  { method = 'GET', body = '', ...headers }: Readonly<Record<string, string>> = {},
): Promise<Got> {
  const { hostname, port } = new URL(server.address)
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () => {
        const { statusCode: status = 0, headers: given } = answer
        resolve({ status, headers: given, body: Buffer.concat(parts) })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const asAuditor = (): { authorization: string } => ({ authorization: `Bearer ${keys.auditor}` })

const ENTRIES_FULL = `${ORIGIN_PATH}/tile/entries/000`

test('entries are read with a key of an auditor alone, checkpoints and hashes without a key', async () => {
  const bearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` })
  expect((await get(ENTRIES_FULL)).status).toBe(401)
  expect((await get(ENTRIES_FULL, bearer(`${keys.auditor}x`))).status).toBe(401)
  expect((await get(ENTRIES_FULL, bearer(keys.gateway))).status).toBe(403)
  expect((await get(ENTRIES_FULL, bearer(keys.metrics))).status).toBe(403)
  expect((await get(ENTRIES_FULL, asAuditor())).status).toBe(200)
  // Nothing is told of whether there are such entries, either.
  expect((await get(`${ORIGIN_PATH}/tile/entries/077`)).status).toBe(401)
  for (const path of ['checkpoint', 'tile/0/000', 'tile/1/000.p/1']) {
    expect((await get(`${ORIGIN_PATH}/${path}`)).status).toBe(200)
  }
  expect((await get('/metrics', bearer(keys.auditor))).status).toBe(403)
  const headers = { ...asAuditor(), 'content-type': 'application/json' }
  const asked = { method: 'POST', body: JSON.stringify(QUESTIONS.deny), ...headers }
  expect((await get('/access/v1/evaluation', asked)).status).toBe(403)
})

/** How often a file that changes meanwhile is asked for again. */
const ATTEMPTS_MAX = 20

/**
 * A file of the log, and what is served of it while it stands: a newer checkpoint may take one's place at any time, and is
 * served a little later than it can be read, once it is on the disk for good.
 */
async function getStanding(
  name: string,
): Promise<{ readonly bytes: Buffer; readonly got: Got; readonly head: Got }> {
  const file = join(LOG, 'decisions-main-1', name)
  for (let attempt = 1; ; attempt++) {
    const bytes = readFileSync(file)
    const got = await get(`${ORIGIN_PATH}/${name}`, asAuditor())
    const head = await get(`${ORIGIN_PATH}/${name}`, { ...asAuditor(), method: 'HEAD' })
    const stands = readFileSync(file).equals(bytes) && got.body.equals(bytes)
    if (stands || attempt === ATTEMPTS_MAX) return { bytes, got, head }
  }
}

test('what is published is served as it stands in the directory, and said to be what it is', async () => {
  const types = new Map([
    ['checkpoint', ['text/plain; charset=utf-8', 'public, max-age=1']],
    ['tile/0', ['application/octet-stream', 'public, max-age=31536000, immutable']],
    ['tile/1', ['application/octet-stream', 'public, max-age=31536000, immutable']],
    ['tile/entries', ['application/octet-stream', 'private, max-age=31536000, immutable']],
  ])
  const published = [...filesIn(join(LOG, 'decisions-main-1'))].filter(([name]) =>
    /^(?:checkpoint$|tile\/)/.test(name),
  )
  expect(published.map(([name]) => name)).toEqual(
    expect.arrayContaining(['checkpoint', 'tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1']),
  )
  for (const [name] of published) {
    const { bytes, got, head } = await getStanding(name)
    const { status, headers, body } = got
    expect([name, status]).toEqual([name, 200])
    expect(body.equals(bytes), name).toBe(true)
    const kind = [...types].find(([start]) => name === start || name.startsWith(`${start}/`))
    expect([headers['content-type'], headers['cache-control']]).toEqual(kind?.[1])
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(head.headers['content-length']).toBe(`${bytes.length}`)
  }
})

test('entries alone are compressed, and only for whoever asks for that', async () => {
  const plain = (await get(ENTRIES_FULL, asAuditor())).body
  expect(parseEntries(plain, 256)).toMatchObject({ ok: true })
  const encodingOf = async (accept: string, path = ENTRIES_FULL): Promise<unknown> => {
    const { headers, body } = await get(path, { ...asAuditor(), 'accept-encoding': accept })
    const encoding = headers['content-encoding']
    if (path !== ENTRIES_FULL) return encoding
    expect((encoding === 'gzip' ? gunzipSync(body) : body).equals(plain)).toBe(true)
    expect(headers.vary).toContain('accept-encoding')
    return encoding
  }
  for (const accept of ['gzip', 'br, gzip', 'gzip;q=0.5', 'GZIP', '*', 'br;q=1.0, gzip;q=0.001']) {
    expect([accept, await encodingOf(accept)]).toEqual([accept, 'gzip'])
  }
  const not = ['', 'br', 'identity', 'gzip;q=0', 'gzip; q=0.000', 'x-gzip2', 'gzip;q=0, *;q=0']
  for (const accept of not) {
    expect([accept, await encodingOf(accept)]).toEqual([accept, undefined])
  }
  // To refuse gzip is not undone by taking anything else.
  expect(await encodingOf('gzip;q=0, *')).toBe(undefined)
  expect(await encodingOf('*, gzip;q=0')).toBe(undefined)
  expect(await encodingOf('gzip', `${ORIGIN_PATH}/tile/0/000`)).toBe(undefined)
  expect(await encodingOf('gzip', `${ORIGIN_PATH}/checkpoint`)).toBe(undefined)
})

const ELSEWHERE = [
  '/log/decisions-main-2/checkpoint',
  '/log/decisions-main-0/checkpoint',
  '/log/decisions-other-1/checkpoint',
  '/log/keys/checkpoint',
  '/log/../log.json',
  '/log/%2e%2e/checkpoint',
  '/log/governance%2f..%2fgovernance/checkpoint',
  '/log/./checkpoint',
  '/log//checkpoint',
  '/log/governance',
  '/log/governance/',
  ...[
    'signed',
    'permits',
    'journal/0000000000000000.segment',
    'journal/next',
    'checkpoint/',
    'checkpoint.part',
    'tile/0/../../keys',
    'tile/0/../../../keys/decisions-1.key',
    'tile/0/%2e%2e/%2e%2e/signed',
    'tile/0/..%2f..%2fsigned',
    'tile/entries/..%2f..%2fsigned',
    'tile/%2e%2e/signed',
    'tile/00/000',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/001',
    'tile/0/000.p/256',
    'tile/0/000.p/0',
    'tile/0/000.p/044',
    'tile/0/001.p/44/',
    'tile/0/001.p/44%00',
    'tile/0/001.p',
    'tile/0/x000/000',
    'tile/0/000?x',
    'tile/-1/000',
    'tile/64/000',
    'tile/0/x999999999999999999/000',
    'tile/0/\u005c..\u005csigned',
    'tile/entries/000.p/256',
    'tile/entries/',
    'tile/',
    'tile/0/000;x',
  ].map((path) => `${ORIGIN_PATH}/${path}`),
]

test.each(ELSEWHERE)('%s is nothing that is served', async (path) => {
  // A query asks for nothing else.
  const isQuery = path.endsWith('?x')
  const { status, headers } = await get(path, asAuditor())
  expect(status).toBe(isQuery ? 200 : 404)
  if (!isQuery) expect(headers['content-type']).toMatch(/^application\/json/)
})

test('logs are read and not written', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const { status } = await get(`${ORIGIN_PATH}/checkpoint`, { method, ...asAuditor() })
    expect([method, status]).toEqual([method, 405])
  }
})

test('what an auditor reads over HTTP has no fault', async () => {
  const keyFile = join(TEMP, 'auditor.key')
  writeFileSync(keyFile, keys.auditor, { mode: 0o600 })
  const trust = ['--trust', join(LOG, 'trust')]
  const ran = await proviso([
    'log',
    'fsck',
    `${server.address}/log`,
    ...trust,
    '--key-file',
    keyFile,
  ])
  expect(ran.stdout).toMatch(/^decisions-main-1: 300 entries$/m)
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/no fault\n$/) })
})
