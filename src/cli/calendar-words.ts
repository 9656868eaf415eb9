import type { Affected, CalendarEntry } from '../decision/calendar-entry.ts'
import { listed } from './diff-words.ts'

// What a calendar says of an entry, in words that text and iCalendar share.

/** What happens, and to whose contract. */
export function happensText({ contract, customer, text }: CalendarEntry): string {
  return contract === null ? text : `${contract} of ${customer}: ${text}`
}

/** Most lines on what one entry changes, or does not. */
const LINES_MAX = 8

/** What it changes, and for which tailorings: a line for each effect, then for each reason that there is none. */
export function effectLines({ affected, contract, kind }: CalendarEntry): readonly string[] {
  if (affected.length === 0) {
    return [kind === 'policy' ? 'changes nothing' : 'changes nothing: no tailoring depends on it']
  }
  const changed = affected.filter(({ effect }) => effect !== 'none')
  const unchanged = withSharedReasons(affected.filter(({ effect }) => effect === 'none'))
  const alike = Map.groupBy([...changed, ...unchanged], ({ effect, models, because }) =>
    JSON.stringify({ effect, models, because }),
  )
  const lines = [...alike.values()].flatMap((some) => {
    const [first] = some
    const places = some.map((one) => placeText(one, contract === null))
    return first ? [effectLine(first, listed(places, '; '))] : []
  })
  const more = lines.length - LINES_MAX
  return more > 0 ? [...lines.slice(0, LINES_MAX), `and ${more} lines more, see --json`] : lines
}

/** Where all have a reason in common it says enough: a contract that is suspended changes nothing for anybody. */
function withSharedReasons(unchanged: readonly Affected[]): readonly Affected[] {
  const [first] = unchanged
  const shared = first?.because.filter((why) => unchanged.every((one) => one.because.includes(why)))
  if (!first || !shared || shared.length === 0) return unchanged
  return unchanged.map((one) => ({ ...one, because: shared }))
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
