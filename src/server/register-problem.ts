import type { FastifyReply } from 'fastify'
import * as z from 'zod'
import type { Refused } from './register.ts'
import { REGISTER_CODES, type RegisterRefusal, statusOf } from './register-refusals.ts'

/** The form of every error below /api/v1 (RFC 9457). `code` is what a program goes by. */
export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(REGISTER_CODES),
  problems: z
    .array(z.looseObject({ code: z.string(), message: z.string() }))
    .optional()
    .meta({ description: 'The fields that are in error' }),
  version: z.number().int().optional().meta({ description: 'What stands now' }),
  changed: z
    .array(z.string())
    .optional()
    .meta({ description: 'What has happened since the version that was seen' }),
})

/** What is wrong with a request that no route has taken up, by its status. */
const CODE_OF: Readonly<Record<number, RegisterRefusal>> = {
  401: 'api-key-refused',
  403: 'wrong-scope',
  404: 'no-route',
  405: 'wrong-method',
  413: 'body-too-large',
  415: 'wrong-content-type',
  500: 'internal',
}

/** Whether an address is the register's, and so its errors of this form. */
export function isRegisterUrl(url: string): boolean {
  return url.startsWith('/api/v1/')
}

export function refuseStatus(reply: FastifyReply, status: number, message: string): FastifyReply {
  const other = status < 500 ? 'malformed-request' : 'internal'
  return refuseAct(reply, { code: CODE_OF[status] ?? other, message })
}

export function refuseAct(reply: FastifyReply, refused: Refused): FastifyReply {
  const { code, message, problems, version, changed } = refused
  const status = statusOf(code)
  if (code === 'wrong-signature') reply.header('www-authenticate', 'Proviso-Act')
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
  // A connection that is kept would keep the server from ending.
  if (reply.server.ending.is) reply.header('connection', 'close')
  reply.code(status).type('application/problem+json').header('cache-control', 'no-store')
  return reply.send(Buffer.from(JSON.stringify(body)))
}
