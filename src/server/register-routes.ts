import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  RouteHandlerMethod,
} from 'fastify'
import type { ContractLife } from '../contract/contract-life.ts'
import { termsText } from '../contract/drafting.ts'
import { isId } from '../ids.ts'
import type { Case } from '../review/case.ts'
import { determinationDigest, determinationText } from '../review/determination.ts'
import { idAdvice } from '../shape.ts'
import { type Stored, type Subject, stateOf } from '../store/change.ts'
import type { Database } from '../store/database.ts'
import { giveNonce, NONCE_MS_MAX } from '../store/nonces.ts'
import { quote } from '../suggest.ts'
import { printInstant } from '../time.ts'
import { guard } from './access.ts'
import { BundleFeed } from './bundle-feed.ts'
import { BEAT_MS } from './event-streams.ts'
import { openApi } from './openapi.ts'
import type { Register } from './register.ts'
import { OPERATIONS, type Operation, type OperationName } from './register-api.ts'
import { askedIn, isKnown } from './register-asked.ts'
import type { RegisterBundle } from './register-bundle.ts'
import { Changes, hearChanges } from './register-changes.ts'
import { Effects } from './register-effects.ts'
import { giveFile, receiveFiles, refuseBusy, Transfers, takeFile } from './register-files.ts'
import { giveActs, givePage, type LIST_QUERIES, listQueryIn, pageQueryIn } from './register-list.ts'
import { refuseAct } from './register-problem.ts'
import { PEOPLE, PROVIDER } from './register-streams.ts'
import { shown } from './register-view.ts'
import type { Served } from './served.ts'

// The register over HTTP, below /api/v1 (docs/register.md). An act is a POST to the `acts` of the thing that it is on.

/** What the routes work with. */
export interface RegisterServed {
  readonly register: Register
  readonly database: Database
  readonly live: RegisterBundle
}

/**
 * Longest body of an act on the provider's documents, in bytes: two texts of 1,048,576 characters of up to three bytes each,
 * and who has signed them. Any other body is at most as long as elsewhere.
 */
const PROVIDER_BODY_BYTES_MAX = 2 * 3 * 1_048_576 + 65_536

/** What tells of what goes on. */
interface Streaming {
  readonly changes: Changes
  readonly feed: BundleFeed
}

type Handler = (
  request: FastifyRequest<{ Params: { id?: string; digest?: string } }>,
  reply: FastifyReply,
) => FastifyReply | Promise<FastifyReply>

/** The thing that a request is about; undefined when its id is none. */
type Named = (id: string) => Subject | undefined

