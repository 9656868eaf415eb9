import type { Condition } from '../contract/condition.ts'
import type { Occurrence } from '../contract/occurrence.ts'
import type { Spans } from '../interval.ts'
import type { Instant } from '../time.ts'
import type { TimedReach } from './calendar-effect.ts'

// What a bundle file knows of what happens by the clock: the instants at which a condition comes to hold or ceases
// to, and not the rows of the register that they come from.

/** Everything that the conditions of one contract's reaches say will happen, in no order. */
export function occurrencesInContent(reaches: readonly TimedReach[]): readonly Occurrence[] {
  const found = new Map<string, { readonly occurrence: Occurrence; readonly places: Set<string> }>()
  for (const reach of reaches) {
    for (const occurrence of occurrencesOn(reach)) {
      const key = [occurrence.at, occurrence.event, occurrence.kind, occurrence.id].join(' ')
      const same = found.get(key) ?? { occurrence, places: new Set() }
      same.places.add(keyOf(reach))
      found.set(key, same)
    }
  }
  return [...found.values()].map(({ occurrence, places }): Occurrence => {
    return { ...occurrence, isOver: (place) => places.has(keyOf(place)) }
  })
}

function keyOf({ tailoring, deployment }: Pick<TimedReach, 'tailoring' | 'deployment'>): string {
  return `${tailoring} ${deployment}`
}

function occurrencesOn({ contract, standing, models }: TimedReach): readonly Occurrence[] {
  const ofStanding = standing.flatMap(({ kind, id, holds }) =>
    edgesIn(holds).map(({ at, event }): Occurrence => {
      const text = WORDS[kind][event](id)
      return { at, event, kind, id: id || contract, text, bearsOn: { kind, id }, isOver: NOWHERE }
    }),
  )
  const decided = models.flatMap(({ serves }) => serves.slice(0, 1)).filter(Number.isFinite)
  return [...ofStanding, ...decided.map((at) => determinationAt(at, contract))]
}

function determinationAt(at: Instant, contract: string): Occurrence {
  return {
    at,
    event: 'begins',
    kind: 'determination',
    id: contract,
    text: `The determination that ${contract} rests on is made.`,
    bearsOn: { kind: 'model', id: '' },
    isOver: NOWHERE,
  }
}

const NOWHERE = (): boolean => false

interface Edge {
  readonly at: Instant
  readonly event: 'begins' | 'ends'
}

function edgesIn(spans: Spans): readonly Edge[] {
  return spans.flatMap((at, i) =>
    Number.isFinite(at) ? [{ at, event: i % 2 === 0 ? 'begins' : 'ends' } as const] : [],
  )
}

type Words = Readonly<Record<Edge['event'], (id: string) => string>>

const WORDS: Readonly<Record<Condition['kind'], Words>> = {
  state: {
    begins: () => 'The contract is put in force.',
    ends: () => 'The contract is in force no more.',
  },
  term: {
    begins: () => 'The term begins.',
    ends: () => 'The term ends.',
  },
  authority: {
    begins: (id) => `Authority ${id} comes to stand.`,
    ends: (id) => `Authority ${id} stands no more: its status changes or its review date passes.`,
  },
  safeguard: {
    begins: (id) => `The attestation of ${id} begins.`,
    ends: (id) => `The attestation of ${id} runs out.`,
  },
  duty: {
    begins: (id) => `What depends on duty ${id} is reinstated.`,
    ends: (id) =>
      `The grace of duty ${id} runs out: it is outstanding until it is met and reinstated.`,
  },
  stop: {
    begins: () => 'A stop ends.',
    ends: () => 'A stop begins.',
  },
  enrolment: {
    begins: (id) => `The enrolment of ${id} begins.`,
    ends: (id) => `The enrolment of ${id} ends.`,
  },
}
