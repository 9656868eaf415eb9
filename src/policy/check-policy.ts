import { isId } from '../ids.ts'
import type { Path, Report } from '../problem.ts'
import { checkDistinct, checkReference, checkReferences, type Known, known } from '../reference.ts'
import type { Scope } from '../shape.ts'
import { quote } from '../suggest.ts'
import { FACT_VALUES_MAX, isUseKey, type Restriction, type UsagePolicy } from './usage-policy.ts'
import { isLeaf, thresholdsOf, USE_LEAVES_MAX, type Use, usesOf } from './use-tree.ts'

/** Most facts of a policy. */
const FACTS_MAX = 64

/** What other documents may name of a policy. */
export interface PolicyNames {
  readonly facts: Known
  readonly valuesOf: ReadonlyMap<string, Known>
  readonly harms: Known
  readonly uses: Known
  readonly restrictions: Known
  readonly obligations: Known
}

export function namesOf(policy: UsagePolicy): PolicyNames {
  return {
    facts: known('fact', Object.keys(policy.facts)),
    valuesOf: new Map(
      Object.entries(policy.facts).map(([id, { values }]) => [id, known('value', values)]),
    ),
    harms: known('harm', Object.keys(policy.harms)),
    uses: known(
      'use',
      usesOf(policy).map(({ id }) => id),
    ),
    restrictions: known(
      'restriction',
      policy.restrictions.map(({ id }) => id),
    ),
    obligations: known('obligation', Object.keys(policy.obligations)),
  }
}

/** Everything wrong with a usage policy by itself (semantics §2, §3, §4, §5, §8.1). */
export function checkPolicy(policy: UsagePolicy, report: Report): void {
  const names = namesOf(policy)
  checkFacts(policy, report)
  checkUses(policy, report)
  checkDetection(policy, names, report)
  checkDistinct(report, 'restriction', policy.restrictions, ['restrictions'])
  for (const [i, restriction] of policy.restrictions.entries()) {
    checkRestriction({ policy, names, restriction, path: ['restrictions', i] }, report)
  }
  checkLineage(policy, names, report)
}

function checkFacts({ facts }: UsagePolicy, report: Report): void {
  if (Object.keys(facts).length > FACTS_MAX) {
    report.error('too-large', ['facts'], `a policy has at most ${FACTS_MAX} facts; merge some`)
  }
  for (const [fact, { values }] of Object.entries(facts)) {
    const path = ['facts', fact, 'values']
    if (values.length < 2 || values.length > FACT_VALUES_MAX) {
      const message = `a fact has 2 to ${FACT_VALUES_MAX} values, and ${quote(fact)} has ${values.length}; add or merge some`
      report.error('fact-values', path, message)
    }
    checkDistinct(
      report,
      'value',
      values.map((id) => ({ id })),
      path,
    )
  }
}

function pathOf(use: Use): Path {
  return ['uses', ...use.keys]
}

function checkUses(policy: UsagePolicy, report: Report): void {
  const uses = usesOf(policy)
  const seen = new Map<string, Use>()
  for (const use of uses) {
    const path = pathOf(use)
    if (!isId(use.id) && use.keys.every(isUseKey)) {
      report.errorAtKey(
        'malformed-id',
        path,
        `the use ${quote(use.id)} is no well-formed id; rename it`,
      )
    }
    if (seen.has(use.id)) {
      report.errorAtKey('duplicate-id', path, `there are two uses ${quote(use.id)}; rename one`)
    }
    seen.set(use.id, use)
    if (use.isUnrestricted && !isLeaf(use)) {
      const message = `only a leaf can be unrestricted, and ${quote(use.id)} has uses below it; move the mark`
      report.error('unrestricted-not-leaf', [...path, 'unrestricted'], message)
    }
    if (use.leaves.length === 0) {
      report.error('empty-use', path, `${quote(use.id)} groups no uses; add some, or remove it`)
    }
  }
  for (const use of uses) {
    const parent = dottedPrefix(use).find((id) => seen.has(id))
    if (parent !== undefined) {
      const message = `${quote(use.id)} reads as if it were under ${quote(parent)}; move it there, or rename it`
      report.errorAtKey('ambiguous-id', pathOf(use), message)
    }
  }
  checkLeaves(uses.filter(isLeaf), report)
}

/** Ids that a dotted key of this node only seems to stand under: `a.b` beside `a`. */
function dottedPrefix(use: Use): readonly string[] {
  const parts = use.id.split('.')
  return parts.map((_, i) => parts.slice(0, i + 1).join('.')).filter((id) => !use.path.includes(id))
}

function checkLeaves(leaves: readonly Use[], report: Report): void {
  if (leaves.length > USE_LEAVES_MAX) {
    report.error('too-large', ['uses'], `a policy has at most ${USE_LEAVES_MAX} uses; merge some`)
  }
  const [first, ...others] = leaves.filter((leaf) => leaf.isUnrestricted)
  if (!first) {
    report.error('no-unrestricted', ['uses'], 'mark the leaf of ordinary use `unrestricted: true`')
  }
  for (const other of others) {
    const message = `${quote(first?.id ?? '')} is unrestricted already; exactly one leaf is`
    report.error('two-unrestricted', [...pathOf(other), 'unrestricted'], message)
  }
}

