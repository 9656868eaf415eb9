import { assert, at } from '../assert.ts'
import type { Bundle } from '../decision/bundle.ts'
import type { Request, Signal } from '../decision/request.ts'
import type { Tables } from '../decision/tables.ts'
import { FALSE, type Func } from './bdd.ts'
import { type OddUse, oddUsesOf, unsaidValuesOf } from './bundle-rules.ts'
import { type Law, type Violation, violationAt } from './law.ts'
import { nameOf, type ReachRule, type Rule, type Rules } from './rules.ts'
import type { CellView, CustomerView, Subject } from './subject.ts'

/** Translation validation: not that the compiler is right, but that what it made of these documents is. */
export const meaning: Law = {
  id: 'meaning',
  says: 'the compiled tables decide every request as the documents mean it',
  ofAll: ({ subject, bundle }) =>
    unlikeNames(subject) ??
    unlikeThresholds(subject) ??
    unlikePolicy(subject) ??
    unlikeUses(subject, oddUsesOf(bundle.tables)) ??
    unlikeUnsaid(subject, bundle.tables, policyFunctions(subject), nowhere(subject)),
  ofCustomer: ({ subject, bundle }, customer) => unlikeCustomer(subject, bundle, customer),
}

/** Somebody without a contract, anywhere. */
function nowhere({ nobody }: Subject): Place {
  return { customer: nobody, cell: at(nobody.cells, 0) }
}

interface Place {
  readonly customer: CustomerView
  readonly cell: CellView
}

/** Any request, with some of it stated otherwise. */
function requestWith(subject: Subject, part: Partial<Request>): Request {
  const { customer, cell } = nowhere(subject)
  return { ...subject.request(customer, cell, subject.space.wellFormed), ...part }
}

/** A name that only one of the rules knows, or that they take for different things. */
function unlikeNames(subject: Subject): Violation | undefined {
  const [decided, meant] = [subject.decided.rules, subject.meant.rules]
  for (const fact of keysOf(decided.facts, meant.facts)) {
    const values = [decided, meant].map(({ facts }) => new Set(facts.get(fact) ?? []))
    const odd = [...at(values, 0).symmetricDifference(at(values, 1))]
    if (odd.length === 0) continue
    const message = `the tables and the documents do not give ${fact} the same values`
    return { message, requests: [requestWith(subject, { facts: { [fact]: odd } })] }
  }
  for (const use of keysOf(decided.uses, meant.uses)) {
    const leaves = [decided, meant].map(({ uses }) => new Set(uses.get(use) ?? []))
    if (at(leaves, 0).symmetricDifference(at(leaves, 1)).size === 0) continue
    const message = `the tables and the documents do not mean the same by ${use}`
    return { message, requests: [requestWith(subject, { uses: [use], facts: {} })] }
  }
  return undefined
}

function keysOf<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): ReadonlySet<string> {
  return new Set(a.keys()).union(new Set(b.keys()))
}

/** What holds of everybody: restrictions, one by one, and what the policy obliges to. */
function unlikePolicy(subject: Subject): Violation | undefined {
  const { decided, meant } = subject
  const [own, theirs] = [decided.rules.restrictions, meant.rules.restrictions]
  const ids = (rules: typeof own): string => rules.map(({ id }) => id).join()
  if (ids(own) !== ids(theirs)) {
    const request = requestWith(subject, { uses: [...meant.rules.leaves.keys()], facts: {} })
    const message = 'the tables do not hold the restrictions of the documents'
    return { message, requests: [request] }
  }
  for (const [i, { id, never }] of theirs.entries()) {
    const [mine, due] = [at(decided.triggers, i), at(meant.triggers, i)]
    const found = unlike(subject, mine, due, `${id} is not triggered where it should be`)
    if (found) return found
    if (at(own, i).never === never) continue
    const lifted = unlike(subject, due, FALSE, `the tables lose whether ${id} may be lifted`)
    if (lifted) return lifted
  }
  for (const id of keysOf(decided.duties, meant.duties)) {
    const { bdd } = subject.space
    const [mine, due] = [decided, meant].map(({ duties }) =>
      bdd.and(meant.permits, duties.get(id) ?? FALSE),
    )
    const message = `the obligation ${id} is not attached where it should be`
    const found = unlike(subject, mine ?? FALSE, due ?? FALSE, message)
    if (found) return found
  }
  return undefined
}

/** A request on which two functions differ, of somebody without a contract. */
function unlike(subject: Subject, f: Func, g: Func, message: string): Violation | undefined {
  const { customer, cell } = nowhere(subject)
  const { bdd, isCertain } = subject.space
  return violationAt(subject, customer, cell, [bdd.and(bdd.xor(f, g), isCertain), message])
}

