import type { Contract, Duty, Tailoring } from '../src/contract/contract.ts'
import type { World } from '../src/decision/world.ts'
import type { Interval } from '../src/interval.ts'
import type { Snapshot } from '../src/policy/models.ts'
import type { Restriction, UsagePolicy, UseEntries } from '../src/policy/usage-policy.ts'
import type { Scope } from '../src/shape.ts'
import type { Instant } from '../src/time.ts'

// A world as Cedar policies, written from the documents and docs/semantics.md alone: nothing of our own reach,
// standing, lineage or compilation is imported. Each layer of a tailoring is a condition of its policy, and Cedar joins
// them. In Cedar a use is an entity below its parent, an instant counts milliseconds, a score millionths.

/** Names of a request's signals in the context; a request has no more. */
export const SIGNALS = ['signal-0', 'signal-1']

export function millionths(score: number): number {
  return Math.round(score * 1_000_000)
}

/** A node of the use tree, with the thresholds of the nearest node on its path that sets them (semantics §8.1). */
export interface UseNode {
  readonly id: string
  readonly parent: string | null
  readonly isLeaf: boolean
  readonly thresholds: { readonly 'refer-at': number; readonly 'deny-at': number }
}

export function nodesOf(
  policy: UsagePolicy,
  entries: UseEntries = policy.uses,
  above?: UseNode,
): readonly UseNode[] {
  return Object.entries(entries).flatMap(([key, entry]) => {
    const id = above ? `${above.id}.${key}` : key
    const below = typeof entry === 'string' ? undefined : entry.uses
    const set = Object.hasOwn(policy.detection.uses, id) ? policy.detection.uses[id] : undefined
    const usual = above?.thresholds ?? policy.detection
    const thresholds = {
      'refer-at': set?.['refer-at'] ?? usual['refer-at'],
      'deny-at': set?.['deny-at'] ?? usual['deny-at'],
    }
    const node: UseNode = { id, parent: above?.id ?? null, isLeaf: !below, thresholds }
    return [node, ...(below ? nodesOf(policy, below, node) : [])]
  })
}

/** Policies by id: a restriction's own; contract, tailoring and deployment with spaces between; and prohibitions. */
export function policiesOf(world: World, nodes: readonly UseNode[]): Record<string, string> {
  const leaves = nodes.filter(({ isLeaf }) => isLeaf)
  const { restrictions } = world.policy
  const stale = `context.at >= ${world.validUntil}`
  const nevers = restrictions.filter(({ tailorable }) => tailorable === 'never')
  return Object.fromEntries([
    ...restrictions.map((r) => [r.id, policy('permit', 'trigger', triggers(leaves, r))]),
    ...nevers.map(({ id }) => {
      return [`never ${id}`, policy('forbid', 'lift', `context.triggered.contains("${id}")`)]
    }),
    ...(world.validUntil === undefined ? [] : [['stale', policy('forbid', 'lift', stale)]]),
    ...world.contracts.flatMap((contract) =>
      placesOf(contract).map((place) => [
        [contract.id, place.signed.id, place.deployment].join(' '),
        policy('permit', 'lift', lifts(world, leaves, contract, place)),
      ]),
    ),
  ])
}

function policy(effect: 'permit' | 'forbid', action: string, when: string): string {
  return `${effect}(principal, action == Action::"${action}", resource) when { ${when} };`
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : `(${conditions.join(' && ')})`
}

function any(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'false' : `(${conditions.join(' || ')})`
}

function set(texts: readonly string[]): string {
  return JSON.stringify(texts)
}

function isUnder({ id }: UseNode, uses: readonly string[]): string {
  return `Use::"${id}" in [${uses.map((use) => `Use::"${use}"`).join()}]`
}

/** Semantics §4. */
function touches(scope: Scope): string {
  const facts = Object.entries(scope)
  return all(facts.map(([fact, s]) => `${set(s)}.containsAny(context.facts["${fact}"])`))
}

function covers(scope: Scope): string {
  const facts = Object.entries(scope)
  return all(facts.map(([fact, s]) => `${set(s)}.containsAll(context.facts["${fact}"])`))
}

function isWithin({ from, until }: Interval): string {
  return all([`${from} <= context.at`, ...(until === undefined ? [] : [`context.at < ${until}`])])
}