function checkDetection(policy: UsagePolicy, { uses }: PolicyNames, report: Report): void {
  for (const id of Object.keys(policy.detection.uses)) {
    checkReference(report, uses, id, ['detection', 'uses', id])
  }
  const reported = new Set<string>()
  for (const leaf of usesOf(policy).filter(isLeaf)) {
    const { referAt, denyAt } = thresholdsOf(policy, leaf)
    if (!(referAt > denyAt)) continue
    const node = leaf.path.findLast((id) => Object.hasOwn(policy.detection.uses, id))
    const path = node === undefined ? ['detection'] : ['detection', 'uses', node]
    if (reported.has(path.join())) continue
    reported.add(path.join())
    const message = `for ${quote(leaf.id)} refer-at is ${referAt}, over deny-at, ${denyAt}; lower refer-at or raise deny-at`
    report.error('thresholds', path, message)
  }
}

interface RestrictionAt {
  readonly policy: UsagePolicy
  readonly names: PolicyNames
  readonly restriction: Restriction
  readonly path: Path
}

function checkRestriction(
  { policy, names, restriction, path }: RestrictionAt,
  report: Report,
): void {
  const { prohibits, unless, floor, tailorable } = restriction
  if (prohibits.length === 0) {
    report.error('empty-set', [...path, 'prohibits'], 'name at least one use')
  }
  checkReferences(report, names.uses, prohibits, [...path, 'prohibits'])
  checkReferences(report, names.harms, restriction.harms, [...path, 'harms'])
  const ordinary = usesOf(policy).find((use) => use.isUnrestricted && isLeaf(use))
  for (const [i, id] of prohibits.entries()) {
    if (!ordinary?.path.includes(id)) continue
    const message = `${quote(id)} holds the unrestricted use ${quote(ordinary.id)}, which nothing may prohibit; name the other uses`
    report.error('prohibits-unrestricted', [...path, 'prohibits', i], message)
  }
  if (restriction.when) checkScope(report, names, restriction.when, [...path, 'when'])
  for (const [i, { scope, obligations }] of unless.entries()) {
    checkScope(report, names, scope, [...path, 'unless', i, 'scope'])
    if (Object.keys(scope).length === 0) {
      const message = 'an empty scope covers every request; name the facts that make the difference'
      report.error('empty-unless', [...path, 'unless', i, 'scope'], message)
    }
    checkReferences(report, names.obligations, obligations, [...path, 'unless', i, 'obligations'])
  }
  if (floor !== undefined && tailorable === 'by-catalogue') {
    const message =
      'a floor restriction is never tailorable; remove `floor`, or say `tailorable: never`'
    report.error('floor-by-catalogue', [...path, 'floor'], message)
  }
  if (floor !== undefined && unless.length > 0) {
    const message = 'a floor restriction has no `unless`; remove it, or remove `floor`'
    report.error('floor-unless', [...path, 'unless'], message)
  }
}

/** Reports unknown facts and values, and sets that are empty (semantics §4). */
export function checkScope(
  report: Report,
  names: Pick<PolicyNames, 'facts' | 'valuesOf'>,
  scope: Scope,
  path: Path,
): void {
  for (const [fact, values] of Object.entries(scope)) {
    const at = [...path, fact]
    if (values.length === 0) {
      report.error('empty-set', at, `allow at least one value of ${quote(fact)}, or remove it`)
    }
    const valuesKnown = names.valuesOf.get(fact)
    if (valuesKnown) checkReferences(report, valuesKnown, values, at)
    else checkReference(report, names.facts, fact, at)
  }
}

/** Kinds of lineage under which the old id lives on as exactly one new one (semantics §7.6). */
const ONE_TO_ONE: ReadonlySet<string> = new Set(['same', 'narrowed'])

function checkLineage(policy: UsagePolicy, names: PolicyNames, report: Report): void {
  const seen = new Set<string>()
  const either: Known = {
    kind: 'restriction-or-use',
    ids: new Set([...names.restrictions.ids.keys(), ...names.uses.ids.keys()]),
  }
  for (const [i, { from, to, kind }] of policy.lineage.entries()) {
    const path = ['lineage', i]
    if (seen.has(from)) {
      report.error(
        'duplicate-id',
        [...path, 'from'],
        `there are two rows for ${quote(from)}; merge them`,
      )
    }
    seen.add(from)
    if (from.startsWith(`${policy.version}/`)) {
      const message = `${quote(from)} is of this very version; name an older one`
      report.error('lineage-version', [...path, 'from'], message)
    }
    checkReferences(report, either, to, [...path, 'to'])
    if (ONE_TO_ONE.has(kind) && to.length !== 1) {
      report.error(
        'lineage-to',
        [...path, 'to'],
        `${kind} leads to exactly one id, not ${to.length}`,
      )
    }
  }
}
