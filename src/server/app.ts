import { isUtf8 } from 'node:buffer'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { parseJson } from '../json.ts'
import { fail, type Result } from '../result.ts'
import { type DecisionPoint, evaluate, evaluateAll } from './authzen.ts'
import type { EvaluationError } from './question.ts'

/** Longest request body, in bytes. */
const BODY_BYTES_MAX = 1_048_576

/** Longest head of a request, in bytes; so also the longest request id that is sent back. */
const HEAD_BYTES_MAX = 8_192

/** Longest a client may take to send one request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

/** How often connections are looked at for that, in milliseconds. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000

/** The decision point over HTTP: AuthZEN and a liveness probe (docs/authzen.md). */
export function appOf(pointNow: () => DecisionPoint): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A path that is no text never gets as far as the hooks.
    frameworkErrors: (error, request, reply) => refuseFor(error, echo(request, reply)),
    http: {
      // Were it longer, Node would take it for the limit of the whole request, and the other for the head's.
      headersTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: HEAD_BYTES_MAX,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
  })
  readBodies(app)
  app.addHook('onRequest', (request, reply, done) => {
    echo(request, reply)
    done()
  })
  app.setErrorHandler((error: Failure, _request, reply) => refuseFor(error, reply))
  app.setNotFoundHandler((request, reply) => notFound(app, request, reply))

  app.post('/access/v1/evaluation', (request, reply) =>
    answer(
      reply,
      read(request.body, (body) => evaluate(pointNow(), body)),
    ),
  )
  app.post('/access/v1/evaluations', (request, reply) =>
    answer(
      reply,
      read(request.body, (body) => evaluateAll(pointNow(), body)),
    ),
  )
  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }))
  return app
}

/** Sends the id of a request back. Node has refused what could end the header, and a head too long to send. */
function echo(
  { headers: { 'x-request-id': id } }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  return typeof id === 'string' ? reply.header('x-request-id', id) : reply
}

type Failure = Error & { readonly statusCode?: number }

function refuseFor(
  { statusCode: status = 500, message }: Failure,
  reply: FastifyReply,
): FastifyReply {
  // AuthZEN has one status for every malformed request, the wrong content type included.
  if (status === 415) return refuse(reply, 400, 'the content type is not application/json')
  return refuse(reply, status, status >= 500 ? 'internal error' : message)
}

/** Bodies are parsed by our own reader, which refuses what JSON.parse lets pass. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const type = request.headers['content-type'] ?? ''
    if (!OTHER_CHARSET.test(type) && isUtf8(body as Buffer)) return done(null, body.toString())
    done(Object.assign(new Error('the body is not UTF-8'), { statusCode: 400 }))
  })
}

/** JSON is UTF-8 (RFC 8259 §8.1): another reader of the same bytes must not read another text. */
const OTHER_CHARSET = /;\s*charset\s*=\s*(?!"?utf-8"?\s*(;|$))/i

function read<T>(
  text: unknown,
  judge: (body: unknown) => Result<T, EvaluationError>,
): Result<T, EvaluationError> {
  if (typeof text !== 'string') {
    return fail({
      code: 'missing-body',
      field: '',
      message: 'the body is missing, or not application/json',
    })
  }
  const json = parseJson(text)
  if (!json.ok) return fail({ ...json.error, field: json.error.field ?? '' })
  return judge(json.value)
}

/** A decision is 200, allowed or not; a malformed question is 400. */
function answer<T>(reply: FastifyReply, result: Result<T, EvaluationError>): FastifyReply {
  if (result.ok) return send(reply, result.value)
  const { code, field, message } = result.error
  return refuse(reply, 400, `${code}: ${field === '' ? '' : `${field}: `}${message}`)
}

/** An error's body is a message, as JSON text. */
function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return send(reply.code(status), message)
}

function send(reply: FastifyReply, value: unknown): FastifyReply {
  const text = JSON.stringify(value)
  const id = reply.getHeader('x-request-id')
  // Node writes a head and a text at once and in the text's encoding, which is not that of such an id.
  const isPlain = typeof id !== 'string' || !BEYOND_ASCII.test(id)
  return reply.type('application/json').send(isPlain ? text : Buffer.from(text))
}

const BEYOND_ASCII = /[\u0080-\u00ff]/

function notFound(
  app: FastifyInstance,
  { method, url }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const path = url.split('?', 1)[0] ?? ''
  const allowed = ['GET', 'POST'].filter((other) => app.hasRoute({ method: other, url: path }))
  if (allowed.length === 0) return refuse(reply, 404, `no route ${method} ${url.slice(0, 100)}`)
  reply.header('allow', allowed.join(', '))
  return refuse(reply, 405, `${path} takes ${allowed.join(' or ')}`)
}
