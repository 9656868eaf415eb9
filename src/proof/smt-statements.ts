import type { ProofStatement } from '../decision/proofs.ts'
import { claim, declareRequest, type SmtLaw, type SmtSubject } from './smt-laws.ts'
import { touches } from './smt-side.ts'
import { allOf, anyOf, FALSE_TERM, meets, member, numberOf, setOf, term } from './smt-text.ts'

/** A statement of `proofs.yaml` (docs/formats.md), negated. */
export function smtLawOfStatement({ id, never, only, everything }: ProofStatement): SmtLaw {
  if (never) return { id, isOfBoth: false, ...neverLaw(never) }
  if (only) return { id, isOfBoth: false, ...onlyLaw(only) }
  return { id, isOfBoth: false, ...everythingLaw(everything as NonNullable<typeof everything>) }
}

type Said = Pick<SmtLaw, 'says' | 'negated'>

function isOneOf({ names: { customers } }: SmtSubject, ids: readonly string[]): string {
  const known = ids.filter((id) => customers.ids.includes(id))
  return anyOf(known.map((id) => term('=', 'customer', numberOf(customers, id))))
}

function neverLaw({ uses, facts = {}, customers }: NonNullable<ProofStatement['never']>): Said {
  return {
    says: 'no exception permits this',
    negated: (subject): readonly string[] => {
      const { names, decided } = subject
      const leaves = uses?.flatMap((use) => decided.rules.uses.get(use) ?? [])
      return [
        ...declareRequest(subject),
        claim('decided.excepts'),
        ...(leaves
          ? [claim(meets(names.uses, 'decided.prohibited', setOf(names.uses, leaves)))]
          : []),
        ...touches(names, new Map(Object.entries(facts)), 'facts').map(claim),
        ...(customers ? [claim(isOneOf(subject, customers))] : []),
      ]
    },
  }
}

function onlyLaw({ customers, reach }: NonNullable<ProofStatement['only']>): Said {
  return {
    says: `only ${customers.join(', ')} can be permitted what ${reach} prohibits`,
    negated: (subject): readonly string[] => {
      const { names } = subject
      const { restrictions } = names
      return [
        ...declareRequest(subject),
        claim('decided.excepts'),
        claim(meets(restrictions, 'decided.triggered', member(restrictions, reach))),
        claim(term('not', isOneOf(subject, customers))),
      ]
    },
  }
}

function everythingLaw(said: NonNullable<ProofStatement['everything']>): Said {
  const [one, other] = [said['permitted-to'], said['is-permitted-to']]
  return {
    says: `everything that is permitted to ${one}, on any deployment, is permitted to ${other} on some`,
    negated: (subject): readonly string[] => {
      const { decidedReaches } = subject
      const theirs = decidedReaches.all.filter(({ customer }) => customer === other)
      const suits = theirs.map(({ times, shape }) => allOf([times, `decided.${shape}`]))
      const isOne = isOneOf(subject, [one])
      return [
        ...declareRequest(subject),
        claim(isOne === FALSE_TERM ? FALSE_TERM : isOne),
        claim('decided.excepts'),
        claim(term('not', anyOf(suits))),
      ]
    },
  }
}
