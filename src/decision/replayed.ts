import { isId } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { allows, type Decision, OUTCOMES, type Outcome, printableOf } from './decision.ts'

// A decision that was recorded, beside the one that is made of its request on other documents.

/** `widened`: allowed now, and not before; `narrowed`: allowed before, and not now. */
export type Flip = 'widened' | 'narrowed'

/** What of a decision is counted and shown when it comes out otherwise. */
export interface Decided {
  readonly outcome: Outcome
  readonly triggered: readonly string[]
  readonly contract: string | null
  readonly tailoring: string | null
  /** Codes of its reasons, each once. */
  readonly codes: readonly string[]
}

/** A decision as it was recorded: JSON, of which only `decided` is known to be well formed. */
export interface RecordedDecision {
  readonly decided: Decided
  readonly members: Readonly<Record<string, unknown>>
}

export interface RecordedDecisionError {
  readonly code: 'malformed-decision'
  /** The member of the decision. */
  readonly field: string
  readonly message: string
}

/** Most restrictions and reasons that a recorded decision may name. */
const RECORDED_LIST_MAX = 1_024

/** Reads a recorded decision as far as it is counted and shown; what it says beyond that is only compared. */
export function parseRecordedDecision(
  value: unknown,
): Result<RecordedDecision, RecordedDecisionError> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return malformed('', 'the decision is no JSON object')
  }
  const members = value as Readonly<Record<string, unknown>>
  const outcome = OUTCOMES.find((known) => known === members['outcome'])
  if (outcome === undefined) return malformed('outcome', 'the outcome is none that there is')
  const triggered = idsOf(members['triggered'])
  if (!triggered) return malformed('triggered', '`triggered` is no list of restrictions')
  const codes = codesOf(members['reasons'])
  if (!codes) return malformed('reasons', '`reasons` is no list of reasons with codes')
  const { contract = null, tailoring = null } = members
  if (!isIdOrNull(contract)) return malformed('contract', '`contract` is no id')
  if (!isIdOrNull(tailoring)) return malformed('tailoring', '`tailoring` is no id')
  return ok({ decided: { outcome, triggered, contract, tailoring, codes }, members })
}

function malformed(field: string, message: string): Result<never, RecordedDecisionError> {
  return fail({ code: 'malformed-decision', field, message })
}

function idsOf(value: unknown): readonly string[] | undefined {
  const isList = Array.isArray(value) && value.length <= RECORDED_LIST_MAX
  return isList && value.every(isIdText) ? value : undefined
}

function codesOf(reasons: unknown): readonly string[] | undefined {
  if (!Array.isArray(reasons) || reasons.length > RECORDED_LIST_MAX) return undefined
  const codes = reasons.map((reason: unknown) =>
    typeof reason === 'object' && reason !== null && 'code' in reason ? reason.code : undefined,
  )
  return codes.every(isIdText) ? [...new Set(codes)] : undefined
}

function isIdText(value: unknown): value is string {
  return typeof value === 'string' && isId(value)
}

function isIdOrNull(value: unknown): value is string | null {
  return value === null || isIdText(value)
}

export function decidedOf({ outcome, triggered, contract, tailoring, reasons }: Decision): Decided {
  const codes = [...new Set(reasons.map(({ code }) => code))]
  return { outcome, triggered, contract, tailoring, codes }
}

/** Whether a call that was allowed is not any more, or the other way round; null when neither. */
export function flipOf(
  before: Pick<Decided, 'outcome'>,
  now: Pick<Decided, 'outcome'>,
): Flip | null {
  if (allows(before) === allows(now)) return null
  return allows(now) ? 'widened' : 'narrowed'
}

/**
 * Whether a recorded decision says what this one says, in every member but the digest of the bundle (semantics L9); and
 * but the instant, where that is another one on purpose.
 */
export function isSameDecision(
  { members }: RecordedDecision,
  decision: Decision,
  isAtSameInstant: boolean,
): boolean {
  const { bundle: _, ...printed } = printableOf(decision)
  const names = Object.keys(printed)
  if (Object.keys(members).filter((name) => name !== 'bundle').length !== names.length) return false
  return names.every((name) => {
    if (name === 'at' && !isAtSameInstant) return true
    return JSON.stringify(members[name]) === JSON.stringify(printed[name])
  })
}
