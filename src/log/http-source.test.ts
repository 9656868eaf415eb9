import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { httpSource } from './http-source.ts'
import type { LogSource } from './source.ts'

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** The address of a server that answers as a test says. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function sourceAt(address: string, key: string | null = null): LogSource {
  return httpSource({ base: new URL(`${address}/log/governance/`), key })
}

/** What is said of a file that cannot be read. */
async function sentenceOf(reading: Promise<unknown>): Promise<string> {
  return await reading.then(
    () => 'read',
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

test('a file is asked for below the base, with the key', async () => {
  const address = await serve((request, response) => {
    response.end(`${request.url} ${request.headers.authorization}`)
  })
  const bytes = await sourceAt(address, 'proviso_k').read('tile/0/x001/234')
  expect(Buffer.from(bytes ?? []).toString()).toBe(
    '/log/governance/tile/0/x001/234 Bearer proviso_k',
  )
})

test('without a key none is sent', async () => {
  const address = await serve((request, response) => {
    response.end(String(request.headers.authorization))
  })
  expect(Buffer.from((await sourceAt(address).read('checkpoint')) ?? []).toString()).toBe(
    'undefined',
  )
})

test('what is not there is undefined', async () => {
  const address = await serve((_, response) => response.writeHead(404).end('no'))
  expect(await sourceAt(address).read('checkpoint')).toBeUndefined()
})

test('a server that fails once is asked once more, and no oftener', async () => {
  let asked = 0
  const failing = (times: number): RequestListener => {
    asked = 0
    return (_, response) => {
      asked += 1
      response.writeHead(asked > times ? 200 : 503).end('here')
    }
  }
  expect(await sourceAt(await serve(failing(1))).read('checkpoint')).toBeDefined()
  expect(asked).toBe(2)
  const address = await serve(failing(9))
  expect(await sentenceOf(sourceAt(address).read('checkpoint'))).toBe(
    `LogFailure: ${address}/log/governance/checkpoint does not answer; try again later`,
  )
  expect(asked).toBe(2)
})

test('a connection that breaks within a file is tried once more', async () => {
  let asked = 0
  const address = await serve((_, response) => {
    asked += 1
    response.writeHead(200, { 'content-length': '10' })
    response.write('half ')
    if (asked === 1) setTimeout(() => response.destroy(), 20)
    else response.end('whole')
  })
  const bytes = await sourceAt(address).read('checkpoint')
  expect(Buffer.from(bytes ?? []).toString()).toBe('half whole')
})

test.each([401, 403])('status %i says that a key is asked for', async (status) => {
  const address = await serve((_, response) => response.writeHead(status).end())
  expect(await sentenceOf(sourceAt(address).read('tile/entries/000'))).toBe(
    `LogFailure: ${address}/log/governance/tile/entries/000 asks for a key of scope auditor; give its file with --key-file`,
  )
})

test('another status is told', async () => {
  const address = await serve((_, response) => response.writeHead(204).end())
  expect(await sentenceOf(sourceAt(address).read('checkpoint'))).toMatch(/answers with status 204$/)
})

test('a redirect on the same server is followed, and to another one refused, which is not asked', async () => {
  let stolen: unknown = 'nothing'
  const other = await serve((request, response) => {
    stolen = request.headers.authorization
    response.end('other')
  })
  const address = await serve((request, response) => {
    const { url = '' } = request
    if (url.endsWith('/moved')) response.end('moved')
    else if (url.endsWith('/away')) response.writeHead(302, { location: `${other}/x` }).end()
    else if (url.endsWith('/round')) response.writeHead(302, { location: url }).end()
    else response.writeHead(307, { location: '/moved' }).end()
  })
  const source = sourceAt(address, 'key')
  expect(Buffer.from((await source.read('checkpoint')) ?? []).toString()).toBe('moved')
  expect(await sentenceOf(source.read('away'))).toMatch(/sends us to another server; name the URL/)
  expect(stolen).toBe('nothing')
  expect(await sentenceOf(source.read('round'))).toMatch(/is redirected over 3 times$/)
})

test('a file that never ends is given up', async () => {
  const address = await serve((_, response) => {
    const part = Buffer.alloc(1_048_576)
    const more = (): void => {
      while (!response.destroyed && response.write(part)) {
        // Until the reader has had enough.
      }
    }
    response.on('drain', more)
    more()
  })
  expect(await sentenceOf(sourceAt(address).read('checkpoint'))).toMatch(
    /over 16777472 bytes, as no file is$/,
  )
})
