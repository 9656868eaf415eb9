import type { Affected, CalendarEntry } from '../decision/calendar-entry.ts'
import { listed } from './diff-words.ts'

// What a calendar says of an entry, in words that text and iCalendar share.

/** What happens, and to whose contract. */
export function happensText({ contract, customer, text }: CalendarEntry): string {
  return contract === null ? text : `${contract} of ${customer}: ${text}`
}

/** What it changes, and for which tailorings: a line for each effect, then for each reason that there is none. */
export function effectLines({ affected, contract, kind }: CalendarEntry): readonly string[] {
  if (affected.length === 0) {
    return [kind === 'policy' ? 'changes nothing' : 'changes nothing: no tailoring depends on it']
  }
  const alike = Map.groupBy(affected, ({ effect, models, because }) =>
    JSON.stringify({ effect, models, because }),
  )
  const lines = [...alike.values()].flatMap((some) => {
    const [first] = some
    const places = some.map((one) => placeText(one, contract === null))
    return first ? [{ ...first, line: effectLine(first, listed(places, '; ')) }] : []
  })
  const changes = lines.filter(({ effect }) => effect !== 'none')
  const others = lines.filter(({ effect }) => effect === 'none')
  return [...changes, ...others].map(({ line }) => line)
}

function effectLine({ effect, models, because }: Affected, places: string): string {
  switch (effect) {
    case 'in-force-from':
      return `in force from then: ${places}`
    case 'in-force-until':
      return `in force until then: ${places}`
    case 'served-from':
      return `served by ${listed(models)} from then: ${places}`
    case 'served-until':
      return `served by ${listed(models)} until then: ${places}`
    case 'stale-from':
      return `no exception from then: ${places}`
    case 'none':
      return because.length === 0
        ? `changes nothing by itself for ${places}`
        : `changes nothing for ${places}: ${because.join(', ')}`
  }
}

function placeText({ contract, tailoring, deployments }: Affected, isOfMany: boolean): string {
  const name = isOfMany ? `${contract}/${tailoring}` : tailoring
  return `${name} on ${listed(deployments)}`
}
