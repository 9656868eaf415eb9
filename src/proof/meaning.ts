import { at } from '../assert.ts'
import type { Request, Signal } from '../decision/request.ts'
import { FALSE, type Func } from './bdd.ts'
import { contradictionsOf } from './bundle-rules.ts'
import type { Law, Violation } from './law.ts'
import type { ReachRule, Rules } from './rules.ts'
import type { CellView, CustomerView, Subject } from './subject.ts'

/** Translation validation: not that the compiler is right, but that what it made of these documents is. */
export const meaning: Law = {
  id: 'meaning',
  says: 'the compiled tables decide every request as the documents mean it',
  ofAll: ({ subject, bundle }) =>
    contradiction(subject, contradictionsOf(bundle.tables)) ??
    unlikeNames(subject) ??
    unlikePolicy(subject),
  ofCustomer: ({ subject }, customer) => unlikeCustomer(subject, customer),
}

/** Any request, with some of it stated otherwise. */
function requestWith(subject: Subject, part: Partial<Request>): Request {
  const { nobody, space } = subject
  return { ...subject.request(nobody, at(nobody.cells, 0), space.wellFormed), ...part }
}

function contradiction(
  subject: Subject,
  [first]: ReturnType<typeof contradictionsOf>,
): Violation | undefined {
  if (!first) return undefined
  const uses = first.use === undefined ? [...subject.meant.rules.leaves.keys()] : [first.use]
  return { message: first.message, requests: [requestWith(subject, { uses, facts: {} })] }
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
  return unlikeThresholds(subject, decided, meant)
}

function keysOf<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): ReadonlySet<string> {
  return new Set(a.keys()).union(new Set(b.keys()))
}

function unlikeThresholds(subject: Subject, decided: Rules, meant: Rules): Violation | undefined {
  for (const [use, { referAt, denyAt }] of meant.leaves) {
    const other = decided.leaves.get(use)
    if (other?.referAt === referAt && other.denyAt === denyAt) continue
    const scores =
      other?.referAt === referAt ? [other.denyAt, denyAt] : [other?.referAt ?? 0, referAt]
    const signal: Signal = { detector: 'any', use, score: Math.min(...scores) }
    const message = `the tables and the documents do not suspect ${use} from the same score on`
    return { message, requests: [requestWith(subject, { facts: {}, signals: [signal] })] }
  }
  return undefined
}

/** What holds of everybody: restrictions, one by one, and what the policy obliges to. */
function unlikePolicy(subject: Subject): Violation | undefined {
  const { decided, meant } = subject
  const [own, theirs] = [decided.rules.restrictions, meant.rules.restrictions]
  const ids = (rules: typeof own): string => rules.map(({ id }) => id).join()
  if (ids(own) !== ids(theirs)) {
    const request = requestWith(subject, { uses: [...meant.rules.leaves.keys()], facts: {} })
    return {
      message: 'the tables do not hold the restrictions of the documents',
      requests: [request],
    }
  }
  for (const [i, { id, never }] of theirs.entries()) {
    const [mine, due] = [at(decided.triggers, i), at(meant.triggers, i)]
    const found = differing(subject, mine, due, `${id} is not triggered by what it prohibits`)
    if (found) return found
    if (at(own, i).never === never) continue
    const lifted = differing(subject, due, FALSE, `the tables lose whether ${id} may be lifted`)
    if (lifted) return lifted
  }
  for (const id of keysOf(decided.duties, meant.duties)) {
    const { bdd } = subject.space
    const mine = bdd.and(decided.permits, decided.duties.get(id) ?? FALSE)
    const due = bdd.and(decided.permits, meant.duties.get(id) ?? FALSE)
    const found = differing(subject, mine, due, `the obligation ${id} is not as the policy says`)
    if (found) return found
  }
  return undefined
}

/** A request on which two functions differ, of somebody without a contract. */
function differing(subject: Subject, f: Func, g: Func, message: string): Violation | undefined {
  const { bdd, wellFormed } = subject.space
  const where = bdd.and(bdd.xor(f, g), wellFormed)
  if (where === FALSE) return undefined
  const cell = at(subject.nobody.cells, 0)
  return { message, requests: [subject.request(subject.nobody, cell, where)] }
}

function nameOf({ contract, tailoring }: ReachRule): string {
  return `${contract}/${tailoring}`
}

function unlikeCustomer(subject: Subject, customer: CustomerView): Violation | undefined {
  for (const cell of customer.cells) {
    const [own, theirs] = cell.key.split('\n')
    const isSame =
      own === theirs && cell.decided.map(nameOf).join() === cell.meant.map(nameOf).join()
    if (isSame) continue
    const found = unlikeCell(subject, customer, cell)
    if (found) return found
  }
  return undefined
}

/** Which tailoring permits what, and with which obligations, where tables and documents differ in any of it. */
function unlikeCell(
  subject: Subject,
  customer: CustomerView,
  cell: CellView,
): Violation | undefined {
  const { bdd, wellFormed } = subject.space
  const [own, theirs] = [
    permitsByName(subject.decided.exceptions(cell.decided), cell.decided),
    permitsByName(subject.meant.exceptions(cell.meant), cell.meant),
  ]
  for (const name of keysOf(own, theirs)) {
    const [mine, due] = [own.get(name), theirs.get(name)]
    const isSameDuty = mine?.obligations === due?.obligations
    const unlike = isSameDuty
      ? bdd.xor(mine?.where ?? FALSE, due?.where ?? FALSE)
      : bdd.or(mine?.where ?? FALSE, due?.where ?? FALSE)
    const where = bdd.and(unlike, wellFormed)
    if (where === FALSE) continue
    const message = `${name} does not permit ${customer.id} what the documents say`
    return { message, requests: [subject.request(customer, cell, where)] }
  }
  return undefined
}

interface Permits {
  readonly where: Func
  readonly obligations: string
}

function permitsByName(
  where: readonly Func[],
  usable: readonly ReachRule[],
): ReadonlyMap<string, Permits> {
  return new Map(
    usable.map((reach, i) => [
      nameOf(reach),
      { where: at(where, i), obligations: reach.obligations.join() },
    ]),
  )
}
