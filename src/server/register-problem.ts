import type { FastifyReply } from 'fastify'
import type { Refused } from './register.ts'

/** Statuses of what is not a conflict with how things stand: that is what any other refusal is. */
const STATUS_OF: Readonly<Record<string, 400 | 401 | 403 | 404 | 422>> = {
  'malformed-json': 400,
  'malformed-command': 400,
  'malformed-query': 400,
  'malformed-header': 400,
  'unknown-act': 400,
  'wrong-digest': 400,
  'wrong-signature': 401,
  'not-found': 404,
  'case-unknown': 404,
  'contract-unknown': 404,
  'model-unknown': 404,
  'person-unknown': 403,
  'person-left': 403,
  'not-permitted': 403,
  'another-customer': 403,
  'role-conflict': 403,
  'conflict-of-interest': 403,
  'requester-cannot-assess': 403,
  'self-approval': 403,
  'own-proposal': 403,
  'own-role': 403,
  'documents-refused': 422,
  'application-unsound': 422,
  'determination-unsound': 422,
  'harms-unsound': 422,
  'terms-unsound': 422,
  'wider-than-applied': 422,
  'wider-than-determined': 422,
  wider: 422,
}

const CONFLICT = 409

/** An error of the register's API (RFC 9457). `code` is what a program goes by. */
export function refuseAct(reply: FastifyReply, refused: Refused): FastifyReply {
  const { code, message, problems, version, changed } = refused
  const status = Object.hasOwn(STATUS_OF, code) ? (STATUS_OF[code] ?? CONFLICT) : CONFLICT
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