export function routeRegister(
  app: FastifyInstance,
  served: Served,
  { register, database, live }: RegisterServed,
): void {
  const changes = new Changes(database, BEAT_MS)
  const feed = new BundleFeed(live, register.sha256, BEAT_MS)
  app.addHook('preClose', async () => {
    feed.close()
    await changes.close()
  })
  const handlers = handlersOf(served, { register, database, changes, feed })
  const transfers = new Transfers()
  const admit: onRequestHookHandler = (_request, reply, done) =>
    transfers.begin(reply) ? done() : refuseBusy(reply)
  const route = (to: FastifyInstance, isFile: boolean): void => {
    for (const [name, operation] of Object.entries<Operation>(OPERATIONS)) {
      const { method, path, isOpen, scope = 'register', isTransfer, body } = operation
      const mayAsk = isOpen ? [] : [guard(served, scope)]
      if ((body === 'file') !== isFile) continue
      const actsOnProvider = typeof body === 'object' && body.actOn === PROVIDER.stream
      to.route({
        method,
        url: `/api/v1${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
        onRequest: [...mayAsk, ...(isTransfer ? [admit] : [])],
        exposeHeadRoute: !name.startsWith('hear'),
        ...(actsOnProvider ? { bodyLimit: PROVIDER_BODY_BYTES_MAX } : {}),
        handler: handlers[name as OperationName] as RouteHandlerMethod,
      })
    }
  }
  route(app, false)
  // Bodies of files are read in another way than all others.
  app.register((files, _options, done) => {
    receiveFiles(files)
    route(files, true)
    done()
  })
}

function handlersOf(
  { clock }: Served,
  {
    register,
    database: { db },
    changes,
    feed,
  }: Pick<RegisterServed, 'register' | 'database'> & Streaming,
): Readonly<Record<OperationName, Handler>> {
  const description = openApi()
  const read =
    (named: Named): Handler =>
    async (request, reply): Promise<FastifyReply> => {
      const subject = named(request.params.id ?? '')
      const stored = subject && (await stateOf(db, subject))
      if (subject === undefined || stored === undefined) return absent(reply, request.params.id)
      if (!isKnown(request, stored.version)) return giveState(reply, subject, stored)
      return reply.code(304).header('etag', `"${stored.version}"`).send()
    }
  const readActs =
    (named: Named): Handler =>
    async ({ params, query }, reply): Promise<FastifyReply> => {
      const subject = named(params.id ?? '')
      const page = pageQueryIn(query)
      if (!page.ok) return refuseAct(reply, page.error)
      const given = subject && (await giveActs(reply, db, { subject, ...page.value }))
      return given ?? absent(reply, params.id)
    }
  const act =
    (named: Named): Handler =>
    async (request, reply): Promise<FastifyReply> => {
      const subject = named(request.params.id ?? '')
      if (subject === undefined) return absent(reply, request.params.id)
      const asked = askedIn(request, subject)
      if (!asked.ok) return refuseAct(reply, asked.error)
      const done = await register.perform(asked.value, clock)
      return done.ok ? giveState(reply, subject, done.value) : refuseAct(reply, done.error)
    }
  const readList =
    (stream: keyof typeof LIST_QUERIES): Handler =>
    async (request, reply): Promise<FastifyReply> => {
      const query = listQueryIn(request.query, stream, clock())
      return query.ok ? await givePage(reply, db, query.value) : refuseAct(reply, query.error)
    }
  const takeNonce: Handler = async (_request, reply) => {
    const at = clock()
    const nonce = await giveNonce(db, at)
    const body = { nonce, expires: printInstant(at + NONCE_MS_MAX) }
    return reply.code(201).header('cache-control', 'no-store').send(body)
  }
  const effects = new Effects(register.sha256)
  return {
    ...textHandlers(db, register),
    readDescription: (_request, reply) => reply.send(description),
    takeNonce,
    readPeople: read(() => PEOPLE),
    readPeopleActs: readActs(() => PEOPLE),
    actOnPeople: act(() => PEOPLE),
    readProvider: read(() => PROVIDER),
    readProviderActs: readActs(() => PROVIDER),
    actOnProvider: act(() => PROVIDER),
    readEffects: async ({ query }, reply) =>
      (await effects.give(reply, db, { query, now: clock() })) ?? noneWaits(reply),
    listCases: readList('case'),
    readCase: read(oneOf('case')),
    readCaseActs: readActs(oneOf('case')),
    actOnCase: act(oneOf('case')),
    keepFile: (request, reply) => takeFile(request, reply, { db, at: clock() }),
    readFile: (request, reply) => giveFile(request, reply, db),
    hearChanges: (request, reply) => hearChanges(request, reply, changes),
    readOffer: (_request, reply) => feed.giveOffer(reply),
    hearOffers: (request, reply) => feed.hearOffers(request, reply),
    readBundle: (request, reply) => feed.giveBundle(request, reply),
    listContracts: readList('contract'),
    readContract: read(oneOf('contract')),
    readContractActs: readActs(oneOf('contract')),
    actOnContract: act(oneOf('contract')),
  }
}

/** The texts that are signed. */
function textHandlers(
  db: Database['db'],
  { sha256 }: Register,
): Pick<Record<OperationName, Handler>, 'readDetermination' | 'readTerms'> {
  return {
    readDetermination: async ({ params }, reply): Promise<FastifyReply> => {
      const stored = await stateOf<Case>(db, { stream: 'case', id: params.id ?? '' })
      if (!stored) return absent(reply, params.id)
      const text = determinationText(stored.state)
      const digest = determinationDigest(stored.state, sha256)
      return giveText(reply, { ...stored.state, digest, text })
    },
    readTerms: async ({ params }, reply): Promise<FastifyReply> => {
      const stored = await stateOf<ContractLife>(db, { stream: 'contract', id: params.id ?? '' })
      if (!stored) return absent(reply, params.id)
      return giveText(reply, { ...stored.state, text: termsText(stored.state.terms) })
    },
  }
}

function oneOf(stream: string): Named {
  return (id) => (isId(id) ? { stream, id } : undefined)
}

function giveState(
  reply: FastifyReply,
  { stream, id }: Subject,
  { state, version }: Stored<unknown>,
): FastifyReply {
  reply.header('etag', `"${version}"`).header('cache-control', 'no-store')
  return reply.send({ kind: stream, id, version, state: shown(state) })
}

/** A text that waits to be signed, by its digest and its round. */
function giveText(
  reply: FastifyReply,
  { round, digest, text }: Pick<ContractLife, 'round' | 'digest'> & { readonly text: string },
): FastifyReply {
  return reply.header('cache-control', 'no-store').send({ round, digest, text })
}

/** Whether there is nothing of this id, or, without one, nothing has happened to the one thing there is. */
function absent(reply: FastifyReply, id: string | undefined): FastifyReply {
  const named =
    id !== undefined &&
    (isId(id) ? `nothing here is called ${quote(id)}; list what there is` : idAdvice(id))
  const message = named || 'nothing is recorded of it yet; act on it first'
  return refuseAct(reply, { code: 'not-found', message })
}

function noneWaits(reply: FastifyReply): FastifyReply {
  return refuseAct(reply, { code: 'not-found', message: 'no version waits; have one proposed' })
}
