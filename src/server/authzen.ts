import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { allows, type Decision } from '../decision/decision.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import type { Request } from '../decision/request.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'
import { type Customers, mayAsk } from './keys.ts'
import type { Metrics } from './metrics.ts'
import { type Parts, partsOf, partsOver, type Question, questionOf } from './parts.ts'
import { printEvaluation, printFailure } from './print-evaluation.ts'
import { type EvaluationError, isMembers, wrongType } from './question.ts'
import { type Recorded, type Recorder, unrecorded } from './recorder.ts'
import type { Shadow } from './shadow.ts'
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
  readonly recorder: Recorder
  /** Sees what is answered; null where no draft judges. */
  readonly shadow: Shadow | null
  /** Whether a customer may add a record of so many names to the log while there is little room for it. */
  readonly mayRecord: (customer: string, work: number) => boolean
}

/** JSON text: at once, or when what it answers with has been recorded. */
export type Answer = string | Promise<string>

/** `POST /access/v1/evaluation` (AuthZEN §6). */
export function evaluate(point: DecisionPoint, body: unknown): Result<Answer, EvaluationError> {
  if (!isMembers(body)) return wrongType('', 'the body')
  const question = questionOf(partsOf(body), point.at)
  const judged = question.ok ? judge(point, question.value) : question
  return judged.ok ? ok(answered(point, [judged.value], ([text = '']) => text)) : judged
}

/** What an item of a batch, or a single evaluation, comes to. */
type Judged = (Recorded & { readonly isAllowed: boolean; readonly isKnown: boolean }) | Final

/** What needs no record. */
interface Final {
  readonly isAllowed: boolean
  /** JSON. */
  readonly text: string
}

function judge(point: DecisionPoint, question: Question): Result<Judged, EvaluationError> {
  const { customer, uses, request, wantsNearest, unknownType } = question
  if (!mayAsk(point.customers, customer)) return forbidden()
  if (unknownType) return ok(failed(unknownType))
  if (!request.ok) return fail(inAuthzenTerms(point, uses, request.error))
  const decided = (wantsNearest ? decideWithNearest : decide)(point.bundle, request.value)
  if (!decided.ok) return fail(inAuthzenTerms(point, uses, decided.error))
  const decision = decided.value
  const known = point.bundle.customers.get(request.value.customer)
  if (decision.outcome !== 'permit') {
    const isRecorded = point.recorder.unavailable === null
    if (isRecorded && !point.mayRecord(known ? known.id : '', question.work)) return tooMuch()
    // Without a record there is no exception, and what comes after it in a batch may depend on that.
    const isAllowed = allows(decision) && isRecorded
    return ok({ decision, request: request.value, isAllowed, isKnown: !!known })
  }
  // The bundle's own text of the id, since maps find a text faster that is the very one that they hold.
  point.metrics.decided(decision, known?.id ?? request.value.customer, known !== undefined)
  point.recorder.count(request.value, point.at)
  see(point, request.value, decision, null)
  return ok({ isAllowed: true, text: printEvaluation(decision) })
}

function see(
  { shadow, bundle }: DecisionPoint,
  request: Request,
  decision: Decision,
  record: string | null,
): void {
  if (shadow !== null) shadow.see({ request, decision, record, bundle })
}

function tooMuch(): Result<never, EvaluationError> {
  const message =
    'the disk of the decision log is nearly full, and this customer adds too much to it'
  return fail({ code: 'rate-limited', field: 'subject.id', message })
}

/** Records what has to be recorded, all together, and then makes the answer; a batch ends as it says to. */
function answered(
  point: DecisionPoint,
  judged: readonly Judged[],
  print: (texts: readonly string[]) => string,
  last?: boolean,
): Answer {
  const open = judged.filter((one) => 'decision' in one)
  if (open.length === 0) return print(judged.map((one) => ('text' in one ? one.text : '')))
  const finish = (ids: readonly string[] | null): string => {
    const texts: string[] = []
    let next = 0
    for (const one of judged) {
      const final = 'text' in one ? one : closed(point, one, ids?.[next++] ?? null)
      texts.push(final.text)
      if (final.isAllowed === last) break
    }
    return print(texts)
  }
  const recorded = recordedBy(point.recorder, open)
  return recorded instanceof Promise ? recorded.then(finish) : finish(recorded)
}

/** How long a decision is good for, in milliseconds (semantics §10.4). */
const DECISION_MS_MAX = 5_000

/** The ids of records; null when they took too long, or they could not be written, of which the recorder tells. */
function recordedBy(
  recorder: Recorder,
  open: readonly Recorded[],
): readonly string[] | null | Promise<readonly string[] | null> {
  if (recorder.unavailable !== null) return null
  const begun = performance.now()
  const recorded = recorder.record(open)
  if (!(recorded instanceof Promise)) return recorded
  const inTime = (ids: readonly string[]): readonly string[] | null =>
    performance.now() - begun < DECISION_MS_MAX ? ids : null
  return recorded.then(inTime, () => null)
}

function closed(
  point: DecisionPoint,
  { decision: decided, request, isKnown }: Exclude<Judged, Final>,
  record: string | null,
): Final {
  const decision = record === null ? unrecorded(decided) : decided
  point.metrics.decided(decision, request.customer, isKnown)
  see(point, request, decided, record)
  return { isAllowed: allows(decision), text: printEvaluation(decision, record) }
}

/** The refusal of a question about a customer that the key is not for. */
export function forbidden(): Result<never, EvaluationError> {
  const message = 'this key may not ask about this customer'
  return fail({ code: 'forbidden-customer', field: 'subject.id', message })
}

function failed(error: EvaluationError): Final {
  return { isAllowed: false, text: printFailure(error) }
}

const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const

/** What ends a batch: a denial, a permit, or nothing. */
const LAST = {
  execute_all: undefined,
  deny_on_first_deny: false,
  permit_on_first_permit: true,
} as const

/**
 * `POST /access/v1/evaluations` (AuthZEN §7). Without items it is a single evaluation; an item that
 * cannot be judged is answered as a denial with the error in its context.
 */
export function evaluateAll(point: DecisionPoint, body: unknown): Result<Answer, EvaluationError> {
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
  const last = LAST[semantic]
  const judged = judgeItems(point, partsOf(defaults), evaluations, last)
  return ok(answered(point, judged, (texts) => `{"evaluations":[${texts.join()}]}`, last))
}

function judgeItems(
  point: DecisionPoint,
  defaults: Parts,
  items: readonly unknown[],
  last: boolean | undefined,
): readonly Judged[] {
  const all: Judged[] = []
  let work = 0
  for (const item of items) {
    const question = isMembers(item)
      ? questionOf(partsOver(defaults, item), point.at)
      : wrongType('evaluations', 'an evaluation')
    if (question.ok) work += question.value.work + (question.value.wantsNearest ? NEAREST_WORK : 0)
    const judged = question.ok ? judgeWithin(work, point, question.value) : question
    const one = judged.ok ? judged.value : failed(judged.error)
    all.push(one)
    if (one.isAllowed === last) break
  }
  return all
}

/** What the nearest misses of one evaluation count for in a batch's work: they look at every tailoring. */
const NEAREST_WORK = 1_024

function judgeWithin(
  work: number,
  point: DecisionPoint,
  question: Question,
): Result<Judged, EvaluationError> {
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
