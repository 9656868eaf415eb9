import { printInstantShort } from '../time.ts'
import { allows, type Decision } from './decision.ts'
import type { ConsideredTailoring, Explanation, JudgedFact } from './explain.ts'
import type { Request } from './request.ts'

/** An explanation as a person reads it, in plain lines. */
export function printExplanation(request: Request, explanation: Explanation): string {
  const { decision, policy, facts, restrictions, tailorings } = explanation
  const fired = restrictions.filter((restriction) => restriction.fired)
  const quiet = restrictions.filter((restriction) => !restriction.fired)
  return [
    verdictOf(decision),
    ...section('Request', [
      `${request.customer}, deployment ${request.deployment}`,
      `${request.model}, at ${printInstantShort(request.at)}`,
      `policy ${policy}, which says ${decision.base} to whoever has no exception`,
    ]),
    ...section(
      'Uses judged',
      explanation.uses.flatMap(({ use, title, certainty, because }) => [
        `${use}: ${title}`,
        `  ${certainty === 'suspected' ? 'only suspected, ' : ''}${because}`,
      ]),
    ),
    ...section(
      'Signals too weak to count',
      explanation.unheeded.map(({ detector, use, because }) => `${use} by ${detector}: ${because}`),
    ),
    ...section('Facts', printFacts(facts)),
    ...section(
      `Restrictions that fired: ${fired.length} of the ${restrictions.length} on these uses`,
      fired.flatMap(({ restriction, because, uses }) => [
        reasonOf(decision, restriction),
        `  forbids ${uses.join(', ')} ${because}`,
      ]),
    ),
    ...section(
      'Restrictions that did not fire',
      quiet.flatMap(({ restriction, title, because, uses }) => [
        `${restriction}: ${title}`,
        `  forbids ${uses.join(', ')} ${because}`,
      ]),
    ),
    ...section(
      'Tailorings considered',
      explanation.unconsidered === ''
        ? tailorings.flatMap((row) => printTailoring(row, allows(decision)))
        : [explanation.unconsidered],
    ),
    ...section(
      'Obligations on whoever acts on this answer',
      explanation.obligations.map(({ obligation, askedBy }) => {
        return `${obligation}, asked by ${askedBy.join(' and ')}`
      }),
    ),
    ...section('What would change the answer', [explanation.change]),
  ].join('\n')
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : ['', title, ...rows.map((row) => `  ${row}`)]
}

function verdictOf({ outcome, contract, tailoring, reasons }: Decision): string {
  switch (outcome) {
    case 'permit':
      return 'permit: allowed, since no restriction applies.'
    case 'permit-under-exception':
      return `permit-under-exception: allowed by ${contract}/${tailoring}, though the policy forbids it.`
    case 'refer':
      return 'refer: not allowed until a person has looked, since a detector suspects a use that is forbidden.'
    case 'deny': {
      const isStale = reasons.some(({ code }) => code === 'bundle-stale')
      const isNever = reasons.some(({ code }) => code === 'floor' || code === 'not-tailorable')
      if (isNever) return 'deny: forbidden, and no exception can lift that.'
      if (isStale) return 'deny: forbidden, and exceptions have stopped, since the bundle is stale.'
      return 'deny: forbidden, and no tailoring in force lifts that for this request.'
    }
  }
}

/** `surveillance.persons (no-tailoring): No tracking …: no tailoring in force covers this request.` */
function reasonOf({ reasons }: Decision, restriction: string): string {
  const reason = reasons.find((candidate) => candidate.restriction === restriction)
  return `${restriction} (${reason?.code}): ${reason?.text}`
}

function printFacts(facts: readonly JudgedFact[]): string[] {
  const shown = facts.filter(({ isStated, isAsked }) => isStated || isAsked)
  const rest = facts.filter(({ isStated, isAsked }) => !isStated && !isAsked)
  const rows = shown.flatMap(({ fact, title, values, isStated, isAsked }) => {
    const said = isStated ? 'stated' : 'not stated, so it may be any of these'
    const note = isAsked ? '' : '; nothing turns on it here'
    return [`${fact}: ${values.join(' or ')} (${said}${note})`, `  ${title}`]
  })
  if (rest.length === 0) return rows
  return [
    ...rows,
    `not stated, and nothing turns on them here: ${rest.map(({ fact }) => fact).join(', ')}`,
  ]
}

function printTailoring(
  { contract, tailoring, isUsed, failed }: ConsideredTailoring,
  isAllowed: boolean,
): string[] {
  const name = `${contract}/${tailoring}`
  if (isUsed) return [`${name}: applies, and the decision rests on it`]
  if (failed.length === 0) {
    return [
      `${name}: ${isAllowed ? 'applies too, after the first' : 'would apply, were the bundle fresh'}`,
    ]
  }
  return [
    `${name}: does not apply`,
    ...failed.flatMap(({ condition, text, 'would-need': need }) => [
      `  ${condition}: ${text}`,
      `    it would need ${need}`,
    ]),
  ]
}
