import { assert, at } from '../assert.ts'
import { compareIds, isSnapshotId } from '../ids.ts'
import { ALWAYS, intersect } from '../interval.ts'
import {
  type CustomerContent,
  type PolicyContent,
  type ReachContent,
  type RestrictionContent,
  type ScopeMasks,
  spansOfContent,
} from './content.ts'
import type { Reason, ReasonCode } from './decision.ts'

/** A set of indexes, 32 to a word: index i is bit i mod 32 of word ⌊i / 32⌋. */
export type Words = Int32Array

/** The compiled policy as a decision reads it: names to masks, and room to work in. */
export interface Tables {
  readonly content: PolicyContent
  readonly facts: ReadonlyMap<string, FactTable>
  /** For each fact, the mask of all its values: what a fact that is not stated may be (semantics §2.2). */
  readonly allValues: Words
  readonly uses: ReadonlyMap<string, UseTable>
  readonly restrictions: readonly RestrictionTable[]
  readonly wordsOfLeaves: number
  readonly wordsOfRestrictions: number
  /** A number for each snapshot that some tailoring names. */
  readonly models: Map<string, number>
  /** What is equal in the reaches of different customers, kept once. */
  readonly pools: {
    readonly words: Map<string, Words>
    readonly times: Map<string, readonly number[]>
    readonly texts: Map<string, string>
    readonly obligations: Map<string, readonly string[]>
  }
}

export interface FactTable {
  readonly index: number
  /** Value i is bit i of a mask. So few are found faster in a list than in a map. */
  readonly values: readonly string[]
}

export interface UseTable {
  /** Indexes of its leaves. */
  readonly indexes: readonly number[]
  readonly leaves: Words
  /** The restrictions that prohibit a leaf of it. */
  readonly restrictions: Words
}

export interface RestrictionTable {
  readonly content: RestrictionContent
  readonly index: number
  readonly prohibits: Words
  /** Flat pairs of fact index and mask. */
  readonly when: Words
  readonly unless: readonly { readonly scope: Words; readonly obligations: readonly string[] }[]
  readonly never: RestrictionContent['never']
  /** Only this restriction, as the `triggered` of a decision. */
  readonly alone: readonly [string]
  /** The one reason of a decision that only this restriction triggered. */
  readonly reasons: Readonly<Record<ReasonCode, readonly [Reason]>>
}

/** One tailoring on one deployment, as a decision tests it. */
export interface ReachTable {
  readonly deployment: string
  readonly contract: string
  readonly tailoring: string
  readonly lifts: Words
  readonly uses: Words
  /** For each fact, the values allowed. */
  readonly scope: Words
  /**
   * Flat triples of a snapshot's number and `from` and `until` of a time in which the tailoring is in
   * force and the snapshot serves. One list, so that a decision touches little memory.
   */
  readonly usable: readonly number[]
  readonly obligations: readonly string[]
}

/**
 * A customer's first reach, by deployment, contract and tailoring, and all of them where there are more.
 * Most customers have one, and a decision waits for each object that it touches: so one object it is.
 */
export interface CustomerTable extends ReachTable {
  readonly id: string
  readonly all: readonly ReachTable[]
  /** Canonical JSON of the customer's content; explanations read it. */
  readonly text: string
}

export function tablesOf(content: PolicyContent): Tables {
  const { facts, leaves, uses, models } = content
  assert(
    models.every((id, i) => isSnapshotId(id) && (i === 0 || at(models, i - 1) < id)),
    'the snapshots are not ids in order, each once',
  )
  const restrictions = content.restrictions.map((restriction, index) =>
    restrictionTableOf(content, restriction, index),
  )
  return {
    content,
    facts: new Map(
      facts.map(({ id, values }, index) => {
        assert(values.length <= 32, `fact ${id} has over 32 values`)
        return [id, { index, values }]
      }),
    ),
    allValues: Int32Array.from(facts, ({ values }) => allBits(values.length)),
    uses: new Map(
      uses.map(({ id, leaves: indexes }) => {
        const under = wordsOf(indexes, leaves.length)
        const prohibiting = restrictions.filter(({ prohibits }) =>
          prohibits.some((word, w) => (word & at(under, w)) !== 0),
        )
        const indexesOf = prohibiting.map(({ index }) => index)
        return [
          id,
          { indexes, leaves: under, restrictions: wordsOf(indexesOf, restrictions.length) },
        ]
      }),
    ),
    restrictions,
    wordsOfLeaves: wordsFor(leaves.length),
    wordsOfRestrictions: wordsFor(restrictions.length),
    models: new Map(),
    pools: { words: new Map(), times: new Map(), texts: new Map(), obligations: new Map() },
  }
}

