import { isId } from '../ids.ts'
import { exactMembers, parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import { type Decision, printableOf } from './decision.ts'
import type { DecisionRecord } from './record.ts'
import type { Request } from './request.ts'

// What a decision record commits to: kept beside the log, shown to whom it may be shown, and destroyed in time.

/** How often a customer's deployment was plainly permitted the same uses. */
export interface PermitCount {
  readonly customer: string
  readonly deployment: string
  readonly uses: readonly string[]
  readonly count: number
}

/** Plain permits of one stretch of time, which is half open. */
export interface PermitCounts {
  readonly counts: readonly PermitCount[]
  readonly from: Instant
  readonly until: Instant
}

export interface PayloadError {
  readonly code: 'malformed-payload' | 'other-decision'
  readonly message: string
}

/** The decision and what was asked, as JSON. What is committed to is this text, however it is written. */
export function printDecisionPayload(decision: Decision, request: Request): string {
  const printed = printableOf(decision)
  const at = request.at === decision.at ? printed['at'] : printInstant(request.at)
  return JSON.stringify({ decision: printed, request: { ...request, at } })
}

export function printCountsPayload({ counts, from, until }: PermitCounts): string {
  return JSON.stringify({ counts, from: printInstant(from), until: printInstant(until) })
}

/** Whether a payload says of outcome, instant and bundle what its record says. */
export function checkPayload(text: string, record: DecisionRecord): Result<true, PayloadError> {
  const json = parseJson(text)
  if (!json.ok) return malformed(json.error.message)
  return record.outcome === 'permit'
    ? checkCounts(json.value, record)
    : checkDecision(json.value, record)
}

function checkDecision(value: unknown, record: DecisionRecord): Result<true, PayloadError> {
  const members = exactMembers(value, ['decision', 'request'])
  const decision = members?.decision
  if (typeof decision !== 'object' || decision === null) {
    return malformed('it has not just a decision and a request')
  }
  const { outcome, at, bundle } = decision as Record<string, unknown>
  if (outcome !== record.outcome) return differs('outcome')
  if (at !== printInstant(record.at)) return differs('instant')
  return bundle === record.bundle ? ok(true) : differs('bundle')
}

function checkCounts(value: unknown, record: DecisionRecord): Result<true, PayloadError> {
  const members = exactMembers(value, ['counts', 'from', 'until'])
  const [from, until] = [instantOf(members?.from), instantOf(members?.until)]
  const isShaped = Array.isArray(members?.counts) && members.counts.every(isPermitCount)
  if (!isShaped || from === undefined || until === undefined) {
    return malformed('it has not just counts, from and until')
  }
  // What is counted has happened.
  return from < until && until <= record.at ? ok(true) : differs('instant')
}

/** How many plain permits a payload of counts adds up to; 0 when it is none. */
export function permitsOf(text: string): number {
  const json = parseJson(text)
  const members = json.ok ? exactMembers(json.value, ['counts', 'from', 'until']) : undefined
  const rows = members?.counts
  if (!Array.isArray(rows) || !rows.every(isPermitCount)) return 0
  return rows.reduce((sum: number, { count }: { count: number }) => sum + count, 0)
}

function instantOf(value: unknown): Instant | undefined {
  return typeof value === 'string' ? parseInstant(value) : undefined
}

function isPermitCount(value: unknown): boolean {
  const row = exactMembers(value, ['customer', 'deployment', 'uses', 'count'])
  if (row === undefined || !Array.isArray(row.uses)) return false
  const isCount = Number.isSafeInteger(row.count) && (row.count as number) > 0
  const names: readonly unknown[] = [row.customer, row.deployment, ...row.uses]
  return isCount && names.every((name) => typeof name === 'string' && isId(name))
}

function malformed(why: string): Result<never, PayloadError> {
  return fail({ code: 'malformed-payload', message: `this is no payload of its record: ${why}` })
}

function differs(what: string): Result<never, PayloadError> {
  return fail({ code: 'other-decision', message: `the payload states another ${what}` })
}
