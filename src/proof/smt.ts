import type { Bundle } from '../decision/bundle.ts'
import type { ProofStatement } from '../decision/proofs.ts'
import { compareIds, sorted } from '../ids.ts'
import type { Law } from './law.ts'
import { LAWS } from './laws.ts'
import type { Rules } from './rules.ts'
import { NEGATIONS, type Negation, type SmtSubject } from './smt-laws.ts'
import { declareVocabulary, vocabularyOf } from './smt-names.ts'
import { defineReaches, type Placed } from './smt-reaches.ts'
import { decidedSide, defineNever, meantSide } from './smt-side.ts'
import { negationOf } from './smt-statements.ts'
import { declare } from './smt-text.ts'
import { lawOfStatement } from './statement-laws.ts'

/** A law, negated, about one bundle: SMT-LIB 2.6 in the logic QF_BV, with one `(check-sat)`. */
export interface SmtFile {
  /** Such as `L1.smt2`. */
  readonly name: string
  readonly text: string
}

/** What is proved of: what a bundle's tables decide, and what its documents or its content mean. */
export interface ToExport {
  readonly bundle: Bundle
  readonly decided: Rules
  readonly meant: Rules
}

/** Every law and statement that can be put as a question about requests, a file each: `unsat` says that it holds. */
export function* smtFilesOf(
  exported: ToExport,
  statements: readonly ProofStatement[] = [],
): Generator<SmtFile> {
  const subject = smtSubjectOf(exported)
  const begin = beginningOf(subject)
  const fileOf = ({ id, says }: Law, { isOfBoth, text }: Negation, name = id): SmtFile => {
    const lines = [
      `; ${id}: ${says}`,
      `; of the bundle ${exported.bundle.digest}`,
      ...begin.all,
      ...(isOfBoth ? begin.ofBoth : []),
      `; ---- ${id}, negated`,
      ...text(subject),
      '(check-sat)',
    ]
    return { name: `${name}.smt2`, text: `${lines.join('\n')}\n` }
  }
  for (const law of LAWS) {
    const negation = NEGATIONS[law.id]
    if (negation) yield fileOf(law, negation)
  }
  for (const statement of statements) {
    // Ids are the author's: one of them may be a law's.
    const name = `statement.${statement.id}`
    yield fileOf(lawOfStatement(statement), negationOf(statement), name)
  }
}

export function smtSubjectOf({ bundle, decided, meant }: ToExport): SmtSubject {
  const customers = sorted([...decided.customers, ...meant.customers])
  const placedOf = (rules: Rules): readonly Placed[] =>
    customers.flatMap((customer) =>
      // A request has one deployment, so only the order within each tells; alike orders on both sides are soon compared.
      rules
        .reachesOf(customer)
        .toSorted((a, b) => compareIds(a.deployment, b.deployment))
        .map((rule) => ({ customer, rule })),
    )
  const placed = { decided: placedOf(decided), meant: placedOf(meant) }
  const reaches = [...placed.decided, ...placed.meant].map(({ rule }) => rule)
  const names = vocabularyOf([meant, decided], customers, reaches)
  return {
    names,
    decided: decidedSide(decided, bundle.tables),
    meant: meantSide(meant),
    decidedReaches: defineReaches(names, 'decided', placed.decided),
    meantReaches: defineReaches(names, 'meant', placed.meant),
  }
}

/** What all files begin with, and what those do that look at what was meant. */
function beginningOf(subject: SmtSubject): Readonly<Record<'all' | 'ofBoth', readonly string[]>> {
  const { names, decided, meant, decidedReaches, meantReaches } = subject
  return {
    all: [
      '; The law is negated below: unsat says that it holds; a model is a request that breaks it.',
      '(set-option :produce-models true)',
      '(set-logic QF_BV)',
      ...declareVocabulary(names),
      '; ---- who asks, from which deployment, of which snapshot and when',
      declare('customer', names.customers.sort),
      declare('deployment', names.deployments.sort),
      declare('model', names.models.sort),
      declare('at', 'Instant'),
      ...defineNever(names, decided),
      ...decidedReaches.text,
    ],
    ofBoth: [...defineNever(names, meant), ...meantReaches.text],
  }
}
