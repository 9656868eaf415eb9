import type { Occurrence } from '../contract/occurrence.ts'
import { compareIds, sorted } from '../ids.ts'
import type { Effect, EffectOn, TimedReach } from './calendar-effect.ts'

/** One thing that happens by the clock, and what it changes: nothing, or one effect on some tailorings. */
export interface CalendarEntry extends Omit<Occurrence, 'bearsOn' | 'isOver'> {
  /** Whose contract it happens to; null for what happens to no single contract. */
  readonly contract: string | null
  readonly customer: string | null
  readonly effect: Effect
  /** The tailorings that it has to do with, in order; those that fare alike together. */
  readonly affected: readonly Affected[]
}

/** A tailoring, and the deployments on which an entry means the same for it. */
export interface Affected extends EffectOn {
  readonly customer: string
  readonly contract: string
  readonly tailoring: string
  readonly deployments: readonly string[]
}

export type Whose = Pick<CalendarEntry, 'contract' | 'customer'>

export function affectedOf(reach: TimedReach, effect: EffectOn): Affected {
  const { customer, contract, tailoring, deployment } = reach
  return { customer, contract, tailoring, deployments: [deployment], ...effect }
}

export function entryWith(
  { at, kind, event, id, text }: Omit<Occurrence, 'bearsOn' | 'isOver'>,
  affected: readonly Affected[],
  { contract, customer }: Whose,
): CalendarEntry {
  const effect = affected.find((some) => some.effect !== 'none')?.effect ?? 'none'
  const together = gathered(affected)
  return { at, kind, event, id, text, contract, customer, effect, affected: together }
}

/** Puts deployments together that fare alike. */
function gathered(affected: readonly Affected[]): readonly Affected[] {
  const alike = Map.groupBy(affected, ({ deployments: _, ...same }) => JSON.stringify(same))
  const groups = [...alike.values()].flatMap((group): Affected[] => {
    const [first] = group
    const deployments = sorted(group.flatMap((one) => one.deployments))
    return first ? [{ ...first, deployments }] : []
  })
  return groups.sort(
    (a, b) =>
      compareIds(a.contract, b.contract) ||
      compareIds(a.tailoring, b.tailoring) ||
      compareIds(a.deployments.join(), b.deployments.join()),
  )
}

/** By instant, then by id; the rest only so that there is one order. */
export function inOrder(a: CalendarEntry, b: CalendarEntry): number {
  return (
    a.at - b.at ||
    compareIds(a.id, b.id) ||
    compareIds(a.contract ?? '', b.contract ?? '') ||
    compareIds(a.kind, b.kind) ||
    compareIds(a.event, b.event) ||
    compareIds(a.text, b.text)
  )
}