/** Whether a leaf is among the uses judged: named, or signalled strongly enough (semantics §8.1). */
function isAsked({ id, thresholds }: UseNode): string {
  const { 'refer-at': referAt, 'deny-at': denyAt } = thresholds
  const signalled = SIGNALS.map((name) => {
    const score = `context["${name}"].score`
    const isSuspected = `context.judged == "suspected" && ${score} >= ${millionths(referAt)}`
    const isStrong = any([`${score} >= ${millionths(denyAt)}`, `(${isSuspected})`])
    return all([`context has "${name}"`, `Use::"${id}" in context["${name}"].use`, isStrong])
  })
  return any([`Use::"${id}" in context.uses`, ...signalled])
}

/** Semantics §5.2. */
function triggers(leaves: readonly UseNode[], restriction: Restriction): string {
  const { prohibits, when = {}, unless } = restriction
  const prohibited = leaves.map((leaf) => all([isAsked(leaf), isUnder(leaf, prohibits)]))
  return all([any(prohibited), touches(when), ...unless.map(({ scope }) => `!${covers(scope)}`)])
}

interface Place {
  readonly signed: Tailoring
  readonly judged: Tailoring
  readonly deployment: string
  /** Of the deployment, in the terms and in the determination. */
  readonly scopes: readonly Scope[]
}

/** Each tailoring on each deployment that terms and determination both know (semantics §7.2). */
function placesOf({ terms, determination }: Contract): readonly Place[] {
  return terms.tailorings.flatMap((signed) =>
    terms.deployments.flatMap(({ id: deployment, scope }) => {
      const judged = determination.tailorings.find(({ id }) => id === signed.id)
      const judgedFor = determination.deployments.find(({ id }) => id === deployment)
      if (!judged || !judgedFor) return []
      return [{ signed, judged, deployment, scopes: [scope, judgedFor.scope] }]
    }),
  )
}

/** Semantics §8.2 d: one condition after another, of every layer by itself (§7.2). */
function lifts(world: World, leaves: readonly UseNode[], contract: Contract, place: Place): string {
  const { signed, judged, deployment, scopes } = place
  const entry = world.exceptions.catalogue.find(({ id }) => id === signed.entry)
  if (!entry) return 'false'
  const layers = [signed, judged].map((layer) => ({
    lifts: current(world, contract, layer.lifts),
    uses: current(world, contract, layer.uses),
  }))
  const allUses = [entry.uses, ...layers.map(({ uses }) => uses)]
  const allScopes = [entry.scope, signed.scope, judged.scope, ...scopes]
  const terms = [contract.terms.term, contract.determination.term, signed.term, judged.term]
  return all([
    `principal == Customer::"${contract.customer}" && context.deployment == "${deployment}"`,
    `"${signed.entry}" == "${judged.entry}"`,
    ...[entry, ...layers].map((layer) => `${set(layer.lifts)}.containsAll(context.triggered)`),
    ...leaves.map((leaf) => {
      const isAllowed = all(allUses.map((uses) => isUnder(leaf, uses)))
      return any([`!${all([isAsked(leaf), isProhibited(world, leaf)])}`, isAllowed])
    }),
    ...allScopes.map(covers),
    ...[signed, judged].map(({ models }) => `${set(models)}.contains(context.model)`),
    any(world.models.models.map((model) => serves(world, model, contract.determination.decided))),
    ...terms.flatMap((term) => (term ? [isWithin(term)] : [])),
    ...standing(contract, place),
  ])
}

/** Whether a restriction that is triggered prohibits a leaf. */
function isProhibited({ policy: { restrictions } }: World, leaf: UseNode): string {
  return any(
    restrictions.map(({ id, prohibits }) =>
      all([`context.triggered.contains("${id}")`, isUnder(leaf, prohibits)]),
    ),
  )
}

/** What ids of the contract's policy version are now; one that is gone and unmapped names nothing (semantics §7.6). */
function current({ policy }: World, { terms }: Contract, ids: readonly string[]): string[] {
  const version = terms.policy.slice(terms.policy.indexOf('@') + 1)
  if (version === policy.version) return [...ids]
  return ids.flatMap((id) => {
    const row = policy.lineage.find(({ from }) => from === `${version}/${id}`)
    if (!row) return [id]
    return row.kind === 'same' || row.kind === 'narrowed' ? row.to : []
  })
}

