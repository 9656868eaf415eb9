import { assert, at } from '../assert.ts'
import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { allows } from '../decision/decision.ts'
import { parseRequest, type Request } from '../decision/request.ts'
import type { CustomerTable, ReachTable } from '../decision/tables.ts'
import { fail, ok, type Result } from '../result.ts'
import { type DecisionPoint, forbidden } from './authzen.ts'
import { type Customers, mayAsk } from './keys.ts'
import { type Obligation, obligationOf } from './obligation.ts'
import { PAGE_RESULTS_MAX, type Page, type PageRequest, pageOf, printToken } from './page.ts'
import {
  type Context,
  contextOf,
  type EvaluationError,
  entityOf,
  isMembers,
  type Members,
  NAME,
  partiesOf,
  TYPE_AND_ID,
  wrongType,
} from './question.ts'
import { WORK_MAX, workOf } from './work.ts'

// AuthZEN's searches (§8): which deployments, models or uses an evaluation would allow. They go through
// what the bundle knows, and list what `decide` allows.

/** Most candidates judged for one page. One that many are denied on comes back short, or empty. */
export const CANDIDATES_MAX = 4_096

export interface SearchAnswer<Entity> {
  /** There when it was asked for, and when results are left. */
  readonly page?: Page
  readonly results: readonly SearchResult<Entity>[]
}

/** What is allowed, with what an enforcement point then has to do. */
export type SearchResult<Entity> = Entity & { readonly obligations?: readonly Obligation[] }

export interface EntityAnswer {
  readonly type: string
  readonly id: string
}

export interface ActionAnswer {
  readonly name: string
}

/** `POST /access/v1/search/subject` (AuthZEN §8.4): deployments, by customer, then by deployment. */
export function searchSubjects(
  point: DecisionPoint,
  body: unknown,
): Result<SearchAnswer<EntityAnswer>, EvaluationError> {
  const search = searchOf(point, body, 'subject')
  return search.ok ? ok(answer(point, search.value, deployments(point, search.value))) : search
}

/** `POST /access/v1/search/resource` (AuthZEN §8.5): snapshots of the registry, by id. */
export function searchResources(
  point: DecisionPoint,
  body: unknown,
): Result<SearchAnswer<EntityAnswer>, EvaluationError> {
  const search = searchOf(point, body, 'resource')
  return search.ok ? ok(answer(point, search.value, snapshots(point, search.value))) : search
}

/** `POST /access/v1/search/action` (AuthZEN §8.6): nodes of the use tree, by id. */
export function searchActions(
  point: DecisionPoint,
  body: unknown,
): Result<SearchAnswer<ActionAnswer>, EvaluationError> {
  const search = searchOf(point, body, 'action')
  return search.ok ? ok(answer(point, search.value, uses(point, search.value))) : search
}

type Sought = 'subject' | 'resource' | 'action'

interface Search {
  readonly page: PageRequest
  /** What each candidate is judged as, once what is sought has been put in. */
  readonly request: Request
  /** Whether all that is asked of is here; otherwise the search finds nothing. */
  readonly isKnown: boolean
}

function searchOf(
  point: DecisionPoint,
  body: unknown,
  sought: Sought,
): Result<Search, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const asked = askedOf(body, sought)
  if (!asked.ok) return asked
  const context = contextOf(body)
  if (!context.ok) return context
  const page = pageOf(sought, body)
  if (!page.ok) return page

  const { subjectType, subject, action, resourceType, resource } = asked.value
  const [customer, deployment] = partiesOf(subject ?? '')
  if (subject !== undefined && !mayAsk(point.customers, customer)) return forbidden()
  const known = {
    ...deploymentNamed(point.bundle, customer, deployment),
    ...modelNamed(point.bundle, resource),
    ...useNamed(point.bundle, action),
  }
  const request = requestOf(point, context.value, known)
  if (!request.ok) return request
  const isKnown =
    subjectType === 'deployment' &&
    resourceType === 'model' &&
    (subject === undefined) === (known.customer === undefined) &&
    (resource === undefined) === (known.model === undefined) &&
    (action === undefined) === (known.use === undefined)
  return ok({ page: page.value, request: request.value, isKnown })
}

