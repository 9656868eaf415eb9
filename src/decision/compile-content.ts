import type { Contract } from '../contract/contract.ts'
import { type Place, type Reach, reachOf } from '../contract/reach.ts'
import { standingOf } from '../contract/standing.ts'
import { byId, compareIds, sorted } from '../ids.ts'
import { NEVER } from '../interval.ts'
import { servesDuring } from '../policy/models.ts'
import { leavesOf, type Provider, type ProviderDocuments, providerOf } from '../policy/provider.ts'
import type { Restriction } from '../policy/usage-policy.ts'
import { isLeaf, thresholdsOf } from '../policy/use-tree.ts'
import type { Scope } from '../shape.ts'
import {
  contentOfSpans,
  type PolicyContent,
  type ReachContent,
  type RestrictionContent,
  type ScopeMasks,
} from './content.ts'

/** A provider's documents with the indexes that compiled content uses for their names. */
export interface Compiler {
  readonly provider: Provider
  readonly facts: ReadonlyMap<
    string,
    { readonly index: number; readonly values: readonly string[] }
  >
  readonly leaves: ReadonlyMap<string, number>
  readonly restrictions: ReadonlyMap<string, number>
}

export function compilerOf(documents: ProviderDocuments): Compiler {
  const provider = providerOf(documents)
  const { policy, uses } = provider
  const leaves = [...uses.values()].filter(isLeaf)
  const restrictions = policy.restrictions.toSorted(byId)
  return {
    provider,
    facts: new Map(
      Object.entries(policy.facts).map(([id, { values }], index) => [id, { index, values }]),
    ),
    leaves: new Map(leaves.map(({ id }, index) => [id, index])),
    restrictions: new Map(restrictions.map(({ id }, index) => [id, index])),
  }
}

export function compilePolicy(compiler: Compiler): PolicyContent {
  const { provider, leaves } = compiler
  const { policy, uses, models } = provider
  const nodes = [...uses.values()]
  return {
    id: policy.id,
    version: policy.version,
    facts: Object.entries(policy.facts).map(([id, { title, values }]) => ({ id, title, values })),
    leaves: nodes.filter(isLeaf).map((leaf) => ({ id: leaf.id, ...thresholdsOf(policy, leaf) })),
    uses: nodes.map(({ id, title, leaves: under }) => ({
      id,
      title,
      leaves: indexes(leaves, under),
    })),
    restrictions: policy.restrictions
      .toSorted(byId)
      .map((restriction) => compileRestriction(compiler, restriction)),
    models: sorted(models.models.map(({ id }) => id)),
  }
}

function compileRestriction(compiler: Compiler, restriction: Restriction): RestrictionContent {
  const { id, title, prohibits, when, unless, tailorable, floor } = restriction
  const never = floor === undefined ? 'not-tailorable' : 'floor'
  return {
    id,
    title: title ?? id,
    prohibits: indexes(compiler.leaves, leavesOf(compiler.provider, prohibits)),
    when: masksOf(compiler, when ?? {}),
    unless: unless.map(({ scope, obligations }) => ({
      scope: masksOf(compiler, scope),
      obligations: [...new Set(obligations)].sort(),
    })),
    never: tailorable === 'never' ? never : null,
  }
}

/** What a contract reaches, for each of its tailorings and deployments (semantics §7.2). */
export function compileContract(compiler: Compiler, contract: Contract): readonly ReachContent[] {
  const { tailorings, deployments } = contract.terms
  const places = tailorings.flatMap((tailoring) =>
    deployments.map((deployment) => ({ tailoring: tailoring.id, deployment: deployment.id })),
  )
  return places.flatMap((place) => {
    const reach = reachOf(compiler.provider, contract, place)
    return reach ? [compileReach(compiler, contract, place, reach)] : []
  })
}

function compileReach(
  compiler: Compiler,
  contract: Contract,
  place: Place,
  reach: Reach,
): ReachContent {
  const { decided } = contract.determination
  return {
    contract: contract.id,
    ...place,
    lifts: indexes(compiler.restrictions, reach.lifts),
    uses: indexes(compiler.leaves, reach.uses),
    scope: masksOf(compiler, reach.scope),
    models: reach.models.toSorted(compareIds).map((id) => {
      const eligible = compiler.provider.eligible.get(id) ?? NEVER
      return { id, serves: contentOfSpans(servesDuring(eligible, decided)) }
    }),
    standing: standingOf(contract, reach, place).map(({ kind, id, holds }) => ({
      kind,
      id,
      holds: contentOfSpans(holds),
    })),
    obligations: [...new Set(reach.obligations)].sort(),
  }
}

function indexes(known: ReadonlyMap<string, number>, ids: Iterable<string>): readonly number[] {
  return [...ids].flatMap((id) => known.get(id) ?? []).sort((a, b) => a - b)
}

function masksOf({ facts }: Compiler, scope: Scope): ScopeMasks {
  const masks = Object.entries(scope).flatMap(([fact, allowed]) => {
    const declared = facts.get(fact)
    return declared ? [[declared.index, maskOf(declared.values, allowed)] as const] : []
  })
  return masks.sort(([a], [b]) => a - b)
}

/** Bit i is set when the i-th value of all is among those allowed. Unsigned. */
function maskOf(all: readonly string[], allowed: readonly string[]): number {
  return all.reduce((mask, value, i) => (allowed.includes(value) ? mask | (1 << i) : mask), 0) >>> 0
}
