import type { Spans } from '../interval.ts'

// What decides requests, by name: read from documents, from a bundle's content, or back out of its tables. Proofs
// speak of this one shape, so that what was written, what was compiled and what decides can be compared.

/** The values that each fact named may have (semantics §4). */
export type Allowed = ReadonlyMap<string, readonly string[]>

export interface Rules {
  /** The values of each fact. */
  readonly facts: ReadonlyMap<string, readonly string[]>
  /** Each node of the tree of uses and its leaves; a leaf stands for itself. */
  readonly uses: ReadonlyMap<string, readonly string[]>
  readonly leaves: ReadonlyMap<string, Thresholds>
  /** In the order of their ids. */
  readonly restrictions: readonly Rule[]
  /** Ids of the registry's snapshots. */
  readonly models: readonly string[]
  /** Ids of those who have any reach, in order. */
  readonly customers: readonly string[]
  /** A customer's reaches, those of a deployment in the order in which they are tried: by contract and tailoring. */
  reachesOf(customer: string): readonly ReachRule[]
}

/** Semantics §8.1. */
export interface Thresholds {
  readonly referAt: number
  readonly denyAt: number
}

/** A restriction (semantics §5). */
export interface Rule {
  readonly id: string
  /** Ids of leaves. */
  readonly prohibits: ReadonlySet<string>
  /** Those of them that a tailoring has to allow: the same, unless tables contradict themselves. */
  readonly limits: ReadonlySet<string>
  readonly when: Allowed
  readonly unless: readonly { readonly scope: Allowed; readonly obligations: readonly string[] }[]
  /** Why nothing lifts it; null when a tailoring may. */
  readonly never: 'floor' | 'not-tailorable' | null
}

/** One tailoring on one deployment (semantics §7.2), with when it can be used. */
export interface ReachRule {
  readonly contract: string
  readonly tailoring: string
  readonly deployment: string
  /** Ids of restrictions, of leaves, and the values allowed. */
  readonly lifts: ReadonlySet<string>
  readonly uses: ReadonlySet<string>
  readonly scope: Allowed
  /** For each snapshot, when the tailoring is in force and the snapshot serves it; none that never does. */
  readonly usable: ReadonlyMap<string, Spans>
  /** For each snapshot, when it serves the tailoring (semantics §6.4), as far as that is known apart. */
  readonly serves: ReadonlyMap<string, Spans>
  readonly obligations: readonly string[]
}

/** Contract and tailoring, by which an exception is permitted. */
export function nameOf({ contract, tailoring }: ReachRule): string {
  return `${contract}/${tailoring}`
}

/** The same, on its deployment. */
export function placeOf(reach: ReachRule): string {
  return `${nameOf(reach)}/${reach.deployment}`
}
