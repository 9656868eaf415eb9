import { isUtf8 } from 'node:buffer'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { ID_CHARS_MAX } from '../ids.ts'
import { printInstantShort } from '../time.ts'
import { guard, routeAccess } from './access.ts'
import { routeLogs } from './logs.ts'
import { routeRegister } from './register-routes.ts'
import { echo, type Failure, refuse, refuseFor } from './reply.ts'
import { LACKS, type Lack, type Served } from './served.ts'

/** Longest request body, in bytes. */
const BODY_BYTES_MAX = 1_048_576

/** Longest head of a request, in bytes; so also the longest request id that is sent back. */
const HEAD_BYTES_MAX = 8_192

/** Longest a client may take to send one request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

/** How often connections are looked at for that, in milliseconds. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000

/** Longest that nothing may happen on a connection, an answer that is not read included, in milliseconds. */
const IDLE_TIMEOUT_MS = 75_000

/** Most connections at once; one more is closed. */
const CONNECTIONS_MAX = 10_000

/** The decision point over HTTP: AuthZEN, probes and metrics (docs/authzen.md, docs/serve.md). */
export function appOf(served: Served): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    // What has been accepted is answered, also while the server ends.
    return503OnClosing: false,
    routerOptions: { maxParamLength: ID_CHARS_MAX },
    // A path that is no text never gets as far as the hooks.
    frameworkErrors: (error, request, reply) => refuseFor(served, error, echo(request, reply)),
    ...listenerOf(served),
  })
  app.server.maxConnections = CONNECTIONS_MAX
  const methods = methodsOf(app)
  readBodies(app)
  app.decorateRequest('apiKey', null)
  app.decorate('ending', { is: false })
  app.addHook('preClose', (done) => {
    app.ending.is = true
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    echo(request, reply)
    done()
  })
  app.setErrorHandler((error: Failure, _request, reply) => refuseFor(served, error, reply))
  app.setNotFoundHandler((request, reply) => notFound(methods, request, reply))
  if (served.lacks) refuseUnfounded(app, served.lacks)
  routeAccess(app, served)
  routeStatus(app, served)
  routeLogs(app, served)
  if (served.register) routeRegister(app, served, served.register)
  return app
}

/** Options of the platform's own server. */
function listenerOf({ tls }: Served): object {
  const options = {
    // Were it longer, Node would take it for the limit of the whole request, and the other for the head's.
    headersTimeout: REQUEST_TIMEOUT_MS,
    maxHeaderSize: HEAD_BYTES_MAX,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
  }
  return tls ? { https: { ...options, ...tls, minVersion: 'TLSv1.2' } } : { http: options }
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

/** While there is nothing to decide with, nothing is decided. */
function refuseUnfounded(app: FastifyInstance, lacks: () => Lack | null): void {
  app.addHook('onRequest', (request, reply, done) => {
    const lack = request.url.startsWith('/access/') ? lacks() : null
    return lack === null ? done() : refuse(reply, 503, LACKS[lack])
  })
}

/** Probes for whoever runs the process, and metrics for whoever watches it. */
function routeStatus(app: FastifyInstance, served: Served): void {
  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const { bundle, loadedAt, isCurrent, control } = served.status()
    const lack = served.lacks?.() ?? null
    return reply.code(app.ending.is || lack !== null ? 503 : 200).send({
      status: app.ending.is ? 'ending' : (lack ?? 'ready'),
      bundle: bundle.digest,
      serial: bundle.serial,
      loaded: printInstantShort(loadedAt),
      current: isCurrent,
      stale: bundle.validUntil !== null && served.clock() >= bundle.validUntil,
      exceptions: served.recorder.unavailable ?? 'recorded',
      ...(control === undefined ? {} : { control }),
      ...(served.logs === null ? {} : { logs: served.logs.status }),
    })
  })
  const { metrics } = served
  app.get('/metrics', { onRequest: guard(served, 'metrics') }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.print()),
  )
}

/** The methods that an address takes, of all routes that are added from now on. */
function methodsOf(app: FastifyInstance): (path: string) => readonly string[] {
  const routes: { readonly address: RegExp; readonly methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const address = new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`)
    routes.push({ address, methods: [method].flat() })
  })
  return (path) => {
    const found = routes.filter(({ address }) => address.test(path))
    return [...new Set(found.flatMap(({ methods }) => methods))].sort()
  }
}

function notFound(
  methods: (path: string) => readonly string[],
  { method, url }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const path = url.split('?', 1)[0] ?? ''
  const allowed = methods(path)
  // What takes the method and is not found all the same has a part that is too long, or not text.
  if (allowed.length === 0 || allowed.includes(method)) {
    return refuse(reply, 404, `no route ${method} ${url.slice(0, 100)}`)
  }
  reply.header('allow', allowed.join(', '))
  return refuse(reply, 405, `${path.slice(0, 100)} takes ${allowed.join(' or ')}`)
}
