import { at } from '../assert.ts'
import type { Condition } from '../contract/condition.ts'
import { complement, contains, type Spans } from '../interval.ts'
import { ok, type Result } from '../result.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { type Bundle, reachesOf as reachesOfCustomer } from './bundle.ts'
import {
  type PolicyContent,
  type ReachContent,
  type ScopeMasks,
  spansOfContent,
} from './content.ts'
import { decide } from './decide.ts'
import type { Decision, FailedCondition, NearMiss } from './decision.ts'
import type { Request, RequestError } from './request.ts'
import { type Resolved, resolve, roomFor, type UseSet } from './resolve.ts'
import { hasBit, type RestrictionTable } from './tables.ts'

/** Most near misses of one decision (semantics §8.5). */
const NEAREST_MAX = 8

/** The decision, and for a denial the near misses: for people who ask why (semantics §8.5). */
export function decideWithNearest(
  bundle: Bundle,
  request: Request,
): Result<Decision, RequestError> {
  const decided = decide(bundle, request)
  if (!decided.ok || decided.value.outcome !== 'deny') return decided
  const asked = askedOf(bundle, request, decided.value)
  if (asked.triggered.some(({ never }) => never !== null)) return decided
  const considered = reachesOf(bundle, request)
    .filter((reach) => asked.triggered.every(({ index }) => reach.lifts.includes(index)))
    .map((reach) => missOf(asked, reach))
  const nearest = considered.toSorted((a, b) => a.failed.length - b.failed.length)
  return ok({ ...decided.value, nearest: nearest.slice(0, NEAREST_MAX) })
}

/** The restrictions that a decision names. */
function triggeredOf({ tables }: Bundle, { triggered }: Decision): RestrictionTable[] {
  return tables.restrictions.filter(({ content }) => triggered.includes(content.id))
}

/** What the customer's own tailorings reach for the deployment, in order. */
export function reachesOf(bundle: Bundle, request: Request): readonly ReachContent[] {
  const reaches = reachesOfCustomer(bundle.customers.get(request.customer))
  return reaches.filter(({ deployment }) => deployment === request.deployment)
}

/** A request, and everything that the conditions of a tailoring are held against. */
export interface Asked {
  readonly bundle: Bundle
  readonly request: Request
  readonly resolved: Resolved
  /** The uses that decided: the certain ones for a denial, the suspected ones otherwise (semantics §8.5). */
  readonly uses: UseSet
  readonly triggered: readonly RestrictionTable[]
}

/** The decision's request in masks, with the uses and restrictions that decided. */
export function askedOf(bundle: Bundle, request: Request, decision: Decision): Asked {
  const resolved = roomFor(bundle.tables)
  resolve(bundle.tables, request, resolved)
  const isDoubted = decision.outcome !== 'deny' && resolved.isDoubted
  const uses = isDoubted ? resolved.suspected : resolved.certain
  return { bundle, request, resolved, uses, triggered: triggeredOf(bundle, decision) }
}

export function missOf(asked: Asked, reach: ReachContent): NearMiss {
  const failed = [
    ...failedStanding(asked, reach),
    ...failedModel(asked, reach),
    ...failedUses(asked, reach),
    ...failedScope(asked, reach),
  ]
  return { contract: reach.contract, tailoring: reach.tailoring, failed }
}

/** What each condition says when it fails, and what it would need, of the thing that it names. */
const STANDING_TEXTS: Readonly<
  Record<Condition['kind'], readonly [text: (id: string) => string, need: (id: string) => string]>
> = {
  state: [() => 'the contract is not in force', () => 'the contract in force'],
  term: [() => 'the instant is outside its term', () => 'a term that this instant is in'],
  authority: [
    (id) => `the authority \`${id}\` does not stand`,
    (id) => `the authority \`${id}\` in force, with its review still ahead`,
  ],
  safeguard: [
    (id) => `the safeguard \`${id}\` is not attested`,
    (id) => `a current attestation of \`${id}\``,
  ],
  duty: [
    (id) => `the duty \`${id}\` is outstanding`,
    (id) => `the duty \`${id}\` met, and reinstated by a second person`,
  ],
  stop: [() => 'a stop is over it', () => 'the stop lifted'],
  enrolment: [
    (id) => `the deployment \`${id}\` is not enrolled`,
    (id) => `a current enrolment of \`${id}\``,
  ],
}

