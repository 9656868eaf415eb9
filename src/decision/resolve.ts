import { fail, ok, type Result } from '../result.ts'
import { didYouMean, quote } from '../suggest.ts'
import type { Request, RequestError } from './request.ts'
import { type FactTable, type Tables, type UseTable, type Words, wordAt } from './tables.ts'

/** A set of uses, and the restrictions that prohibit any of them. */
export interface UseSet {
  readonly leaves: Words
  readonly restrictions: Words
}

/** A request as masks. Its arrays are filled anew for each request: a decision holds none of them. */
export interface Resolved {
  /** For each fact, everything that is or may be so (semantics §2.2). */
  readonly facts: Words
  /** C and S of semantics §8.1. */
  readonly certain: UseSet
  readonly suspected: UseSet
  /** Whether detectors suspect any use besides the certain ones. */
  isDoubted: boolean
}

export function roomFor(tables: Tables): Resolved {
  const noUses = (): UseSet => ({
    leaves: new Int32Array(tables.wordsOfLeaves),
    restrictions: new Int32Array(tables.wordsOfRestrictions),
  })
  return {
    facts: tables.allValues.slice(),
    certain: noUses(),
    suspected: noUses(),
    isDoubted: false,
  }
}

const RESOLVED = ok(undefined)

/** Looks up every name of a request and fills `into`. An unknown name is an error (semantics §2.3, §3.3). */
export function resolve(
  tables: Tables,
  request: Request,
  into: Resolved,
): Result<undefined, RequestError> {
  const { certain, suspected } = into
  clear(certain.leaves)
  clear(certain.restrictions)
  into.isDoubted = false
  const { uses } = request
  for (let i = 0; i < uses.length; i++) {
    const name = uses[i] as string
    const use = tables.uses.get(name)
    if (use === undefined) return unknownUse(tables, name, 'uses')
    include(certain, use)
  }
  const error = resolveFacts(tables, request, into.facts)
  if (error) return fail(error)
  if (request.signals.length === 0) return RESOLVED
  copy(certain.leaves, suspected.leaves)
  copy(certain.restrictions, suspected.restrictions)
  return resolveSignals(tables, request, into)
}

function include(set: UseSet, use: UseTable): void {
  unite(set.leaves, use.leaves)
  unite(set.restrictions, use.restrictions)
}

// These run over a few words, where a loop costs less than a call of the platform's own method.

function clear(words: Words): void {
  for (let w = 0; w < words.length; w++) words[w] = 0
}

function copy(from: Words, into: Words): void {
  for (let w = 0; w < into.length; w++) into[w] = wordAt(from, w)
}

function unite(into: Words, words: Words): void {
  for (let w = 0; w < into.length; w++) into[w] = wordAt(into, w) | wordAt(words, w)
}

function resolveFacts(tables: Tables, request: Request, facts: Words): RequestError | undefined {
  copy(tables.allValues, facts)
  const stated = request.facts
  for (const name in stated) {
    const fact = tables.facts.get(name)
    if (fact === undefined) return unknownFact(tables, name)
    const values = stated[name] as readonly string[]
    let mask = 0
    for (let i = 0; i < values.length; i++) {
      const bit = fact.values.indexOf(values[i] as string)
      if (bit < 0) return unknownValue(fact, name, values[i] as string)
      mask |= 1 << bit
    }
    if (mask === 0) return emptyFact(name)
    facts[fact.index] = mask
  }
  return undefined
}

/** Adds the leaves of signals to the certain and the suspected uses, each by its own threshold (§8.1). */
function resolveSignals(
  tables: Tables,
  { signals }: Request,
  into: Resolved,
): Result<undefined, RequestError> {
  const { leaves } = tables.content
  for (const [i, signal] of signals.entries()) {
    const use = tables.uses.get(signal.use)
    if (use === undefined) return unknownUse(tables, signal.use, `signals[${i}].use`)
    for (const index of use.indexes) {
      const leaf = leaves[index]
      const table = leaf && tables.uses.get(leaf.id)
      if (!leaf || !table || signal.score < leaf.referAt) continue
      include(into.suspected, table)
      if (signal.score >= leaf.denyAt) include(into.certain, table)
      else into.isDoubted = true
    }
  }
  return RESOLVED
}

function unknownUse(tables: Tables, name: string, field: string): Result<never, RequestError> {
  const message = `no use ${quote(name)}${didYouMean(name, tables.uses.keys())}`
  return fail({ code: 'unknown-use', field, message })
}

function unknownFact(tables: Tables, name: string): RequestError {
  const message = `no fact ${quote(name)}${didYouMean(name, tables.facts.keys())}`
  return { code: 'unknown-fact', field: factField(name), message }
}

function unknownValue({ values }: FactTable, fact: string, value: string): RequestError {
  const message = `no value ${quote(value)} of ${quote(fact)}${didYouMean(value, values)}`
  return { code: 'unknown-value', field: factField(fact), message }
}

function emptyFact(name: string): RequestError {
  const message = 'state at least one value, or leave the fact out'
  return { code: 'empty-set', field: factField(name), message }
}

function factField(name: string): string {
  return `facts.${quote(name).slice(1, -1)}`
}
