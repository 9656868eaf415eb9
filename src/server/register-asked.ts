import type { FastifyRequest } from 'fastify'
import { parseWholeNumber } from '../bytes.ts'
import { exactMembers, parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Subject } from '../store/change.ts'
import type { Asked, Refused } from './register.ts'

/** What a request asks for: a command, and who has signed it. */
export function askedIn(request: FastifyRequest, subject: Subject): Result<Asked, Refused> {
  const json = parseJson(String(request.body ?? ''))
  if (!json.ok) return fail({ code: 'malformed-json', message: json.error.message })
  const body = exactMembers(json.value, ['command', 'signed'])
  if (!body) {
    const message = 'send an object with `command` and `signed`, and nothing else'
    return fail({ code: 'malformed-command', message })
  }
  const expected = versionIn(request.headers['if-match'])
  if (expected === null) {
    const message = 'If-Match is a version as ETag gives it, such as "3"'
    return fail({ code: 'malformed-header', message })
  }
  const key = request.headers['idempotency-key']
  if (key !== undefined && !(typeof key === 'string' && IDEMPOTENCY_KEY.test(key))) {
    const message = 'Idempotency-Key has up to 128 printable characters'
    return fail({ code: 'malformed-header', message })
  }
  return ok({
    subject,
    ...body,
    ...(expected === undefined ? {} : { expected }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  })
}

const IDEMPOTENCY_KEY = /^[!-~]{1,128}$/

/** Undefined when none is stated, null when it is no version. */
function versionIn(header: string | undefined): number | null | undefined {
  if (header === undefined || header === '*') return undefined
  return parseWholeNumber(/^"(\d+)"$/.exec(header)?.[1] ?? '') ?? null
}

/** Whether the version that stands is the one that is known already. */
export function isKnown(request: FastifyRequest, version: number): boolean {
  const known = request.headers['if-none-match']?.split(',') ?? []
  return known.some((tag) => ['*', `"${version}"`, `W/"${version}"`].includes(tag.trim()))
}
