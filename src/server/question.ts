import { REQUEST_LIST_MAX } from '../decision/request.ts'
import { fail, ok, type Result } from '../result.ts'

// AuthZEN's information model (§5): what a body asks, in Proviso's own terms (docs/authzen.md).

/** Why a request is answered with 400, or an item of a batch with `decision: false`. */
export interface EvaluationError {
  readonly code: string
  readonly field: string
  readonly message: string
}

export type Members = Readonly<Record<string, unknown>>

export interface Question {
  /** A request in Proviso's own terms, to be parsed. */
  readonly request: RequestMembers
  readonly wantsNearest: boolean
  /** Set when the subject or the resource is of a type that nothing here is. */
  readonly unknownType?: EvaluationError
}

export interface RequestMembers extends Members {
  /** The use that the action names is the last one. */
  readonly uses: readonly unknown[]
}

export const TYPE_AND_ID = ['type', 'id']
export const NAME = ['name']

/** Reads the body of an evaluation; unknown members are ignored, as the specification requires (§10.1.1). */
export function questionOf(body: unknown): Result<Question, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const subject = entityOf(body, 'subject', TYPE_AND_ID)
  if (!subject.ok) return subject
  const action = entityOf(body, 'action', NAME)
  if (!action.ok) return action
  const resource = entityOf(body, 'resource', TYPE_AND_ID)
  if (!resource.ok) return resource
  const context = contextOf(body)
  if (!context.ok) return context

  const [subjectType, subjectId = ''] = subject.value
  const [name] = action.value
  const [resourceType, model] = resource.value
  const [customer, deployment] = partiesOf(subjectId)
  const { uses, facts, signals, wantsNearest } = context.value
  const request = { customer, deployment, model, uses: [...uses, name], facts, signals }
  if (subjectType !== 'deployment') return ok(ofUnknownType(request, 'subject', 'deployment'))
  if (resourceType !== 'model') return ok(ofUnknownType(request, 'resource', 'model'))
  if (customer !== undefined) return ok({ request, wantsNearest })
  const message = 'a subject is customer/deployment'
  return fail({ code: 'malformed-id', field: 'subject.id', message })
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The texts of an entity that has to have them, in their order. */
export function entityOf(
  body: Members,
  name: string,
  required: readonly string[],
): Result<readonly string[], EvaluationError> {
  const entity = body[name]
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

export interface Context {
  readonly uses: readonly unknown[]
  readonly facts: unknown
  readonly signals: unknown
  readonly wantsNearest: boolean
}

/** Most uses in a context; the one that the action names comes on top. */
const USES_MAX = REQUEST_LIST_MAX - 1

export function contextOf({ context = {} }: Members): Result<Context, EvaluationError> {
  if (!isMembers(context)) return wrongType('context', 'context')
  const { uses = [], facts, signals, nearest = false } = context
  if (!Array.isArray(uses)) return wrongType('context.uses', 'context.uses', 'a list')
  // Checked here, since a batch copies the list for each of its items.
  if (uses.length > USES_MAX) {
    const message = `a context has at most ${USES_MAX} uses`
    return fail({ code: 'too-many', field: 'context.uses', message })
  }
  return typeof nearest === 'boolean'
    ? ok({ uses: uses as unknown[], facts, signals, wantsNearest: nearest })
    : wrongType('context.nearest', 'context.nearest', 'a boolean')
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
  request: RequestMembers,
  entity: 'subject' | 'resource',
  known: string,
): Question {
  const message = `${entity}.type is \`${known}\` here; no other is known`
  const unknownType = { code: 'unknown-type', field: `${entity}.type`, message }
  return { request, wantsNearest: false, unknownType }
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