/** What a body asks of; what it seeks has no id or name. */
interface Asked {
  readonly subjectType: string | undefined
  readonly subject: string | undefined
  readonly action: string | undefined
  readonly resourceType: string | undefined
  readonly resource: string | undefined
}

const TYPE = ['type']

/** The id of what is sought is ignored, and so is the action where actions are sought. */
function askedOf(body: Members, sought: Sought): Result<Asked, EvaluationError> {
  const subjects = entityOf(body, 'subject', sought === 'subject' ? TYPE : TYPE_AND_ID)
  if (!subjects.ok) return subjects
  const actions = sought === 'action' ? ok([]) : entityOf(body, 'action', NAME)
  if (!actions.ok) return actions
  const resources = entityOf(body, 'resource', sought === 'resource' ? TYPE : TYPE_AND_ID)
  if (!resources.ok) return resources
  const [subjectType, subject] = subjects.value
  const [action] = actions.value
  const [resourceType, resource] = resources.value
  return ok({ subjectType, subject, action, resourceType, resource })
}

/** What of a body's names the bundle knows; a name that it does not know is not there. */
interface Named {
  readonly customer?: string
  readonly deployment?: string
  readonly model?: string
  readonly use?: string
}

function deploymentNamed({ customers }: Bundle, customer = '', deployment = ''): Named {
  const table = customers.get(customer)
  if (table === undefined) return {}
  const reaches = reachesOf(table)
  const index = firstFrom(reaches.length, (i) => at(reaches, i).deployment < deployment)
  return reaches[index]?.deployment === deployment ? { customer, deployment } : {}
}

function modelNamed({ tables }: Bundle, model: string | undefined): Named {
  return model !== undefined && tables.content.models.includes(model) ? { model } : {}
}

function useNamed({ tables }: Bundle, use: string | undefined): Named {
  return use !== undefined && tables.uses.has(use) ? { use } : {}
}

/** Stands where what is sought, or what is not known, has no name. */
const ANY = 'any'

/** The request with the context's members, which are in error or not whatever there is to be found. */
function requestOf(
  { bundle, at: instant }: DecisionPoint,
  { uses: more, facts, signals }: Context,
  { customer = ANY, deployment = ANY, model = ANY, use }: Named,
): Result<Request, EvaluationError> {
  const raw = { customer, deployment, model, facts, signals }
  // With no use to ask of, the first of the tree: a request has at least one.
  const last = use ?? at(bundle.tables.content.uses, 0).id
  const request = parseRequest({ ...raw, uses: [...more, last] }, instant)
  const judged = request.ok ? decide(bundle, request.value) : request
  if (judged.ok && request.ok) return request
  assert(!judged.ok, 'a request that is in error was judged')
  const { code, field, message } = judged.error
  return fail({ code, field: `context.${field}`, message })
}

interface Candidate<Entity> {
  /** Where it stands among all; keys ascend. A token holds one, so that pages survive another bundle. */
  readonly key: string
  readonly entity: Entity
  readonly request: Request
}

function* deployments(
  { bundle, customers }: DecisionPoint,
  { request, page: { after } }: Search,
): Generator<Candidate<EntityAnswer>> {
  const slash = after.indexOf('/')
  const begun = slash < 0 ? after : after.slice(0, slash)
  const ids = customersInOrder(bundle, customers)
  for (let i = firstFrom(ids.length, (n) => at(ids, n) < begun); i < ids.length; i++) {
    const customer = at(ids, i)
    const reaches = reachesOf(bundle.customers.get(customer) as CustomerTable)
    let deployment = customer === begun ? after.slice(begun.length + 1) : ''
    for (;;) {
      const last = deployment
      const next = reaches[firstFrom(reaches.length, (n) => at(reaches, n).deployment <= last)]
      if (next === undefined) break
      deployment = next.deployment
      const key = `${customer}/${deployment}`
      const entity = { type: 'deployment', id: key }
      yield { key, entity, request: { ...request, customer, deployment } }
    }
  }
}

