import type { FastifyReply } from 'fastify'
import type { Refused } from './register.ts'
import { statusOf } from './register-refusals.ts'

/** An error of the register's API (RFC 9457). `code` is what a program goes by. */
export function refuseAct(reply: FastifyReply, refused: Refused): FastifyReply {
  const { code, message, problems, version, changed } = refused
  const status = statusOf(code)
  if (status === 401) reply.header('www-authenticate', 'Proviso-Act')
  if (version !== undefined) reply.header('etag', `"${version}"`)
  const body = {
    type: `urn:proviso:refusal:${code}`,
    title: code.replaceAll('-', ' '),
    status,
    detail: message,
    code,
    ...(problems ? { problems } : {}),
    ...(changed ? { version, changed } : {}),
  }
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body))
}
