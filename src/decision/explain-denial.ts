import { assert, at } from '../assert.ts'
import { printInstantShort } from '../time.ts'
import type { Bundle } from './bundle.ts'
import { spansOfContent } from './content.ts'
import { allows, type Decision } from './decision.ts'
import {
  type Asked,
  askedOf,
  decideWithNearest,
  printSaid,
  printValues,
  reachesOf,
  valuesOf,
} from './nearest.ts'
import type { Request } from './request.ts'
import { hasBit, type RestrictionTable, type Words } from './tables.ts'

/**
 * The nearest thing that would turn a denial, in a sentence or two. What is said of another request has
 * been decided, not guessed.
 */
export function changeOfDenial(asked: Asked, decision: Decision): string {
  const { bundle, request } = asked
  if (decision.reasons.some(({ code }) => code === 'bundle-stale')) return changeOfStale(asked)
  const unheard = ifUndetected(asked)
  if (unheard !== undefined) return unheard

  const own = reachesOf(bundle, request)
  const isLiftable = ({ index }: RestrictionTable): boolean =>
    own.some(({ lifts }) => lifts.includes(index))
  const blocking = asked.triggered.filter((table) => table.never !== null || !isLiftable(table))
  const { facts, unmoved } = narrowed(asked, blocking)
  const { stated, statement } = stating(asked, facts)
  if (unmoved.length > 0) return withoutUses(asked, stated, unmoved) ?? hopeless(asked, unmoved)

  const then = decisionOn(bundle, stated)
  if (allows(then)) return `${statement}. The decision would then be ${printOutcome(then)}.`
  const lead = statement === '' ? '' : `${statement}. Then: `
  const wait = afterWaiting(asked, stated)
  if (wait === undefined) return `${lead}${nearestOf(asked, then)}`
  return `${lead}${wait}${isOfRequest(then) ? ` Sooner: ${nearestOf(asked, then)}` : ''}`
}

/** Conditions that whoever asks can meet. */
const CONDITIONS_OF_REQUEST = ['model', 'uses', 'scope']

function isOfRequest({ nearest: [nearest] }: Decision): boolean {
  return (
    nearest?.failed.every(({ condition }) => CONDITIONS_OF_REQUEST.includes(condition)) === true
  )
}

function nearestOf(asked: Asked, { nearest: [nearest], triggered }: Decision): string {
  if (!nearest) return oneForAll(asked, triggered)
  const needs = nearest.failed.map((failed) => failed['would-need']).join('; and ')
  return `${nearest.contract}/${nearest.tailoring} would apply with ${needs}.`
}

/** Most instants that are tried for an exception to begin by itself. */
const WAITS_MAX = 100

/** When the decision would allow by the clock alone, as things are on record; undefined for never. */
function afterWaiting({ bundle }: Asked, request: Request): string | undefined {
  const starts = reachesOf(bundle, request)
    .flatMap(({ standing, models }) => [
      ...standing.map(({ holds }) => holds),
      ...models.map(({ serves }) => serves),
    ])
    .flatMap((spans) => spansOfContent(spans).filter((_, i) => i % 2 === 0))
    .filter((start) => start > request.at)
  // Whether a bundle is held then is another matter than what the contracts say.
  const lasting = { ...bundle, validUntil: null }
  for (const at of [...new Set(starts)].sort((a, b) => a - b).slice(0, WAITS_MAX)) {
    const then = decisionOn(lasting, { ...request, at })
    if (!allows(then)) continue
    return `The clock: as things are on record, from ${printInstantShort(at)} on the decision would be ${printOutcome(then)}.`
  }
  return undefined
}

function changeOfStale(asked: Asked): string {
  const { bundle, request } = asked
  const ended =
    bundle.validUntil === null ? '' : ` ended at ${printInstantShort(bundle.validUntil)}`
  const need = `A fresh bundle, since the lease of this one${ended}.`
  const fresh = { ...bundle, validUntil: null }
  const then = decisionOn(fresh, request)
  if (allows(then)) return `${need} The decision would then be ${printOutcome(then)}.`
  return `${need} Then: ${changeOfDenial(askedOf(fresh, request, then), then)}`
}

/** What the decision would be without the signals that count as stated, when it would not be a denial. */
function ifUndetected({ bundle, request, resolved }: Asked): string | undefined {
  const { leaves } = bundle.tables.content
  const stated = request.uses.flatMap((use) => bundle.tables.uses.get(use)?.indexes ?? [])
  const detected = leaves.filter(
    (_, leaf) => hasBit(resolved.certain.leaves, leaf) && !stated.includes(leaf),
  )
  if (detected.length === 0) return undefined
  const signals = request.signals.filter(
    ({ use, score }) =>
      !detected.some(
        ({ id, denyAt }) => (id === use || id.startsWith(`${use}.`)) && score >= denyAt,
      ),
  )
  const then = decisionOn(bundle, { ...request, signals })
  if (then.outcome === 'deny') return undefined
  const names = printIds(detected.map(({ id }) => id))
  return `If the detectors were wrong about ${names}, the decision would be ${printOutcome(then)}.`
}

