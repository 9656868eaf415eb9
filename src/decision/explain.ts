import { contains } from '../interval.ts'
import { ok, type Result } from '../result.ts'
import { printInstantShort } from '../time.ts'
import type { Bundle } from './bundle.ts'
import { type ReachContent, type ScopeMasks, spansOfContent } from './content.ts'
import { allows, type Decision, type FailedCondition } from './decision.ts'
import {
  type Asked,
  decideWithNearest,
  missOf,
  reachesOf,
  triggeredOf,
  valuesOf,
} from './nearest.ts'
import type { Request, RequestError } from './request.ts'
import { resolve, roomFor } from './resolve.ts'
import { hasBit, type RestrictionTable } from './tables.ts'

/** Why a request was decided as it was. Holds nothing of any other customer. */
export interface Explanation {
  readonly decision: Decision
  readonly uses: readonly JudgedUse[]
  readonly facts: readonly JudgedFact[]
  /** Those that prohibit a use that was judged, by id. */
  readonly restrictions: readonly AskedRestriction[]
  readonly tailorings: readonly ConsideredTailoring[]
  /** The nearest thing that would change the answer. */
  readonly change: string
}

export interface JudgedUse {
  readonly use: string
  readonly title: string
  readonly certainty: 'certain' | 'suspected'
  /** `stated`, or which detector said so, with what score against what threshold. */
  readonly because: string
}

export interface JudgedFact {
  readonly fact: string
  readonly title: string
  readonly values: readonly string[]
  readonly isStated: boolean
}

export interface AskedRestriction {
  readonly restriction: string
  readonly title: string
  readonly fired: boolean
  readonly because: string
}

export interface ConsideredTailoring {
  readonly contract: string
  readonly tailoring: string
  /** Empty for one that applies. */
  readonly failed: readonly FailedCondition[]
}

/** Explains the decision on a request to a person. */
export function explain(bundle: Bundle, request: Request): Result<Explanation, RequestError> {
  const decided = decideWithNearest(bundle, request)
  if (!decided.ok) return decided
  const resolved = roomFor(bundle.tables)
  resolve(bundle.tables, request, resolved)
  const decision = decided.value
  const asked = { bundle, request, resolved, triggered: triggeredOf(bundle, decision) }
  const tailorings = consideredOf(asked)
  return ok({
    decision,
    uses: usesOf(asked),
    facts: factsOf(asked),
    restrictions: restrictionsOf(asked, decision),
    tailorings,
    change: changeOf(asked, decision),
  })
}

function usesOf({ bundle, request, resolved }: Asked): JudgedUse[] {
  const { tables } = bundle
  const { leaves, uses } = tables.content
  const titles = new Map(uses.map(({ id, title }) => [id, title]))
  return leaves.flatMap(({ id, referAt, denyAt }, index): JudgedUse[] => {
    const isCertain = hasBit(resolved.certain.leaves, index)
    if (!isCertain && !(resolved.isDoubted && hasBit(resolved.suspected.leaves, index))) return []
    const holds = (use: string): boolean => tables.uses.get(use)?.indexes.includes(index) ?? false
    const stated = request.uses
      .filter(holds)
      .map((use) => (use === id ? 'stated' : `stated as ${use}`))
    const threshold = isCertain ? denyAt : referAt
    const name = isCertain ? 'deny-at' : 'refer-at'
    const detected = request.signals
      .filter(({ use, score }) => holds(use) && score >= threshold)
      .map(({ detector, score }) => `detected by ${detector}: score ${score}, ${name} ${threshold}`)
    const because = [...stated, ...detected].join('; ')
    const certainty = isCertain ? 'certain' : 'suspected'
    return [{ use: id, title: titles.get(id) ?? id, certainty, because }]
  })
}

function factsOf({ bundle, request, resolved }: Asked): JudgedFact[] {
  const { content } = bundle.tables
  return content.facts.map(({ id, title }, fact) => ({
    fact: id,
    title,
    values: valuesOf(content, fact, resolved.facts[fact] ?? 0),
    isStated: Object.hasOwn(request.facts, id),
  }))
}

function restrictionsOf(asked: Asked, { outcome }: Decision): AskedRestriction[] {
  const { bundle, resolved } = asked
  const uses = outcome === 'deny' || !resolved.isDoubted ? resolved.certain : resolved.suspected
  return bundle.tables.restrictions
    .filter(({ index }) => hasBit(uses.restrictions, index))
    .map((table) => {
      const { id, title } = table.content
      const fired = asked.triggered.includes(table)
      return { restriction: id, title, fired, because: becauseOf(asked, table, fired) }
    })
}

function becauseOf(asked: Asked, { content }: RestrictionTable, fired: boolean): string {
  const { when, unless } = content
  const apart = when.find(([fact, mask]) => ((asked.resolved.facts[fact] ?? 0) & mask) === 0)
  if (apart) return `it asks about ${printScope(asked, [apart])}, and ${printSaid(asked, apart[0])}`
  if (!fired) {
    const excuse = unless.find(({ scope }) => isCovered(asked, scope))
    const duties = excuse?.obligations.length
      ? `, which obliges: ${excuse.obligations.join(', ')}`
      : ''
    return `excused: ${printScope(asked, excuse?.scope ?? [])}${duties}`
  }
  const conditions = when.map(([fact]) => printSaid(asked, fact))
  const excuses = unless.map(({ scope }) => {
    const missing = scope.filter((pair) => !isCovered(asked, [pair]))
    return `not excused, as ${missing.map(([fact]) => printSaid(asked, fact)).join(' and ')}`
  })
  return [...conditions, ...excuses].join('; ') || 'it prohibits the use whatever the facts'
}

