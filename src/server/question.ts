import {
  checkFacts,
  checkId,
  checkNames,
  checkSignals,
  REQUEST_LIST_MAX,
  type Request,
  type RequestError,
} from '../decision/request.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'
import { workOf } from './work.ts'

// AuthZEN's information model (§5): what a body asks, in Proviso's own terms (docs/authzen.md).

/** Why a request is answered with 400, or an item of a batch with `decision: false`. */
export interface EvaluationError {
  readonly code: string
  readonly field: string
  readonly message: string
}

export type Members = Readonly<Record<string, unknown>>

export interface Question {
  /** None when the subject is of another type. */
  readonly customer: string | undefined
  /** The use that the action names is the last one. */
  readonly uses: readonly unknown[]
  /** In Proviso's own terms, or what is wrong in them. */
  readonly request: Result<Request, RequestError>
  readonly wantsNearest: boolean
  /** Names of uses and facts, values and signals. */
  readonly size: number
  /** Set when the subject or the resource is of a type that nothing here is. */
  readonly unknownType?: EvaluationError
}

type Read<T> = Result<T, EvaluationError>

/** What a question consists of, each read for itself, so that a batch reads once what its items share. */
export interface Parts {
  readonly subject: Read<Subject>
  readonly action: Read<string>
  readonly resource: Read<Resource>
  readonly context: Read<Context>
}

interface Subject {
  readonly type: string
  readonly customer: string | undefined
  readonly deployment: string | undefined
  readonly error: RequestError | undefined
}

interface Resource {
  readonly type: string
  readonly model: string
  readonly error: RequestError | undefined
}

export interface Context {
  readonly uses: readonly unknown[]
  readonly facts: unknown
  readonly signals: unknown
  readonly wantsNearest: boolean
  readonly size: number
  readonly error: RequestError | undefined
}

/** Reads a body; a member of it replaces the whole default of that name. */
export function partsOf(body: Members, defaults?: Parts): Parts {
  const { subject, action, resource, context } = body
  if (defaults === undefined) {
    return {
      subject: subjectOf(subject),
      action: actionOf(action),
      resource: resourceOf(resource),
      context: contextOf(context),
    }
  }
  return {
    subject: Object.hasOwn(body, 'subject') ? subjectOf(subject) : defaults.subject,
    action: Object.hasOwn(body, 'action') ? actionOf(action) : defaults.action,
    resource: Object.hasOwn(body, 'resource') ? resourceOf(resource) : defaults.resource,
    context: Object.hasOwn(body, 'context') ? contextOf(context) : defaults.context,
  }
}

/** The question that parts make at an instant. Members that nothing reads are ignored (§10.1.1). */
export function questionOf(parts: Parts, at: Instant): Result<Question, EvaluationError> {
  const { subject, action, resource, context } = parts
  if (!subject.ok) return subject
  if (!action.ok) return action
  if (!resource.ok) return resource
  if (!context.ok) return context

  const { customer, deployment } = subject.value
  const { model } = resource.value
  const { facts = {}, signals = [], wantsNearest } = context.value
  const uses = [...context.value.uses, action.value]
  const error = subject.value.error ?? resource.value.error ?? context.value.error
  const request = { id: null, customer, deployment, model, uses, facts, signals, at }
  const question = {
    customer,
    uses,
    request: error ? fail(error) : ok(request as Request),
    wantsNearest,
    size: context.value.size + 1,
  }
  if (subject.value.type !== DEPLOYMENT) return ok(ofUnknownType(question, 'subject', DEPLOYMENT))
  if (resource.value.type !== MODEL) return ok(ofUnknownType(question, 'resource', MODEL))
  if (customer !== undefined) return ok(question)
  const message = 'a subject is customer/deployment'
  return fail({ code: 'malformed-id', field: 'subject.id', message })
}

const DEPLOYMENT = 'deployment'
const MODEL = 'model'

