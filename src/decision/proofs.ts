import * as z from 'zod'
import { meet } from '../ids.ts'
import { checkScope, type PolicyNames } from '../policy/check-policy.ts'
import type { Path, Report } from '../problem.ts'
import { checkDistinct, checkReference, checkReferences } from '../reference.ts'
import { id, ids, list, prose, scope } from '../shape.ts'
import { didYouMean, quote } from '../suggest.ts'

const statement = z.strictObject({
  id,
  why: prose.optional(),
  /** No exception permits what a restriction prohibits of such a use, to requests that may have such values. */
  never: z
    .strictObject({ uses: ids.optional(), facts: scope.optional(), customers: ids.optional() })
    .optional(),
  /** No other customer is permitted anything that triggers the restriction. */
  only: z.strictObject({ customers: ids.min(1), reach: id }).optional(),
  /** What is permitted to one customer is permitted to another. */
  everything: z.strictObject({ 'permitted-to': id, 'is-permitted-to': id }).optional(),
})

/** What a provider says can never happen, for `proviso prove`: `proofs.yaml` (docs/formats.md). */
export const proofs = z.strictObject({
  format: z.literal('proviso/proofs@1'),
  statements: list(statement),
})

export type Proofs = z.output<typeof proofs>
export type ProofStatement = Proofs['statements'][number]

/** What statements may name of a policy. */
export type ProvableNames = Pick<PolicyNames, 'facts' | 'valuesOf' | 'uses' | 'restrictions'>

/** Reports statements that say nothing, name nothing or cannot all be meant. */
export function checkProofs(
  { names, customers }: { readonly names: ProvableNames; readonly customers: Iterable<string> },
  { statements }: Pick<Proofs, 'statements'>,
  report: Report,
): void {
  checkDistinct(report, 'statement', statements, ['statements'])
  checkCustomers(new Set(customers), statements, report)
  for (const [i, { never, only, everything }] of statements.entries()) {
    const path = ['statements', i]
    if ([never, only, everything].filter((part) => part !== undefined).length !== 1) {
      const message =
        'a statement says one of `never`, `only` and `everything`; split it, or add one'
      report.error('malformed-statement', path, message)
    }
    if (never) checkNever(names, never, [...path, 'never'], report)
    if (only) checkReference(report, names.restrictions, only.reach, [...path, 'only', 'reach'])
    if (everything && everything['permitted-to'] === everything['is-permitted-to']) {
      const message = 'this is so of any customer and itself; name two customers'
      report.error('empty-statement', [...path, 'everything'], message)
    }
  }
  checkContradictions(statements, report)
}

/** Warns of customers without a contract, which come and go while statements stand: of such a one little is proved. */
function checkCustomers(
  customers: ReadonlySet<string>,
  statements: Proofs['statements'],
  report: Report,
): void {
  for (const [i, statement] of statements.entries()) {
    for (const [id, ...place] of customersOf(statement)) {
      if (customers.has(id)) continue
      const advice = didYouMean(id, customers) || '; name a customer who has one, or write one'
      const message = `no contract is with ${quote(id)}${advice}`
      report.warning('unknown-customer', ['statements', i, ...place], message)
    }
  }
}

/** The customers that a statement names, each with its place in the statement. */
function customersOf(statement: ProofStatement): (readonly [string, ...Path])[] {
  const { never, only, everything } = statement
  const [one, other] = ['permitted-to', 'is-permitted-to'] as const
  return [
    ...(never?.customers ?? []).map((id, i) => [id, 'never', 'customers', i] as const),
    ...(only?.customers ?? []).map((id, i) => [id, 'only', 'customers', i] as const),
    ...(everything ? [[everything[one], 'everything', one] as const] : []),
    ...(everything ? [[everything[other], 'everything', other] as const] : []),
  ]
}

function checkNever(
  names: ProvableNames,
  { uses = [], facts = {}, customers = [] }: NonNullable<ProofStatement['never']>,
  path: Path,
  report: Report,
): void {
  if (uses.length + Object.keys(facts).length + customers.length === 0) {
    const message = 'this says that no exception is ever used; name uses, facts or customers'
    report.error('empty-statement', path, message)
  }
  checkReferences(report, names.uses, uses, [...path, 'uses'])
  checkScope(report, names, facts, [...path, 'facts'])
}

/** Two lists of the only customers for one restriction that have nobody in common: one of them is not meant. */
function checkContradictions(statements: Proofs['statements'], report: Report): void {
  for (const [i, { id, only }] of statements.entries()) {
    const other = statements
      .slice(0, i)
      .find((earlier) => earlier.only?.reach === only?.reach && earlier.only !== undefined)
    if (!only || !other?.only || meet(only.customers, other.only.customers)) continue
    const message = `${quote(id)} and ${quote(other.id)} leave no customer who reaches ${quote(only.reach)}; keep one, or say \`never\``
    report.error('contradiction', ['statements', i, 'only', 'customers'], message)
  }
}
