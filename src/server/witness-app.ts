import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { type Refusal, SIZE_TYPE, STATUS_OF } from '../log/witness.ts'
import type { WitnessState } from '../log/witness-state.ts'
import type { Log } from './served.ts'

// A witness over HTTP (https://c2sp.org/tlog-witness).

/** Longest request body, in bytes: 63 hashes and a checkpoint with many signatures are a tenth of it. */
const BODY_BYTES_MAX = 65_536

/** Longest head of a request, in bytes. */
const HEAD_BYTES_MAX = 8_192

/** Longest a client may take to send one request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

/** How often connections are looked at for that, in milliseconds. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000

/** Longest that nothing may happen on a connection, in milliseconds: a log keeps one between two checkpoints. */
const IDLE_TIMEOUT_MS = 75_000

/** Most connections at once; one more is closed. */
const CONNECTIONS_MAX = 1_000

const TEXT_TYPE = 'text/plain; charset=utf-8'

export interface Witnessing {
  readonly state: WitnessState
  readonly log: Log
  /** Told once a cosignature could not be kept: the process has to end. */
  readonly fail: (error: Error) => void
}

export function witnessAppOf(witnessing: Witnessing): FastifyInstance {
  const { state, log } = witnessing
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    // What has been accepted is answered, also while the witness ends.
    return503OnClosing: false,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: HEAD_BYTES_MAX,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
  })
  app.server.maxConnections = CONNECTIONS_MAX
  // The specification names no content type.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error: Error, _request, reply) => refuseFor(witnessing, error, reply))
  app.setNotFoundHandler((_request, reply) => text(reply, 404, 'there is nothing here'))
  const told = new Set<string>()
  /** Keeps the proof that a log has signed two trees at one size: once, since anybody may send it again. */
  const tell = (origin: string, bytes: Buffer): void => {
    if (told.has(origin)) return
    told.add(origin)
    const fields = { event: 'two-roots', origin, request: bytes.toString() }
    log.error(fields, 'a log has signed two roots at one size')
  }
  app.post('/add-checkpoint', async ({ body }, reply) => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
    const answer = await state.add(bytes)
    if (answer.ok) return reply.type(TEXT_TYPE).send(answer.value)
    if (answer.error.code === 'other-root') tell(answer.error.origin, bytes)
    return refuse(reply, answer.error)
  })
  app.get<{ Params: { hash: string } }>('/:hash/checkpoint', (request, reply) => {
    const note = state.checkpointOf(request.params.hash)
    if (note === undefined) return text(reply, 404, 'no checkpoint of such a log has been cosigned')
    return reply.header('cache-control', 'no-cache').type(TEXT_TYPE).send(note)
  })
  return app
}

function refuse(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const status = STATUS_OF[refusal.code]
  if (refusal.code !== 'other-old-size') return text(reply, status, refusal.message)
  return reply.code(status).type(SIZE_TYPE).send(`${refusal.latestSize}\n`)
}

/** What could not be read, and what went wrong in here. */
function refuseFor({ log, fail }: Witnessing, error: Error, reply: FastifyReply): FastifyReply {
  const { statusCode: status = 500 } = error as { readonly statusCode?: number }
  if (status < 500) return text(reply, status, error.message)
  log.error({ event: 'internal-error', error: error.stack ?? error.message }, 'a request failed')
  fail(error)
  return text(reply, status, 'internal error')
}

function text(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type(TEXT_TYPE).send(`${message}\n`)
}
