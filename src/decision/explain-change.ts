import { assert, at } from '../assert.ts'
import type { Condition } from '../contract/condition.ts'
import { contains } from '../interval.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { type ReachContent, spansOfContent } from './content.ts'
import { allows, type Decision } from './decision.ts'
import { changeOfDenial, decisionOn, leavesIn, printOutcome } from './explain-denial.ts'
import { type Asked, printValues, reachesOf, valuesOf } from './nearest.ts'
import type { Request } from './request.ts'
import { hasBit, type RestrictionTable } from './tables.ts'

/**
 * The nearest thing that would change the answer, in a sentence or two. What is said of another request
 * has been decided, not guessed.
 */
export function changeOf(asked: Asked, decision: Decision): string {
  switch (decision.outcome) {
    case 'permit':
      return changeOfPermit(asked)
    case 'permit-under-exception':
      return endOf(asked, decision)
    case 'refer':
      return changeOfReferral(asked)
    case 'deny':
      return changeOfDenial(asked, decision)
  }
}

/** The first restriction that would deny if less were stated. */
function changeOfPermit(asked: Asked): string {
  const { bundle, request, uses } = asked
  for (const table of bundle.tables.restrictions) {
    if (!hasBit(uses.restrictions, table.index)) continue
    const { facts, condition } = widened(asked, table)
    if (allows(decisionOn(bundle, { ...request, facts }))) continue
    return `If ${condition}, the decision would be deny (\`${table.content.id}\`).`
  }
  return 'Other uses, or a signal: less said of the facts would change nothing.'
}

/** The facts with as much more left open as it takes for a restriction to fire. */
function widened(
  { bundle, request, resolved }: Asked,
  { content: { when, unless } }: RestrictionTable,
): { readonly facts: Request['facts']; readonly condition: string } {
  const { content } = bundle.tables
  const excusing = unless.flatMap(({ scope }) => scope.map(([fact]) => at(content.facts, fact).id))
  const kept = Object.entries(request.facts).filter(([id]) => !excusing.includes(id))
  const facts = Object.fromEntries(kept)
  const conditions: string[] = []
  for (const [fact, mask] of when) {
    const { id } = at(content.facts, fact)
    if (((resolved.facts[fact] ?? 0) & mask) !== 0) continue
    facts[id] = valuesOf(content, fact, (resolved.facts[fact] ?? 0) | mask)
    conditions.push(`\`${id}\` might be ${printValues(valuesOf(content, fact, mask))}`)
  }
  const unsaid = [...new Set(excusing)].filter((id) => Object.hasOwn(request.facts, id))
  conditions.push(...unsaid.map((id) => `\`${id}\` were not stated`))
  return { facts, condition: conditions.join(' and ') }
}

/** When an exception ends by the clock alone, and what comes then. */
function endOf({ bundle, request }: Asked, { contract, tailoring }: Decision): string {
  const reach = reachesOf(bundle, request).find(
    (own) => own.contract === contract && own.tailoring === tailoring,
  )
  assert(reach !== undefined, 'an exception rests on a reach of the customer')
  const ends = endsOf(reach, request)
  const until = Math.min(...ends.map((end) => end.until))
  if (!Number.isFinite(until)) return 'A stop, a suspension or another change of the contract.'
  const why = ends.filter((end) => end.until === until).map(({ text }) => text)
  // Whether a bundle is held then is another matter than what the contract says.
  const then = decisionOn({ ...bundle, validUntil: null }, { ...request, at: until })
  const lease = bundle.validUntil
  const isLeaseFirst = lease !== null && lease < until
  return [
    `The clock: this exception ends at ${printInstantShort(until)}, when ${why.join(' and ')}.`,
    `From then on the decision is ${printOutcome(then)}.`,
    ...(isLeaseFirst
      ? [`The lease of this bundle ends before, at ${printInstantShort(lease)}.`]
      : []),
  ].join(' ')
}

const END_TEXTS: Readonly<Record<Condition['kind'], (id: string) => string>> = {
  state: () => 'the contract leaves force',
  term: () => 'its term ends',
  authority: (id) => `the authority \`${id}\` is due for review or no longer stands`,
  safeguard: (id) => `the attestation of \`${id}\` runs out`,
  duty: (id) => `the grace of the duty \`${id}\` runs out`,
  stop: () => 'a stop begins',
  enrolment: (id) => `the enrolment of \`${id}\` ends`,
}

/** When each condition that holds at the request's instant ceases to. */
function endsOf(
  { standing, models }: ReachContent,
  request: Request,
): { readonly text: string; readonly until: Instant }[] {
  const serves = models.find(({ id }) => id === request.model)?.serves ?? []
  const model = { text: `\`${request.model}\` no longer serves`, holds: serves }
  const conditions = standing.map(({ kind, id, holds }) => ({ text: END_TEXTS[kind](id), holds }))
  return [...conditions, model].map(({ text, holds }) => {
    const spans = spansOfContent(holds)
    const start = spans.findIndex(
      (_, i) => i % 2 === 0 && contains(spans.slice(i, i + 2), request.at),
    )
    return { text, until: at(spans, start + 1) }
  })
}

/** What becomes of a referral when the person it is referred to has looked. */
function changeOfReferral({ bundle, request, resolved }: Asked): string {
  const certain = leavesIn(bundle, resolved.certain.leaves)
  const suspected = leavesIn(bundle, resolved.suspected.leaves)
  const open = suspected.filter((id) => !certain.includes(id))
  const suspicions = request.signals.flatMap(({ detector, use, score }) => {
    const isOpen = open.some((id) => id === use || id.startsWith(`${use}.`))
    return isOpen ? [`\`${use}\` (\`${detector}\`, score ${score})`] : []
  })
  const cleared = decisionOn(bundle, { ...request, uses: certain, signals: [] })
  const settled = decisionOn(bundle, { ...request, uses: suspected, signals: [] })
  const all = suspicions.length === 1 ? 'it is' : 'it is all of that'
  return `A person who settles whether it is ${suspicions.join(' or ')}: if not, the decision is ${printOutcome(cleared)}; if ${all}, ${printOutcome(settled)}.`
}
