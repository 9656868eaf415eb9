import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseWholeNumber } from '../bytes.ts'
import { isId } from '../ids.ts'
import { exactMembers, parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Case } from '../review/case.ts'
import { determinationDigest, determinationText } from '../review/determination.ts'
import { type Stored, type Subject, stateOf } from '../store/change.ts'
import type { Database } from '../store/database.ts'
import { eventsOf, type Placed } from '../store/events.ts'
import { giveNonce, NONCE_MS_MAX } from '../store/nonces.ts'
import { printInstant } from '../time.ts'
import { guard } from './access.ts'
import type { Asked, Refused, Register } from './register.ts'
import type { RegisterBundle } from './register-bundle.ts'
import { givePage, listQueryIn } from './register-list.ts'
import { refuseAct } from './register-problem.ts'
import { PEOPLE, PROVIDER } from './register-streams.ts'
import { shown } from './register-view.ts'
import { refuse } from './reply.ts'
import type { Served } from './served.ts'

// The register over HTTP, below /api/v1 (docs/register.md). An act is a POST to the `acts` of the thing that it is on.

/** What the routes work with. */
export interface RegisterServed {
  readonly register: Register
  readonly database: Database
  readonly live: RegisterBundle
}

const STREAMS = { cases: 'case', contracts: 'contract' } as const
type Collection = keyof typeof STREAMS

type OfThing = FastifyRequest<{ Params: { collection: string; id: string } }>

/** While no version of the policy is published nothing is decided. */
export function refuseUnfounded(app: FastifyInstance, { live }: RegisterServed): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (live.isFounded || !request.url.startsWith('/access/')) return done()
    return refuse(reply, 503, 'no version of the policy is published, so nothing is decided')
  })
}

export function routeRegister(
  app: FastifyInstance,
  served: Served,
  { register, database }: RegisterServed,
): void {
  const onRequest = guard(served, 'register')
  const { clock } = served
  const give = async (reply: FastifyReply, subject: Subject): Promise<FastifyReply> => {
    const stored = await stateOf(database.db, subject)
    return stored ? giveState(reply, subject, stored) : absent(reply)
  }
  const act = async (
    request: FastifyRequest,
    reply: FastifyReply,
    subject: Subject,
  ): Promise<FastifyReply> => {
    const asked = askedIn(request, subject)
    if (!asked.ok) return refuseAct(reply, asked.error)
    const done = await register.perform(asked.value, clock)
    return done.ok ? giveState(reply, subject, done.value) : refuseAct(reply, done.error)
  }
  app.post('/api/v1/nonces', { onRequest }, async (_request, reply) => {
    const at = clock()
    const nonce = await giveNonce(database.db, at)
    const body = { nonce, expires: printInstant(at + NONCE_MS_MAX) }
    return reply.code(201).header('cache-control', 'no-store').send(body)
  })
  for (const [path, subject] of [
    ['people', PEOPLE],
    ['provider', PROVIDER],
  ] as const) {
    app.get(`/api/v1/${path}/acts`, { onRequest }, (_request, reply) =>
      giveActs(reply, database, subject),
    )
    app.get(`/api/v1/${path}`, { onRequest }, (_request, reply) => give(reply, subject))
    app.post(`/api/v1/${path}/acts`, { onRequest }, (request, reply) =>
      act(request, reply, subject),
    )
  }
  app.get('/api/v1/:collection', { onRequest }, async (request: OfThing, reply) => {
    const { collection } = request.params
    const stream = Object.hasOwn(STREAMS, collection)
      ? STREAMS[collection as Collection]
      : undefined
    if (stream === undefined) return absent(reply)
    const query = listQueryIn(request.query, stream, clock())
    return query.ok
      ? await givePage(reply, database.db, query.value)
      : refuseAct(reply, query.error)
  })
  app.get('/api/v1/cases/:id/determination', { onRequest }, async ({ params }: OfThing, reply) => {
    const stored = await stateOf<Case>(database.db, { stream: 'case', id: params.id })
    if (!stored) return absent(reply)
    const text = determinationText(stored.state)
    const digest = determinationDigest(stored.state, register.sha256)
    return reply
      .header('cache-control', 'no-store')
      .send({ round: stored.state.round, digest, text })
  })
  app.get('/api/v1/:collection/:id/acts', { onRequest }, async ({ params }: OfThing, reply) => {
    const subject = subjectOf(params)
    return subject ? await giveActs(reply, database, subject) : absent(reply)
  })
  app.get('/api/v1/:collection/:id', { onRequest }, ({ params }: OfThing, reply) => {
    const subject = subjectOf(params)
    return subject ? give(reply, subject) : absent(reply)
  })
  app.post('/api/v1/:collection/:id/acts', { onRequest }, (request: OfThing, reply) => {
    const subject = subjectOf(request.params)
    return subject ? act(request, reply, subject) : absent(reply)
  })
}

async function giveActs(
  reply: FastifyReply,
  { db }: Pick<Database, 'db'>,
  subject: Subject,
): Promise<FastifyReply> {
  const placed = await eventsOf(db, subject)
  return placed.length === 0 ? absent(reply) : reply.send({ items: placed.map(shownAct) })
}

/** An event and the act that it came of, with its place in the governance log. */
function shownAct({ act, event, index }: Placed): unknown {
  return { ...(shown(act) as object), event: shown(event), entry: index }
}

function subjectOf({ collection, id }: OfThing['params']): Subject | undefined {
  if (!Object.hasOwn(STREAMS, collection) || !isId(id)) return undefined
  return { stream: STREAMS[collection as Collection], id }
}

/** What a request asks for: a command, and who has signed it. */
function askedIn(request: FastifyRequest, subject: Subject): Result<Asked, Refused> {
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

function giveState(
  reply: FastifyReply,
  { stream, id }: Subject,
  { state, version }: Stored<unknown>,
): FastifyReply {
  reply.header('etag', `"${version}"`).header('cache-control', 'no-store')
  return reply.send({ kind: stream, id, version, state: shown(state) })
}

function absent(reply: FastifyReply): FastifyReply {
  return refuseAct(reply, { code: 'not-found', message: 'there is no such thing; look at its id' })
}
