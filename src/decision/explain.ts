import { at } from '../assert.ts'
import { ok, type Result } from '../result.ts'
import { type Bundle, reachesOf as reachesOfCustomer } from './bundle.ts'
import type { PolicyContent, ReachContent, ScopeMasks } from './content.ts'
import type { Decision, FailedCondition } from './decision.ts'
import { changeOf } from './explain-change.ts'
import {
  type Asked,
  askedOf,
  decideWithNearest,
  missOf,
  printOnly,
  printSaid,
  printValues,
  reachesOf,
  valuesOf,
} from './nearest.ts'
import type { Request, RequestError } from './request.ts'
import { hasBit, type RestrictionTable } from './tables.ts'

/** Why a request was decided as it was. Holds nothing of any other customer. */
export interface Explanation {
  readonly decision: Decision
  /** `<policy id>@<version>`. */
  readonly policy: string
  readonly obligations: readonly AskedObligation[]
  readonly uses: readonly JudgedUse[]
  /** Signals too weak to count. */
  readonly unheeded: readonly UnheededSignal[]
  readonly facts: readonly JudgedFact[]
  /** Those that prohibit a use that was judged, by id. */
  readonly restrictions: readonly AskedRestriction[]
  readonly tailorings: readonly ConsideredTailoring[]
  /** Why no tailoring was considered; empty when some were. */
  readonly unconsidered: string
  /** The nearest thing that would change the answer. */
  readonly change: string
}

export interface AskedObligation {
  readonly obligation: string
  /** The restrictions that excuse for it, and the tailoring that asks for it. */
  readonly askedBy: readonly string[]
}

export interface JudgedUse {
  readonly use: string
  readonly title: string
  readonly certainty: 'certain' | 'suspected'
  /** `stated`, or which detector said so, with what score against what threshold. */
  readonly because: string
}

export interface UnheededSignal {
  readonly detector: string
  readonly use: string
  readonly because: string
}

export interface JudgedFact {
  readonly fact: string
  readonly title: string
  readonly values: readonly string[]
  readonly isStated: boolean
  /** Whether a restriction that asked, or a tailoring that was considered, looks at it. */
  readonly isAsked: boolean
}

export interface AskedRestriction {
  readonly restriction: string
  readonly title: string
  /** The uses that it prohibits, of those judged. */
  readonly uses: readonly string[]
  readonly fired: boolean
  readonly because: string
}

export interface ConsideredTailoring {
  readonly contract: string
  readonly tailoring: string
  /** Whether the decision rests on it: the first that applies. */
  readonly isUsed: boolean
  /** Empty for one that applies. */
  readonly failed: readonly FailedCondition[]
}

/** Explains the decision on a request to a person. */
export function explain(bundle: Bundle, request: Request): Result<Explanation, RequestError> {
  const decided = decideWithNearest(bundle, request)
  if (!decided.ok) return decided
  const decision = decided.value
  const asked = askedOf(bundle, request, decision)
  const { content } = bundle.tables
  const unconsidered = unconsideredOf(asked)
  const considered = unconsidered === '' ? reachesOf(bundle, request) : []
  return ok({
    decision,
    policy: `${content.id}@${content.version}`,
    obligations: obligationsOf(asked, decision, considered),
    uses: usesOf(asked),
    unheeded: unheededOf(asked),
    facts: factsOf(asked, considered),
    restrictions: asking(asked).map((restriction) => askedRestriction(asked, restriction)),
    tailorings: considered.map((reach) => considerationOf(asked, decision, reach)),
    unconsidered,
    change: changeOf(asked, decision),
  })
}

function usesOf(asked: Asked): JudgedUse[] {
  const { content } = asked.bundle.tables
  const titles = new Map(content.uses.map(({ id, title }) => [id, title]))
  return content.leaves.flatMap(({ id }, leaf): JudgedUse[] => {
    if (!hasBit(asked.uses.leaves, leaf)) return []
    const isCertain = hasBit(asked.resolved.certain.leaves, leaf)
    const because = [...statedAs(asked, leaf), ...detectedAs(asked, leaf)].join('; ')
    const certainty = isCertain ? 'certain' : 'suspected'
    return [{ use: id, title: titles.get(id) ?? id, certainty, because }]
  })
}