/** A score that one side takes for suspicion, or for certainty, and the other does not, where that shows. */
function unlikeThresholds(subject: Subject): Violation | undefined {
  const [decided, meant] = [subject.decided.rules, subject.meant.rules]
  for (const [use, { referAt, denyAt }] of meant.leaves) {
    const other = decided.leaves.get(use)
    assert(other !== undefined, 'both know the same leaves by now')
    const isReferred = other.referAt === referAt
    if (isReferred && other.denyAt === denyAt) continue
    const [low, high] = isReferred ? [other.denyAt, denyAt] : [other.referAt, referAt]
    const facts = telling(subject, [use], isReferred ? [] : [...subject.meant.duties.keys()])
    const uses = unprohibited(meant)
    if (!facts || !uses) continue
    const signal: Signal = { detector: 'any', use, score: Math.min(low, high) }
    const message = `the tables and the documents do not suspect ${use} from the same score on`
    return { message, requests: [requestWith(subject, { uses, facts, signals: [signal] })] }
  }
  return undefined
}

function unprohibited({ leaves, restrictions }: Rules): readonly string[] | undefined {
  const free = [...leaves.keys()].find((id) =>
    restrictions.every(({ prohibits }) => !prohibits.has(id)),
  )
  return free === undefined ? undefined : [free]
}

/** Facts with which it matters that just these leaves are asked for: something is triggered, or a duty attached. */
function telling(
  { space, meant }: Subject,
  leaves: readonly string[],
  duties: readonly string[],
): Request['facts'] | undefined {
  const { bdd } = space
  const owed = duties.map((id) => bdd.and(meant.permits, meant.duties.get(id) ?? FALSE))
  const others = [...meant.rules.leaves.keys()].filter((leaf) => !leaves.includes(leaf))
  const alone = bdd.and(
    bdd.all(leaves.map((leaf) => space.leaf(1, leaf))),
    bdd.not(bdd.any(others.map((leaf) => space.leaf(1, leaf)))),
  )
  const where = bdd.all([bdd.any([...meant.triggers, ...owed]), alone, space.wellFormed])
  return where === FALSE ? undefined : space.stated(bdd.witness(where)).facts
}

/** A use that is looked up otherwise than its leaves are, where that shows. */
function unlikeUses(subject: Subject, odd: readonly OddUse[]): Violation | undefined {
  for (const { use, restriction } of odd) {
    const message = `the tables of the use ${use} are not those of its leaves`
    if (restriction === null) {
      return { message, requests: [requestWith(subject, { uses: [use], facts: {} })] }
    }
    const facts = factsOfEffect(subject, at(subject.meant.rules.restrictions, restriction), use)
    if (facts) return { message, requests: [requestWith(subject, { uses: [use], facts })] }
  }
  return undefined
}

/** Facts with which it matters whether a restriction looks at a use: it is triggered, or excused with a duty. */
function factsOfEffect(
  { space, meant }: Subject,
  { when, unless }: Rule,
  use: string,
): Request['facts'] | undefined {
  const { bdd } = space
  const touched = bdd.and(meant.touches(when), space.wellFormed)
  const excused = bdd.any(unless.map(({ scope }) => meant.covers(scope)))
  const triggered = bdd.minus(touched, excused)
  const leaves = new Set(meant.rules.uses.get(use) ?? [])
  const others = [...meant.rules.leaves.keys()].filter((leaf) => !leaves.has(leaf))
  const alone = bdd.minus(
    bdd.all([...leaves].map((leaf) => space.leaf(1, leaf))),
    bdd.any(others.map((leaf) => space.leaf(1, leaf))),
  )
  const obliging = unless.filter(({ obligations }) => obligations.length > 0)
  const owed = bdd.any(obliging.map(({ scope }) => meant.covers(scope)))
  const permitted = bdd.all([touched, owed, alone, meant.permits])
  const where = triggered === FALSE ? permitted : triggered
  return where === FALSE ? undefined : space.stated(bdd.witness(where)).facts
}

/** Functions of the policy that decisions show. */
function policyFunctions({ space: { bdd }, decided }: Subject): readonly Func[] {
  const owed = [...decided.duties.values()].map((duty) => bdd.and(decided.permits, duty))
  return [...decided.triggers, ...owed]
}

