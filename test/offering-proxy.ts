import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

// Whoever stands between a register and a decision point: hands on what is asked for, or something else.

type Answering = (request: IncomingMessage, answer: ServerResponse) => void | Promise<void>

export interface OfferingProxy {
  readonly url: string
  /** From now on each request is answered so; what is under way is cut off. */
  answer(way: Answering): void
  close(): void
}

/** Hands requests on to a register, as they are. */
export function handOn(register: string): Answering {
  return async (request, answer) => {
    const { authorization } = request.headers
    const headers = authorization === undefined ? {} : { authorization }
    const gone = new AbortController()
    answer.on('close', () => gone.abort())
    try {
      const reply = await fetch(`${register}${request.url}`, { headers, signal: gone.signal })
      const type = reply.headers.get('content-type') ?? ''
      answer.writeHead(reply.status, { 'content-type': type })
      answer.flushHeaders()
      Readable.fromWeb(reply.body as ReadableStream)
        .on('error', () => answer.destroy())
        .pipe(answer)
    } catch {
      answer.destroy()
    }
  }
}

/** Answers nobody. */
export const cutOff: Answering = (request) => {
  request.destroy()
}

/** Answers an offer to whoever listens and to whoever asks, and anything else in another way. */
export function offering(offer: string, others: Answering): Answering {
  return (request, answer) => {
    if (request.url?.startsWith('/api/v1/bundle/offers') === true) {
      answer.writeHead(200, { 'content-type': 'text/event-stream' })
      answer.write(`data: ${offer}\n\n`)
    } else if (request.url?.startsWith('/api/v1/bundle/offer') === true) {
      answer.end(offer)
    } else return others(request, answer)
  }
}

export async function startProxy(first: Answering): Promise<OfferingProxy> {
  let way = first
  const server: Server = createServer((request, answer) => void way(request, answer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    answer: (next): void => {
      way = next
      server.closeAllConnections()
    },
    close: (): void => {
      server.closeAllConnections()
      server.close()
    },
  }
}
