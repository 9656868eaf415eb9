import type { FieldChange } from '../contract/contract-changes.ts'
import type { Asked, FactFamily } from '../proof/families.ts'
import type { GroupJson, NamesJson } from './diff-json.ts'

// What is judged differently, in words that text and page share.

/** Most names, or times, of a list that people are shown. */
const NAMES_SHOWN_MAX = 8

/** A few of many, as a phrase. */
export function listed(all: readonly string[], separator = ', '): string {
  const more = all.length - NAMES_SHOWN_MAX
  const shown = all.slice(0, NAMES_SHOWN_MAX).join(separator)
  return more > 0 ? `${shown} and ${more.toLocaleString('en')} more` : shown
}

/** Names as a phrase; `any` says what all of them are called. */
export function namesText(names: NamesJson, any: string): string {
  if ('only' in names) return listed(names.only)
  return names.allBut.length === 0 ? any : `${any} but ${listed(names.allBut)}`
}

export function timesText(times: GroupJson['times']): string {
  const spans = times.map(({ from, until }) => {
    if (from === null) return until === null ? 'at any time' : `until ${until}`
    return until === null ? `from ${from}` : `from ${from} until ${until}`
  })
  return listed(spans)
}

/** What facts have to be; empty when they may be anything. */
export function factsText(facts: GroupJson['facts']): string {
  return Object.entries(facts).map(factText).join('; ')
}

function factText([fact, { includes, among }]: [string, FactFamily]): string {
  const others = among.filter((value) => !includes.includes(value))
  if (includes.length === 0) return `${fact}: ${others.join(' or ')}`
  const needed = includes.join(' and ')
  return others.length === 0
    ? `${fact}: ${needed}`
    : `${fact}: ${needed}, perhaps ${others.join(' or ')}`
}

/** What allows it. */
export function causeText({ by }: GroupJson): string {
  return by === 'policy' ? 'the policy' : `${by.contract}/${by.tailoring}`
}

/** What may be asked for that could not be, or the other way round. */
export function usesText({ uses, areTogether, signals }: GroupJson): string {
  const asked = areTogether ? `${listed(uses)}, together` : listed(uses)
  if (signals.length === 0) return asked
  return `${asked}, with a detector's ${listed(signals.map(askedText))}`
}

function askedText(asked: Asked): string {
  return typeof asked === 'string' ? asked : `${asked.score} on ${asked.use}`
}

/** What a change of a field does. */
export function effectText({ effect }: FieldChange): string {
  return effect === 'both' ? 'widened and narrowed' : effect
}
