import { at } from '../assert.ts'
import type { Bundle } from '../decision/bundle.ts'
import type { Request } from '../decision/request.ts'
import type { Sha256 } from '../digest.ts'
import { FALSE, type Func } from './bdd.ts'
import type { ReachRule } from './rules.ts'
import type { CellView, CustomerView, Subject } from './subject.ts'

/** What is proved of, and the bundle that its tables were read from. */
export interface Proved {
  readonly subject: Subject
  readonly bundle: Bundle
  /** The digests of the bundle made anew from what it was compiled from. */
  readonly recompiled: readonly string[]
  readonly sha256: Sha256
  /** The most that any contract can reach: the entries of the catalogue. None are known of a bundle. */
  readonly catalogue: readonly ReachRule[] | null
}

/** Where something that was to be proved does not hold. */
export interface Violation {
  /** What is wrong, as a sentence. */
  readonly message: string
  /** A request that shows it; none where no request can. */
  readonly requests: readonly Request[]
}

/** Something that is proved of all requests at once (semantics §11). */
export interface Law {
  /** Such as `L1`. */
  readonly id: string
  /** A sentence that could be false. */
  readonly says: string
  /** Of all customers alike. */
  readonly ofAll?: (proved: Proved) => Violation | undefined
  readonly ofCustomer?: (proved: Proved, customer: CustomerView) => Violation | undefined
  /** Whether it holds of whatever contract may come under an entry of the catalogue, which reaches no further. */
  readonly ofEntry?: (subject: Subject, entry: ReachRule) => boolean
}

/** Where, in a cell, a law does not hold, and in what words; FALSE where it does. */
export type Breach = readonly [where: Func, message: string]

/**
 * A law that speaks of what a tailoring lifts for its uses, wherever else it reaches: most tailorings have that in
 * common with others, so it is looked at once. Only where that fails are scope and cell looked at too.
 */
export function inTailorings(
  breachesOf: (subject: Subject, reach: ReachRule) => Iterable<Breach>,
): NonNullable<Law['ofCustomer']> {
  const known = new WeakMap<Subject, Set<string>>()
  return ({ subject }, customer) => {
    const proved = known.get(subject) ?? new Set()
    known.set(subject, proved)
    const tailorings = customer.cells.flatMap((cell) =>
      cell.decided.map((reach, i) => ({ cell, reach, i })),
    )
    for (const { cell, reach, i } of tailorings) {
      const key = liftKeyOf(reach)
      if (proved.has(key)) continue
      const breaches = [...breachesOf(subject, reach)].filter(([where]) => where !== FALSE)
      if (breaches.length === 0) {
        proved.add(key)
        continue
      }
      const used = at(subject.decided.exceptions(cell.decided), i)
      const violation = firstViolation(subject, customer, cell, within(subject, breaches, used))
      if (violation) return violation
    }
    return undefined
  }
}

function within({ space }: Subject, breaches: readonly Breach[], used: Func): readonly Breach[] {
  return breaches.map(([where, message]) => [space.bdd.and(where, used), message])
}

function liftKeyOf({ lifts, uses, obligations }: ReachRule): string {
  return [[...lifts], [...uses], obligations].map((part) => part.join()).join(' ')
}

/** A law that looks at each cell, at one of those that are judged alike. */
export function inCells(
  breachesOf: (subject: Subject, cell: CellView) => Iterable<Breach>,
): NonNullable<Law['ofCustomer']> {
  const known = new WeakMap<Subject, Set<string>>()
  return ({ subject }, customer) => {
    const proved = known.get(subject) ?? new Set()
    known.set(subject, proved)
    for (const cell of customer.cells) {
      if (proved.has(cell.key)) continue
      const breaches = breachesOf(subject, cell)
      const violation = firstViolation(subject, customer, cell, breaches)
      if (violation) return violation
      proved.add(cell.key)
    }
    return undefined
  }
}

/** What holds of somebody without a contract holds of all that the policy permits by itself. */
export function ofNobody(
  breachesOf: (subject: Subject) => Iterable<Breach>,
): NonNullable<Law['ofAll']> {
  return ({ subject }) => {
    const { nobody } = subject
    return firstViolation(subject, nobody, at(nobody.cells, 0), breachesOf(subject))
  }
}

function firstViolation(
  subject: Subject,
  customer: CustomerView,
  cell: CellView,
  breaches: Iterable<Breach>,
): Violation | undefined {
  for (const breach of breaches) {
    const violation = violationAt(subject, customer, cell, breach)
    if (violation) return violation
  }
  return undefined
}

export function violationAt(
  subject: Subject,
  customer: CustomerView,
  cell: CellView,
  [where, message]: Breach,
): Violation | undefined {
  const { bdd, wellFormed } = subject.space
  const asked = bdd.and(where, wellFormed)
  if (asked === FALSE) return undefined
  return { message, requests: [subject.request(customer, cell, asked)] }
}
