import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { allows, type Decision } from '../decision/decision.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'
import { type Customers, mayAsk } from './keys.ts'
import type { Metrics } from './metrics.ts'
import {
  type EvaluationError,
  isMembers,
  type Members,
  partsOf,
  type Question,
  questionOf,
  wrongType,
} from './question.ts'
import { WORK_MAX } from './work.ts'

// OpenID AuthZEN Authorization API 1.0, evaluation and evaluations (docs/authzen.md).

/** Most evaluations in one request. */
export const EVALUATIONS_MAX = 1_000

export interface Evaluation {
  readonly decision: boolean
  readonly context: Readonly<Record<string, unknown>>
}

/** The answers to a batch, in its order. */
export interface Evaluations {
  readonly evaluations: readonly Evaluation[]
}

/** What a decision point answers with. */
export interface DecisionPoint {
  readonly bundle: Bundle
  /** The instant of a request: always the server's. */
  readonly at: Instant
  /** Whom the enforcement point may ask about. */
  readonly customers: Customers
  readonly metrics: Pick<Metrics, 'decided'>
}

/** `POST /access/v1/evaluation` (AuthZEN §6). */
export function evaluate(point: DecisionPoint, body: unknown): Result<Evaluation, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const question = questionOf(partsOf(body), point.at)
  return question.ok ? judge(point, question.value, evaluationOf) : question
}

function judge(
  point: DecisionPoint,
  question: Question,
  answerTo: typeof evaluationOf,
): Result<Evaluation, EvaluationError> {
  const { customer, uses, request, wantsNearest, unknownType } = question
  if (!mayAsk(point.customers, customer)) return forbidden()
  if (unknownType) return ok(failed(unknownType))
  if (!request.ok) return fail(inAuthzenTerms(point, uses, request.error))
  const decided = (wantsNearest ? decideWithNearest : decide)(point.bundle, request.value)
  if (!decided.ok) return fail(inAuthzenTerms(point, uses, decided.error))
  point.metrics.decided(
    decided.value,
    request.value.customer,
    point.bundle.customers.has(request.value.customer),
  )
  return ok(answerTo(decided.value))
}

/** The refusal of a question about a customer that the key is not for. */
export function forbidden(): Result<never, EvaluationError> {
  const message = 'this key may not ask about this customer'
  return fail({ code: 'forbidden-customer', field: 'subject.id', message })
}

/** What cannot be judged is not allowed, and says why. */
function failed(error: EvaluationError): Evaluation {
  return { decision: false, context: { error } }
}

const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const

/**
 * `POST /access/v1/evaluations` (AuthZEN §7). Without items it is a single evaluation; an item that
 * cannot be judged is answered as a denial with the error in its context.
 */
export function evaluateAll(
  point: DecisionPoint,
  body: unknown,
): Result<Evaluation | Evaluations, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const { evaluations = [], options = {}, ...defaults } = body
  if (!Array.isArray(evaluations)) return wrongType('evaluations', 'evaluations', 'a list')
  if (!isMembers(options)) return wrongType('options', 'options')
  const { evaluations_semantic: asked = 'execute_all' } = options
  const semantic = SEMANTICS.find((known) => known === asked)
  // The specification is silent on another one; to guess would be to return too few answers or too many.
  if (semantic === undefined) {
    const message = `evaluations_semantic is one of ${SEMANTICS.join(', ')}`
    return fail({ code: 'unknown-semantic', field: 'options.evaluations_semantic', message })
  }
  if (evaluations.length === 0) return evaluate(point, defaults)
  if (evaluations.length > EVALUATIONS_MAX) {
    const message = `a batch has at most ${EVALUATIONS_MAX} evaluations; split it`
    return fail({ code: 'too-many', field: 'evaluations', message })
  }
  return ok({ evaluations: evaluateItems(point, defaults, evaluations, semantic) })
}