function isCovered({ resolved }: Asked, scope: ScopeMasks): boolean {
  return scope.every(([fact, mask]) => ((resolved.facts[fact] ?? 0) & ~mask) === 0)
}

/** `subjects: foreign`. */
function printScope({ bundle }: Asked, scope: ScopeMasks): string {
  const { content } = bundle.tables
  return scope
    .map(
      ([fact, mask]) => `${content.facts[fact]?.id}: ${valuesOf(content, fact, mask).join(' or ')}`,
    )
    .join(', ')
}

function printSaid({ bundle, request }: Asked, fact: number): string {
  const id = bundle.tables.content.facts[fact]?.id ?? ''
  const stated = request.facts[id]
  return stated
    ? `${id} is stated as ${stated.join(' or ')}`
    : `${id} is unstated, so it may be any value`
}

function consideredOf(asked: Asked): ConsideredTailoring[] {
  const { bundle, request, triggered } = asked
  if (triggered.length === 0 || triggered.some(({ never }) => never !== null)) return []
  return reachesOf(bundle, request).map((reach) => {
    const miss = missOf(asked, reach)
    return { ...miss, failed: [...failedLifts(asked, reach), ...miss.failed] }
  })
}

function failedLifts({ bundle, triggered }: Asked, { lifts }: ReachContent): FailedCondition[] {
  const unlifted = triggered.filter(({ index }) => !lifts.includes(index))
  if (unlifted.length === 0) return []
  const names = unlifted.map(({ content }) => `\`${content.id}\``).join(', ')
  const { restrictions } = bundle.tables.content
  const lifted = lifts.map((index) => restrictions[index]?.id).join(', ')
  return [{ condition: 'lifts', text: `it does not lift ${names}`, 'would-need': `only ${lifted}` }]
}

function changeOf(asked: Asked, decision: Decision): string {
  if (allows(decision)) return endOf(asked, decision)
  if (decision.outcome === 'refer') return 'a person who settles what the detectors suspect'
  const never = asked.triggered.filter((restriction) => restriction.never !== null)
  const [blocking = asked.triggered[0]] = never
  const [nearest] = decision.nearest
  if (never.length === 0 && nearest) {
    const needs = nearest.failed.map((failed) => failed['would-need']).join('; and ')
    return `${nearest.contract}/${nearest.tailoring} would apply with: ${needs || 'a bundle that is not stale'}`
  }
  const statement = blocking && statementThatHelps(asked, blocking)
  if (statement !== undefined) return statement
  if (never.length > 0) return `nothing: \`${blocking?.content.id}\` is never lifted`
  return 'a contract whose tailoring lifts all of the restrictions that fired'
}

/** What could truthfully be stated for a restriction not to fire, if the facts are so. */
function statementThatHelps(asked: Asked, { content }: RestrictionTable): string | undefined {
  const { id, when, unless } = content
  const facts = asked.resolved.facts
  for (const [fact, mask] of when) {
    const other = (facts[fact] ?? 0) & ~mask
    if (other !== 0)
      return `if it is so, stating only ${printScope(asked, [[fact, other >>> 0]])}, so that \`${id}\` does not fire`
  }
  const excuse = unless.find(({ scope }) =>
    scope.every(([fact, mask]) => ((facts[fact] ?? 0) & mask) !== 0),
  )
  return (
    excuse &&
    `if it is so, stating ${printScope(asked, excuse.scope)}, which excuses from \`${id}\``
  )
}

/** When an exception ends by the clock alone. */
function endOf({ bundle, request }: Asked, { contract, tailoring }: Decision): string {
  const reach = reachesOf(bundle, request).find(
    (own) => own.contract === contract && own.tailoring === tailoring,
  )
  if (!reach) return 'another use or fact, or a signal, that triggers a restriction'
  const model = reach.models.find(({ id }) => id === request.model)
  const conditions = [
    ...reach.standing.map(({ kind, id, holds }) => ({
      name: [kind, id].filter(Boolean).join(' '),
      holds,
    })),
    { name: `model ${request.model}`, holds: model?.serves ?? [] },
  ]
  const ends = conditions.map(({ name, holds }) => ({
    name,
    until: endAfter(spansOfContent(holds), request.at),
  }))
  const first = ends.reduce((a, b) => (b.until < a.until ? b : a))
  return Number.isFinite(first.until)
    ? `the clock: the exception ends at ${printInstantShort(first.until)} (${first.name})`
    : 'a change to the contract'
}

function endAfter(spans: readonly number[], t: number): number {
  for (let i = 0; i < spans.length; i += 2) {
    if (contains(spans.slice(i, i + 2), t)) return spans[i + 1] as number
  }
  return t
}