/** Semantics §7.4: one failed condition for each of a to g, whatever number of rows fail in it. */
function failedStanding({ request }: Asked, { standing }: ReachContent): FailedCondition[] {
  const failing = standing
    .map(({ kind, id, holds }) => ({ kind, id, gap: gapAt(spansOfContent(holds), request.at) }))
    .filter(({ gap }) => gap !== undefined)
  const kinds = [...new Set(failing.map(({ kind }) => kind))]
  return kinds.map((kind) => {
    const [text, need] = STANDING_TEXTS[kind]
    const rows = failing.filter((row) => row.kind === kind)
    return {
      condition: kind,
      text: rows.map(({ id, gap }) => `${text(id)} (${printGap(gap)})`).join('; '),
      'would-need': rows
        .map(({ id, gap }) =>
          gap?.until === Infinity || gap === undefined
            ? need(id)
            : `${need(id)}, as on record from ${printInstantShort(gap.until)} on`,
        )
        .join('; and '),
    }
  })
}

interface Gap {
  readonly from: number
  readonly until: number
}

/** How long something has not held and will not; undefined where it holds. */
function gapAt(holds: Spans, t: Instant): Gap | undefined {
  const gaps = complement(holds)
  for (let i = 0; i < gaps.length; i += 2) {
    const gap = { from: at(gaps, i), until: at(gaps, i + 1) }
    if (gap.from <= t && t < gap.until) return gap
  }
  return undefined
}

function printGap({ from, until }: Gap = { from: -Infinity, until: Infinity }): string {
  if (from === -Infinity && until === Infinity) return 'at no time on record'
  if (from === -Infinity) return `before ${printInstantShort(until)}`
  const since = printInstantShort(from)
  return until === Infinity ? `since ${since}` : `from ${since} until ${printInstantShort(until)}`
}

function failedModel({ request }: Asked, { models }: ReachContent): FailedCondition[] {
  const model = models.find(({ id }) => id === request.model)
  const gap = model && gapAt(spansOfContent(model.serves), request.at)
  if (model && !gap) return []
  const text = model
    ? `the safety level of \`${request.model}\` has not been acceptable ever since the contract was decided (${printGap(gap)})`
    : `\`${request.model}\` is not among its models`
  const others = models.filter(({ serves }) => contains(spansOfContent(serves), request.at))
  const need =
    others.length === 0
      ? 'a model whose safety level is acceptable: none of its own serves at this instant'
      : `one of its models that serve at this instant: ${others.map(({ id }) => `\`${id}\``).join(', ')}`
  return [{ condition: 'model', text, 'would-need': need }]
}

function failedUses(asked: Asked, { uses }: ReachContent): FailedCondition[] {
  const { leaves } = asked.bundle.tables.content
  const outside = leaves.filter((_, leaf) => isAsked(asked, leaf) && !uses.includes(leaf))
  if (outside.length === 0) return []
  const allowed = uses.map((leaf) => `\`${leaves[leaf]?.id}\``).join(', ')
  return [
    {
      condition: 'uses',
      text: `it does not cover ${outside.map(({ id }) => `\`${id}\``).join(', ')}`,
      'would-need': `only uses that it covers: ${allowed}`,
    },
  ]
}

function isAsked({ uses, triggered }: Asked, leaf: number): boolean {
  return hasBit(uses.leaves, leaf) && triggered.some(({ prohibits }) => hasBit(prohibits, leaf))
}

function failedScope(asked: Asked, { scope }: ReachContent): FailedCondition[] {
  const { facts } = asked.resolved
  const failing = scope.filter(([fact, mask]) => ((facts[fact] ?? 0) & ~mask) !== 0)
  if (failing.length === 0) return []
  return [
    {
      condition: 'scope',
      text: failing.map(([fact]) => printSaid(asked, fact)).join('; '),
      'would-need': `${printOnly(asked, failing)}, and stated so`,
    },
  ]
}

/** `` `act` is stated as analyse or collect ``. */
export function printSaid({ bundle, request }: Asked, fact: number): string {
  const { id } = at(bundle.tables.content.facts, fact)
  return Object.hasOwn(request.facts, id)
    ? `\`${id}\` is stated as ${printValues(request.facts[id] ?? [])}`
    : `\`${id}\` is not stated, so it may be anything`
}

/** `` `act` only analyse and `human-review` only yes ``. */
export function printOnly({ bundle }: Asked, scope: ScopeMasks): string {
  const { content } = bundle.tables
  return scope
    .map(([fact, mask]) => {
      return `\`${at(content.facts, fact).id}\` only ${printValues(valuesOf(content, fact, mask))}`
    })
    .join(' and ')
}

export function printValues(values: readonly string[]): string {
  return values.join(' or ')
}

/** The values that a mask of a fact holds. */
export function valuesOf({ facts }: PolicyContent, fact: number, mask: number): readonly string[] {
  return facts[fact]?.values.filter((_, bit) => ((mask >>> bit) & 1) === 1) ?? []
}
