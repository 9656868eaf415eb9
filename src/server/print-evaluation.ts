import { allows, type Decision } from '../decision/decision.ts'
import { obligationOf } from './obligation.ts'
import type { EvaluationError } from './question.ts'

/**
 * The answer to a question, as JSON text. Members stand in this order, and nothing else says what they are.
 *
 * Lists that a bundle keeps are printed once. Outcomes, ids of records and digests hold nothing that JSON escapes.
 */
export function printEvaluation(decision: Decision, record: string | null = null): string {
  const { outcome, base, triggered, contract, tailoring, obligations, reasons, nearest } = decision
  const used =
    contract === null
      ? ''
      : `"contract":${JSON.stringify(contract)},"tailoring":${JSON.stringify(tailoring)},`
  const context =
    `"outcome":"${outcome}","base":"${base}","triggered":${printList(triggered)},${used}` +
    `"obligations":${printObligations(obligations)},"reasons":${printList(reasons)},` +
    `"nearest":${printList(nearest)},${record === null ? '' : `"record":"${record}",`}` +
    `"bundle":"${decision.bundle}"`
  return `{"decision":${allows(decision)},"context":{${context}}}`
}

/** What cannot be judged is not allowed, and says why. */
export function printFailure(error: EvaluationError): string {
  return JSON.stringify({ decision: false, context: { error } })
}

type List = readonly unknown[]

const printList = once(JSON.stringify)
const printObligations = once((ids: readonly string[]) => JSON.stringify(ids.map(obligationOf)))

/** Prints a frozen list once for as long as something holds it. */
function once<T extends List>(print: (list: T) => string): (list: T) => string {
  const texts = new WeakMap<List, string>()
  return (list) => {
    if (list.length === 0) return '[]'
    const known = texts.get(list)
    if (known !== undefined) return known
    const text = print(list)
    if (Object.isFrozen(list)) texts.set(list, text)
    return text
  }
}
