import * as z from 'zod'
import type { Act, Recorded } from '../act.ts'
import {
  againstStatus,
  type Citation,
  type CitedStatuses,
  citationKey,
  type Status,
  withStatus,
} from '../contract/authority-status.ts'
import { authority, authorityStatus } from '../contract/contract.ts'
import { NARROWING_ROWS_MAX, ROWS_MAX } from '../contract/contract-life.ts'
import { isStanding } from '../contract/standing.ts'
import { fail, ok, type Result } from '../result.ts'
import { prose } from '../shape.ts'
import { citationAdvice } from './citation.ts'

// What is recorded of legal authorities once, for all contracts that cite them (semantics §7.4 c). It only ever grows.

export const recordStatus = z.strictObject({
  act: z.literal('authorities.record'),
  citation: authority.shape.citation.omit({ 'as-of': true }),
  ...authorityStatus.omit({ id: true }).extend({ source: prose }).shape,
})

type RecordStatus = z.output<typeof recordStatus>

/** An authority by its citation as it was first recorded, with its statuses as they were. */
export interface CitedAuthority {
  readonly citation: Citation
  readonly statuses: readonly (Status & { readonly by: string; readonly at: number })[]
}

export interface StatusRecorded {
  readonly type: 'authority-status-recorded'
  readonly citation: Citation
  readonly status: Status
}

const DOERS = /^(assessor|safeguards-officer|approver\..*)$/

/** What comes of a status that somebody records, or why nothing does. */
export function decideStatus(
  authorities: readonly CitedAuthority[],
  { act: _, citation, ...status }: RecordStatus,
  { role, at }: Act,
): Result<readonly [StatusRecorded], readonly [code: StatusRefusal, message: string]> {
  if (!DOERS.test(role)) {
    return fail(['not-permitted', 'an assessor, an approver or a safeguards officer does that'])
  }
  const advice = citationAdvice(citation)
  if (advice !== undefined) return fail(['citation-malformed', advice])
  const against = againstStatus(status, at) ?? againstFull(authorities, citation, status)
  if (against) return fail(against)
  return ok([{ type: 'authority-status-recorded', citation, status }])
}

type StatusRefusal =
  | 'not-permitted'
  | 'citation-malformed'
  | 'back-dated'
  | 'source-missing'
  | 'review-missing'
  | 'too-many'

/** What takes away has room left when what adds has none. */
function againstFull(
  authorities: readonly CitedAuthority[],
  citation: Citation,
  { status }: Status,
): readonly ['too-many', string] | undefined {
  const most = isStanding(status) ? ROWS_MAX : NARROWING_ROWS_MAX
  const known = authorities.find((one) => isSame(one.citation, citation))
  if ((known?.statuses ?? authorities).length < most) return undefined
  return [
    'too-many',
    `a register holds at most ${most} authorities, and as many statuses of each; record it of the contracts`,
  ]
}

function isSame(a: Citation, b: Citation): boolean {
  return citationKey(a) === citationKey(b)
}

export function foldStatus(
  authorities: readonly CitedAuthority[],
  { event, act }: Recorded<StatusRecorded>,
): readonly CitedAuthority[] {
  const { citation } = event
  const row = { ...event.status, by: act.by, at: act.at }
  const known = authorities.find((one) => isSame(one.citation, citation))
  if (!known) return [...authorities, { citation, statuses: [row] }]
  const statuses = withStatus(known.statuses, row, () => false)
  return authorities.map((one) => (one === known ? { ...one, statuses } : one))
}

/** What contracts that cite them are narrowed to. */
export function statusesOf(authorities: readonly CitedAuthority[]): CitedStatuses {
  return new Map(
    authorities.map(({ citation, statuses }) => [
      citationKey(citation),
      statuses.map(({ by: _, at: __, ...status }) => status),
    ]),
  )
}
