import { leavesOf, type Provider } from '../policy/provider.ts'
import type { Path, Report } from '../problem.ts'
import { type Scope, valuesIn } from '../shape.ts'
import { quote } from '../suggest.ts'
import { printDuration, printInstantShort } from '../time.ts'
import type { Contract, Deployment, Duty, Tailoring } from './contract.ts'
import { translate } from './lineage.ts'

type Term = Contract['terms']['term']

/**
 * Reports every field in which a contract says more than its determination approved, or asks less of
 * the customer than it required (semantics §7.3). Such a contract is refused, never narrowed.
 */
export function checkNotWider(provider: Provider, contract: Contract, report: Report): void {
  const { determination, terms } = contract
  const wider = (path: Path, message: string): void =>
    report.error('wider', ['terms', ...path], message)
  if (terms.mission !== determination.mission) {
    wider(['mission'], 'the mission is not the one approved; copy it from the determination')
  }
  checkTerm(terms.term, determination.term, ['term'], wider)
  for (const [i, signed] of terms.deployments.entries()) {
    const judged = determination.deployments.find(({ id }) => id === signed.id)
    checkDeployment(signed, judged, ['deployments', i], wider)
  }
  for (const judged of determination.duties) {
    const i = terms.duties.findIndex(({ id }) => id === judged.id)
    const signed = terms.duties[i]
    if (signed) checkDuty(signed, judged, ['duties', i], wider)
    else wider(['duties'], `the approved duty ${quote(judged.id)} is missing; add it`)
  }
  for (const [i, signed] of terms.tailorings.entries()) {
    const judged = determination.tailorings.find(({ id }) => id === signed.id)
    const path = ['tailorings', i]
    if (judged) checkTailoring({ provider, contract, signed, judged, path }, wider)
    else wider([...path, 'id'], `no tailoring ${quote(signed.id)} was approved; remove it`)
  }
}

type Wider = (path: Path, message: string) => void

function checkTerm(signed: Term, judged: Term, path: Path, wider: Wider): void {
  if (signed.from < judged.from) {
    const approved = printInstantShort(judged.from)
    wider(
      [...path, 'from'],
      `the term begins before the approved ${approved}; begin it then or later`,
    )
  }
  const until = judged.until ?? Infinity
  if ((signed.until ?? Infinity) > until) {
    const approved = printInstantShort(until)
    wider(
      [...path, 'until'],
      `the term ends after the approved ${approved}; end it then or earlier`,
    )
  }
}

function checkDeployment(
  signed: Deployment,
  judged: Deployment | undefined,
  path: Path,
  wider: Wider,
): void {
  if (!judged)
    return wider([...path, 'id'], `no deployment ${quote(signed.id)} was approved; remove it`)
  checkAtMost(signed['end-users'], judged['end-users'], [...path, 'end-users'], wider)
  checkScopeAtMost(signed.scope, judged.scope, [...path, 'scope'], wider)
}

function checkAtMost(
  signed: readonly string[],
  judged: readonly string[],
  path: Path,
  wider: Wider,
): void {
  for (const [i, id] of signed.entries()) {
    if (!judged.includes(id)) wider([...path, i], `${quote(id)} was not approved; remove it`)
  }
}

function checkAtLeast(
  signed: readonly string[],
  judged: readonly string[],
  path: Path,
  wider: Wider,
): void {
  for (const id of judged) {
    if (!signed.includes(id)) wider(path, `the approved ${quote(id)} is missing; add it`)
  }
}

function checkScopeAtMost(signed: Scope, judged: Scope, path: Path, wider: Wider): void {
  for (const [fact, values] of Object.entries(judged)) {
    const stated = valuesIn(signed, fact)
    if (stated) checkAtMost(stated, values, [...path, fact], wider)
    else {
      const approved = values.join(', ')
      wider(path, `only ${quote(fact)}: ${approved} was approved; say so, as unstated allows all`)
    }
  }
}

function checkDuty(signed: Duty, judged: Duty, path: Path, wider: Wider): void {
  if (signed.kind !== judged.kind) {
    wider([...path, 'kind'], `a duty of kind ${judged.kind} was approved; restore it`)
  }
  if (signed.grace > judged.grace) {
    const approved = printDuration(judged.grace)
    wider([...path, 'grace'], `the grace is longer than the approved ${approved}; shorten it`)
  }
  const signedDue = signed.due.toSorted((a, b) => a - b)
  for (const [i, due] of judged.due.toSorted((a, b) => a - b).entries()) {
    if (!((signedDue[i] ?? Infinity) > due)) continue
    const approved = printInstantShort(due)
    wider([...path, 'due'], `nothing is due by the approved ${approved}; add that instant`)
  }
  // A duty that guards nothing is an error by itself.
  if (signed.guards === undefined || signed.guards.length === 0) return
  if (judged.guards === undefined) {
    wider([...path, 'guards'], 'the approved duty guards every tailoring; remove `guards`')
  } else checkAtLeast(signed.guards, judged.guards, [...path, 'guards'], wider)
}

interface TailoringPair {
  readonly provider: Provider
  readonly contract: Contract
  readonly signed: Tailoring
  readonly judged: Tailoring
  readonly path: Path
}

function checkTailoring(
  { provider, contract, signed, judged, path }: TailoringPair,
  wider: Wider,
): void {
  const { determination, terms } = contract
  if (signed.entry !== judged.entry) {
    wider([...path, 'entry'], `the approved catalogue entry is ${quote(judged.entry)}; name that`)
  }
  checkAtMost(signed.lifts, judged.lifts, [...path, 'lifts'], wider)
  checkAtMost(signed.models, judged.models, [...path, 'models'], wider)
  checkScopeAtMost(signed.scope, judged.scope, [...path, 'scope'], wider)

  const leaves = (ids: readonly string[]): ReadonlySet<string> =>
    leavesOf(
      provider,
      translate(provider, terms, 'uses', ids).flatMap(({ now }) => now),
    )
  const approved = leaves(judged.uses)
  for (const [i, id] of signed.uses.entries()) {
    const meant = leaves([id])
    const isApproved = judged.uses.includes(id) || (meant.size > 0 && meant.isSubsetOf(approved))
    if (!isApproved) wider([...path, 'uses', i], `${quote(id)} was not approved; remove it`)
  }
  for (const field of ['authorities', 'safeguards', 'obligations'] as const) {
    checkAtLeast(signed[field], judged[field], [...path, field], wider)
  }
  if (signed.term)
    checkTerm(signed.term, judged.term ?? determination.term, [...path, 'term'], wider)
  else if (judged.term) checkTerm(terms.term, judged.term, path, wider)
}