/** The facts as far as they have to be narrowed for restrictions not to fire, and those that fire still. */
function narrowed(
  { request, resolved, bundle }: Asked,
  blocking: readonly RestrictionTable[],
): { readonly facts: Words; readonly unmoved: readonly RestrictionTable[] } {
  const facts = resolved.facts.slice()
  const unmoved: RestrictionTable[] = []
  const isStated = (fact: number): boolean =>
    Object.hasOwn(request.facts, at(bundle.tables.content.facts, fact).id)
  for (const table of blocking) {
    const { when, unless } = table.content
    if (when.some(([fact, mask]) => (at(facts, fact) & mask) === 0)) continue
    const open = when.filter(([fact, mask]) => (at(facts, fact) & ~mask) !== 0)
    // What has not been stated is sooner stated than what has been is narrowed.
    const pair = open.find(([fact]) => !isStated(fact)) ?? open[0]
    const excuse = unless.find(({ scope }) =>
      scope.every(([fact, mask]) => (at(facts, fact) & mask) !== 0),
    )
    if (pair) facts[pair[0]] = at(facts, pair[0]) & ~pair[1]
    else if (excuse) {
      for (const [fact, mask] of excuse.scope) facts[fact] = at(facts, fact) & mask
    } else unmoved.push(table)
  }
  return { facts, unmoved }
}

/** The request with its facts narrowed, and the sentence that says so; empty when nothing is narrowed. */
function stating(
  { bundle, request, resolved }: Asked,
  facts: Words,
): { readonly stated: Request; readonly statement: string } {
  const { content } = bundle.tables
  const changed = content.facts.flatMap(({ id }, fact) =>
    at(facts, fact) === at(resolved.facts, fact)
      ? []
      : [{ id, values: valuesOf(content, fact, at(facts, fact)) }],
  )
  const stated = {
    ...request.facts,
    ...Object.fromEntries(changed.map(({ id, values }) => [id, values])),
  }
  const statements = changed.map(({ id, values }) => `\`${id}\` as ${printValues(values)}`)
  return {
    stated: { ...request, facts: stated },
    statement: changed.length === 0 ? '' : `State ${statements.join(' and ')}, if that is so`,
  }
}

/** What the decision would be without the uses that restrictions forbid, when it would allow. */
function withoutUses(
  asked: Asked,
  stated: Request,
  unmoved: readonly RestrictionTable[],
): string | undefined {
  const forbidden = forbiddenBy(asked, unmoved)
  const uses = leavesIn(asked.bundle, asked.uses.leaves).filter((id) => !forbidden.includes(id))
  if (uses.length === 0) return undefined
  const then = decisionOn(asked.bundle, { ...stated, uses })
  if (!allows(then)) return undefined
  return `Without ${printIds(forbidden)}, the decision would be ${printOutcome(then)}.`
}

function forbiddenBy({ bundle, uses }: Asked, unmoved: readonly RestrictionTable[]): string[] {
  return bundle.tables.content.leaves
    .filter(
      (_, leaf) =>
        hasBit(uses.leaves, leaf) && unmoved.some(({ prohibits }) => hasBit(prohibits, leaf)),
    )
    .map(({ id }) => id)
}

function hopeless(asked: Asked, unmoved: readonly RestrictionTable[]): string {
  const never = unmoved.filter((table) => table.never !== null)
  if (never.length === 0)
    return oneForAll(
      asked,
      unmoved.map(({ content }) => content.id),
    )
  const facts = new Set(never.flatMap(({ content }) => content.when.map(([fact]) => fact)))
  const said = [...facts].map((fact) => `, and ${printSaid(asked, fact)}`).join('')
  const ids = printIds(never.map(({ content }) => content.id))
  return `Nothing does for ${printIds(forbiddenBy(asked, never))}: nothing lifts ${ids}${said}.`
}

/** What a customer without a tailoring for it would need (semantics §8.2 d). */
function oneForAll({ request }: Asked, triggered: readonly string[]): string {
  const together =
    triggered.length === 1 ? 'a tailoring that lifts' : 'one tailoring that lifts all of'
  return `It takes a contract of \`${request.customer}\` with ${together} ${printIds(triggered)} for \`${request.deployment}\`.`
}

export function decisionOn(bundle: Bundle, request: Request): Decision {
  const decided = decideWithNearest(bundle, request)
  assert(decided.ok, 'a request made of the names of another one has no unknown name')
  return decided.value
}

/** `permit-under-exception by osint-2026/foreign-osint`. */
export function printOutcome({ outcome, contract, tailoring }: Decision): string {
  return contract === null ? outcome : `${outcome} by ${contract}/${tailoring}`
}

function printIds(ids: readonly string[]): string {
  return ids.map((id) => `\`${id}\``).join(', ')
}

/** The ids of a set of leaves. */
export function leavesIn({ tables }: Bundle, words: Words): string[] {
  return tables.content.leaves.filter((_, leaf) => hasBit(words, leaf)).map(({ id }) => id)
}
