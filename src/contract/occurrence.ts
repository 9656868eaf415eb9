import { type Interval, reigns } from '../interval.ts'
import { type Instant, printInstantShort } from '../time.ts'
import type { Condition } from './condition.ts'
import type { Contract, Duty, Register } from './contract.ts'
import { type Place, termOf } from './reach.ts'
import { dutyRow, isOver, outstandingDuring, STANDING } from './standing.ts'

/** Something that happens by the clock, known ahead. Whether it changes anything is another question. */
export interface Occurrence {
  readonly at: Instant
  readonly kind: Condition['kind'] | 'determination' | 'model' | 'policy' | 'lease'
  readonly event: OccurrenceEvent
  /** Of the thing that it happens to. */
  readonly id: string
  /** One sentence. */
  readonly text: string
  /**
   * What it bears on: a condition of semantics §7.4, or which snapshots serve (§6.4), where an empty id means any.
   * Null for what bears on none.
   */
  readonly bearsOn: { readonly kind: Condition['kind'] | 'model'; readonly id: string } | null
  /** Whether it has to do with a place. */
  readonly isOver: (place: Place) => boolean
}

type OccurrenceEvent =
  | 'begins'
  | 'ends'
  /** One ends and the next begins. */
  | 'goes-on'
  /** A new state or status. */
  | 'becomes'
  | 'review-date'
  | 'due'
  | 'grace-ends'
  | 'reinstated'

type Happening = Omit<Occurrence, 'kind' | 'bearsOn' | 'isOver'>

/** Everything that a contract says will happen, in no order. */
export function occurrencesOf(contract: Contract): readonly Occurrence[] {
  const { terms, register } = contract
  return [
    determinationOf(contract),
    ...stateOccurrences(contract),
    ...termOccurrences(contract),
    ...authorityOccurrences(register),
    ...attestationOccurrences(register),
    ...terms.duties.flatMap((duty) => dutyOccurrences(register, duty)),
    ...stopOccurrences(contract),
    ...enrolmentOccurrences(register),
  ]
}

const EVERYWHERE = (): boolean => true

function determinationOf({ id, determination }: Contract): Occurrence {
  return {
    at: determination.decided,
    kind: 'determination',
    event: 'begins',
    id: determination.case,
    text: `The determination that ${id} rests on is made.`,
    bearsOn: { kind: 'model', id: '' },
    isOver: EVERYWHERE,
  }
}

/** What a contract does when it comes to be in each state. */
const BECOMES = {
  draft: 'is a draft',
  proposed: 'is proposed',
  approved: 'is approved',
  in_force: 'is put in force',
  suspended: 'is suspended',
  expired: 'expires',
  terminated: 'is terminated',
  declined: 'is declined',
  lapsed: 'lapses',
  withdrawn: 'is withdrawn',
} as const satisfies Record<Register['states'][number]['state'], string>

function stateOccurrences({ id, register }: Contract): readonly Occurrence[] {
  return reigns(register.states).flatMap(({ row, span }): Occurrence[] => {
    if (span.length === 0) return []
    const text = `The contract ${BECOMES[row.state]}.`
    const happening = { at: row.from, event: 'becomes', id, text } as const
    return [{ ...happening, kind: 'state', bearsOn: { kind: 'state', id: '' }, isOver: EVERYWHERE }]
  })
}

function termOccurrences(contract: Contract): readonly Occurrence[] {
  const { id, terms } = contract
  const common = { kind: 'term', bearsOn: { kind: 'term', id: '' } } as const
  const whole = edgesOf([terms.term]).map((edge): Occurrence => {
    const text = sentence('The term of the contract', edge)
    return { ...edge, ...common, id, text, isOver: EVERYWHERE }
  })
  const known = new Set(whole.map(({ at }) => at))
  const own = terms.tailorings.flatMap((tailoring) => {
    const [from = Infinity, until = Infinity] = termOf(contract, tailoring.id)
    const edges = edgesOf([{ from, until }]).filter(({ at }) => !known.has(at))
    return edges.map((edge): Occurrence => {
      const text = sentence(`The term of ${tailoring.id}`, edge)
      const isOver = (place: Place): boolean => place.tailoring === tailoring.id
      return { ...edge, ...common, id: tailoring.id, text, isOver }
    })
  })
  return [...whole, ...own]
}

function authorityOccurrences({ authorities }: Register): readonly Occurrence[] {
  const byAuthority = Map.groupBy(authorities, ({ id }) => id)
  return [...byAuthority].flatMap(([id, rows]) => {
    const common = {
      id,
      kind: 'authority',
      bearsOn: { kind: 'authority', id },
      isOver: EVERYWHERE,
    } as const
    return reigns(rows).flatMap(({ row, span: [from, until = 0] }): Occurrence[] => {
      if (from === undefined) return []
      const review = row['review-by']
      const text = `The status of authority ${id} becomes ${statusText(row)}.`
      const status: Occurrence = { ...common, at: from, event: 'becomes', text }
      const isReviewed = review !== undefined && from < review && review < until
      if (!isReviewed || !STANDING.has(row.status)) return [status]
      const past = `The review date of authority ${id} passes: it counts as unknown from then on.`
      return [status, { ...common, at: review, event: 'review-date', text: past }]
    })
  })
}

