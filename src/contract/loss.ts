import { namesOf } from '../policy/check-policy.ts'
import type { Provider } from '../policy/provider.ts'
import { newReport, type Problem } from '../problem.ts'
import { checkContract } from './check-contract.ts'
import type { Contract } from './contract.ts'
import { type Lapse, lapsesOf } from './contract-changes.ts'
import { type Place, reachOf } from './reach.ts'

/** What a contract would lose by other documents of the provider. */
export interface Loss {
  /** Lifts and uses that these have no place for (semantics §7.6). */
  readonly lapses: readonly Lapse[]
  /** Where a tailoring would reach nothing, and now reaches something (semantics §7.2). */
  readonly unreached: readonly Place[]
  /** Errors for which the whole contract would be left out (semantics §9.3). */
  readonly problems: readonly Problem[]
}

/** The provider's documents as they are and as they would be. */
interface ProviderVersions {
  readonly before: Provider
  readonly after: Provider
}

/** Says of any contract what it would lose that it has; undefined when that is nothing. */
export function lossBy({
  before,
  after,
}: ProviderVersions): (contract: Contract) => Loss | undefined {
  const names = { before: namesOf(before.policy), after: namesOf(after.policy) }
  const errorsIn = (of: 'before' | 'after', contract: Contract): readonly Problem[] => {
    const report = newReport()
    checkContract({ before, after }[of], names[of], contract, report)
    return report.problems.filter(({ severity }) => severity === 'error')
  }
  return (contract) => {
    const lapsed = new Set(lapsesOf(before, contract).map(textOf))
    const lapses = lapsesOf(after, contract).filter((lapse) => !lapsed.has(textOf(lapse)))
    const unreached = placesOf(contract).filter((place) => {
      return reachOf(before, contract, place) && !reachOf(after, contract, place)
    })
    const problems = errorsIn('after', contract)
    const isNothing = lapses.length === 0 && unreached.length === 0 && problems.length === 0
    // What is left out already has nothing to lose.
    if (isNothing || errorsIn('before', contract).length > 0) return undefined
    return { lapses, unreached, problems }
  }
}

function textOf({ tailoring, field, id }: Lapse): string {
  return [tailoring, field, id].join(' ')
}

function placesOf({ terms }: Contract): readonly Place[] {
  return terms.tailorings.flatMap(({ id: tailoring }) =>
    terms.deployments.map(({ id: deployment }) => ({ tailoring, deployment })),
  )
}
