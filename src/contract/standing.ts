import {
  ALWAYS,
  complement,
  type Interval,
  intersect,
  NEVER,
  reigns,
  type Spans,
  span,
  spanOf,
  unite,
} from '../interval.ts'
import type { Instant } from '../time.ts'
import type { Condition } from './condition.ts'
import type { Contract, Duty, Register } from './contract.ts'
import type { Place, Reach } from './reach.ts'

/**
 * Every condition for a tailoring to be in force for a deployment, as instants known ahead
 * (semantics §7.4, §7.5). It is in force when all hold.
 */
export function standingOf(contract: Contract, reach: Reach, place: Place): readonly Condition[] {
  const { terms, register } = contract
  return [
    { kind: 'state', id: '', holds: inForceState(register) },
    { kind: 'term', id: '', holds: reach.term },
    ...reach.authorities.map(
      (id): Condition => ({ kind: 'authority', id, holds: authorityStands(register, id) }),
    ),
    ...reach.safeguards.map(
      (id): Condition => ({
        kind: 'safeguard',
        id,
        holds: covered(register.attestations.filter(({ safeguard }) => safeguard === id)),
      }),
    ),
    ...terms.duties
      .filter(({ guards }) => guards?.includes(place.tailoring) ?? true)
      .map(
        (duty): Condition => ({ kind: 'duty', id: duty.id, holds: notOutstanding(register, duty) }),
      ),
    {
      kind: 'stop',
      id: '',
      holds: complement(covered(register.stops.filter((stop) => isOver(stop, place)))),
    },
    {
      kind: 'enrolment',
      id: place.deployment,
      holds: covered(
        register.enrolments.filter(({ deployment }) => deployment === place.deployment),
      ),
    },
  ]
}

export function inForceDuring(standing: readonly Condition[]): Spans {
  return standing.map(({ holds }) => holds).reduce(intersect, ALWAYS)
}

function covered(intervals: readonly Interval[]): Spans {
  return unite(intervals.map(spanOf))
}

function inForceState({ states }: Register): Spans {
  return unite(reigns(states).map(({ row, span }) => (row.state === 'in_force' ? span : NEVER)))
}

/** The statuses of an authority that stands, until its review date (semantics §7.4 c). */
export const STANDING: ReadonlySet<string> = new Set(['in-force', 'in-force-under-transition'])

/** Whether an authority of this status can be relied on (semantics §7.4 c). */
export function isStanding(status: string): boolean {
  return STANDING.has(status)
}

function authorityStands({ authorities }: Register, authority: string): Spans {
  const rows = authorities.filter(({ id }) => id === authority)
  return unite(
    reigns(rows).map(({ row, span: reign }) =>
      isStanding(row.status)
        ? intersect(reign, span(-Infinity, row['review-by'] ?? -Infinity))
        : NEVER,
    ),
  )
}

function notOutstanding(register: Register, duty: Duty): Spans {
  return complement(unite(duty.due.map((due) => outstandingDuring(register, duty, due))))
}

/** The row of the register on a duty at one of its due instants. */
export function dutyRow(
  { duties }: Register,
  { id }: Duty,
  due: Instant,
): Register['duties'][number] | undefined {
  return duties.find((row) => row.id === id && row.due === due)
}

/** When a duty is outstanding for one of its due instants (semantics §7.4 e). */
export function outstandingDuring(register: Register, duty: Duty, due: Instant): Spans {
  const row = dutyRow(register, duty, due)
  const late = due + duty.grace
  if (row?.met !== undefined && row.met <= late) return NEVER
  return span(late, row?.reinstated ?? Infinity)
}

/** Whether a stop is over the whole contract, this tailoring or this deployment (semantics §7.4 f). */
export function isOver({ scope }: Register['stops'][number], place: Place): boolean {
  if (scope === 'contract') return true
  return 'tailoring' in scope
    ? scope.tailoring === place.tailoring
    : scope.deployment === place.deployment
}
