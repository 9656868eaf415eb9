import type { Provider } from '../policy/provider.ts'
import { policyOf, type Terms } from './contract.ts'

/** An id in a contract as the policy in force has it (semantics §7.6). */
export interface Translation {
  readonly id: string
  /** What it is called now; empty when it lapses. */
  readonly now: readonly string[]
  /** Why it lapses, when it does. */
  readonly lapse?: string
}

const KEPT: ReadonlySet<string> = new Set(['same', 'narrowed'])

/** What ids of restrictions (`lifts`) or uses of the contract's version mean now (semantics §7.6). */
export function translate(
  provider: Provider,
  terms: Pick<Terms, 'policy'>,
  field: 'lifts' | 'uses',
  ids: readonly string[],
): readonly Translation[] {
  const exists = field === 'lifts' ? provider.restrictions : provider.uses
  const { version } = policyOf(terms)
  if (version === provider.policy.version) return ids.map((id) => ({ id, now: [id] }))
  return ids.map((id) => {
    const row = provider.lineage.get(`${version}/${id}`)
    if (!row) return exists.has(id) ? { id, now: [id] } : { id, now: [], lapse: 'it is gone' }
    if (!KEPT.has(row.kind)) return { id, now: [], lapse: `it was ${row.kind}` }
    return { id, now: row.to.filter((to) => exists.has(to)) }
  })
}

/** Whether the policy is the contract's own version, or its lineage speaks of that version. */
export function knowsVersion({ policy }: Provider, version: string): boolean {
  return (
    version === policy.version || policy.lineage.some(({ from }) => from.startsWith(`${version}/`))
  )
}
