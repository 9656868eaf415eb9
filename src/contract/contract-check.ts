import type { PolicyNames } from '../policy/check-policy.ts'
import type { Provider } from '../policy/provider.ts'
import type { Report } from '../problem.ts'
import type { Known } from '../reference.ts'
import type { Contract } from './contract.ts'

/** What a contract is held against, and what its own parts may name of one another. */
export interface ContractCheck {
  readonly provider: Provider
  readonly names: PolicyNames
  readonly contract: Contract
  readonly own: {
    readonly tailorings: Known
    readonly deployments: Known
    readonly authorities: Known
    readonly safeguards: Known
    readonly duties: Known
  }
}

/** Reports an interval whose end is not after its start. */
export function checkAfter(
  { from, until }: { readonly from: number; readonly until?: number | undefined },
  path: readonly (string | number)[],
  report: Report,
): void {
  if (until !== undefined && until <= from) {
    report.error(
      'empty-interval',
      [...path, 'until'],
      '`until` is not after `from`; swap or mend them',
    )
  }
}