function* snapshots(
  { bundle }: DecisionPoint,
  { request, page: { after } }: Search,
): Generator<Candidate<EntityAnswer>> {
  for (const id of bundle.tables.content.models) {
    if (id <= after) continue
    yield { key: id, entity: { type: 'model', id }, request: { ...request, model: id } }
  }
}

function* uses(
  { bundle }: DecisionPoint,
  { request, page: { after } }: Search,
): Generator<Candidate<ActionAnswer>> {
  const more = request.uses.slice(0, -1)
  for (const name of [...bundle.tables.uses.keys()].sort()) {
    if (name <= after) continue
    yield { key: name, entity: { name }, request: { ...request, uses: [...more, name] } }
  }
}

/** A customer's reaches by deployment: at least one. */
function reachesOf(customer: CustomerTable): readonly ReachTable[] {
  return customer.all.length > 0 ? customer.all : [customer]
}

// INVARIANT: a key's set of customers does not change; a changed keyring has other sets.
const orders = new WeakMap<Bundle, WeakMap<object, readonly string[]>>()

/**
 * The customers of a bundle that a key may ask about, in order. Made at the first search of a bundle, not with the
 * bundle: one contract's change makes a bundle, and few bundles are searched. It then costs about what
 * copying the map of customers for that bundle did, since all but the changed ones are in order already.
 */
function customersInOrder(bundle: Bundle, asked: Customers): readonly string[] {
  const ofBundle = orders.get(bundle) ?? new WeakMap<object, readonly string[]>()
  orders.set(bundle, ofBundle)
  const among = asked === 'all' ? bundle.customers : asked
  const known = ofBundle.get(among) ?? knownAmong(bundle, among.keys())
  ofBundle.set(among, known)
  return known
}

function knownAmong({ customers }: Bundle, ids: Iterable<string>): readonly string[] {
  return [...ids].filter((id) => customers.has(id)).sort()
}

/** The first index of a sorted list of so many that is not below what is looked for, by bisection. */
function firstFrom(length: number, isBelow: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(middle)) low = middle + 1
    else high = middle
  }
  return low
}

/** Judges candidates until the page is full and another one would be on it, or enough were judged. */
function answer<Entity>(
  point: DecisionPoint,
  { page, request, isKnown }: Search,
  candidates: Iterable<Candidate<Entity>>,
): SearchAnswer<Entity> {
  const limit = Math.min(page.limit ?? PAGE_RESULTS_MAX, PAGE_RESULTS_MAX)
  const results: SearchResult<Entity>[] = []
  let budget = budgetOf(request)
  let last = page.after
  let isPartial = false
  for (const candidate of isKnown ? candidates : []) {
    const result = budget-- > 0 ? resultOf(point, candidate) : undefined
    isPartial = budget < 0 || (result !== undefined && results.length === limit)
    if (isPartial) break
    if (result !== undefined) results.push(result)
    last = candidate.key
  }
  if (!isPartial && !page.isAsked) return { results }
  const token = isPartial ? printToken(page, last) : ''
  return { page: { next_token: token, count: results.length }, results }
}

/** How many candidates one page may judge: at least one, so that pages come to an end. */
function budgetOf({ uses, facts, signals }: Request): number {
  const most = Math.floor(WORK_MAX / workOf({ uses, facts, signals }))
  return Math.max(1, Math.min(most, CANDIDATES_MAX))
}

/** The result that a candidate is; none when it is denied. */
function resultOf<Entity>(
  { bundle, recorder }: DecisionPoint,
  { entity, request }: Candidate<Entity>,
): SearchResult<Entity> | undefined {
  const decided = decide(bundle, request)
  assert(decided.ok, 'a candidate is in error, and what it was made of was not')
  const isWithheld =
    decided.value.outcome === 'permit-under-exception' && recorder.unavailable !== null
  if (isWithheld || !allows(decided.value)) return undefined
  const obligations = decided.value.obligations.map(obligationOf)
  return { ...entity, ...(obligations.length > 0 ? { obligations } : {}) }
}
