import { at } from '../assert.ts'
import { type Bundle, reachesOf } from '../decision/bundle.ts'
import {
  type PolicyContent,
  type ReachContent,
  type ScopeMasks,
  spansOfContent,
} from '../decision/content.ts'
import { firstOf } from '../decision/decide.ts'
import {
  type CustomerTable,
  type FactTable,
  hasBit,
  type ReachTable,
  type RestrictionTable,
  type Tables,
  type UseTable,
  type Words,
  wordAt,
} from '../decision/tables.ts'
import { compareIds } from '../ids.ts'
import { ALWAYS, intersect, type Spans } from '../interval.ts'
import type { Allowed, ReachRule, Rule, Rules } from './rules.ts'

/** What a bundle's file says, which is all that there is of documents in a bundle. */
export function rulesOfContent(bundle: Bundle): Rules {
  const content = JSON.parse(bundle.policyText) as PolicyContent
  const { facts, uses, leaves, restrictions, models } = content
  const ids = leaves.map(({ id }) => id)
  const named = (scope: ScopeMasks): Allowed =>
    new Map(
      scope.map(([fact, mask]) => [at(facts, fact).id, valuesOf(at(facts, fact).values, mask)]),
    )
  return {
    facts: new Map(facts.map(({ id, values }) => [id, values])),
    uses: new Map(uses.map((use) => [use.id, use.leaves.map((index) => at(ids, index))])),
    leaves: new Map(leaves.map(({ id, referAt, denyAt }) => [id, { referAt, denyAt }])),
    restrictions: restrictions.map(({ id, prohibits, when, unless, never }) => ({
      id,
      prohibits: new Set(prohibits.map((index) => at(ids, index))),
      limits: new Set(prohibits.map((index) => at(ids, index))),
      when: named(when),
      unless: unless.map(({ scope, obligations }) => ({ scope: named(scope), obligations })),
      never,
    })),
    models,
    customers: [...bundle.customers.keys()].sort(compareIds),
    reachesOf: (customer): readonly ReachRule[] =>
      reachesOf(bundle.customers.get(customer)).map((reach) => ({
        ...placeOf(reach),
        lifts: new Set(reach.lifts.map((index) => at(restrictions, index).id)),
        uses: new Set(reach.uses.map((index) => at(ids, index))),
        scope: named(reach.scope),
        usable: usableOf(reach),
        serves: new Map(reach.models.map(({ id, serves }) => [id, spansOfContent(serves)])),
        obligations: reach.obligations,
      })),
  }
}

function placeOf({ contract, tailoring, deployment }: ReachContent): {
  readonly contract: string
  readonly tailoring: string
  readonly deployment: string
} {
  return { contract, tailoring, deployment }
}

function usableOf({ standing, models }: ReachContent): ReadonlyMap<string, Spans> {
  const inForce = standing.map(({ holds }) => spansOfContent(holds)).reduce(intersect, ALWAYS)
  const usable = models.map(({ id, serves }) => {
    const spans = intersect(inForce, spansOfContent(serves))
    return [id, spans] as const
  })
  return new Map(usable.filter(([, spans]) => spans.length > 0))
}

/** The values that a mask stands for: bit i is the i-th. */
function valuesOf(values: readonly string[], mask: number): readonly string[] {
  return values.filter((_, i) => ((mask >> i) & 1) === 1)
}

/** What a bundle's tables make `decide` do, read back out of them by the way that it reads them. */
export function rulesOfTables({ tables, customers }: Bundle): Rules {
  const { content, facts, uses, restrictions } = tables
  const names: Names = {
    facts: [...facts].sort(([, a], [, b]) => a.index - b.index),
    // What `decide` calls a leaf is an index; its name is the one under which it is found.
    leaves: content.leaves.map((_, index) => leafAt(tables, index)),
    restrictions: restrictions.map(({ content: { id } }) => id),
    models: new Map([...tables.models].map(([id, number]) => [number, id])),
  }
  const leafTables = names.leaves.map((id) => [id, uses.get(id) as UseTable] as const)
  return {
    facts: new Map(names.facts.map(([id, { values }]) => [id, values])),
    uses: new Map([...uses].map(([id, { leaves }]) => [id, namedBits(names.leaves, leaves)])),
    leaves: new Map(
      names.leaves.map((id, index) => {
        const { referAt, denyAt } = at(content.leaves, index)
        return [id, { referAt, denyAt }]
      }),
    ),
    restrictions: restrictions.map((restriction, index) => ({
      ...ruleOf(names, restriction),
      prohibits: new Set(
        leafTables.flatMap(([id, table]) => (hasBit(table.restrictions, index) ? [id] : [])),
      ),
    })),
    models: content.models,
    customers: [...customers.keys()].sort(compareIds),
    reachesOf: (customer): readonly ReachRule[] => {
      const table = customers.get(customer)
      return table === undefined ? [] : reachTablesOf(table).map((reach) => reachRule(names, reach))
    },
  }
}

