import { printInstantShort } from '../time.ts'
import type { Explanation } from './explain.ts'
import type { Request } from './request.ts'

/** An explanation as a person reads it, in plain lines. */
export function printExplanation(request: Request, explanation: Explanation): string {
  const { decision, uses, facts, restrictions, tailorings, change } = explanation
  const { outcome, base, contract, tailoring, obligations, reasons } = decision
  const exception = contract === null ? '' : ` by ${contract}/${tailoring}`
  const fired = restrictions.filter((restriction) => restriction.fired)
  return [
    `${request.customer}/${request.deployment} asks ${request.model} at ${printInstantShort(request.at)}`,
    `Decision: ${outcome}${exception} (the policy alone: ${base})`,
    ...reasons.map(({ code, text }) => `  ${code}: ${text}`),
    ...section('Obligations', obligations),
    ...section(
      'Uses judged',
      uses.map(({ use, title, certainty, because }) => {
        return `${use} (${title})\n    ${certainty}: ${because}`
      }),
    ),
    ...section(
      'Facts',
      facts.map(({ fact, values, isStated }) => {
        return `${fact}: ${values.join(' or ')}${isStated ? '' : ' (unstated: may be any)'}`
      }),
    ),
    ...section(
      `Restrictions that asked: ${restrictions.length}, fired: ${fired.length}`,
      restrictions.map((row) => {
        return `${row.fired ? 'fired' : 'quiet'}  ${row.restriction} (${row.title})\n    ${row.because}`
      }),
    ),
    ...section(
      'Tailorings considered',
      tailorings.flatMap((row) => [
        `${row.contract}/${row.tailoring}: ${row.failed.length === 0 ? 'applies' : 'does not apply'}`,
        ...row.failed.map((failed) => {
          return `  ${failed.condition}: ${failed.text}\n      would need ${failed['would-need']}`
        }),
      ]),
    ),
    `What would change the answer: ${change}`,
  ].join('\n')
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [`${title}:`, ...rows.map((row) => `  ${row}`)]
}
