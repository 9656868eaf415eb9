import type { Condition } from '../contract/standing.ts'
import { contains, type Spans } from '../interval.ts'
import { ok, type Result } from '../result.ts'
import { printInstantShort } from '../time.ts'
import { type Bundle, reachesOf as reachesOfCustomer } from './bundle.ts'
import { type PolicyContent, type ReachContent, spansOfContent } from './content.ts'
import { decide } from './decide.ts'
import type { Decision, FailedCondition, NearMiss } from './decision.ts'
import type { Request, RequestError } from './request.ts'
import { type Resolved, resolve, roomFor } from './resolve.ts'
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
  const triggered = triggeredOf(bundle, decided.value)
  if (triggered.some(({ never }) => never !== null)) return decided
  const resolved = roomFor(bundle.tables)
  resolve(bundle.tables, request, resolved)
  const considered = reachesOf(bundle, request)
    .filter((reach) => triggered.every(({ index }) => reach.lifts.includes(index)))
    .map((reach) => missOf({ bundle, request, resolved, triggered }, reach))
  const nearest = considered.toSorted((a, b) => a.failed.length - b.failed.length)
  return ok({ ...decided.value, nearest: nearest.slice(0, NEAREST_MAX) })
}

/** The restrictions that a decision names. */
export function triggeredOf({ tables }: Bundle, { triggered }: Decision): RestrictionTable[] {
  return tables.restrictions.filter(({ content }) => triggered.includes(content.id))
}

/** What the customer's own tailorings reach for the deployment, in order. */
export function reachesOf(bundle: Bundle, request: Request): readonly ReachContent[] {
  const reaches = reachesOfCustomer(bundle.customers.get(request.customer))
  return reaches.filter(({ deployment }) => deployment === request.deployment)
}

/** A request that triggered something, and everything that its conditions are held against. */
export interface Asked {
  readonly bundle: Bundle
  readonly request: Request
  readonly resolved: Resolved
  readonly triggered: readonly RestrictionTable[]
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

const STANDING_TEXTS: Readonly<Record<Condition['kind'], readonly [text: string, need: string]>> = {
  state: ['the contract is not in force', 'the contract in force'],
  term: ['the instant is outside the term', 'an instant in the term'],
  authority: ['an authority does not stand', 'the authority in force and before its review date'],
  safeguard: ['a safeguard is not attested', 'a current attestation'],
  duty: ['a duty is outstanding', 'the duty met, and a second person reinstating'],
  stop: ['a stop is over it', 'the stop lifted'],
  enrolment: ['the deployment is not enrolled', 'a current enrolment'],
}

/** Semantics §7.4: one failed condition for each of a to g, whatever number of rows fail in it. */
function failedStanding({ request }: Asked, { standing }: ReachContent): FailedCondition[] {
  const failing = standing
    .map(({ kind, id, holds }) => ({ kind, id, holds: spansOfContent(holds) }))
    .filter(({ holds }) => !contains(holds, request.at))
  const kinds = [...new Set(failing.map(({ kind }) => kind))]
  return kinds.map((kind) => {
    const rows = failing.filter((row) => row.kind === kind)
    const [text, need] = STANDING_TEXTS[kind]
    const names = rows.flatMap(({ id }) => (id === '' ? [] : [`\`${id}\``])).join(', ')
    const when = rows.map(({ holds }) => printSpans(holds)).join('; ')
    return {
      condition: kind,
      text: names === '' ? text : `${text}: ${names}`,
      'would-need': `${need} (so far ${when})`,
    }
  })
}

function failedModel({ request }: Asked, { models }: ReachContent): FailedCondition[] {
  const model = models.find(({ id }) => id === request.model)
  const serves = model ? spansOfContent(model.serves) : []
  if (contains(serves, request.at)) return []
  const text = model
    ? `the model \`${request.model}\` does not serve it: served ${printSpans(serves)}`
    : `the model \`${request.model}\` is not among its models`
  const others = models.map(({ id }) => id).join(', ')
  return [{ condition: 'model', text, 'would-need': `an eligible snapshot among ${others}` }]
}

function failedUses(asked: Asked, { uses }: ReachContent): FailedCondition[] {
  const { leaves } = asked.bundle.tables.content
  const outside = leaves
    .filter((_, leaf) => isAsked(asked, leaf) && !uses.includes(leaf))
    .map(({ id }) => `\`${id}\``)
  if (outside.length === 0) return []
  const allowed = uses.map((leaf) => leaves[leaf]?.id).join(', ')
  return [
    {
      condition: 'uses',
      text: `it does not cover ${outside.join(', ')}`,
      'would-need': `only ${allowed}`,
    },
  ]
}

function isAsked({ resolved, triggered }: Asked, leaf: number): boolean {
  return (
    hasBit(resolved.certain.leaves, leaf) &&
    triggered.some(({ prohibits }) => hasBit(prohibits, leaf))
  )
}

function failedScope(
  { bundle, request, resolved }: Asked,
  { scope }: ReachContent,
): FailedCondition[] {
  const { content } = bundle.tables
  const failing = scope.filter(([fact, mask]) => ((resolved.facts[fact] ?? 0) & ~mask) !== 0)
  if (failing.length === 0) return []
  const texts = failing.map(([fact, mask]) => {
    const id = content.facts[fact]?.id ?? ''
    const stated = request.facts[id]
    const said = stated ? `is ${stated.join(' or ')}` : 'is not stated, so it may be any value'
    return {
      text: `\`${id}\` ${said}`,
      need: `\`${id}\`: ${valuesOf(content, fact, mask).join(', ')}`,
    }
  })
  return [
    {
      condition: 'scope',
      text: texts.map(({ text }) => text).join('; '),
      'would-need': `stated, and only ${texts.map(({ need }) => need).join('; ')}`,
    },
  ]
}

/** The values that a mask of a fact holds. */
export function valuesOf({ facts }: PolicyContent, fact: number, mask: number): readonly string[] {
  return facts[fact]?.values.filter((_, bit) => ((mask >>> bit) & 1) === 1) ?? []
}

/** `from 2026-02-01T00:00:00Z until 2026-07-31T00:00:00Z`. */
export function printSpans(spans: Spans): string {
  if (spans.length === 0) return 'never'
  const parts: string[] = []
  for (let i = 0; i < spans.length; i += 2) {
    const from = spans[i] as number
    const until = spans[i + 1] as number
    const start = Number.isFinite(from) ? `from ${printInstantShort(from)}` : ''
    const end = Number.isFinite(until) ? `until ${printInstantShort(until)}` : ''
    parts.push([start, end].filter(Boolean).join(' ') || 'always')
  }
  return parts.join(', ')
}