/** Semantics §6.4: eligible at `decided`, and at every instant since at which an assertion starts. */
function serves({ exceptions }: World, { id, levels }: Snapshot, decided: Instant): string {
  const { scheme, levels: accepted, bases } = exceptions.safety
  const counts = (index: number, t: Instant): string => {
    const assertion = levels[index]
    const rescinding = levels.filter(({ rescinds }) => rescinds === assertion?.id)
    return all([
      `"${assertion?.scheme}" == "${scheme}" && ${assertion?.from} <= ${t}`,
      ...rescinding.map(({ from }) => `!(${from} <= ${t})`),
    ])
  }
  const eligible = (t: Instant): string => {
    const isHighest = levels.map(({ level }, i) =>
      all([
        counts(i, t),
        `${set(accepted.map(String))}.contains("${level}")`,
        ...levels.map((other, j) => any([`!${counts(j, t)}`, `${other.level} <= ${level}`])),
      ]),
    )
    const isSound = levels.map(({ basis }, i) =>
      any([`!${counts(i, t)}`, `${set(bases)}.contains("${basis}")`]),
    )
    return all([any(isHighest), ...isSound])
  }
  const changes = [decided, ...levels.map(({ from }) => from).filter((from) => from > decided)]
  const always = changes.map((t) => any([`context.at < ${t}`, eligible(t)]))
  return all([`context.model == "${id}"`, `${decided} <= context.at`, ...always])
}

/** Semantics §7.4 a and c to g. */
function standing({ terms, register }: Contract, place: Place): string[] {
  const { signed, judged, deployment } = place
  const during = (rows: readonly Interval[]): string => any(rows.map(isWithin))
  const guarding = terms.duties.filter(({ guards }) => guards?.includes(signed.id) ?? true)
  const isOver = ({ scope }: (typeof register.stops)[number]): string => {
    if (scope === 'contract') return 'true'
    return 'tailoring' in scope
      ? `"${scope.tailoring}" == "${signed.id}"`
      : `"${scope.deployment}" == "${deployment}"`
  }
  return [
    lastOf(register.states, ({ state }) => `"${state}" == "in_force"`),
    ...[...signed.authorities, ...judged.authorities].map((authority) => {
      const rows = register.authorities.filter(({ id }) => id === authority)
      return lastOf(rows, ({ status, 'review-by': reviewBy }) => {
        const isGood = `["in-force", "in-force-under-transition"].contains("${status}")`
        return reviewBy === undefined ? 'false' : all([isGood, `context.at < ${reviewBy}`])
      })
    }),
    ...[...signed.safeguards, ...judged.safeguards].map((safeguard) =>
      during(register.attestations.filter((row) => row.safeguard === safeguard)),
    ),
    ...guarding.flatMap((duty) => duty.due.map((due) => isPaid(register, duty, due))),
    ...register.stops.map((stop) => `!${all([isOver(stop), isWithin(stop)])}`),
    during(register.enrolments.filter((row) => row.deployment === deployment)),
  ]
}

/** Whether the row that counts holds: the last to start, and of two at one instant the later listed. */
function lastOf<Row extends { readonly from: Instant }>(
  rows: readonly Row[],
  holds: (row: Row) => string,
): string {
  return any(
    rows.map((row, i) => {
      const later = rows.map((other, j) =>
        all([
          `${other.from} <= context.at`,
          `(${other.from} > ${row.from} || (${other.from} == ${row.from} && ${j} > ${i}))`,
        ]),
      )
      return all([`${row.from} <= context.at`, `!${any(later)}`, holds(row)])
    }),
  )
}

/** Semantics §7.4 e, for one due instant. */
function isPaid({ duties }: Contract['register'], { id, grace }: Duty, due: Instant): string {
  const late = due + grace
  const rows = duties.filter((row) => row.id === id && row.due === due)
  return any([
    `context.at < ${late}`,
    ...rows.flatMap(({ met }) => (met === undefined ? [] : [`${met} <= ${late}`])),
    ...rows.flatMap(({ reinstated }) =>
      reinstated === undefined ? [] : [`${reinstated} <= context.at`],
    ),
  ])
}
