import { namesOf } from '../policy/check-policy.ts'
import { newReport, type Path, type Problem, type Report } from '../problem.ts'
import { fail, ok } from '../result.ts'
import { quote } from '../suggest.ts'
import type { Instant } from '../time.ts'
import { checkAgreed } from './agreed.ts'
import { checkContract } from './check-contract.ts'
import type { Contract, Terms } from './contract.ts'
import type { ContractAsking, ContractContext, ContractDecided } from './contract-asking.ts'
import { type ContractVersions, checkWidening } from './contract-changes.ts'
import { contractOf } from './contract-life.ts'
import { type ContractRefused, refused } from './contract-refusals.ts'
import { againstVersion, digestOfTerms, fieldsOf, unsound } from './drafting.ts'

/** Narrows the terms at once. Whether it does is computed; nobody declares it (semantics §12.5). */
export function amend({
  state,
  command,
  act,
  context,
}: ContractAsking<'contract.amend'>): ContractDecided {
  const { terms } = command
  const before = contractOf(state)
  const versions = { before, after: contractOf({ ...state, terms }) }
  const digest = digestOfTerms(terms, context.sha256)
  const against =
    againstVersion(state, digest) ??
    againstWidening(context, versions) ??
    againstUnsound(context, versions.after) ??
    againstPast(versions, act.at)
  return against ? fail(against) : ok([{ type: 'terms-amended', terms, digest }])
}

function againstWidening(
  { provider }: ContractContext,
  versions: ContractVersions,
): ContractRefused | undefined {
  const { before, after } = versions
  const report = newReport()
  checkWidening(provider, versions, report)
  checkAgreed(before.terms, after.terms, report)
  checkDue(before.terms, after.terms, report)
  checkClauses(before.terms, after.terms, report)
  const { problems } = report
  if (problems.length === 0) return undefined
  const message = `this is more than was signed: ${fieldsOf(problems)}; open a case for it, or narrow the amendment`
  return refused('widens', message, problems)
}

/** What is due stays due: an earlier instant in its place would let one pass that was missed. */
function checkDue(before: Terms, { duties }: Terms, report: Report): void {
  for (const [i, { id, due }] of duties.entries()) {
    const was = before.duties.find((duty) => duty.id === id)?.due ?? []
    if (was.every((instant) => due.includes(instant))) continue
    const message = 'an instant that was due is gone; restore it, and add others as you like'
    report.error('wider', ['terms', 'duties', i, 'due'], message)
  }
}

/** No machine computes what prose takes away: a clause stays as it is while anything that it binds is left. */
function checkClauses(before: Terms, after: Terms, report: Report): void {
  const rows = [
    ...after.tailorings,
    ...after.deployments,
    ...after.duties,
    ...after.authorities,
    ...after.safeguards,
  ]
  const ids = new Set(rows.map(({ id }) => id))
  for (const { id, text, binds } of before.clauses) {
    const left = binds.filter((bound) => ids.has(bound))
    if (left.length === 0 && binds.length > 0) continue
    const i = after.clauses.findIndex((clause) => clause.id === id)
    const clause = after.clauses[i]
    if (!clause) {
      const message = `the clause ${quote(id)} still binds something; restore it`
      report.error('wider', ['terms', 'clauses'], message)
    } else if (clause.text !== text || left.some((bound) => !clause.binds.includes(bound))) {
      const message = `the clause ${quote(id)} was signed as it was; restore its text and what it binds, and say more in another clause`
      report.error('wider', ['terms', 'clauses', i], message)
    }
  }
}

function againstUnsound(
  { provider }: ContractContext,
  after: Contract,
): ContractRefused | undefined {
  const report = newReport()
  checkContract(provider, namesOf(provider.policy), after, report)
  const problems = report.problems.filter(({ severity }) => severity === 'error')
  return problems.length > 0 ? unsound(problems) : undefined
}

/** Start and end are never back-dated, and what has begun has begun (semantics §12.6). */
function againstPast(versions: ContractVersions, at: Instant): ContractRefused | undefined {
  const problems = [...termsInPast(versions, at), ...duesInPast(versions, at)]
  if (problems.length === 0) return undefined
  return refused('back-dated', `nothing is back-dated: mend ${fieldsOf(problems)}`, problems)
}

function inPast(path: Path, message: string): Problem {
  return { severity: 'error', code: 'back-dated', path, message }
}

function termsInPast({ before, after }: ContractVersions, at: Instant): readonly Problem[] {
  const { term, tailorings } = before.terms
  const own = after.terms.tailorings.map((tailoring, i) => ({
    was: tailorings.find(({ id }) => id === tailoring.id)?.term ?? term,
    is: tailoring.term ?? after.terms.term,
    path: ['terms', 'tailorings', i, 'term'],
  }))
  const all = [{ was: term, is: after.terms.term, path: ['terms', 'term'] }, ...own]
  return all
    .filter(({ was, is }) => changesPast(was, is, at))
    .map(({ path }) =>
      inPast(path, 'this changes what has been; leave a start that is past, and end after now'),
    )
}

function changesPast(was: Term, is: Term, at: Instant): boolean {
  const begins = is.from !== was.from && Math.min(is.from, was.from) <= at
  return begins || (is.until !== was.until && (is.until ?? Infinity) <= at)
}

function duesInPast({ before, after }: ContractVersions, at: Instant): readonly Problem[] {
  return after.terms.duties.flatMap(({ id, due }, i): readonly Problem[] => {
    const was = before.terms.duties.find((duty) => duty.id === id)?.due ?? []
    if (due.every((instant) => instant >= at || was.includes(instant))) return []
    const path = ['terms', 'duties', i, 'due']
    return [inPast(path, 'something would be due before now; name a later instant')]
  })
}

type Term = Terms['term']
