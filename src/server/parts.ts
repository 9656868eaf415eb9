import {
  checkFacts,
  checkId,
  checkNames,
  checkSignals,
  type Request,
  type RequestError,
} from '../decision/request.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'
import {
  type Context,
  contextOf,
  type EvaluationError,
  entityOf,
  type Members,
  NAME,
  partiesOf,
  TYPE_AND_ID,
} from './question.ts'
import { workOf } from './work.ts'

// What a body asks, in Proviso's own terms (docs/authzen.md).

type Read<T> = Result<T, EvaluationError>

/** What a question consists of, each read for itself, so that a batch reads once what its items share. */
export interface Parts {
  readonly subject: Read<SubjectPart>
  readonly action: Read<string>
  readonly resource: Read<ResourcePart>
  readonly context: Read<ContextPart>
}

interface SubjectPart {
  readonly type: string
  /** None when the id is not `customer/deployment`. */
  readonly customer: string | undefined
  readonly deployment: string | undefined
  readonly error: RequestError | undefined
}

interface ResourcePart {
  readonly type: string
  readonly model: string
  readonly error: RequestError | undefined
}

interface ContextPart extends Context {
  readonly work: number
  readonly error: RequestError | undefined
}

/** Reads a body whole. */
export function partsOf(body: Members): Parts {
  return {
    subject: subjectPartOf(body),
    action: actionPartOf(body),
    resource: resourcePartOf(body),
    context: contextPartOf(body),
  }
}

/** Reads an item of a batch; a member of it replaces the whole default of that name. */
export function partsOver(defaults: Parts, item: Members): Parts {
  return {
    subject: Object.hasOwn(item, 'subject') ? subjectPartOf(item) : defaults.subject,
    action: Object.hasOwn(item, 'action') ? actionPartOf(item) : defaults.action,
    resource: Object.hasOwn(item, 'resource') ? resourcePartOf(item) : defaults.resource,
    context: Object.hasOwn(item, 'context') ? contextPartOf(item) : defaults.context,
  }
}

function subjectPartOf(body: Members): Read<SubjectPart> {
  const entity = entityOf(body, 'subject', TYPE_AND_ID)
  if (!entity.ok) return entity
  const [type = '', id = ''] = entity.value
  const [customer, deployment] = partiesOf(id)
  const error = checkId('customer', customer) ?? checkId('deployment', deployment)
  return ok({ type, customer, deployment, error })
}

function actionPartOf(body: Members): Read<string> {
  const entity = entityOf(body, 'action', NAME)
  return entity.ok ? ok(entity.value[0] ?? '') : entity
}

function resourcePartOf(body: Members): Read<ResourcePart> {
  const entity = entityOf(body, 'resource', TYPE_AND_ID)
  if (!entity.ok) return entity
  const [type = '', model = ''] = entity.value
  return ok({ type, model, error: checkId('model', model) })
}

function contextPartOf(body: Members): Read<ContextPart> {
  const context = contextOf(body)
  if (!context.ok) return context
  const { uses, facts, signals } = context.value
  const error = checkNames(uses, 'uses') ?? checkFacts(facts) ?? checkSignals(signals)
  return ok({ ...context.value, work: workOf({ uses, facts, signals }), error })
}

export interface Question {
  /** None when the subject is of another type. */
  readonly customer: string | undefined
  /** The use that the action names is the last one. */
  readonly uses: readonly unknown[]
  /** In Proviso's own terms, or what is wrong in them. */
  readonly request: Result<Request, RequestError>
  readonly wantsNearest: boolean
  readonly work: number
  /** Set when the subject or the resource is of a type that nothing here is. */
  readonly unknownType?: EvaluationError
}

const DEPLOYMENT = 'deployment'
const MODEL = 'model'

/** The question that parts make at an instant. */
export function questionOf(parts: Parts, at: Instant): Result<Question, EvaluationError> {
  const { subject, action, resource, context } = parts
  if (!subject.ok) return subject
  if (!action.ok) return action
  if (!resource.ok) return resource
  if (!context.ok) return context

  const { customer, deployment } = subject.value
  const { model } = resource.value
  const { facts = {}, signals = [], wantsNearest, work } = context.value
  const uses = [...context.value.uses, action.value]
  const error = subject.value.error ?? resource.value.error ?? context.value.error
  const stated = { id: null, customer, deployment, model, uses, facts, signals, at }
  const request = error ? fail(error) : ok(stated as Request)
  const question = { customer, uses, request, wantsNearest, work: work + 1 }
  if (subject.value.type !== DEPLOYMENT) return ok(ofUnknownType(question, 'subject', DEPLOYMENT))
  if (resource.value.type !== MODEL) return ok(ofUnknownType(question, 'resource', MODEL))
  if (customer !== undefined) return ok(question)
  const message = 'a subject is customer/deployment'
  return fail({ code: 'malformed-id', field: 'subject.id', message })
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
