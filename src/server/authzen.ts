import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { allows } from '../decision/decision.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'
import { type Customers, mayAsk } from './keys.ts'
import type { Metrics } from './metrics.ts'
import { type Parts, partsOf, partsOver, type Question, questionOf } from './parts.ts'
import { printEvaluation, printFailure } from './print-evaluation.ts'
import { type EvaluationError, isMembers, wrongType } from './question.ts'
import { WORK_MAX } from './work.ts'

// OpenID AuthZEN Authorization API 1.0, evaluation and evaluations (docs/authzen.md).

/** Most evaluations in one request. */
export const EVALUATIONS_MAX = 1_000

/** What a decision point answers with. */
export interface DecisionPoint {
  readonly bundle: Bundle
  /** The instant of a request: always the server's. */
  readonly at: Instant
  /** Whom the enforcement point may ask about. */
  readonly customers: Customers
  readonly metrics: Pick<Metrics, 'decided'>
}

/** `POST /access/v1/evaluation` (AuthZEN §6). The answer is JSON text. */
export function evaluate(point: DecisionPoint, body: unknown): Result<string, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const question = questionOf(partsOf(body), point.at)
  const judged = question.ok ? judge(point, question.value) : question
  return judged.ok ? ok(judged.value.text) : judged
}

interface Answer {
  readonly isAllowed: boolean
  /** JSON. */
  readonly text: string
}

function judge(point: DecisionPoint, question: Question): Result<Answer, EvaluationError> {
  const { customer, uses, request, wantsNearest, unknownType } = question
  if (!mayAsk(point.customers, customer)) return forbidden()
  if (unknownType) return ok(failed(unknownType))
  if (!request.ok) return fail(inAuthzenTerms(point, uses, request.error))
  const decided = (wantsNearest ? decideWithNearest : decide)(point.bundle, request.value)
  if (!decided.ok) return fail(inAuthzenTerms(point, uses, decided.error))
  const known = point.bundle.customers.get(request.value.customer)
  // The bundle's own text of the id, since maps find a text faster that is the very one that they hold.
  point.metrics.decided(decided.value, known?.id ?? request.value.customer, known !== undefined)
  return ok({ isAllowed: allows(decided.value), text: printEvaluation(decided.value) })
}

/** The refusal of a question about a customer that the key is not for. */
export function forbidden(): Result<never, EvaluationError> {
  const message = 'this key may not ask about this customer'
  return fail({ code: 'forbidden-customer', field: 'subject.id', message })
}

function failed(error: EvaluationError): Answer {
  return { isAllowed: false, text: printFailure(error) }
}

const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const

/**
 * `POST /access/v1/evaluations` (AuthZEN §7). Without items it is a single evaluation; an item that
 * cannot be judged is answered as a denial with the error in its context. The answer is JSON text.
 */
export function evaluateAll(point: DecisionPoint, body: unknown): Result<string, EvaluationError> {
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
  const answers = evaluateItems(point, partsOf(defaults), evaluations, semantic)
  return ok(`{"evaluations":[${answers.join()}]}`)
}

function evaluateItems(
  point: DecisionPoint,
  defaults: Parts,
  items: readonly unknown[],
  semantic: (typeof SEMANTICS)[number],
): readonly string[] {
  const last = { execute_all: undefined, deny_on_first_deny: false, permit_on_first_permit: true }
  const answers: string[] = []
  let work = 0
  for (const item of items) {
    const question = isMembers(item)
      ? questionOf(partsOver(defaults, item), point.at)
      : wrongType('evaluations', 'an evaluation')
    if (question.ok) work += question.value.work + (question.value.wantsNearest ? NEAREST_WORK : 0)
    const judged = question.ok ? judgeWithin(work, point, question.value) : question
    const { isAllowed, text } = judged.ok ? judged.value : failed(judged.error)
    answers.push(text)
    if (isAllowed === last[semantic]) break
  }
  return answers
}

/** What the nearest misses of one evaluation count for in a batch's work: they look at every tailoring. */
const NEAREST_WORK = 1_024

function judgeWithin(
  work: number,
  point: DecisionPoint,
  question: Question,
): Result<Answer, EvaluationError> {
  if (work <= WORK_MAX) return judge(point, question)
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
