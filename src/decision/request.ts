import { isId, isSnapshotId } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { didYouMean, quote } from '../suggest.ts'
import { type Instant, parseInstant } from '../time.ts'

/** What a detector reports of a call: how likely it is of a use (semantics §8.1). */
export interface Signal {
  readonly detector: string
  readonly use: string
  /** In [0, 1]. */
  readonly score: number
}

/** One call of a model, as far as a decision depends on it (semantics §8). */
export interface Request {
  readonly id: string | null
  readonly customer: string
  readonly deployment: string
  /** The snapshot actually served (semantics §6.2). */
  readonly model: string
  readonly uses: readonly string[]
  /** For each fact stated, everything that is or may be so (semantics §2.2). */
  readonly facts: Readonly<Record<string, readonly string[]>>
  readonly signals: readonly Signal[]
  readonly at: Instant
}

export const REQUEST_ERROR_CODES = [
  'missing-field',
  'missing-at',
  'wrong-type',
  'unknown-field',
  'malformed-id',
  'malformed-instant',
  'malformed-score',
  'too-many',
  'empty-set',
  'unknown-use',
  'unknown-fact',
  'unknown-value',
] as const

/** Why a request gets no decision (semantics §9.1). */
export interface RequestError {
  readonly code: (typeof REQUEST_ERROR_CODES)[number]
  /** The member of the request, such as `facts.subjects`. */
  readonly field: string
  readonly message: string
}

/** Longest request id, in characters. */
const REQUEST_ID_CHARS_MAX = 256

/** Most members of any list in a request. */
export const REQUEST_LIST_MAX = 1_024

const FIELDS = ['id', 'customer', 'deployment', 'model', 'uses', 'facts', 'signals', 'at']
const SIGNAL_FIELDS = ['detector', 'use', 'score']

type Members = Readonly<Record<string, unknown>>

/**
 * Reads a request from outside. `at` is the instant of a request that states none. Names of uses and
 * facts are looked up later, against a bundle.
 */
export function parseRequest(value: unknown, at?: Instant): Result<Request, RequestError> {
  if (!isMembers(value)) return refuse('wrong-type', '', 'a request is one JSON object')
  const error =
    checkFields(value) ??
    checkIds(value) ??
    checkUses(value) ??
    checkFacts(value['facts']) ??
    checkSignals(value['signals'])
  if (error) return fail(error)
  const instant = value['at'] === undefined ? at : parseAt(value['at'])
  if (instant === undefined) return fail(errorOfAt(value['at']))
  return ok({
    id: (value['id'] ?? null) as string | null,
    customer: value['customer'] as string,
    deployment: value['deployment'] as string,
    model: value['model'] as string,
    uses: value['uses'] as string[],
    facts: (value['facts'] ?? {}) as Record<string, string[]>,
    signals: (value['signals'] ?? []) as Signal[],
    at: instant,
  })
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function errorOf(code: RequestError['code'], field: string, message: string): RequestError {
  return { code, field, message }
}

function refuse(
  code: RequestError['code'],
  field: string,
  message: string,
): Result<never, RequestError> {
  return fail(errorOf(code, field, message))
}

function checkFields(request: Members): RequestError | undefined {
  for (const field of Object.keys(request)) {
    if (FIELDS.includes(field)) continue
    return errorOf(
      'unknown-field',
      shortField(field),
      `no field ${quote(field)}${didYouMean(field, FIELDS)}`,
    )
  }
  for (const field of ['customer', 'deployment', 'model', 'uses']) {
    if (request[field] === undefined)
      return errorOf('missing-field', field, `\`${field}\` is missing`)
  }
  const { id } = request
  if (id === undefined || id === null) return undefined
  if (typeof id !== 'string') return errorOf('wrong-type', 'id', '`id` is text')
  if (id.length > REQUEST_ID_CHARS_MAX) {
    return errorOf('malformed-id', 'id', `\`id\` is over ${REQUEST_ID_CHARS_MAX} characters`)
  }
  // Half a surrogate pair has no UTF-8 and no canonical JSON, so no record could hold it.
  return id.isWellFormed()
    ? undefined
    : errorOf('malformed-id', 'id', '`id` holds half a surrogate pair')
}

function checkIds(request: Members): RequestError | undefined {
  const { customer, deployment, model } = request
  return (
    checkId('customer', customer) ?? checkId('deployment', deployment) ?? checkId('model', model)
  )
}

export function checkId(
  field: 'customer' | 'deployment' | 'model',
  text: unknown,
): RequestError | undefined {
  if (typeof text !== 'string') return errorOf('wrong-type', field, `\`${field}\` is text`)
  if (field === 'model' ? isSnapshotId(text) : isId(text)) return undefined
  return errorOf('malformed-id', field, `${quote(text)} is no well-formed id for \`${field}\``)
}

function checkUses({ uses }: Members): RequestError | undefined {
  const error = checkNames(uses, 'uses')
  if (error) return error
  if ((uses as unknown[]).length > 0) return undefined
  return errorOf('empty-set', 'uses', '`uses` names at least one use; ordinary use is named too')
}

export function checkNames(list: unknown, field: string): RequestError | undefined {
  if (isNames(list)) return undefined
  if (!Array.isArray(list)) {
    return errorOf('wrong-type', field, `\`${field}\` is a list of names`)
  }
  if (list.length > REQUEST_LIST_MAX) {
    return errorOf('too-many', field, `\`${field}\` has over ${REQUEST_LIST_MAX} members`)
  }
  const odd = list.findIndex((element) => typeof element !== 'string')
  return errorOf('wrong-type', `${field}[${odd}]`, 'a name is text')
}

function isNames(list: unknown): list is string[] {
  if (!Array.isArray(list) || list.length > REQUEST_LIST_MAX) return false
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== 'string') return false
  return true
}