function subjectOf(value: unknown): Read<Subject> {
  const entity = entityOf(value, 'subject', TYPE_AND_ID)
  if (!entity.ok) return entity
  const [type = '', id = ''] = entity.value
  const [customer, deployment] = partiesOf(id)
  const error = checkId('customer', customer) ?? checkId('deployment', deployment)
  return ok({ type, customer, deployment, error })
}

function actionOf(value: unknown): Read<string> {
  const entity = entityOf(value, 'action', NAME)
  return entity.ok ? ok(entity.value[0] ?? '') : entity
}

function resourceOf(value: unknown): Read<Resource> {
  const entity = entityOf(value, 'resource', TYPE_AND_ID)
  if (!entity.ok) return entity
  const [type = '', model = ''] = entity.value
  return ok({ type, model, error: checkId('model', model) })
}

export const TYPE_AND_ID = ['type', 'id']
export const NAME = ['name']

/** The texts of an entity that has to have them, in their order. */
export function entityOf(
  entity: unknown,
  name: string,
  required: readonly string[],
): Read<readonly string[]> {
  if (entity === undefined) return missing(name)
  if (!isMembers(entity)) return wrongType(name, name)
  if (entity['properties'] !== undefined && !isMembers(entity['properties'])) {
    return wrongType(`${name}.properties`, `${name}.properties`)
  }
  const texts: string[] = []
  for (const member of required) {
    const text = entity[member]
    if (text === undefined) return missing(`${name}.${member}`)
    if (typeof text !== 'string') return wrongType(`${name}.${member}`, `${name}.${member}`, 'text')
    texts.push(text)
  }
  return ok(texts)
}

/** Most uses in a context; the one that the action names comes on top. */
const USES_MAX = REQUEST_LIST_MAX - 1

export function contextOf(context: unknown = {}): Read<Context> {
  if (!isMembers(context)) return wrongType('context', 'context')
  const { uses = [], facts, signals, nearest = false } = context
  if (!Array.isArray(uses)) return wrongType('context.uses', 'context.uses', 'a list')
  // Checked here, since a batch copies the list for each of its items.
  if (uses.length > USES_MAX) {
    const message = `a context has at most ${USES_MAX} uses`
    return fail({ code: 'too-many', field: 'context.uses', message })
  }
  if (typeof nearest !== 'boolean') {
    return wrongType('context.nearest', 'context.nearest', 'a boolean')
  }
  const error = checkNames(uses, 'uses') ?? checkFacts(facts) ?? checkSignals(signals)
  const size = workOf({ uses, facts, signals })
  return ok({ uses: uses as unknown[], facts, signals, wantsNearest: nearest, size, error })
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The customer and the deployment that a subject's id names; none when it is not one of each. */
export function partiesOf(id: string): readonly string[] {
  const slash = id.indexOf('/')
  const isPair = slash >= 0 && id.indexOf('/', slash + 1) < 0
  return isPair ? [id.slice(0, slash), id.slice(slash + 1)] : []
}

/**
 * A question on something of a type that nothing here is. AuthZEN gives 400 to what is missing or
 * mistyped only, and says of HTTP errors that they are unrelated to the outcome (§10.1.2); this question
 * is well formed, and its answer is known: no. Searches (§8) are empty for such a type, not in error, and
 * an evaluation has to agree with them. The error in the context tells a misspelt type from a denial.
 */
function ofUnknownType(
  question: Question,
  entity: 'subject' | 'resource',
  known: string,
): Question {
  const message = `${entity}.type is \`${known}\` here; no other is known`
  const unknownType = { code: 'unknown-type', field: `${entity}.type`, message }
  return { ...question, wantsNearest: false, unknownType }
}

function missing(field: string): Result<never, EvaluationError> {
  return fail({ code: 'missing-field', field, message: `${field} is missing` })
}

export function wrongType(
  field: string,
  name: string,
  kind = 'a JSON object',
): Result<never, EvaluationError> {
  return fail({ code: 'wrong-type', field, message: `${name} is ${kind}` })
}
