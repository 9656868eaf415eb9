import { at } from '../assert.ts'
import { sealed } from '../decision/bundle.ts'
import { complement, intersect } from '../interval.ts'
import { FALSE, type Func } from './bdd.ts'
import { Judging } from './judging.ts'
import {
  type Breach,
  inCells,
  inTailorings,
  type Law,
  ofNobody,
  type Proved,
  type Violation,
  violationAt,
} from './law.ts'
import { meaning } from './meaning.ts'
import { placeOf, type ReachRule } from './rules.ts'
import type { Space } from './space.ts'
import type { CellView, CustomerView, Subject } from './subject.ts'

// The laws of docs/semantics.md §11 as they can be stated of one bundle: of all requests, customers, deployments,
// snapshots and instants at once. What decides is what was read back out of the tables, and what it is held
// against is what was meant.

const floor: Law = {
  id: 'L1',
  says: 'no request that triggers a restriction which is never tailorable is allowed',
  ofAll: ofNobody(({ space: { bdd }, decided, meant }) => [
    [
      bdd.and(decided.permits, meant.never),
      'the policy permits what triggers a restriction that is never tailorable',
    ],
  ]),
  ofCustomer: inTailorings(({ space: { bdd }, decided, meant }, reach) => [
    [
      bdd.and(decided.lifts(reach), meant.never),
      'a tailoring permits what triggers a restriction that is never tailorable',
    ],
  ]),
}

const layersNarrow: Law = {
  id: 'L2',
  says: 'taking away a tailoring, or any of what it reaches, or adding a restriction permits no more',
  ofAll: ofNobody(function* (subject) {
    for (const [id, without] of judgingsWithout(subject)) {
      const more = subject.space.bdd.minus(subject.decided.permits, without.permits)
      yield [more, `adding the restriction ${id} permits more`] as const
    }
  }),
  // Tailorings never add up: what several permit is what each permits, so that each can be looked at alone.
  ofCustomer: inTailorings(function* (subject, reach) {
    const { bdd } = subject.space
    const lifted = subject.decided.lifts(reach)
    for (const smaller of shrunk(reach)) {
      const message = `less of ${reach.tailoring} permits more`
      yield [bdd.minus(subject.decided.lifts(smaller), lifted), message] as const
    }
    for (const [id, without] of judgingsWithout(subject)) {
      const message = `adding the restriction ${id} permits more`
      yield [bdd.minus(lifted, without.lifts(reach)), message] as const
    }
  }),
}

/** A tailoring with one lift or one use less. A value less is a smaller set in `covers`, and so are less times. */
function shrunk(reach: ReachRule): readonly ReachRule[] {
  const { lifts, uses } = reach
  return [
    ...[...lifts].map((id) => ({ ...reach, lifts: lifts.difference(new Set([id])) })),
    ...[...uses].map((id) => ({ ...reach, uses: uses.difference(new Set([id])) })),
  ]
}

const withouts = new WeakMap<Subject, ReadonlyMap<string, Judging>>()

/** The rules that decide, with each restriction taken out. */
function judgingsWithout(subject: Subject): ReadonlyMap<string, Judging> {
  const known = withouts.get(subject)
  if (known) return known
  const { space, decided } = subject
  const { rules } = decided
  const made = new Map(
    rules.restrictions.map(({ id }) => {
      const restrictions = rules.restrictions.filter((other) => other.id !== id)
      return [id, new Judging(space, 0, { ...rules, restrictions })]
    }),
  )
  withouts.set(subject, made)
  return made
}

/** Where saying more, of what some variables stand for, makes a function hold that did not. */
function* sayingMore(
  { bdd, statements }: Space,
  f: Func,
  kinds: readonly string[],
): Generator<Breach> {
  for (const [variable, { kind }] of statements.entries()) {
    if (!kinds.includes(kind)) continue
    const [said, unsaid] = [bdd.restrict(f, variable, true), bdd.restrict(f, variable, false)]
    yield [bdd.and(bdd.minus(said, unsaid), bdd.variable(variable)), 'saying more permits more']
  }
}

/** A law that saying more permits no more: the policy by itself, and each tailoring with what it lifts. */
function sayingNoMore(kinds: readonly string[]): Pick<Law, 'ofAll' | 'ofCustomer'> {
  return {
    ofAll: ofNobody(({ space, decided }) => sayingMore(space, decided.permits, kinds)),
    ofCustomer: inTailorings(({ space, decided }, reach) =>
      sayingMore(space, decided.lifts(reach), kinds),
    ),
  }
}

const unsaidCounts: Law = {
  id: 'L3',
  says: 'adding values to a fact, or uses to a request, permits no more',
  ...sayingNoMore(['value', 'use']),
}

const detectorsNeverPermit: Law = {
  id: 'L4',
  says: 'raising a score suspects no fewer uses, and more suspected uses permit no more',
  ...sayingNoMore(['use', 'signal']),
}

