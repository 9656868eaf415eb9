import type { ProofStatement } from '../decision/proofs.ts'
import { contains } from '../interval.ts'
import { FALSE, type Func } from './bdd.ts'
import { isNamed } from './cells.ts'
import { type Breach, inCells, type Law, type Violation, violationAt } from './law.ts'
import type { ReachRule, Rules } from './rules.ts'
import { type CellView, type CustomerView, instantIn, type Subject } from './subject.ts'

/** A statement of `proofs.yaml` (docs/formats.md), as something to prove. */
export function lawOfStatement({ id, never, only, everything }: ProofStatement): Law {
  if (never) return { id, ...neverLaw(never) }
  if (only) return { id, ...onlyLaw(only) }
  return { id, ...everythingLaw(everything as NonNullable<typeof everything>) }
}

type Said = Omit<Law, 'id'>

function neverLaw({ uses, facts = {}, customers }: NonNullable<ProofStatement['never']>): Said {
  const meantBy = ({ decided, space }: Subject): Func => {
    const leaves = uses?.flatMap((use) => decided.rules.uses.get(use) ?? [])
    const named = leaves && decided.prohibited(new Set(leaves))
    const touched = decided.touches(new Map(Object.entries(facts)))
    return named === undefined ? touched : space.bdd.and(named, touched)
  }
  const used = (subject: Subject, usable: readonly ReachRule[]): Func =>
    subject.space.bdd.and(
      subject.space.bdd.any(subject.decided.exceptions(usable)),
      meantBy(subject),
    )
  const parts = [
    uses ? `what is prohibited of ${uses.join(', ')}` : 'anything',
    ...Object.entries(facts).map(([fact, values]) => `${fact} that may be ${values.join(' or ')}`),
  ]
  const who = customers ? ` to ${customers.join(', ')}` : ''
  const check = inCells((subject, { decided: usable }) => [
    [used(subject, usable), 'an exception permits it'],
  ])
  return {
    says: `no exception permits ${parts.join(', with ')}${who}`,
    ofCustomer: (proved, customer) =>
      customers?.includes(customer.id) === false ? undefined : check(proved, customer),
    ofEntry: (subject, entry) => used(subject, [entry]) === FALSE,
  }
}

function onlyLaw({ customers, reach }: NonNullable<ProofStatement['only']>): Said {
  const reached = ({ space: { bdd }, decided }: Subject, usable: readonly ReachRule[]): Func => {
    const index = decided.rules.restrictions.findIndex(({ id }) => id === reach)
    const triggered = decided.triggers[index] ?? FALSE
    return bdd.and(bdd.any(decided.exceptions(usable)), triggered)
  }
  const check = inCells((subject, { decided: usable }) => [
    [reached(subject, usable), `somebody else is permitted what ${reach} prohibits`],
  ])
  return {
    says: `only ${customers.join(', ')} can be permitted what ${reach} prohibits`,
    ofCustomer: (proved, customer) =>
      customers.includes(customer.id) ? undefined : check(proved, customer),
    ofEntry: (subject, entry) => reached(subject, [entry]) === FALSE,
  }
}

function everythingLaw(said: NonNullable<ProofStatement['everything']>): Said {
  const [one, other] = [said['permitted-to'], said['is-permitted-to']]
  const message = `this is permitted to ${one} and not to ${other}`
  return {
    says: `everything that is permitted to ${one}, on any deployment, is permitted to ${other} on some`,
    ofCustomer: ({ subject }, customer): Violation | undefined => {
      if (customer.id !== one) return undefined
      const theirs = subject.view(other)
      for (const cell of customer.cells) {
        for (const part of partsOf(subject.decided.rules, cell, customer, theirs)) {
          const breach: Breach = [notPermittedToo(subject, part), message]
          const found = violationAt(subject, customer, part.cell, breach)
          if (found) return found
        }
      }
      return undefined
    },
  }
}

function notPermittedToo({ space: { bdd }, decided }: Subject, { cell, others }: Part): Func {
  const theirs = others.map((other) => decided.allowed(other.decided))
  return bdd.minus(decided.allowed(cell.decided), bdd.any(theirs))
}

interface Part {
  readonly cell: CellView
  /** The other customer's cells of that snapshot and time, one for each deployment. */
  readonly others: readonly CellView[]
}

/** A cell in parts in each of which the other customer's deployments stay in one cell each. */
function* partsOf(
  { models }: Rules,
  cell: CellView,
  mine: CustomerView,
  theirs: CustomerView,
): Generator<Part> {
  const known = [...mine.cells, ...theirs.cells].flatMap((other) => other.models.ids)
  const all = [...new Set([...known, ...models, 'unlisted'])]
  for (const model of all) {
    if (!isNamed(cell.models, model)) continue
    const served = theirs.cells.filter((other) => isNamed(other.models, model))
    const edges = [...new Set([...cell.times, ...served.flatMap(({ times }) => times)])]
    const ascending = edges.sort((a, b) => a - b)
    for (const [i, from] of ascending.slice(0, -1).entries()) {
      const until = ascending[i + 1] ?? Infinity
      const instant = instantIn([from, until])
      if (!contains(cell.times, instant)) continue
      const others = served.filter(({ times }) => contains(times, instant))
      const place = { models: { ids: [model], isAllBut: false }, times: [from, until] }
      yield { cell: { ...cell, ...place }, others }
    }
  }
}
