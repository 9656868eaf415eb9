import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseTile } from '../log/tile.ts'
import { guard } from './access.ts'
import { refuse } from './reply.ts'
import type { LogsServed, Served } from './served.ts'

// The logs, for whoever wants to look (https://c2sp.org/tlog-tiles). Checkpoints and hashes are everybody's; entries are
// for auditors.

const compress = promisify(gzip)

/** A checkpoint is replaced several times a second. */
const SHORT = 'public, max-age=1'

/** A tile never changes. */
const LONG = 'max-age=31536000, immutable'

type Read = FastifyRequest<{ Params: { log: string; '*': string } }>

export function routeLogs(app: FastifyInstance, served: Served): void {
  const { logs } = served
  if (logs === null) return
  const onRequest = guard(served, 'auditor')
  app.get('/log/:log/checkpoint', (request: FastifyRequest<{ Params: { log: string } }>, reply) =>
    give(reply, logs, { log: request.params.log, path: 'checkpoint' }, checkpointTo),
  )
  app.get('/log/:log/tile/entries/*', { onRequest }, ({ params, headers }: Read, reply) => {
    const path = `tile/entries/${params['*']}`
    const send = takesGzip(String(headers['accept-encoding'] ?? '')) ? gzippedTo : entriesTo
    return give(reply, logs, { log: params.log, path }, send)
  })
  app.get('/log/:log/tile/*', ({ params }: Read, reply) => {
    const path = `tile/${params['*']}`
    // Routes are found before `%2F` is read, and what they are given is read after it.
    if (parseTile(path)?.level === 'entries') return absent(reply)
    return give(reply, logs, { log: params.log, path }, tileTo)
  })
}

/** Whether gzip may be sent (RFC 9110 §12.5.3): what is said of it goes before what is said of all codings. */
function takesGzip(accepted: string): boolean {
  const rows = accepted.toLowerCase().split(',')
  const parts = rows.map((row) => row.split(';').map((part) => part.trim()))
  const own =
    parts.find(([coding]) => coding === 'gzip') ?? parts.find(([coding]) => coding === '*')
  return own !== undefined && !own.some((part) => /^q=0(?:\.0*)?$/.test(part))
}

async function give(
  reply: FastifyReply,
  logs: LogsServed,
  { log, path }: { readonly log: string; readonly path: string },
  send: (reply: FastifyReply, bytes: Buffer) => FastifyReply | Promise<FastifyReply>,
): Promise<FastifyReply> {
  const bytes = await logs.read(log, path)
  if (bytes) return await send(reply, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  return absent(reply)
}

function absent(reply: FastifyReply): FastifyReply {
  reply.header('cache-control', 'no-store')
  return refuse(reply, 404, 'there is no such log, or it has no such file')
}

function checkpointTo(reply: FastifyReply, bytes: Buffer): FastifyReply {
  return reply.type('text/plain; charset=utf-8').header('cache-control', SHORT).send(bytes)
}

function tileTo(reply: FastifyReply, bytes: Buffer): FastifyReply {
  const cache = `public, ${LONG}`
  return reply.type('application/octet-stream').header('cache-control', cache).send(bytes)
}

function entriesTo(reply: FastifyReply, bytes: Buffer): FastifyReply {
  reply.header('cache-control', `private, ${LONG}`).header('vary', 'accept-encoding')
  return reply.type('application/octet-stream').send(bytes)
}

async function gzippedTo(reply: FastifyReply, bytes: Buffer): Promise<FastifyReply> {
  return entriesTo(reply.header('content-encoding', 'gzip'), await compress(bytes))
}