/** Whether a node of the tree stands for a leaf. */
function holds({ bundle }: Asked, use: string, leaf: number): boolean {
  return bundle.tables.uses.get(use)?.indexes.includes(leaf) ?? false
}

function statedAs(asked: Asked, leaf: number): string[] {
  const { id } = at(asked.bundle.tables.content.leaves, leaf)
  return asked.request.uses
    .filter((use) => holds(asked, use, leaf))
    .map((use) => (use === id ? 'stated' : `stated as \`${use}\``))
}

function detectedAs(asked: Asked, leaf: number): string[] {
  const { id, referAt, denyAt } = at(asked.bundle.tables.content.leaves, leaf)
  return asked.request.signals
    .filter(({ use, score }) => holds(asked, use, leaf) && score >= referAt)
    .map(({ detector, use, score }) => {
      const scored = `detected: \`${detector}\` gives ${use === id ? 'it' : `\`${use}\``} ${score}`
      return score >= denyAt
        ? `${scored}, and from ${denyAt} on it counts as stated (deny-at)`
        : `${scored}, and from ${referAt} on it is suspected (refer-at)`
    })
}

function unheededOf(asked: Asked): UnheededSignal[] {
  const { leaves } = asked.bundle.tables.content
  return asked.request.signals.flatMap(({ detector, use, score }) => {
    const own = leaves.filter((_, leaf) => holds(asked, use, leaf))
    const least = Math.min(...own.map(({ referAt }) => referAt))
    if (score >= least) return []
    return [{ detector, use, because: `score ${score}, and only from ${least} on it is suspected` }]
  })
}

/** The restrictions that prohibit a use that was judged. */
function asking({ bundle, uses }: Asked): RestrictionTable[] {
  return bundle.tables.restrictions.filter(({ index }) => hasBit(uses.restrictions, index))
}

function factsOf(asked: Asked, considered: readonly ReachContent[]): JudgedFact[] {
  const { content } = asked.bundle.tables
  const scopes = [
    ...asking(asked).flatMap(({ content: { when, unless } }) => [
      when,
      ...unless.map(({ scope }) => scope),
    ]),
    ...considered.map(({ scope }) => scope),
  ]
  const lookedAt = new Set(scopes.flatMap((scope) => scope.map(([fact]) => fact)))
  return content.facts.map(({ id, title }, fact) => ({
    fact: id,
    title,
    values: valuesOf(content, fact, asked.resolved.facts[fact] ?? 0),
    isStated: Object.hasOwn(asked.request.facts, id),
    isAsked: lookedAt.has(fact),
  }))
}

function askedRestriction(asked: Asked, table: RestrictionTable): AskedRestriction {
  const { id, title } = table.content
  const fired = asked.triggered.includes(table)
  const uses = asked.bundle.tables.content.leaves
    .filter((_, leaf) => hasBit(asked.uses.leaves, leaf) && hasBit(table.prohibits, leaf))
    .map((leaf) => leaf.id)
  return { restriction: id, title, uses, fired, because: becauseOf(asked, table, fired) }
}

/** Reads on from `forbids …`. */
function becauseOf(asked: Asked, { content }: RestrictionTable, fired: boolean): string {
  const { when, unless } = content
  const { facts } = asked.resolved
  const apart = when.filter(([fact, mask]) => ((facts[fact] ?? 0) & mask) === 0)
  if (apart.length > 0) return `only when ${printMay(asked, when)}: ${printAllSaid(asked, apart)}`
  if (!fired) {
    const excuse = unless.find(({ scope }) => isCovered(asked, scope))
    return `but excuses this, since ${printAllSaid(asked, excuse?.scope ?? [])}`
  }
  const condition =
    when.length === 0
      ? 'whatever the facts are'
      : `when ${printMay(asked, when)}: ${printAllSaid(asked, when)}`
  if (unless.length === 0) return condition
  const excuses = unless.map(({ scope }) => printOnly(asked, scope)).join(', or with ')
  const open = unless.flatMap(({ scope }) => uncovered(asked, scope))
  return `${condition}, and excuses it only with ${excuses}: ${printAllSaid(asked, open)}`
}

/** What was said of each fact of some scopes, once. */
function printAllSaid(asked: Asked, scope: ScopeMasks): string {
  const facts = new Set(scope.map(([fact]) => fact))
  return [...facts].map((fact) => printSaid(asked, fact)).join('; ')
}

function isCovered(asked: Asked, scope: ScopeMasks): boolean {
  return uncovered(asked, scope).length === 0
}

/** The parts of a scope that keep it from covering the request. */
function uncovered({ resolved }: Asked, scope: ScopeMasks): ScopeMasks {
  return scope.filter(([fact, mask]) => ((resolved.facts[fact] ?? 0) & ~mask) !== 0)
}

/** `` `subjects` may be domestic and `act` may be target or decide ``. */
function printMay({ bundle }: Asked, scope: ScopeMasks): string {
  const { content } = bundle.tables
  return scope.map(([fact, mask]) => printFact(content, fact, mask)).join(' and ')
}

function printFact(content: PolicyContent, fact: number, mask: number): string {
  const { id } = at(content.facts, fact)
  return `\`${id}\` may be ${printValues(valuesOf(content, fact, mask))}`
}

function obligationsOf(
  asked: Asked,
  { obligations, contract, tailoring }: Decision,
  considered: readonly ReachContent[],
): AskedObligation[] {
  const excuses = asking(asked)
    .filter((table) => !asked.triggered.includes(table))
    .flatMap(({ content }) => {
      const excuse = content.unless.find(({ scope }) => isCovered(asked, scope))
      return excuse ? [{ by: content.id, obligations: excuse.obligations }] : []
    })
  const lifting = considered
    .filter((reach) => reach.contract === contract && reach.tailoring === tailoring)
    .map((reach) => ({ by: `${contract}/${tailoring}`, obligations: reach.obligations }))
  return obligations.map((obligation) => ({
    obligation,
    askedBy: [...excuses, ...lifting].flatMap((asks) =>
      asks.obligations.includes(obligation) ? [asks.by] : [],
    ),
  }))
}

/** Why no tailoring is looked at; empty when there are some to look at. */
function unconsideredOf({ bundle, request, triggered }: Asked): string {
  if (triggered.length === 0) return 'none is needed, since no restriction fired'
  const never = triggered.filter((restriction) => restriction.never !== null)
  if (never.length > 0) {
    const names = never.map(({ content }) => `\`${content.id}\``).join(', ')
    return `none could help, since nothing lifts ${names}`
  }
  if (reachesOf(bundle, request).length > 0) return ''
  const { customer, deployment } = request
  const known = reachesOfCustomer(bundle.customers.get(customer))
  if (known.length === 0) return `\`${customer}\` has no contract that lifts anything`
  const deployments = new Set(known.map((reach) => reach.deployment))
  const others = [...deployments].map((id) => `\`${id}\``).join(', ')
  return `no contract of \`${customer}\` reaches \`${deployment}\`, only ${others}`
}

function considerationOf(
  asked: Asked,
  decision: Decision,
  reach: ReachContent,
): ConsideredTailoring {
  const { contract, tailoring, failed } = missOf(asked, reach)
  const isUsed = decision.contract === contract && decision.tailoring === tailoring
  return { contract, tailoring, isUsed, failed: [...failedLifts(asked, reach), ...failed] }
}

function failedLifts({ bundle, triggered }: Asked, { lifts }: ReachContent): FailedCondition[] {
  const unlifted = triggered.filter(({ index }) => !lifts.includes(index))
  if (unlifted.length === 0) return []
  const { restrictions } = bundle.tables.content
  const names = unlifted.map(({ content }) => `\`${content.id}\``).join(', ')
  const lifted = lifts.map((index) => `\`${at(restrictions, index).id}\``).join(', ')
  return [
    {
      condition: 'lifts',
      text: `it does not lift ${names}`,
      'would-need': `only restrictions that it lifts: ${lifted}`,
    },
  ]
}
