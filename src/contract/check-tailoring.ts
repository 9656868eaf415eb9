import { checkScope } from '../policy/check-policy.ts'
import type { CatalogueEntry } from '../policy/exceptions.ts'
import { leavesOf } from '../policy/provider.ts'
import type { Path, Report } from '../problem.ts'
import { checkReference, checkReferences, known } from '../reference.ts'
import { valuesIn } from '../shape.ts'
import { quote } from '../suggest.ts'
import { policyOf, type Tailoring } from './contract.ts'
import type { ContractCheck } from './contract-check.ts'
import { translate } from './lineage.ts'

interface TailoringAt extends ContractCheck {
  readonly tailoring: Tailoring
  readonly path: Path
}

/** Reports what is wrong with each tailoring, determined or signed (semantics §7.2). */
export function checkTailorings(check: ContractCheck, report: Report): void {
  for (const part of ['determination', 'terms'] as const) {
    for (const [i, { scope }] of check.contract[part].deployments.entries()) {
      checkScope(report, check.names, scope, [part, 'deployments', i, 'scope'])
    }
    for (const [i, tailoring] of check.contract[part].tailorings.entries()) {
      const at = { ...check, tailoring, path: [part, 'tailorings', i] }
      checkNames(at, report)
      if (part === 'terms') {
        checkAuthorities(at, report)
        checkMitigation(at, report)
        warnOfNarrowing(at, report)
      }
    }
  }
}

function checkNames(at: TailoringAt, report: Report): void {
  const { provider, names, contract, own, tailoring, path } = at
  checkReference(report, known('entry', provider.entries.keys()), tailoring.entry, [
    ...path,
    'entry',
  ])
  checkReferences(report, own.authorities, tailoring.authorities, [...path, 'authorities'])
  checkReferences(report, own.safeguards, tailoring.safeguards, [...path, 'safeguards'])
  checkReferences(report, names.obligations, tailoring.obligations, [...path, 'obligations'])
  checkScope(report, names, tailoring.scope, [...path, 'scope'])
  // Ids of an older version are looked up by lineage, which warns of those that lapse.
  if (policyOf(contract.terms).version === provider.policy.version) {
    checkReferences(report, names.restrictions, tailoring.lifts, [...path, 'lifts'])
    checkReferences(report, names.uses, tailoring.uses, [...path, 'uses'])
  }
  for (const field of ['lifts', 'uses', 'models'] as const) {
    if (tailoring[field].length > 0) continue
    const message = `without ${field} this tailoring does nothing; name at least one, or remove it`
    report.error('empty-set', [...path, field], message)
  }
}

function checkAuthorities({ contract, tailoring, path }: TailoringAt, report: Report): void {
  if (tailoring.authorities.length === 0) {
    const message = 'a tailoring needs a legal authority; name at least one'
    return report.error('no-authority', [...path, 'authorities'], message)
  }
  const needed = contract.terms.authorities.filter(({ id }) => tailoring.authorities.includes(id))
  // With none of them known, the dangling name is the problem to mend first.
  if (needed.length === 0 || needed.some(({ purposes }) => purposes.includes(tailoring.purpose)))
    return
  const message = `no authority of this tailoring has the purpose ${quote(tailoring.purpose)}; name one that has, or mend the purpose`
  report.error('purpose-without-authority', [...path, 'purpose'], message)
}

function checkMitigation(at: TailoringAt, report: Report): void {
  const { provider, contract, tailoring, path } = at
  const mitigated = new Set(
    contract.terms.safeguards
      .filter(({ id }) => tailoring.safeguards.includes(id))
      .flatMap(({ mitigates }) => mitigates),
  )
  const lifted = translate(provider, contract.terms, 'lifts', tailoring.lifts).flatMap(
    ({ now }) => now,
  )
  const harms = new Set(lifted.flatMap((id) => provider.restrictions.get(id)?.harms ?? []))
  for (const harm of harms) {
    if (mitigated.has(harm)) continue
    const message = `no safeguard of this tailoring mitigates the harm ${quote(harm)} of what it lifts; add one`
    report.error('unmitigated-harm', [...path, 'safeguards'], message)
  }
}

/** Warns where less is allowed than the contract says, because policy or catalogue excludes it (§7.3). */
function warnOfNarrowing(at: TailoringAt, report: Report): void {
  const { provider, contract, tailoring, path } = at
  const entry = provider.entries.get(tailoring.entry)
  for (const field of ['lifts', 'uses'] as const) {
    for (const [i, { id, now, lapse }] of translate(
      provider,
      contract.terms,
      field,
      tailoring[field],
    ).entries()) {
      const here = [...path, field, i]
      if (lapse !== undefined) {
        const message = `${quote(id)} lapses on version ${provider.policy.version}: ${lapse}; it needs a new determination`
        report.warning('narrowed-by-lineage', here, message)
      } else if (entry && !isAllowed(at, entry, field, now)) {
        const message = `the catalogue entry ${quote(entry.id)} does not allow all of ${quote(id)}; only what it allows takes effect`
        report.warning('narrowed-by-catalogue', here, message)
      }
    }
  }
  if (entry) warnOfScope(at, entry, report)
  warnOfIdleLifts(at, report)
  for (const [i, model] of tailoring.models.entries()) {
    if (provider.eligible.has(model)) continue
    const message = `the registry lists no snapshot ${quote(model)}, so it serves nothing; mend it, or add it there`
    report.warning('unknown-model', [...path, 'models', i], message)
  }
}

function isAllowed(
  { provider }: TailoringAt,
  entry: CatalogueEntry,
  field: 'lifts' | 'uses',
  ids: readonly string[],
): boolean {
  if (field === 'lifts') {
    return ids.every((id) => entry.lifts.includes(id) || !provider.restrictions.has(id))
  }
  return leavesOf(provider, ids).isSubsetOf(leavesOf(provider, entry.uses))
}

function warnOfScope(
  { contract, tailoring, path }: TailoringAt,
  entry: CatalogueEntry,
  report: Report,
): void {
  for (const [fact, allowed] of Object.entries(entry.scope)) {
    const stated = valuesIn(tailoring.scope, fact)
    const bound = contract.terms.deployments.every(({ scope }) =>
      valuesIn(scope, fact)?.every((value) => allowed.includes(value)),
    )
    if (bound || stated?.every((value) => allowed.includes(value))) continue
    const message = `the catalogue entry ${quote(entry.id)} allows ${quote(fact)} only ${allowed.join(', ')}; only that takes effect`
    report.warning(
      'narrowed-by-catalogue',
      stated ? [...path, 'scope', fact] : [...path, 'scope'],
      message,
    )
  }
}

function warnOfIdleLifts(
  { provider, contract, tailoring, path }: TailoringAt,
  report: Report,
): void {
  const now = (field: 'lifts' | 'uses', ids: readonly string[]): readonly string[] =>
    translate(provider, contract.terms, field, ids).flatMap((translation) => translation.now)
  const uses = leavesOf(provider, now('uses', tailoring.uses))
  for (const [i, id] of tailoring.lifts.entries()) {
    const lifted = now('lifts', [id]).flatMap((lift) => provider.restrictions.get(lift) ?? [])
    const isIdle = lifted.every(({ prohibits }) =>
      leavesOf(provider, prohibits).isDisjointFrom(uses),
    )
    if (lifted.length === 0 || uses.size === 0 || !isIdle) continue
    const message = `${quote(id)} prohibits none of this tailoring's uses, so lifting it does nothing; remove it`
    report.warning('idle-lift', [...path, 'lifts', i], message)
  }
}
