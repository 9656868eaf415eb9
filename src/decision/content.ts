import type { Condition } from '../contract/condition.ts'
import type { ReasonCode } from './decision.ts'

// What a bundle file holds: plain JSON, with every name resolved to an index and every date to a number.
// Lists are sorted, so that the same documents give the same text and digest (semantics §10.1).

/** Pairs of an index into `facts` and a mask of its values: bit i is the i-th value. */
export type ScopeMasks = readonly (readonly [fact: number, mask: number])[]

/** The compiled policy: everything that all customers share. */
export interface PolicyContent {
  readonly id: string
  readonly version: string
  readonly facts: readonly {
    readonly id: string
    readonly title: string
    readonly values: readonly string[]
  }[]
  /** Ids and thresholds of the leaves, in the order of the document. */
  readonly leaves: readonly {
    readonly id: string
    readonly referAt: number
    readonly denyAt: number
  }[]
  /** Every node of the tree, leaves included, with indexes into `leaves`. */
  readonly uses: readonly {
    readonly id: string
    readonly title: string
    readonly leaves: readonly number[]
  }[]
  /** Sorted by id. */
  readonly restrictions: readonly RestrictionContent[]
  /** Ids of the registry's snapshots, no aliases, sorted: all that can serve. Searches go through them. */
  readonly models: readonly string[]
}

export interface RestrictionContent {
  readonly id: string
  readonly title: string
  /** Indexes into `leaves`. */
  readonly prohibits: readonly number[]
  readonly when: ScopeMasks
  readonly unless: readonly {
    readonly scope: ScopeMasks
    readonly obligations: readonly string[]
  }[]
  /** Why nothing can lift it; null when a tailoring may (semantics §8.2 b). */
  readonly never: Extract<ReasonCode, 'floor' | 'not-tailorable'> | null
}

/** What one customer's contracts reach, sorted by contract, tailoring, deployment. */
export interface CustomerContent {
  readonly id: string
  readonly reaches: readonly ReachContent[]
}

/** One tailoring's reach for one deployment, and when each condition of being in force holds. */
export interface ReachContent {
  readonly contract: string
  readonly tailoring: string
  readonly deployment: string
  /** Indexes into `restrictions`. */
  readonly lifts: readonly number[]
  /** Indexes into `leaves`. */
  readonly uses: readonly number[]
  readonly scope: ScopeMasks
  /** Each snapshot and when it serves (semantics §6.4). */
  readonly models: readonly { readonly id: string; readonly serves: SpansContent }[]
  readonly standing: readonly (Pick<Condition, 'kind' | 'id'> & { readonly holds: SpansContent })[]
  /** Ids, sorted. */
  readonly obligations: readonly string[]
}

/** `Spans` in JSON: null stands for an open start or end, which is the first or last number. */
export type SpansContent = readonly (number | null)[]

export function contentOfSpans(spans: readonly number[]): SpansContent {
  return spans.map((edge) => (Number.isFinite(edge) ? edge : null))
}

export function spansOfContent(content: SpansContent): readonly number[] {
  return content.map((edge, i) => edge ?? (i === 0 ? -Infinity : Infinity))
}