const noStitching: Law = {
  id: 'L5',
  says: 'whatever is permitted under exception, a single tailoring alone permits',
  ofCustomer: inCells(({ space: { bdd }, decided, meant }, cell) => {
    const isMeant = (reach: ReachRule): boolean =>
      cell.meant.some(
        (other) =>
          meant.lifts(other) === decided.lifts(reach) &&
          meant.covers(other.scope) === decided.covers(reach.scope),
      )
    if (cell.decided.every(isMeant)) return []
    const alone = bdd.any(cell.meant.flatMap((reach) => meant.exceptions([reach])))
    const used = bdd.any(decided.exceptions(cell.decided))
    return [[bdd.minus(used, alone), 'an exception is permitted that no tailoring alone permits']]
  }),
}

/** Where some tailorings of a cell permit, out of those that are not as they should be. */
function whereUsed(
  { subject }: Proved,
  customer: CustomerView,
  isBad: (reach: ReachRule, cell: CellView) => string | undefined,
): Violation | undefined {
  for (const cell of customer.cells) {
    const bad = cell.decided.map((reach) => isBad(reach, cell))
    if (bad.every((message) => message === undefined)) continue
    const used = subject.decided.exceptions(cell.decided)
    for (const [i, message] of bad.entries()) {
      const breach: Breach = [at(used, i), message ?? '']
      const violation = message ? violationAt(subject, customer, cell, breach) : undefined
      if (violation) return violation
    }
  }
  return undefined
}

const clock: Law = {
  id: 'L6',
  says: 'no tailoring permits anything outside the intervals in which it was meant to be in force',
  ofCustomer: (proved, customer) =>
    whereUsed(proved, customer, (reach, { meant }) =>
      meant.some((other) => placeOf(other) === placeOf(reach))
        ? undefined
        : `${reach.tailoring} permits where and when it is not in force`,
    ),
}

const modelCeiling: Law = {
  id: 'L7',
  says: 'no snapshot serves a tailoring once it was not eligible, and none is open to it again',
  ofCustomer: (proved, customer) =>
    whereUsed(proved, customer, (reach, { models, times }) => {
      const meant = customer.meant.find((other) => placeOf(other) === placeOf(reach))
      const served = meant?.serves.get(models.ids[0] ?? '') ?? []
      if (served.length > 2)
        return `${reach.tailoring} is open again to a snapshot that it was closed to`
      return intersect(times, complement(served)).length === 0
        ? undefined
        : `${reach.tailoring} is served by a snapshot that is not eligible`
    }),
}

const totality: Law = {
  id: 'L8',
  says: 'every request gets exactly one outcome',
  // Whether one of several tailorings permits is asked of each in turn, and denied is what is left.
  ofCustomer: inTailorings(function* ({ space: { bdd }, decided }, reach) {
    const { permits, never } = decided
    const exception = bdd.minus(decided.lifts(reach), permits)
    const denied = bdd.or(never, bdd.minus(bdd.not(permits), decided.lifts(reach)))
    yield [bdd.not(bdd.any([permits, exception, denied])), 'a request gets no outcome'] as const
    const twice = [
      bdd.and(permits, exception),
      bdd.and(permits, denied),
      bdd.and(exception, denied),
    ]
    yield [bdd.any(twice), 'a request gets two outcomes'] as const
  }),
}

const replay: Law = {
  id: 'L9',
  says: 'the same documents give the same bundle: compiled again, and in another order',
  ofAll: ({ bundle, recompiled, sha256 }) => {
    const digests = [sealed({ ...bundle, lease: bundle }, sha256).digest, ...recompiled]
    return digests.every((digest) => digest === bundle.digest)
      ? undefined
      : { message: 'the bundle has another digest when it is made again', requests: [] }
  },
}

const othersAreIrrelevant: Law = {
  id: 'L10',
  says: "a customer's decisions rest on that customer's contracts alone",
  ofCustomer: (proved, customer) => {
    const own = new Set(customer.meant.map(placeOf))
    return whereUsed(proved, customer, (reach) =>
      own.has(placeOf(reach))
        ? undefined
        : `${customer.id} is permitted by ${reach.contract}, which is no contract of theirs`,
    )
  },
}

const dutiesPersist: Law = {
  id: 'L11',
  says: 'an exception keeps every obligation that the policy attaches',
  ofAll: ofNobody((subject) => lostDuties(subject, subject.decided.permits, [])),
  ofCustomer: inTailorings((subject, reach) =>
    lostDuties(subject, subject.decided.lifts(reach), reach.obligations),
  ),
}

function* lostDuties(
  { space: { bdd }, decided, meant }: Subject,
  permitted: Func,
  obligations: readonly string[],
): Generator<Breach> {
  for (const [id, owed] of meant.duties) {
    if (obligations.includes(id)) continue
    const lost = bdd.minus(owed, decided.duties.get(id) ?? FALSE)
    yield [bdd.and(permitted, lost), `the obligation ${id} of the policy is lost`]
  }
}

export const LAWS: readonly Law[] = [
  meaning,
  floor,
  layersNarrow,
  unsaidCounts,
  detectorsNeverPermit,
  noStitching,
  clock,
  modelCeiling,
  totality,
  replay,
  othersAreIrrelevant,
  dutiesPersist,
]
