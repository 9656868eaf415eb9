import { isMembers, type RequestMembers } from './question.ts'

/**
 * Most names of uses, values of facts and signals that one body may have judged, in all. The items of a
 * batch and the candidates of a search share what the body states once, so its length does not bound them.
 */
export const WORK_MAX = 65_536

/** How many of those judging a request looks at; at least one. */
export function workOf({ uses, facts, signals }: RequestMembers): number {
  let work = uses.length + lengthOf(signals)
  if (isMembers(facts)) for (const name of Object.keys(facts)) work += 1 + lengthOf(facts[name])
  return work
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0
}
