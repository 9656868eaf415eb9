import type { Law, Proved, Violation } from './law.ts'

/** What came of a law. */
export interface Proof {
  readonly law: Law
  /** Where it does not hold; undefined when it does. */
  readonly violation: Violation | undefined
  /**
   * Entries of the catalogue under which some later contract could break it; undefined when that is not known: of a
   * bundle, and of laws that speak of the contracts there are.
   */
  readonly openEntries: readonly string[] | undefined
}

/** What was gone through. */
export interface Covered {
  readonly customers: number
  /** Tailorings on deployments. */
  readonly reaches: number
  /** Deployments, snapshots and times in which the same can be used. */
  readonly cells: number
  readonly restrictions: number
}

export interface Proofs {
  readonly proofs: readonly Proof[]
  readonly covered: Covered
}

/** Decides laws, each for all requests. The customers are gone through once. */
export function prove(proved: Proved, laws: readonly Law[]): Proofs {
  const { subject } = proved
  const violations = new Map<Law, Violation>()
  const note = (law: Law, violation: Violation | undefined): void => {
    if (violation) violations.set(law, violation)
  }
  for (const law of laws) note(law, law.ofAll?.(proved))
  const covered = { customers: 0, reaches: 0, cells: 0 }
  const goThrough = (customer: typeof subject.nobody): void => {
    covered.reaches += customer.decided.length
    covered.cells += customer.cells.length
    for (const law of laws) {
      if (!violations.has(law)) note(law, law.ofCustomer?.(proved, customer))
    }
  }
  goThrough(subject.nobody)
  for (const id of subject.customers()) {
    covered.customers += 1
    goThrough(subject.view(id))
  }
  const restrictions = subject.decided.rules.restrictions.length
  return {
    proofs: laws.map((law) => ({
      law,
      violation: violations.get(law),
      openEntries: openEntriesOf(proved, law),
    })),
    covered: { ...covered, restrictions },
  }
}

function openEntriesOf({ subject, catalogue }: Proved, law: Law): readonly string[] | undefined {
  const { ofEntry } = law
  if (!ofEntry || !catalogue) return undefined
  return catalogue.filter((entry) => !ofEntry(subject, entry)).map(({ tailoring }) => tailoring)
}