function restrictionTableOf(
  policy: PolicyContent,
  content: RestrictionContent,
  index: number,
): RestrictionTable {
  return {
    content,
    index,
    prohibits: wordsOf(content.prohibits, policy.leaves.length),
    when: pairsOf(policy, content.when),
    unless: content.unless.map(({ scope, obligations }) => ({
      scope: pairsOf(policy, scope),
      obligations: Object.freeze([...obligations]),
    })),
    never: content.never,
    alone: Object.freeze([content.id] as const),
    reasons: reasonsOf(content),
  }
}

/** Every reason that can be given for a restriction, made once. */
function reasonsOf({ id, title }: RestrictionContent): RestrictionTable['reasons'] {
  const reason = (code: ReasonCode, text: string): readonly [Reason] =>
    Object.freeze([Object.freeze({ code, restriction: id, text: `${title}: ${text}` })] as const)
  return {
    'no-restriction': reason('no-restriction', 'does not apply.'),
    tailored: reason('tailored', 'lifted for this use by the contract.'),
    floor: reason('floor', 'no contract may lift this.'),
    'not-tailorable': reason('not-tailorable', 'this is never lifted.'),
    'no-tailoring': reason('no-tailoring', 'no tailoring in force covers this request.'),
    'bundle-stale': reason('bundle-stale', 'exceptions have stopped, since the bundle is stale.'),
    suspected: reason('suspected', 'a detector suspects a use that this prohibits.'),
    'record-unavailable': reason(
      'record-unavailable',
      'exceptions have stopped, since no record can be written.',
    ),
  }
}

const NONE: readonly never[] = Object.freeze([])

/** A customer's reaches, of which there is at least one, and the text that they were compiled to. */
export function customerTableOf(
  tables: Tables,
  { id, reaches }: CustomerContent,
  text: string,
): CustomerTable {
  // The content is sorted by contract and tailoring, and sorting is stable.
  const sorted = reaches.toSorted((a, b) => compareIds(a.deployment, b.deployment))
  const all = sorted.map((reach) => reachTableOf(tables, reach))
  return { ...at(all, 0), id, text, all: all.length > 1 ? all : NONE }
}

function reachTableOf(tables: Tables, reach: ReachContent): ReachTable {
  const { content, pools } = tables
  const scope = tables.allValues.slice()
  for (const [fact, mask] of reach.scope) {
    assert(fact < scope.length, 'a scope names no fact')
    scope[fact] = mask
  }
  return {
    deployment: pooled(pools.texts, reach.deployment, reach.deployment),
    contract: reach.contract,
    tailoring: pooled(pools.texts, reach.tailoring, reach.tailoring),
    lifts: pooledWords(pools, wordsOf(reach.lifts, content.restrictions.length)),
    uses: pooledWords(pools, wordsOf(reach.uses, content.leaves.length)),
    scope: pooledWords(pools, scope),
    usable: pooledTimes(pools, usableOf(tables, reach)),
    obligations: pooled(
      pools.obligations,
      reach.obligations.join(),
      Object.freeze([...reach.obligations]),
    ),
  }
}

function usableOf(
  { models }: Tables,
  { standing, models: served }: ReachContent,
): readonly number[] {
  const inForce = standing.map(({ holds }) => spansOfContent(holds)).reduce(intersect, ALWAYS)
  return served.flatMap(({ id, serves }) => {
    const spans = intersect(inForce, spansOfContent(serves))
    if (!models.has(id)) models.set(id, models.size)
    const number = models.get(id) ?? -1
    return spans.flatMap((from, i) => (i % 2 === 0 ? [number, from, at(spans, i + 1)] : []))
  })
}

function pooledTimes({ times }: Tables['pools'], usable: readonly number[]): readonly number[] {
  return pooled(times, usable.join(), usable)
}

function pooledWords({ words: pool }: Tables['pools'], words: Words): Words {
  return pooled(pool, words.join(), words)
}

function pooled<T>(pool: Map<string, T>, key: string, value: T): T {
  const same = pool.get(key)
  if (same !== undefined) return same
  pool.set(key, value)
  return value
}

function wordsFor(count: number): number {
  return Math.ceil(count / 32)
}

function wordsOf(indexes: readonly number[], count: number): Words {
  const words = new Int32Array(wordsFor(count))
  for (const index of indexes) {
    assert(Number.isInteger(index) && index >= 0 && index < count, 'an index is outside its list')
    words[index >> 5] = at(words, index >> 5) | (1 << (index & 31))
  }
  return words
}

function pairsOf({ facts }: PolicyContent, scope: ScopeMasks): Words {
  assert(
    scope.every(([fact]) => fact < facts.length),
    'a scope names no fact',
  )
  return Int32Array.from(scope.flat())
}

function allBits(count: number): number {
  return count === 32 ? -1 : (1 << count) - 1
}

/** A word at an index that is known to be inside: the loops that use it run to the array's length. */
export function wordAt(words: Words, index: number): number {
  return words[index] as number
}

export function hasBit(words: Words, index: number): boolean {
  return ((wordAt(words, index >> 5) >> (index & 31)) & 1) === 1
}
