import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import {
  type Answer,
  type DecisionPoint,
  EVALUATIONS_MAX,
  evaluate,
  evaluateAll,
} from './authzen.ts'
import { type ApiKey, keyIn, type Scope } from './keys.ts'
import { ENDPOINTS, localUrl, metadataOf, metadataPath, WELL_KNOWN } from './metadata.ts'
import type { Route } from './metrics.ts'
import { type EvaluationError, isMembers } from './question.ts'
import { RateLimits } from './rate.ts'
import { answer, refuse } from './reply.ts'
import { searchActions, searchResources, searchSubjects } from './search.ts'
import type { Served } from './served.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The key that a request was let in by; null where none is asked for. */
    apiKey: ApiKey | null
  }
}

/** Lets a request on only with a key of a scope; without a keyring every request. */
export function guard({ keyring, clock, metrics }: Served, scope: Scope): onRequestHookHandler {
  return (request, reply, done) => {
    const keys = keyring()
    if (keys === null) return done()
    const { authorization } = request.headers
    const key = keyIn(keys, authorization, clock())
    if (!key) {
      metrics.refused('unauthorized')
      const error = authorization === undefined ? '' : ', error="invalid_token"'
      reply.header('www-authenticate', `Bearer realm="proviso"${error}`)
      const what = authorization === undefined ? 'missing' : 'unknown, wrong or expired'
      return refuse(reply, 401, `the API key is ${what}; send \`Authorization: Bearer <key>\``)
    }
    if (key.scope !== scope) {
      metrics.refused('forbidden')
      reply.header('www-authenticate', 'Bearer realm="proviso", error="insufficient_scope"')
      return refuse(reply, 403, `this takes a key of scope ${scope}`)
    }
    request.apiKey = key
    metrics.asked(key.id)
    done()
  }
}

/** How long the metadata may be kept, in seconds (AuthZEN §9.2). */
const METADATA_SECONDS = 3_600

type Judge = (point: DecisionPoint, body: unknown) => Result<Answer, EvaluationError>

function printed(
  search: (point: DecisionPoint, body: unknown) => Result<unknown, EvaluationError>,
): Judge {
  return (point, body) => {
    const found = search(point, body)
    return found.ok ? ok(JSON.stringify(found.value)) : found
  }
}

/** The routes of AuthZEN (docs/authzen.md). */
export function routeAccess(app: FastifyInstance, served: Served): void {
  const limits = new RateLimits()
  const point = pointsOf(served)
  const onRequest = guard(served, 'enforcement-point')
  const post = (path: string, route: Route, judge: Judge): void => {
    app.post(path, { onRequest }, (request, reply) => {
      const start = performance.now()
      const send = (text: Result<string, EvaluationError>): FastifyReply => {
        answer(served, reply, text)
        served.metrics.answered(route, (performance.now() - start) / 1_000)
        return reply
      }
      const body = read(request.body)
      if (!body.ok) return send(body)
      const wait = waitOf(limits, request, tokensOf(route, body.value))
      if (wait > 0) return refuseForRate(served, reply, wait)
      if (!served.recorder.hasRoom) return refuseForNow(served, reply)
      const result = judge(point(request), body.value)
      if (!result.ok) return send(result)
      const { value } = result
      return typeof value === 'string' ? send(ok(value)) : value.then((text) => send(ok(text)))
    })
  }
  post(ENDPOINTS.evaluation, 'evaluation', evaluate)
  post(ENDPOINTS.evaluations, 'evaluations', evaluateAll)
  post(ENDPOINTS.searchSubject, 'search', printed(searchSubjects))
  post(ENDPOINTS.searchResource, 'search', printed(searchResources))
  post(ENDPOINTS.searchAction, 'search', printed(searchActions))
  const path = served.publicUrl === null ? WELL_KNOWN : metadataPath(served.publicUrl)
  app.get(path, (_request, reply) =>
    reply
      .header('cache-control', `max-age=${METADATA_SECONDS}`)
      .send(metadataOf(served.publicUrl ?? localUrl(app.listeningOrigin))),
  )
}

function read(text: unknown): Result<unknown, EvaluationError> {
  if (typeof text !== 'string') {
    const message = 'the body is missing, or not application/json'
    return fail({ code: 'missing-body', field: '', message })
  }
  const json = parseJson(text)
  return json.ok ? json : fail({ ...json.error, field: json.error.field ?? '' })
}

/** Records a second that one customer may add while the disk is nearly full. After a pause it may add twice as many. */
const LOW_RECORDS_RATE = 10

/** Names of uses, values and signals that one such record may hold; a longer one counts for more. */
const LOW_RECORD_NAMES = 64

/** What a record counts for: at most what there is after a pause, so that none is refused for good. */
function lowCostOf(work: number): number {
  return Math.min(2 * LOW_RECORDS_RATE, Math.ceil(work / LOW_RECORD_NAMES))
}

function pointsOf({
  status,
  clock,
  metrics,
  recorder,
  shadow,
}: Served): (request: FastifyRequest) => DecisionPoint {
  const limits = new RateLimits(0)
  const mayRecord = (id: string, work: number): boolean =>
    !recorder.isLow ||
    limits.take({ id, rate: LOW_RECORDS_RATE }, lowCostOf(work), performance.now()) === 0
  return ({ apiKey }) => {
    const customers = apiKey?.customers ?? 'all'
    const { bundle } = status()
    return { bundle, at: clock(), customers, metrics, recorder, shadow, mayRecord }
  }
}

/** Seconds until the key may ask this much; 0 when it may now. */
function waitOf(limits: RateLimits, { apiKey }: FastifyRequest, tokens: number): number {
  return apiKey === null ? 0 : limits.take(apiKey, tokens, performance.now())
}

/** What a search costs: it judges many candidates. */
const SEARCH_TOKENS = 100

/** A batch costs as many tokens as it has items, an evaluation one. */
function tokensOf(route: Route, body: unknown): number {
  if (route === 'search') return SEARCH_TOKENS
  const items = isMembers(body) ? body['evaluations'] : undefined
  const count = Array.isArray(items) ? items.length : 1
  return Math.min(EVALUATIONS_MAX, Math.max(1, count))
}

function refuseForRate({ metrics }: Served, reply: FastifyReply, wait: number): FastifyReply {
  metrics.refused('rate-limited')
  reply.header('retry-after', wait)
  return refuse(reply, 429, `the key asks for more than its rate; try again in ${wait} s`)
}

/** What waits for the disk is bounded; whoever asks meanwhile is told to ask again. */
function refuseForNow({ metrics }: Served, reply: FastifyReply): FastifyReply {
  metrics.refused('busy')
  reply.header('retry-after', 1)
  return refuse(reply, 503, 'the decision log is behind; try again in 1 s')
}
