import type { Contract } from '../contract/contract.ts'
import type { ProviderDocuments } from '../policy/provider.ts'
import type { Instant } from '../time.ts'

/** Everything a decision depends on, besides the request. */
export interface World extends ProviderDocuments {
  readonly contracts: readonly Contract[]
  /** End of the lease: from here on exceptions stop. None for documents read from files (semantics §10.3). */
  readonly validUntil?: Instant | undefined
}
