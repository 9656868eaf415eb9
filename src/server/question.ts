import { REQUEST_LIST_MAX } from '../decision/request.ts'
import { fail, ok, type Result } from '../result.ts'

// AuthZEN's information model (§5): what the members of a body hold (docs/authzen.md). Members that nothing reads are
// ignored, as the specification requires (§10.1.1).

/** Why a request is answered with 400, or an item of a batch with `decision: false`. */
export interface EvaluationError {
  readonly code: string
  readonly field: string
  readonly message: string
}

export type Members = Readonly<Record<string, unknown>>

export interface RequestMembers extends Members {
  /** The use that the action names is the last one. */
  readonly uses: readonly unknown[]
}

export const TYPE_AND_ID = ['type', 'id']
export const NAME = ['name']

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
