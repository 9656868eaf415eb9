import type { Spans } from '../interval.ts'
import type { CatalogueEntry, Exceptions } from './exceptions.ts'
import { eligibleDuring, type Models } from './models.ts'
import type { Restriction, UsagePolicy } from './usage-policy.ts'
import { type Use, usesOf } from './use-tree.ts'

/** The provider's three documents. */
export interface ProviderDocuments {
  readonly policy: UsagePolicy
  readonly exceptions: Exceptions
  readonly models: Models
}

/** The provider's documents with what every contract looks up in them. */
export interface Provider extends ProviderDocuments {
  readonly uses: ReadonlyMap<string, Use>
  readonly restrictions: ReadonlyMap<string, Restriction>
  readonly entries: ReadonlyMap<string, CatalogueEntry>
  readonly lineage: ReadonlyMap<string, UsagePolicy['lineage'][number]>
  /** When each listed snapshot is eligible (semantics §6.3). */
  readonly eligible: ReadonlyMap<string, Spans>
}

export function providerOf(documents: ProviderDocuments): Provider {
  const { policy, exceptions, models } = documents
  return {
    ...documents,
    uses: new Map(usesOf(policy).map((use) => [use.id, use])),
    restrictions: new Map(policy.restrictions.map((restriction) => [restriction.id, restriction])),
    entries: new Map(exceptions.catalogue.map((entry) => [entry.id, entry])),
    lineage: new Map(policy.lineage.map((row) => [row.from, row])),
    eligible: new Map(models.models.map((model) => [model.id, eligibleDuring(model, exceptions)])),
  }
}

/** The leaves that a list of use ids stands for (semantics §3.1). Unknown ids stand for none. */
export function leavesOf(
  { uses }: Pick<Provider, 'uses'>,
  ids: readonly string[],
): ReadonlySet<string> {
  return new Set(ids.flatMap((id) => uses.get(id)?.leaves ?? []))
}