interface Names {
  readonly facts: readonly (readonly [string, FactTable])[]
  readonly leaves: readonly string[]
  readonly restrictions: readonly string[]
  readonly models: ReadonlyMap<number, string>
}

function leafAt({ uses, content }: Tables, index: number): string {
  const { id } = at(content.leaves, index)
  return uses.has(id) ? id : `leaf ${index}`
}

function namedBits(names: readonly string[], words: Words): readonly string[] {
  return names.filter((_, i) => hasBit(words, i))
}

function ruleOf(
  names: Names,
  { content, prohibits, when, unless, never }: RestrictionTable,
): Omit<Rule, 'prohibits'> {
  return {
    id: content.id,
    limits: new Set(namedBits(names.leaves, prohibits)),
    when: scopeOfPairs(names, when),
    unless: unless.map(({ scope, obligations }) => ({
      scope: scopeOfPairs(names, scope),
      obligations,
    })),
    never,
  }
}

function scopeOfPairs({ facts }: Names, pairs: Words): Allowed {
  const scope: [string, readonly string[]][] = []
  for (let i = 0; i < pairs.length; i += 2) {
    const [id, { values }] = at(facts, wordAt(pairs, i))
    scope.push([id, valuesOf(values, wordAt(pairs, i + 1))])
  }
  return new Map(scope)
}

/** All reaches that `decide` finds, in the order in which it tries those of a deployment. */
function reachTablesOf(table: CustomerTable): readonly ReachTable[] {
  const { all } = table
  if (all.length === 0) return [table]
  const deployments = [...new Set(all.map(({ deployment }) => deployment))].sort()
  return deployments.flatMap((deployment) => {
    const from = all.slice(firstOf(all, deployment))
    const end = from.findIndex((reach) => reach.deployment !== deployment)
    return end < 0 ? from : from.slice(0, end)
  })
}

function reachRule(names: Names, reach: ReachTable): ReachRule {
  const { contract, tailoring, deployment, lifts, uses, scope, usable, obligations } = reach
  const masks = names.facts.map(
    ([id, { values }], f) => [id, valuesOf(values, wordAt(scope, f))] as const,
  )
  const spans = new Map<string, number[]>()
  for (let i = 0; i < usable.length; i += 3) {
    const model = names.models.get(at(usable, i)) ?? `snapshot ${at(usable, i)}`
    spans.set(model, [...(spans.get(model) ?? []), at(usable, i + 1), at(usable, i + 2)])
  }
  return {
    contract,
    tailoring,
    deployment,
    lifts: new Set(namedBits(names.restrictions, lifts)),
    uses: new Set(namedBits(names.leaves, uses)),
    scope: new Map(masks),
    usable: spans,
    serves: spans,
    obligations,
  }
}

/** A use whose own tables are not those of its leaves, for some restriction or as a whole. */
export interface OddUse {
  readonly use: string
  /** The restriction's index; null: for all that its leaves are looked up for. */
  readonly restriction: number | null
}

/** Where tables say in two places what they should say alike: of a use, and of its leaves. */
export function oddUsesOf({ uses, restrictions, content }: Tables): readonly OddUse[] {
  const leaves = content.leaves.map(({ id }) => id)
  return [...uses].flatMap(([use, table]): OddUse[] => {
    const under = namedBits(leaves, table.leaves)
    const indexes = table.indexes.map((index) => at(leaves, index))
    const isWhole = [...under].sort().join() === indexes.sort().join()
    const isItself = !leaves.includes(use) || under.join() === use
    if (!isWhole || !isItself) return [{ use, restriction: null }]
    return restrictions.flatMap((_, restriction): OddUse[] => {
      const isUnder = under.some((leaf) =>
        hasBit((uses.get(leaf) as UseTable).restrictions, restriction),
      )
      return hasBit(table.restrictions, restriction) === isUnder ? [] : [{ use, restriction }]
    })
  })
}

/** Values that a fact is missing when a request does not state it (semantics §2.2). */
export function unsaidValuesOf({ facts, allValues }: Tables): readonly {
  readonly fact: string
  readonly value: string
}[] {
  return [...facts].flatMap(([fact, { index, values }]) => {
    const said = valuesOf(values, wordAt(allValues, index))
    return values.filter((value) => !said.includes(value)).map((value) => ({ fact, value }))
  })
}

/** What is found of a use that a request names. */
export interface LookUp {
  readonly leaves: readonly string[]
  /** Those that prohibit a leaf of it. */
  readonly restrictions: readonly string[]
  /** The leaves that a detector's score of it is of. */
  readonly scored: readonly string[]
}

/** What `decide` finds of each use. */
export function lookUpsOf({ uses, restrictions, content }: Tables): ReadonlyMap<string, LookUp> {
  const leaves = content.leaves.map(({ id }) => id)
  const ids = restrictions.map((restriction) => restriction.content.id)
  return new Map(
    [...uses].map(([use, table]) => [
      use,
      {
        leaves: namedBits(leaves, table.leaves),
        restrictions: namedBits(ids, table.restrictions),
        scored: table.indexes.map((index) => at(leaves, index)),
      },
    ]),
  )
}