/** A request in which it shows that a fact which is not stated is missing a value. */
function unlikeUnsaid(
  subject: Subject,
  tables: Tables,
  functions: readonly Func[],
  { customer, cell }: Place,
): Violation | undefined {
  const { bdd, statements, wellFormed } = subject.space
  for (const { fact, value } of unsaidValuesOf(tables)) {
    const own = [...statements.entries()].flatMap(([variable, statement]) =>
      statement.kind === 'value' && statement.fact === fact
        ? [{ variable, isMissing: statement.value === value }]
        : [],
    )
    const given = (f: Func, isMissing: boolean): Func =>
      own.reduce((g, one) => bdd.restrict(g, one.variable, !(isMissing && one.isMissing)), f)
    for (const f of functions) {
      const all = bdd.all(own.map(({ variable }) => bdd.variable(variable)))
      const where = bdd.all([bdd.xor(given(f, true), given(f, false)), wellFormed, all])
      if (where === FALSE) continue
      const request = subject.request(customer, cell, where)
      const { [fact]: _, ...facts } = request.facts
      const message = `${fact} is missing a value where it is not stated`
      return { message, requests: [{ ...request, facts }] }
    }
  }
  return undefined
}

function unlikeCustomer(
  subject: Subject,
  { tables }: Bundle,
  customer: CustomerView,
): Violation | undefined {
  const hasUnsaid = unsaidValuesOf(tables).length > 0
  for (const cell of customer.cells) {
    const isSame =
      cell.decided.length === cell.meant.length &&
      cell.decided.every((reach, i) => isAlike(subject, reach, at(cell.meant, i)))
    const found = isSame ? undefined : unlikeCell(subject, customer, cell)
    const lost = found ?? unlikeDuties(subject, customer, cell)
    if (lost) return lost
    if (!hasUnsaid) continue
    const used = subject.decided.exceptions(cell.decided)
    const unsaid = unlikeUnsaid(subject, tables, used, { customer, cell })
    if (unsaid) return unsaid
  }
  return undefined
}

/** A duty of the policy that tables and documents do not attach alike to what a tailoring permits. */
function unlikeDuties(
  subject: Subject,
  customer: CustomerView,
  cell: CellView,
): Violation | undefined {
  const { space, decided, meant } = subject
  const { bdd, isCertain } = space
  const odd = [...keysOf(decided.duties, meant.duties)].flatMap((id) => {
    const differs = bdd.xor(decided.duties.get(id) ?? FALSE, meant.duties.get(id) ?? FALSE)
    return differs === FALSE ? [] : [{ id, where: bdd.and(differs, isCertain) }]
  })
  if (odd.length === 0) return undefined
  for (const [i, used] of decided.exceptions(cell.decided).entries()) {
    for (const { id, where } of odd) {
      if (at(cell.decided, i).obligations.includes(id)) continue
      const message = `the obligation ${id} is not attached where it should be`
      const found = violationAt(subject, customer, cell, [bdd.and(used, where), message])
      if (found) return found
    }
  }
  return undefined
}

/** Whether two reaches do the same by the same name. Equal functions are equal numbers. */
function isAlike({ decided, meant }: Subject, mine: ReachRule, due: ReachRule): boolean {
  return (
    nameOf(mine) === nameOf(due) &&
    mine.obligations.join() === due.obligations.join() &&
    decided.lifts(mine) === meant.lifts(due) &&
    decided.covers(mine.scope) === meant.covers(due.scope)
  )
}

/** Which tailoring permits what, and with which obligations, where tables and documents differ in any of it. */
function unlikeCell(
  subject: Subject,
  customer: CustomerView,
  cell: CellView,
): Violation | undefined {
  const { bdd, isCertain } = subject.space
  const [own, theirs] = [
    permitsByName(subject.decided.exceptions(cell.decided), cell.decided),
    permitsByName(subject.meant.exceptions(cell.meant), cell.meant),
  ]
  for (const name of keysOf(own, theirs)) {
    const [mine, due] = [own.get(name), theirs.get(name)]
    const [here, there] = [mine?.where ?? FALSE, due?.where ?? FALSE]
    // An obligation that the policy attaches by itself is not lost.
    const lost = [
      ...(mine?.obligations ?? new Set<string>()).symmetricDifference(
        due?.obligations ?? new Set<string>(),
      ),
    ].map((id) => bdd.minus(bdd.and(here, there), subject.meant.duties.get(id) ?? FALSE))
    const differs = bdd.any([bdd.xor(here, there), ...lost])
    const message = `${name} does not permit ${customer.id} what the documents say`
    const found = violationAt(subject, customer, cell, [bdd.and(differs, isCertain), message])
    if (found) return found
  }
  return undefined
}

interface Permits {
  readonly where: Func
  readonly obligations: ReadonlySet<string>
}

function permitsByName(
  where: readonly Func[],
  usable: readonly ReachRule[],
): ReadonlyMap<string, Permits> {
  return new Map(
    usable.map((reach, i) => [
      nameOf(reach),
      { where: at(where, i), obligations: new Set(reach.obligations) },
    ]),
  )
}
