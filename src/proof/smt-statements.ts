import type { ProofStatement } from '../decision/proofs.ts'
import { claim, type Negation, ofRequest, type SmtSubject } from './smt-laws.ts'
import { touches } from './smt-side.ts'
import { allOf, anyOf, meets, member, numberOf, setOf, term } from './smt-text.ts'

/** A statement of `proofs.yaml` (docs/formats.md), negated. */
export function negationOf({ never, only, everything }: ProofStatement): Negation {
  if (never) return notNever(never)
  if (only) return notOnly(only)
  return notEverything(everything as NonNullable<typeof everything>)
}

function isOneOf({ names: { customers } }: SmtSubject, ids: readonly string[]): string {
  const known = ids.filter((id) => customers.ids.includes(id))
  return anyOf(known.map((id) => term('=', 'customer', numberOf(customers, id))))
}

function notNever({ uses, facts = {}, customers }: NonNullable<ProofStatement['never']>): Negation {
  return ofRequest(false, (subject) => {
    const { names, decided } = subject
    const leaves = uses?.flatMap((use) => decided.rules.uses.get(use) ?? [])
    return [
      claim('decided.excepts'),
      ...(leaves
        ? [claim(meets(names.uses, 'decided.prohibited', setOf(names.uses, leaves)))]
        : []),
      ...touches(names, new Map(Object.entries(facts)), 'facts').map(claim),
      ...(customers ? [claim(isOneOf(subject, customers))] : []),
    ]
  })
}

function notOnly({ customers, reach }: NonNullable<ProofStatement['only']>): Negation {
  return ofRequest(false, (subject) => {
    const { restrictions } = subject.names
    return [
      claim('decided.excepts'),
      claim(meets(restrictions, 'decided.triggered', member(restrictions, reach))),
      claim(term('not', isOneOf(subject, customers))),
    ]
  })
}

function notEverything(said: NonNullable<ProofStatement['everything']>): Negation {
  const [one, other] = [said['permitted-to'], said['is-permitted-to']]
  return ofRequest(false, (subject) => {
    const theirs = subject.decidedReaches.all.filter(({ customer }) => customer === other)
    const suits = theirs.map(({ times, shape }) => allOf([times, `decided.${shape}`]))
    return [
      claim(isOneOf(subject, [one])),
      claim('decided.excepts'),
      claim(term('not', anyOf(suits))),
    ]
  })
}
