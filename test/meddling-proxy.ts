import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Passing {
  readonly method: string
  readonly path: string
}

/** What becomes of an answer on its way: its body or another one, a gateway's instead, or a connection that breaks. */
type Meddling = (asked: Passing, body: string) => string | 'break' | 'gateway timeout'

export interface MeddlingProxy {
  readonly url: string
  /** Requests that were passed on, such as `POST /api/v1/nonces`. */
  readonly passed: string[]
  /** Changes answers from now on. */
  meddle(how: Meddling): void
  /** Breaks connections before a request has arrived. */
  drop(which: (asked: Passing) => boolean): void
  /** Lets all pass as it is, and forgets what has passed. */
  reset(): void
  close(): Promise<void>
}

/** Something between a person and the register that does not mean well. */
export async function meddlingProxy(upstream: () => string): Promise<MeddlingProxy> {
  const server = createServer((request, response) => {
    void passOn(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const honest: Meddling = (_, body) => body
  const passed: string[] = []
  let meddling = honest
  const none = (): boolean => false
  let drops: (asked: Passing) => boolean = none

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    if (drops({ method, path })) return void response.destroy()
    passed.push(`${method} ${path}`)
    const { host: _, connection: __, 'content-length': ___, ...kept } = headers
    const answer = await fetch(`${upstream()}${path}`, {
      method,
      headers: kept as Record<string, string>,
      ...(method === 'GET' ? {} : { body: Buffer.concat(parts) }),
    })
    const body = meddling({ method, path }, await answer.text())
    if (body === 'break') return void response.destroy()
    if (body === 'gateway timeout') return void response.writeHead(504).end('{"detail":"late"}')
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
    })
    response.end(body)
  }

  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    meddle(how): void {
      meddling = how
    },
    drop(which): void {
      drops = which
    },
    reset(): void {
      meddling = honest
      drops = none
      passed.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