function statusText(row: Register['authorities'][number]): string {
  const { status, from, 'review-by': review } = row
  if (!STANDING.has(status)) return status
  if (review === undefined) return `${status}, without a review date, so that it counts as unknown`
  const date = printInstantShort(review)
  return from < review
    ? `${status}, with a review date of ${date}`
    : `${status}, with a review date that has passed, ${date}, so that it counts as unknown`
}

function attestationOccurrences({ attestations }: Register): readonly Occurrence[] {
  const bySafeguard = Map.groupBy(attestations, ({ safeguard }) => safeguard)
  return [...bySafeguard].flatMap(([id, rows]) =>
    edgesOf(rows).map((edge): Occurrence => {
      const text = sentence(`The attestation of ${id}`, edge, 'runs out')
      const bearsOn = { kind: 'safeguard', id } as const
      return { ...edge, id, kind: 'safeguard', text, bearsOn, isOver: EVERYWHERE }
    }),
  )
}

function dutyOccurrences(register: Register, duty: Duty): readonly Occurrence[] {
  const { id, guards } = duty
  const guarded = (place: Place): boolean => guards?.includes(place.tailoring) ?? true
  const common = { id, kind: 'duty', isOver: guarded } as const
  const bearsOn = { kind: 'duty', id } as const
  return [...new Set(duty.due)].flatMap((due): Occurrence[] => {
    const [late = Infinity, reinstated = Infinity] = outstandingDuring(register, duty, due)
    const owed = `Duty ${id} is due; ${owedText(register, duty, due)}.`
    const which = `duty ${id}, due ${printInstantShort(due)},`
    const passed = `The grace of ${which} runs out: it is outstanding until it is met and reinstated.`
    const lifted = `What depends on ${which} is reinstated.`
    const all: Occurrence[] = [
      { ...common, at: due, event: 'due', text: owed, bearsOn: null },
      { ...common, at: late, event: 'grace-ends', text: passed, bearsOn },
      { ...common, at: reinstated, event: 'reinstated', text: lifted, bearsOn },
    ]
    return all.filter(({ at }) => Number.isFinite(at))
  })
}

function owedText(register: Register, duty: Duty, due: Instant): string {
  const met = dutyRow(register, duty, due)?.met
  const late = due + duty.grace
  if (met === undefined || met > late) return `its grace runs out on ${printInstantShort(late)}`
  return `it is met, on ${printInstantShort(met)}`
}

function stopOccurrences({ id: contract, register }: Contract): readonly Occurrence[] {
  const byScope = Map.groupBy(register.stops, ({ scope }) => JSON.stringify(scope))
  return [...byScope.values()].flatMap((rows) => {
    const [stop] = rows
    if (stop === undefined) return []
    const { kind, id } = scopeOf(stop, contract)
    return edgesOf(rows).map((edge): Occurrence => {
      const text = sentence(`The stop over ${kind} ${id}`, edge)
      const bearsOn = { kind: 'stop', id: '' } as const
      return { ...edge, id, kind: 'stop', text, bearsOn, isOver: (place) => isOver(stop, place) }
    })
  })
}

function scopeOf(
  { scope }: Register['stops'][number],
  contract: string,
): { readonly kind: string; readonly id: string } {
  if (scope === 'contract') return { kind: 'contract', id: contract }
  return 'tailoring' in scope
    ? { kind: 'tailoring', id: scope.tailoring }
    : { kind: 'deployment', id: scope.deployment }
}

function enrolmentOccurrences({ enrolments }: Register): readonly Occurrence[] {
  const byDeployment = Map.groupBy(enrolments, ({ deployment }) => deployment)
  return [...byDeployment].flatMap(([id, rows]) =>
    edgesOf(rows).map((edge): Occurrence => {
      const text = sentence(`The enrolment of ${id}`, edge)
      const isOver = ({ deployment }: Place): boolean => deployment === id
      const bearsOn = { kind: 'enrolment', id } as const
      return { ...edge, id, kind: 'enrolment', text, bearsOn, isOver }
    }),
  )
}

type Edge = Pick<Happening, 'at' | 'event'>

/** Each instant at which some of the intervals begin or end. */
function edgesOf(intervals: readonly Interval[]): readonly Edge[] {
  const begins = new Set(intervals.map(({ from }) => from))
  const ends = new Set(intervals.map(({ until = Infinity }) => until))
  const edges = [...begins.union(ends)].filter(Number.isFinite)
  return edges.map((at): Edge => {
    if (!begins.has(at)) return { at, event: 'ends' }
    return { at, event: ends.has(at) ? 'goes-on' : 'begins' }
  })
}

function sentence(subject: string, { event }: Edge, end = 'ends'): string {
  if (event === 'begins') return `${subject} begins.`
  return event === 'ends' ? `${subject} ${end}.` : `${subject} ${end}, and the next one begins.`
}
