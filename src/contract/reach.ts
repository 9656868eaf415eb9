import { ALWAYS, intersect, type Spans, spanOf } from '../interval.ts'
import { leavesOf, type Provider } from '../policy/provider.ts'
import type { Scope } from '../shape.ts'
import type { Contract } from './contract.ts'
import { translate } from './lineage.ts'

/** What a tailoring effectively allows a deployment, after every layer has narrowed it (semantics §7.2). */
export interface Reach {
  /** Ids of restrictions. */
  readonly lifts: readonly string[]
  /** Ids of leaves. */
  readonly uses: readonly string[]
  /** Allowed values of each fact that some layer constrains. */
  readonly scope: Scope
  readonly models: readonly string[]
  readonly term: Spans
  readonly authorities: readonly string[]
  readonly safeguards: readonly string[]
  readonly obligations: readonly string[]
}

/** Names one tailoring of a contract on one of its deployments. */
export interface Place {
  readonly tailoring: string
  readonly deployment: string
}

/**
 * The intersection, field by field, of catalogue entry, determination, contract and deployment
 * (semantics §7.2). Undefined when some layer does not know it, or nothing is left of some field: it
 * then lifts nothing.
 */
export function reachOf(provider: Provider, contract: Contract, place: Place): Reach | undefined {
  const { determination, terms } = contract
  const isIt = ({ id }: { readonly id: string }): boolean => id === place.tailoring
  const isHere = ({ id }: { readonly id: string }): boolean => id === place.deployment
  const signed = terms.tailorings.find(isIt)
  const judged = determination.tailorings.find(isIt)
  const entry =
    signed && signed.entry === judged?.entry ? provider.entries.get(signed.entry) : undefined
  const signedFor = terms.deployments.find(isHere)
  const judgedFor = determination.deployments.find(isHere)
  if (!signed || !judged || !entry || !signedFor || !judgedFor) return undefined

  const now = (field: 'lifts' | 'uses', ids: readonly string[]): readonly string[] =>
    translate(provider, terms, field, ids).flatMap((translation) => translation.now)
  const leaves = (ids: readonly string[]): ReadonlySet<string> => leavesOf(provider, ids)

  const reach: Reach = {
    lifts: common([entry.lifts, now('lifts', judged.lifts), now('lifts', signed.lifts)]),
    uses: common([
      [...leaves(entry.uses)],
      [...leaves(now('uses', judged.uses))],
      [...leaves(now('uses', signed.uses))],
    ]),
    scope: narrowest([entry.scope, judged.scope, signed.scope, judgedFor.scope, signedFor.scope]),
    models: common([judged.models, signed.models]),
    term: termOf(contract, place.tailoring),
    authorities: union(judged.authorities, signed.authorities),
    safeguards: union(judged.safeguards, signed.safeguards),
    obligations: union(judged.obligations, signed.obligations),
  }
  return isEmpty(reach) ? undefined : reach
}

/** When a tailoring's term is, after every layer has narrowed it (semantics §7.2). */
export function termOf({ determination, terms }: Contract, tailoring: string): Spans {
  const own = [determination, terms].map(({ tailorings }) =>
    tailorings.find(({ id }) => id === tailoring),
  )
  return [determination, terms, ...own]
    .map((layer) => (layer?.term ? spanOf(layer.term) : ALWAYS))
    .reduce(intersect)
}

function isEmpty({ lifts, uses, models, term, scope }: Reach): boolean {
  return [lifts, uses, models, term, ...Object.values(scope)].some((field) => field.length === 0)
}

function common(lists: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = lists
  return [...new Set(first)].filter((id) => others.every((other) => other.includes(id)))
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort()
}

function narrowest(scopes: readonly Scope[]): Scope {
  const narrowed = new Map<string, string[]>()
  for (const scope of scopes) {
    for (const [fact, values] of Object.entries(scope)) {
      narrowed.set(fact, common([narrowed.get(fact) ?? values, values]))
    }
  }
  return Object.fromEntries(narrowed)
}
