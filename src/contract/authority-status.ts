import { latest } from '../interval.ts'
import { type Instant, printInstantShort } from '../time.ts'
import type { Contract, Register, Terms } from './contract.ts'
import { isStanding } from './standing.ts'

// Statuses of authorities: what may be recorded, and what those that every contract has in common do to one that cites
// them (semantics §7.4 c).

type StatusRow = Register['authorities'][number]

/** A status without whose it is. */
export type Status = Omit<StatusRow, 'id'>

/** Refusals of a status that is recorded of one contract or of all. */
export const STATUS_REFUSALS = {
  'source-missing': 'no source is given of the status of an authority',
  'review-missing': 'an authority in force without an instant of review that lies ahead',
} as const

/** Why a status is not recorded: one to rely on counts from now at the earliest, and is reviewed. */
export function againstStatus(
  { status, from, source = '', 'review-by': review }: Status,
  at: Instant,
): readonly [code: keyof typeof STATUS_REFUSALS | 'back-dated', message: string] | undefined {
  if (source.trim() === '') {
    return ['source-missing', 'name the source of this status in `source`']
  }
  if (!isStanding(status)) return undefined
  if (from < at) {
    return [
      'back-dated',
      `${printInstantShort(from)} is before now; name an instant from now on, or a status that does not stand`,
    ]
  }
  if (review !== undefined && review > from) return undefined
  return ['review-missing', 'say by when this is reviewed: add a `review-by` after `from`']
}

/** A status that does not stand counts from its instant on, whatever was recorded before of later ones. */
export function withStatus<Row extends Status>(
  rows: readonly Row[],
  row: Row,
  isOther: (row: Row) => boolean,
): readonly Row[] {
  const kept = isStanding(row.status)
    ? rows
    : rows.filter((one) => isOther(one) || one.from < row.from)
  return [...kept, row]
}

export type Citation = Pick<Terms['authorities'][number]['citation'], 'scheme' | 'id'>

/** What is recorded of authorities for all contracts, by `citationKey`. */
export type CitedStatuses = ReadonlyMap<string, readonly Status[]>

/**
 * One text for one authority, however it is cited. What two citations have in common by mistake only narrows, so this
 * is rather too coarse.
 */
export function citationKey({ scheme, id }: Citation): string {
  const plain = id.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim()
  return `${scheme} ${scheme === 'prose' ? plain : plain.replace(ADDRESS, '')}`
}

/** Where a citation that is an address is served, which says nothing of what is cited. */
const ADDRESS = /^https?:\/\/[^/]+(\/id(?=\/))?/

/**
 * The contract with the statuses of its authorities narrowed to what is recorded of them for all: an authority stands
 * when it stands by both. Before the first status that is recorded for all, its own alone count.
 */
export function withCitedStatuses(contract: Contract, cited: CitedStatuses): Contract {
  const { terms, register } = contract
  const found = terms.authorities.flatMap(({ id, citation }) => {
    const statuses = cited.get(citationKey(citation))
    return statuses ? [[id, statuses] as const] : []
  })
  if (found.length === 0) return contract
  const byId = new Map(found)
  const others = register.authorities.filter(({ id }) => !byId.has(id))
  const narrowed = found.flatMap(([id, statuses]) => {
    const own = register.authorities.filter((row) => row.id === id)
    return narrowedBy(own, statuses)
  })
  return { ...contract, register: { ...register, authorities: [...others, ...narrowed] } }
}

/** A row for each instant at which either of two lists has one. */
function narrowedBy(own: readonly StatusRow[], common: readonly Status[]): readonly StatusRow[] {
  const instants = [...own, ...common].map(({ from }) => from).sort((a, b) => a - b)
  return [...new Set(instants)].flatMap((from) => {
    const row = latest(own, from)
    return row ? [{ ...bothOf(row, latest(common, from)), from }] : []
  })
}

function bothOf(own: StatusRow, common: Status | undefined): StatusRow {
  const review = own['review-by']
  if (!common || !isStanding(own.status) || review === undefined) return own
  if (!isStanding(common.status)) return { ...common, id: own.id }
  return { ...own, 'review-by': Math.min(review, common['review-by'] ?? review) }
}
