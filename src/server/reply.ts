import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Result } from '../result.ts'
import type { Refusal } from './metrics.ts'
import type { EvaluationError } from './question.ts'
import { isRegisterUrl, refuseStatus } from './register-problem.ts'
import type { Served } from './served.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the server takes no more connections, and answers what it has accepted. */
    readonly ending: { is: boolean }
  }
}

/** Sends the id of a request back. Node has refused what could end the header, and a head too long to send. */
export function echo(
  { headers: { 'x-request-id': id } }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  return typeof id === 'string' ? reply.header('x-request-id', id) : reply
}

export type Failure = Error & { readonly statusCode?: number }

/** Answers what could not be read, or went wrong in here: then the log tells what, and the answer does not. */
export function refuseFor(
  { metrics, log }: Served,
  error: Failure,
  reply: FastifyReply,
): FastifyReply {
  const { statusCode: status = 500, message } = error
  metrics.refused(status >= 500 ? 'internal' : 'malformed')
  if (status === 415) return refuseType(reply)
  if (status < 500) return refuse(reply, status, message)
  log.error({ event: 'internal-error', error: error.stack ?? message }, 'a request failed')
  return refuse(reply, status, 'internal error')
}

function refuseType(reply: FastifyReply): FastifyReply {
  if (isRegisterUrl(reply.request.url)) {
    return refuse(reply, 415, 'the content type is not one that is taken here')
  }
  // AuthZEN has one status for every malformed request, the wrong content type included.
  return refuse(reply, 400, 'the content type is not application/json')
}

/** A decision is 200, allowed or not; a malformed question is 400, one about another's customer 403. */
export function answer(
  { metrics }: Served,
  reply: FastifyReply,
  result: Result<string, EvaluationError>,
): FastifyReply {
  if (result.ok) return send(reply, result.value)
  const { code, field, message } = result.error
  const [status, reason] = REFUSALS[code] ?? [400, 'malformed']
  metrics.refused(reason)
  if (status === 429) reply.header('retry-after', 1)
  const where = field === '' ? '' : `${field}: `
  return refuse(reply, status, `${code}: ${where}${message}`)
}

/** What is not a malformed question. */
const REFUSALS: Readonly<Record<string, readonly [status: number, reason: Refusal]>> = {
  'forbidden-customer': [403, 'forbidden'],
  'rate-limited': [429, 'rate-limited'],
}

/** An error's body is a message, as JSON text; below /api/v1 a problem (RFC 9457). */
export function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  if (isRegisterUrl(reply.request.url)) return refuseStatus(reply, status, message)
  return send(reply.code(status), JSON.stringify(message))
}

function send(reply: FastifyReply, text: string): FastifyReply {
  // A connection that is kept would keep the server from ending.
  if (reply.server.ending.is) reply.header('connection', 'close')
  const id = reply.getHeader('x-request-id')
  // Node writes a head and a text at once and in the text's encoding, which is not that of such an id.
  const isPlain = typeof id !== 'string' || !BEYOND_ASCII.test(id)
  return reply.type('application/json').send(isPlain ? text : Buffer.from(text))
}

const BEYOND_ASCII = /[\u0080-\u00ff]/