export function checkFacts(facts: unknown): RequestError | undefined {
  if (facts === undefined) return undefined
  if (!isMembers(facts))
    return errorOf('wrong-type', 'facts', '`facts` maps names to lists of values')
  const names = Object.keys(facts)
  if (names.length > REQUEST_LIST_MAX) {
    return errorOf('too-many', 'facts', `\`facts\` has over ${REQUEST_LIST_MAX} members`)
  }
  for (const name of names) {
    const values = facts[name]
    // The field is only printed for an error: most requests have none.
    if (isNames(values) && values.length > 0) continue
    const field = `facts.${shortField(name)}`
    return (
      checkNames(values, field) ??
      errorOf('empty-set', field, 'state at least one value, or leave the fact out')
    )
  }
  return undefined
}

export function checkSignals(signals: unknown): RequestError | undefined {
  if (signals === undefined) return undefined
  if (!Array.isArray(signals)) return errorOf('wrong-type', 'signals', '`signals` is a list')
  if (signals.length > REQUEST_LIST_MAX) {
    return errorOf('too-many', 'signals', `\`signals\` has over ${REQUEST_LIST_MAX} members`)
  }
  for (const [i, signal] of (signals as unknown[]).entries()) {
    const error = checkSignal(`signals[${i}]`, signal)
    if (error) return error
  }
  return undefined
}

function checkSignal(field: string, signal: unknown): RequestError | undefined {
  if (!isMembers(signal)) return errorOf('wrong-type', field, 'a signal is {detector, use, score}')
  for (const name of Object.keys(signal)) {
    if (SIGNAL_FIELDS.includes(name)) continue
    const message = `no field ${quote(name)}${didYouMean(name, SIGNAL_FIELDS)}`
    return errorOf('unknown-field', `${field}.${shortField(name)}`, message)
  }
  for (const name of SIGNAL_FIELDS) {
    if (signal[name] === undefined)
      return errorOf('missing-field', `${field}.${name}`, `\`${name}\` is missing`)
  }
  const { detector, use, score } = signal
  if (typeof detector !== 'string')
    return errorOf('wrong-type', `${field}.detector`, '`detector` is text')
  if (!isId(detector)) {
    return errorOf('malformed-id', `${field}.detector`, `${quote(detector)} is no well-formed id`)
  }
  if (typeof use !== 'string') return errorOf('wrong-type', `${field}.use`, '`use` is text')
  if (typeof score !== 'number')
    return errorOf('wrong-type', `${field}.score`, '`score` is a number')
  // Written so that NaN, which callers in process can pass, is refused too.
  return score >= 0 && score <= 1
    ? undefined
    : errorOf('malformed-score', `${field}.score`, 'a score is a number from 0 to 1')
}

function parseAt(at: unknown): Instant | undefined {
  return typeof at === 'string' ? parseInstant(at) : undefined
}

function errorOfAt(at: unknown): RequestError {
  if (at === undefined) {
    return errorOf('missing-at', 'at', '`at` is missing; state the instant, or pass --at')
  }
  if (typeof at !== 'string') return errorOf('wrong-type', 'at', '`at` is text')
  return errorOf(
    'malformed-instant',
    'at',
    `${quote(at)} is no instant; write 2026-01-31T00:00:00Z`,
  )
}

/** A name from outside, short enough to print as part of a field. */
function shortField(name: string): string {
  return quote(name).slice(1, -1)
}
