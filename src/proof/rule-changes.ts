import { sorted } from '../ids.ts'
import type { Versions } from './difference.ts'
import type { Rule, Rules } from './rules.ts'

/** A restriction that is not what it was, and in which parts; a part of its own when it is new or gone. */
export interface RestrictionChange {
  readonly id: string
  readonly parts: readonly string[]
}

/** How the restrictions of two policies differ, as they are written; what comes of it is another matter. */
export function restrictionChanges({
  before,
  after,
}: Versions<Rules>): readonly RestrictionChange[] {
  const [earlier, later] = [before, after].map(({ restrictions }) => {
    return new Map(restrictions.map((rule) => [rule.id, partsOf(rule)]))
  })
  const ids = sorted([...(earlier?.keys() ?? []), ...(later?.keys() ?? [])])
  return ids.flatMap((id): RestrictionChange[] => {
    const [was, is] = [earlier?.get(id), later?.get(id)]
    if (!was || !is) return [{ id, parts: [is ? 'added' : 'removed'] }]
    const parts = Object.keys(is).filter((part) => was[part] !== is[part])
    return parts.length === 0 ? [] : [{ id, parts }]
  })
}

function partsOf({ prohibits, when, unless, never }: Rule): Readonly<Record<string, string>> {
  const excuses = unless.map(({ scope, obligations }) => [[...scope], obligations])
  return {
    prohibits: sorted([...prohibits]).join(),
    when: JSON.stringify([...when]),
    unless: JSON.stringify(excuses),
    tailorable: String(never),
  }
}

/** Names that only one of two policies knows. What asks by them is in error on the other, and so is not compared. */
export function unsharedNames({ before, after }: Versions<Rules>): Versions<readonly string[]> {
  const [earlier, later] = [new Set(namesIn(before)), new Set(namesIn(after))]
  return { before: [...earlier.difference(later)], after: [...later.difference(earlier)] }
}

function namesIn({ uses, facts }: Rules): readonly string[] {
  const values = [...facts].flatMap(([fact, all]) => all.map((value) => `fact ${fact}: ${value}`))
  return [...[...uses.keys()].map((id) => `use ${id}`), ...values]
}
