import type { Bundle } from '../decision/bundle.ts'
import type { ProofStatement } from '../decision/proofs.ts'
import { sorted } from '../ids.ts'
import type { Rules } from './rules.ts'
import { SMT_LAWS, type SmtLaw, type SmtSubject } from './smt-laws.ts'
import { declareVocabulary, vocabularyOf } from './smt-names.ts'
import { defineReaches } from './smt-reaches.ts'
import { decidedSide, defineNever, meantSide } from './smt-side.ts'
import { smtLawOfStatement } from './smt-statements.ts'
import { declare } from './smt-text.ts'

/** A law, negated, about one bundle: SMT-LIB 2.6 in the logic QF_BV, with one `(check-sat)`. */
export interface SmtFile {
  /** Such as `L1.smt2`. */
  readonly name: string
  readonly text: string
}

/** What is proved of: a bundle, and what its documents or its content mean. */
export interface ToExport {
  readonly bundle: Bundle
  readonly meant: Rules
  readonly statements: readonly ProofStatement[]
}

/** Every law that can be stated of requests, a file each: `unsat` says that it holds. */
export function* smtFilesOf(exported: ToExport): Generator<SmtFile> {
  const { bundle, statements } = exported
  const subject = smtSubjectOf(exported)
  for (const law of [...SMT_LAWS, ...statements.map(smtLawOfStatement)]) {
    yield { name: `${law.id}.smt2`, text: `${fileOf(bundle.digest, subject, law).join('\n')}\n` }
  }
}

export function smtSubjectOf({ bundle, meant }: Omit<ToExport, 'statements'>): SmtSubject {
  const sides = { decided: decidedSide(bundle), meant: meantSide(meant) }
  const customers = sorted([...sides.decided.rules.customers, ...meant.customers])
  const names = vocabularyOf([sides.meant.rules, sides.decided.rules], customers)
  return {
    names,
    ...sides,
    decidedReaches: defineReaches(names, sides.decided, customers),
    meantReaches: defineReaches(names, sides.meant, customers),
  }
}

function fileOf(digest: string, subject: SmtSubject, law: SmtLaw): readonly string[] {
  const { names, decided, meant, decidedReaches, meantReaches } = subject
  return [
    `; ${law.id}: ${law.says}`,
    `; of the bundle ${digest}`,
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
    ...(law.isOfBoth ? [...defineNever(names, meant), ...meantReaches.text] : []),
    `; ---- ${law.id}, negated`,
    ...law.negated(subject),
    '(check-sat)',
  ]
}
