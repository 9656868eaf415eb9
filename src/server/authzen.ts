import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { allows, type Decision } from '../decision/decision.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { parseRequest } from '../decision/request.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'

// OpenID AuthZEN Authorization API 1.0, evaluation and evaluations (docs/authzen.md).

/** Most evaluations in one request. */
export const EVALUATIONS_MAX = 1_000

/** Why a request is answered with 400, or an item of a batch with `decision: false`. */
export interface EvaluationError {
  readonly code: string
  readonly field: string
  readonly message: string
}

export interface Evaluation {
  readonly decision: boolean
  readonly context: Readonly<Record<string, unknown>>
}

type Members = Readonly<Record<string, unknown>>

/** What a decision point answers with. */
export interface DecisionPoint {
  readonly bundle: Bundle
  /** The instant of a request: always the server's. */
  readonly at: Instant
}

/** `POST /access/v1/evaluation` (AuthZEN §6). */
export function evaluate(point: DecisionPoint, body: unknown): Result<Evaluation, EvaluationError> {
  const question = questionOf(body)
  if (!question.ok) return question
  const request = parseRequest(question.value.request, point.at)
  if (!request.ok) return fail(inAuthzenTerms(request.error))
  const judge = question.value.wantsNearest ? decideWithNearest : decide
  const decided = judge(point.bundle, request.value)
  return decided.ok ? ok(evaluationOf(decided.value)) : fail(inAuthzenTerms(decided.error))
}

const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const

/**
 * `POST /access/v1/evaluations` (AuthZEN §7). Without items it is a single evaluation; an item that
 * cannot be judged is answered as a denial with the error in its context.
 */
export function evaluateAll(
  point: DecisionPoint,
  body: unknown,
): Result<Evaluation | { readonly evaluations: readonly Evaluation[] }, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const { evaluations = [], options = {}, ...defaults } = body
  if (!Array.isArray(evaluations)) return wrongType('evaluations', 'evaluations', 'a list')
  if (!isMembers(options)) return wrongType('options', 'options')
  const semantic = options['evaluations_semantic'] ?? 'execute_all'
  if (!SEMANTICS.some((known) => known === semantic)) {
    const message = `evaluations_semantic is one of ${SEMANTICS.join(', ')}`
    return fail({ code: 'unknown-semantic', field: 'options.evaluations_semantic', message })
  }
  if (evaluations.length === 0) return evaluate(point, defaults)
  if (evaluations.length > EVALUATIONS_MAX) {
    const message = `a batch has at most ${EVALUATIONS_MAX} evaluations; split it`
    return fail({ code: 'too-many', field: 'evaluations', message })
  }
  const answers: Evaluation[] = []
  for (const item of evaluations as unknown[]) {
    const answer = evaluateItem(point, defaults, item)
    answers.push(answer)
    if (answer.decision ? semantic === 'permit_on_first_permit' : semantic === 'deny_on_first_deny')
      break
  }
  return ok({ evaluations: answers })
}

/** A key of the item replaces the whole default of that name. */
function evaluateItem(point: DecisionPoint, defaults: Members, item: unknown): Evaluation {
  const judged = isMembers(item)
    ? evaluate(point, { ...defaults, ...item })
    : wrongType('evaluations', 'an evaluation')
  return judged.ok ? judged.value : { decision: false, context: { error: judged.error } }
}

interface Question {
  /** A request in Proviso's own terms, to be parsed. */
  readonly request: Members
  readonly wantsNearest: boolean
}

/** Reads AuthZEN's information model; unknown members are ignored, as the specification requires. */
function questionOf(body: unknown): Result<Question, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const subject = entityOf(body, 'subject', ['type', 'id'])
  if (!subject.ok) return subject
  const action = entityOf(body, 'action', ['name'])
  if (!action.ok) return action
  const resource = entityOf(body, 'resource', ['type', 'id'])
  if (!resource.ok) return resource
  const context = body['context'] ?? {}
  if (!isMembers(context)) return wrongType('context', 'context')
  const [type, id = ''] = subject.value
  if (type !== 'deployment') return unknownType('subject', 'deployment')
  const [customer = '', deployment, ...more] = id.split('/')
  if (deployment === undefined || more.length > 0) {
    return fail({
      code: 'malformed-id',
      field: 'subject.id',
      message: 'a subject is customer/deployment',
    })
  }
  const [resourceType, model] = resource.value
  if (resourceType !== 'model') return unknownType('resource', 'model')
  const { uses = [], facts, signals, nearest = false } = context
  if (!Array.isArray(uses)) return wrongType('context.uses', 'context.uses', 'a list')
  if (typeof nearest !== 'boolean')
    return wrongType('context.nearest', 'context.nearest', 'a boolean')
  return ok({
    request: { customer, deployment, model, uses: [action.value[0], ...uses], facts, signals },
    wantsNearest: nearest,
  })
}

function entityOf(
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
    const field = `${name}.${member}`
    const text = entity[member]
    if (text === undefined) return missing(field)
    if (typeof text !== 'string') return wrongType(field, field, 'text')
    texts.push(text)
  }
  return ok(texts)
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function missing(field: string): Result<never, EvaluationError> {
  return fail({ code: 'missing-field', field, message: `${field} is missing` })
}

function wrongType(
  field: string,
  name: string,
  kind = 'a JSON object',
): Result<never, EvaluationError> {
  return fail({ code: 'wrong-type', field, message: `${name} is ${kind}` })
}

function unknownType(entity: string, known: string): Result<never, EvaluationError> {
  const message = `${entity}.type is \`${known}\` here; no other is known`
  return fail({ code: 'unknown-type', field: `${entity}.type`, message })
}

const FIELDS: Readonly<Record<string, string>> = {
  customer: 'subject.id',
  deployment: 'subject.id',
  model: 'resource.id',
}

/** An error of the request in the terms of the body that asked. */
function inAuthzenTerms({ code, field, message }: EvaluationError): EvaluationError {
  return { code, field: FIELDS[field] ?? `context.${field}`, message }
}

function evaluationOf(decision: Decision): Evaluation {
  const { outcome, base, triggered, contract, tailoring, obligations } = decision
  return {
    decision: allows(decision),
    context: {
      outcome,
      base,
      triggered,
      ...(contract === null ? {} : { contract, tailoring }),
      obligations: obligations.map((id) => ({ id, type: 'custom' })),
      reasons: decision.reasons,
      nearest: decision.nearest,
      bundle: decision.bundle,
    },
  }
}
