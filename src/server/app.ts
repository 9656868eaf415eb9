import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { parseJson } from '../json.ts'
import { fail, type Result } from '../result.ts'
import { type DecisionPoint, type EvaluationError, evaluate, evaluateAll } from './authzen.ts'

/** Longest request body, in bytes. */
const BODY_BYTES_MAX = 1_048_576

/** Longest a client may take to send one request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

/** The decision point over HTTP: AuthZEN and a liveness probe (docs/authzen.md). */
export function appOf(pointNow: () => DecisionPoint): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
  })
  app.removeAllContentTypeParsers()
  // Bodies are parsed by our own reader, which refuses what JSON.parse lets pass.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    done(null, body)
  })
  app.addHook('onRequest', (request, reply, done) => {
    const id = request.headers['x-request-id']
    if (typeof id === 'string') reply.header('x-request-id', id)
    done()
  })
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    // AuthZEN has one status for every malformed request, the wrong content type included.
    const isMalformed = status === 415 || (status >= 400 && status < 413)
    const text = status >= 500 ? 'internal error' : error.message
    return reply.code(isMalformed ? 400 : status).send(JSON.stringify(text))
  })
  app.setNotFoundHandler((request, reply) => {
    const detail = `no route ${request.method} ${request.url.slice(0, 100)}`
    return reply
      .code(404)
      .type('application/problem+json')
      .send({ type: 'about:blank', title: 'Not Found', status: 404, detail })
  })

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

/** A decision is 200, allowed or not; a malformed question is 400 with a message as JSON text. */
function answer<T>(reply: FastifyReply, result: Result<T, EvaluationError>): FastifyReply {
  reply.type('application/json')
  if (result.ok) return reply.send(JSON.stringify(result.value))
  const { code, field, message } = result.error
  return reply
    .code(400)
    .send(JSON.stringify(`${code}: ${field === '' ? '' : `${field}: `}${message}`))
}
