import { assert, at } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import { ALWAYS, intersect, type Spans } from '../interval.ts'
import { type Bundle, reachesOf, type Shard } from './bundle.ts'
import { type ReachContent, type SpansContent, spansOfContent } from './content.ts'

/**
 * Whether a bundle allows nothing that another does not, as a stop or a suspension leaves it: the same policy, and each
 * reach one of the other's, lifting and serving no more and in force at no other instant. It may be narrower and not be
 * found so, when a reach's scope differs; never the other way round.
 */
export function isNarrowing(from: Bundle, to: Bundle): boolean {
  if (from.policyText !== to.policyText) return false
  return changedCustomers(from.shards, to.shards).every((id) => {
    const before = new Map(reachesOf(from.customers.get(id)).map((reach) => [keyOf(reach), reach]))
    return reachesOf(to.customers.get(id)).every((reach) => {
      const own = before.get(keyOf(reach))
      return own !== undefined && isWithin(reach, own)
    })
  })
}

/** Customers whose text is not the same in both. */
export function changedCustomers(from: readonly Shard[], to: readonly Shard[]): readonly string[] {
  assert(from.length === to.length, 'bundles have shards alike')
  return to.flatMap((shard, i) => {
    const before = at(from, i)
    if (before.digest === shard.digest) return []
    const ids = new Set([...before.digests.keys(), ...shard.digests.keys()])
    return [...ids].filter((id) => before.digests.get(id) !== shard.digests.get(id))
  })
}

function keyOf({ contract, tailoring, deployment }: ReachContent): string {
  return `${contract} ${tailoring} ${deployment}`
}

function isWithin(reach: ReachContent, own: ReachContent): boolean {
  const serves = new Map(own.models.map((model) => [model.id, model.serves]))
  return (
    reach.lifts.every((lift) => own.lifts.includes(lift)) &&
    reach.uses.every((use) => own.uses.includes(use)) &&
    canonicalJson(reach.scope) === canonicalJson(own.scope) &&
    own.obligations.every((obligation) => reach.obligations.includes(obligation)) &&
    reach.models.every((model) => isPart(spansIn(model.serves), spansIn(serves.get(model.id)))) &&
    isPart(inForce(reach), inForce(own))
  )
}

function spansIn(content: SpansContent = []): Spans {
  return spansOfContent(content)
}

/** When all conditions of a reach hold. */
function inForce({ standing }: ReachContent): Spans {
  return standing.reduce((spans, { holds }) => intersect(spans, spansOfContent(holds)), ALWAYS)
}

function isPart(part: Spans, whole: Spans): boolean {
  const both = intersect(part, whole)
  return both.length === part.length && both.every((edge, i) => edge === part[i])
}
