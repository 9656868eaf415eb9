import { at } from '../assert.ts'
import { sealed } from '../decision/bundle.ts'
import { complement, intersect } from '../interval.ts'
import { FALSE, type Func, TRUE } from './bdd.ts'
import { Judging } from './judging.ts'
import { type Breach, inCells, type Law, type Proved, type Violation, violationAt } from './law.ts'
import { meaning } from './meaning.ts'
import type { ReachRule } from './rules.ts'
import type { CellView, CustomerView, Subject } from './subject.ts'

// The laws of docs/semantics.md §11 as they can be stated of one bundle: of all requests, customers, deployments,
// snapshots and instants at once. What decides is what was read back out of the tables, and what it is held
// against is what was meant.

/** What holds of somebody without a contract holds of all base permits. */
function ofNobody(breachOf: (subject: Subject) => Breach): NonNullable<Law['ofAll']> {
  return ({ subject }) =>
    violationAt(subject, subject.nobody, at(subject.nobody.cells, 0), breachOf(subject))
}

const floor: Law = {
  id: 'L1',
  says: 'no request that triggers a restriction which is never tailorable is allowed',
  ofAll: ofNobody(({ space: { bdd }, decided, meant }) => [
    bdd.and(decided.permits, meant.never),
    'the policy permits what triggers a restriction that is never tailorable',
  ]),
  ofCustomer: inCells(({ space: { bdd }, decided, meant }, cell) => [
    [
      bdd.and(bdd.any(decided.exceptions(cell.decided)), meant.never),
      'a tailoring permits what triggers a restriction that is never tailorable',
    ],
  ]),
}

const layersNarrow: Law = {
  id: 'L2',
  says: 'taking away a tailoring, or any of what it reaches, or adding a restriction permits no more',
  ofCustomer: inCells(function* (subject, { decided: usable }) {
    const { space, decided } = subject
    const { bdd } = space
    const allowed = decided.allowed(usable)
    for (const [i, reach] of usable.entries()) {
      for (const less of [[], ...shrunk(reach).map((smaller) => [smaller])]) {
        const fewer = decided.allowed(usable.toSpliced(i, 1, ...less))
        yield [bdd.minus(fewer, allowed), `less of ${reach.tailoring} permits more`] as const
      }
    }
    for (const [id, without] of judgingsWithout(subject)) {
      const before = without.allowed(usable)
      yield [bdd.minus(allowed, before), `adding the restriction ${id} permits more`] as const
    }
  }),
}

/** A reach with one lift, one use or one value less. */
function shrunk(reach: ReachRule): readonly ReachRule[] {
  const { lifts, uses, scope } = reach
  return [
    ...[...lifts].map((id) => ({ ...reach, lifts: lifts.difference(new Set([id])) })),
    ...[...uses].map((id) => ({ ...reach, uses: uses.difference(new Set([id])) })),
    ...[...scope].flatMap(([fact, values]) =>
      values.map((value) => {
        const fewer = values.filter((other) => other !== value)
        return { ...reach, scope: new Map(scope).set(fact, fewer) }
      }),
    ),
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

/** Breaches of a cell in which saying more of what some variables stand for permits more. */
function* sayingMore(
  { space, decided }: Subject,
  { decided: usable }: CellView,
  kinds: readonly string[],
): Generator<Breach> {
  const { bdd, statements } = space
  const allowed = decided.allowed(usable)
  for (const [variable, { kind }] of statements.entries()) {
    if (!kinds.includes(kind)) continue
    const said = bdd.restrict(allowed, variable, true)
    const unsaid = bdd.restrict(allowed, variable, false)
    yield [bdd.and(bdd.minus(said, unsaid), bdd.variable(variable)), 'saying more permits more']
  }
}

const unsaidCounts: Law = {
  id: 'L3',
  says: 'adding values to a fact, or uses to a request, permits no more',
  ofCustomer: inCells((subject, cell) => sayingMore(subject, cell, ['value', 'use'])),
}

const detectorsNeverPermit: Law = {
  id: 'L4',
  says: 'raising a score suspects no fewer uses, and more suspected uses permit no more',
  ofAll: ({ subject }) => {
    for (const [leaf, { referAt, denyAt }] of subject.decided.rules.leaves) {
      if (referAt >= 0 && denyAt <= 1 && referAt <= denyAt) continue
      const signals = [{ detector: 'any', use: leaf, score: Math.min(1, Math.max(0, denyAt)) }]
      const request = subject.request(
        subject.nobody,
        at(subject.nobody.cells, 0),
        subject.space.wellFormed,
      )
      return {
        message: `${leaf} is denied at a score that does not refer it`,
        requests: [{ ...request, signals }],
      }
    }
    return undefined
  },
  ofCustomer: inCells((subject, cell) => sayingMore(subject, cell, ['use', 'signal'])),
}

const noStitching: Law = {
  id: 'L5',
  says: 'whatever is permitted under exception, a single tailoring alone permits',
  ofCustomer: inCells(({ space: { bdd }, decided, meant }, cell) => [
    [
      bdd.minus(
        bdd.any(decided.exceptions(cell.decided)),
        bdd.any(cell.meant.flatMap((reach) => meant.exceptions([reach]))),
      ),
      'an exception is permitted that no tailoring alone permits',
    ],
  ]),
}

function placeOf({ contract, tailoring, deployment }: ReachRule): string {
  return `${contract}/${tailoring}/${deployment}`
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
  ofCustomer: inCells(function* ({ space: { bdd }, decided }, { decided: usable }) {
    const { permits, never } = decided
    const suited = bdd.any(usable.map((reach) => decided.suits(reach)))
    const exception = bdd.any(decided.exceptions(usable))
    const denied = bdd.minus(bdd.not(permits), bdd.minus(suited, never))
    yield [bdd.not(bdd.any([permits, exception, denied])), 'a request gets no outcome']
    const both = [bdd.and(permits, exception), bdd.and(permits, denied), bdd.and(exception, denied)]
    yield [bdd.any(both), 'a request gets two outcomes']
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
  ofCustomer: inCells(function* ({ space: { bdd }, decided, meant }, { decided: usable }) {
    const permitted: readonly (readonly [ReachRule | null, Func])[] = [
      [null, decided.permits],
      ...decided.exceptions(usable).map((f, i) => [at(usable, i), f] as const),
    ]
    for (const [id, owed] of meant.duties) {
      for (const [reach, where] of permitted) {
        const kept = reach?.obligations.includes(id) ? TRUE : (decided.duties.get(id) ?? FALSE)
        const message = `the obligation ${id} of the policy is lost`
        yield [bdd.and(where, bdd.minus(owed, kept)), message] as const
      }
    }
  }),
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
