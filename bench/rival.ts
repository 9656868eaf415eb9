import { compileContract, compilerOf } from '../src/decision/compile-content.ts'
import { type PolicyContent, type ScopeMasks, spansOfContent } from '../src/decision/content.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { contractAt } from './example.ts'

/** Whether an engine allows a request. */
export type Ask = (request: Request) => boolean

/** Fact ids to value ids, as rivals read them. */
export type Values = Readonly<Record<string, readonly string[]>>

/** A restriction as the rivals are told of it: by names. */
export interface Ban {
  readonly id: string
  readonly uses: readonly string[]
  readonly when: Values
  readonly unless: readonly Values[]
  readonly isTailorable: boolean
}

/** What a tailoring allows a deployment. The rivals get it narrowed and dated already, by our own compiler. */
export interface Allowance {
  readonly deployment: string
  readonly lifts: readonly string[]
  readonly uses: readonly string[]
  readonly scope: Values
  readonly models: readonly string[]
  readonly from: number
  readonly until: number
}

export function bansOf(policy: PolicyContent): readonly Ban[] {
  return policy.restrictions.map(({ id, prohibits, when, unless, never }) => ({
    id,
    uses: prohibits.map((leaf) => policy.leaves[leaf]?.id ?? ''),
    when: valuesOf(policy, when),
    unless: unless.map(({ scope }) => valuesOf(policy, scope)),
    isTailorable: never === null,
  }))
}

/** What each of some customers may do; of the contracts with these indexes. */
export function allowancesOf(
  world: World,
  policy: PolicyContent,
  indexes: Iterable<number>,
): ReadonlyMap<string, readonly Allowance[]> {
  const compiler = compilerOf(world)
  const allowances = new Map<string, Allowance[]>()
  for (const index of new Set(indexes)) {
    const contract = contractAt(world, index)
    const own = compileContract(compiler, contract).map((reach) => {
      // In this bench nothing but the term bounds a tailoring, so that one span says when it is in force.
      const term = reach.standing.find(({ kind }) => kind === 'term')
      const [from = Infinity, until = -Infinity] = spansOfContent(term?.holds ?? [])
      return {
        deployment: reach.deployment,
        lifts: reach.lifts.map((i) => policy.restrictions[i]?.id ?? ''),
        uses: reach.uses.map((i) => policy.leaves[i]?.id ?? ''),
        scope: valuesOf(policy, reach.scope),
        models: reach.models.map(({ id }) => id),
        from,
        until,
      }
    })
    allowances.set(contract.customer, [...(allowances.get(contract.customer) ?? []), ...own])
  }
  return allowances
}

function valuesOf({ facts }: PolicyContent, masks: ScopeMasks): Values {
  return Object.fromEntries(
    masks.map(([index, mask]) => {
      const { id = '', values = [] } = facts[index] ?? {}
      return [id, values.filter((_, bit) => ((mask >>> bit) & 1) === 1)]
    }),
  )
}