function evaluateItems(
  point: DecisionPoint,
  defaults: Members,
  items: readonly unknown[],
  semantic: (typeof SEMANTICS)[number],
): readonly Evaluation[] {
  const last = { execute_all: undefined, deny_on_first_deny: false, permit_on_first_permit: true }
  const answers: Evaluation[] = []
  const shared = partsOf(defaults)
  const answerTo = sharing(evaluationOf)
  let work = 0
  for (const item of items) {
    const question = isMembers(item)
      ? questionOf(partsOf(item, shared), point.at)
      : wrongType('evaluations', 'an evaluation')
    if (question.ok) {
      work += question.value.size + (question.value.wantsNearest ? NEAREST_WORK : 0)
    }
    const judged = question.ok
      ? judgeWithin(work, () => judge(point, question.value, answerTo))
      : question
    const answer = judged.ok ? judged.value : failed(judged.error)
    answers.push(answer)
    if (answer.decision === last[semantic]) break
  }
  return answers
}

/** What the nearest misses of one evaluation count for in a batch's work: they look at every tailoring. */
const NEAREST_WORK = 1_024

function judgeWithin(
  work: number,
  judgeIt: () => Result<Evaluation, EvaluationError>,
): Result<Evaluation, EvaluationError> {
  if (work <= WORK_MAX) return judgeIt()
  const message = `a batch asks of at most ${WORK_MAX} uses, values and signals, and nearest counts for ${NEAREST_WORK}; split it`
  return fail({ code: 'too-many', field: 'evaluations', message })
}

const FIELDS: ReadonlyMap<string, string> = new Map([
  ['customer', 'subject.id'],
  ['deployment', 'subject.id'],
  ['model', 'resource.id'],
])

/** An error of the request in the terms of the body that asked. */
function inAuthzenTerms(
  { bundle }: DecisionPoint,
  uses: Question['uses'],
  { code, field, message }: EvaluationError,
): EvaluationError {
  const isOfContext = uses.slice(0, -1).some((use) => !bundle.tables.uses.has(use as string))
  const isOfAction = code === 'unknown-use' && field === 'uses' && !isOfContext
  const own = isOfAction ? 'action.name' : FIELDS.get(field)
  return { code, field: own ?? `context.${field}`, message }
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
      obligations: obligations.map(obligationOf),
      reasons: decision.reasons,
      nearest: decision.nearest,
      bundle: decision.bundle,
    },
  }
}

/** An obligation as AuthZEN's draft profile for obligations writes one (§3 of it): all members are required. */
export interface Obligation {
  readonly id: string
  readonly type: 'custom'
  readonly properties: Readonly<Record<string, never>>
}

const NO_PROPERTIES = Object.freeze({})

/**
 * An obligation in the terms of the draft profile. What an enforcement point says it supports changes
 * nothing: the profile leaves that to the decision point, and binds the enforcement point to treat what it
 * cannot discharge as a denial, as we do (semantics §8.6).
 */
export function obligationOf(id: string): Obligation {
  return { id, type: 'custom', properties: NO_PROPERTIES }
}

/** Most different answers that one batch's others are compared with. */
const SHARED_MAX = 8

/** Gives decisions that say the same one answer, which is then made and printed once (`printAnswer`). */
function sharing(answerTo: typeof evaluationOf): typeof evaluationOf {
  const given: { readonly decision: Decision; readonly answer: Evaluation }[] = []
  return (decision) => {
    const same = given.find((other) => saysTheSame(other.decision, decision))
    if (same) return same.answer
    const answer = answerTo(decision)
    if (given.length < SHARED_MAX) given.push({ decision, answer })
    return answer
  }
}

/** Whether two decisions of one bundle differ in nothing that is answered. */
function saysTheSame(a: Decision, b: Decision): boolean {
  return (
    a.outcome === b.outcome &&
    a.base === b.base &&
    a.contract === b.contract &&
    a.tailoring === b.tailoring &&
    areSame(a.triggered, b.triggered) &&
    areSame(a.obligations, b.obligations) &&
    areSame(a.reasons, b.reasons) &&
    areSame(a.nearest, b.nearest)
  )
}

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((element, i) => element === b[i]))
}

/** What `JSON.stringify` makes of an answer; in a batch, each of the answers that are one object is printed once. */
export function printAnswer(answer: object): string {
  if (!isBatch(answer)) return JSON.stringify(answer)
  const texts = new Map<Evaluation, string>()
  const all = answer.evaluations.map((evaluation) => {
    const text = texts.get(evaluation) ?? JSON.stringify(evaluation)
    texts.set(evaluation, text)
    return text
  })
  return `{"evaluations":[${all.join()}]}`
}

function isBatch(answer: object): answer is Evaluations {
  return 'evaluations' in answer
}
