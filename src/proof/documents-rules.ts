import type { Contract } from '../contract/contract.ts'
import { type Place, type Reach, reachOf } from '../contract/reach.ts'
import { neverCode, serves, standing } from '../decision/definition.ts'
import type { World } from '../decision/world.ts'
import { byId, compareIds, sorted } from '../ids.ts'
import { contains, type Spans } from '../interval.ts'
import { leavesOf, type Provider, providerOf } from '../policy/provider.ts'
import { isLeaf, thresholdsOf, usesOf } from '../policy/use-tree.ts'
import type { Instant } from '../time.ts'
import type { ReachRule, Rule, Rules } from './rules.ts'

/** What documents mean, by the definition: none of it goes the way that the compiler goes (semantics §4 to §8). */
export function rulesOfDocuments(world: World): Rules {
  const { policy, models } = world
  const nodes = usesOf(policy)
  const uses = new Map(nodes.map(({ id, leaves }) => [id, leaves]))
  const contracts = Map.groupBy(world.contracts.toSorted(byId), ({ customer }) => customer)
  const documents = { world, provider: providerOf(world) }
  const { provider } = documents
  const reachesOf = (customer: string): readonly ReachRule[] =>
    (contracts.get(customer) ?? []).flatMap((contract) => reachesOfContract(documents, contract))
  const hasReach = (contract: Contract): boolean => placesOf(provider, contract).length > 0
  return {
    facts: new Map(Object.entries(policy.facts).map(([id, { values }]) => [id, values])),
    uses,
    leaves: new Map(nodes.filter(isLeaf).map((leaf) => [leaf.id, thresholdsOf(policy, leaf)])),
    restrictions: policy.restrictions.toSorted(byId).map((restriction) => ({
      id: restriction.id,
      ...prohibiting(leavesOf(provider, restriction.prohibits)),
      when: new Map(Object.entries(restriction.when ?? {})),
      unless: restriction.unless.map(({ scope, obligations }) => ({
        scope: new Map(Object.entries(scope)),
        obligations: sorted(obligations),
      })),
      never: neverCode(restriction) ?? null,
    })),
    models: sorted(models.models.map(({ id }) => id)),
    // Whoever has contracts that reach nothing is judged like anybody else.
    customers: [...contracts]
      .flatMap(([id, own]) => (own.some(hasReach) ? [id] : []))
      .sort(compareIds),
    reachesOf,
  }
}

function prohibiting(prohibits: ReadonlySet<string>): Pick<Rule, 'prohibits' | 'limits'> {
  return { prohibits, limits: prohibits }
}

interface DocumentsOf {
  readonly world: World
  readonly provider: Provider
}

function reachesOfContract(documents: DocumentsOf, contract: Contract): readonly ReachRule[] {
  return placesOf(documents.provider, contract).map(({ place, reach }) =>
    reachRuleOf(documents, contract, place, reach),
  )
}

/** Where a contract reaches anything, in the order in which its tailorings are tried. */
function placesOf(
  provider: Provider,
  contract: Contract,
): readonly { readonly place: Place; readonly reach: Reach }[] {
  const { tailorings, deployments } = contract.terms
  return tailorings.toSorted(byId).flatMap((tailoring) =>
    deployments.toSorted(byId).flatMap((deployment) => {
      const place = { tailoring: tailoring.id, deployment: deployment.id }
      const reach = reachOf(provider, contract, place)
      return reach ? [{ place, reach }] : []
    }),
  )
}

function reachRuleOf(
  { world }: DocumentsOf,
  contract: Contract,
  place: Place,
  reach: Reach,
): ReachRule {
  const instants = instantsOf(contract)
  const inForce = holdingAt(instants, (at) =>
    Object.values(standing(contract, reach, place, at)).every((holds) => holds),
  )
  const { decided } = contract.determination
  const served = reach.models.map((model) => {
    const snapshot = world.models.models.find(({ id }) => id === model)
    const changes = [decided, ...(snapshot?.levels ?? []).map(({ from }) => from)]
    return [model, holdingAt(changes, (at) => serves(world, { model, at }, decided))] as const
  })
  const usable = served.map(([model, spans]) => {
    const changes = [...instants, ...spans.filter(Number.isFinite)]
    const isUsed = (at: Instant): boolean => contains(inForce, at) && contains(spans, at)
    // Not by the algebra of intervals, which is the compiler's.
    return [model, holdingAt(changes, isUsed)] as const
  })
  return {
    contract: contract.id,
    ...place,
    lifts: new Set(reach.lifts),
    uses: new Set(reach.uses),
    scope: new Map(Object.entries(reach.scope)),
    usable: new Map(usable.filter(([, spans]) => spans.length > 0)),
    serves: new Map(served),
    obligations: sorted(reach.obligations),
  }
}

/** Every instant at which something that is known of a contract may begin or end (semantics §7.5). */
function instantsOf({ determination, terms, register }: Contract): readonly Instant[] {
  const intervals = [
    determination,
    terms,
    ...determination.tailorings,
    ...terms.tailorings,
  ].flatMap(({ term }) => term ?? [])
  const dues = terms.duties.flatMap(({ due, grace }) => due.map((instant) => instant + grace))
  const rows = [
    ...intervals,
    ...register.states,
    ...register.authorities,
    ...register.attestations,
    ...register.stops,
    ...register.enrolments,
  ] as readonly { readonly from: Instant; readonly until?: Instant | undefined }[]
  return [
    determination.decided,
    ...dues,
    ...rows.flatMap(({ from, until }) => [from, until ?? from]),
    ...register.authorities.flatMap((row) => row['review-by'] ?? []),
    ...register.duties.flatMap(({ reinstated }) => reinstated ?? []),
  ]
}

/** When something holds that changes at no instants but these. */
function holdingAt(changes: readonly Instant[], holds: (at: Instant) => boolean): Spans {
  const instants = [...new Set(changes)].sort((a, b) => a - b)
  const spans: number[] = []
  let isOpen = holds((instants[0] ?? 0) - 1)
  if (isOpen) spans.push(-Infinity)
  for (const instant of instants) {
    if (holds(instant) === isOpen) continue
    isOpen = !isOpen
    spans.push(instant)
  }
  if (isOpen) spans.push(Infinity)
  return spans
}

/** What the entries of the catalogue let any contract reach at most, whoever signs it (semantics §7.1). */
export function catalogueOf(world: World): readonly ReachRule[] {
  const provider = providerOf(world)
  return world.exceptions.catalogue.map((entry) => ({
    contract: '',
    tailoring: entry.id,
    deployment: '',
    lifts: new Set(entry.lifts),
    uses: leavesOf(provider, entry.uses),
    scope: new Map(Object.entries(entry.scope)),
    usable: new Map(),
    serves: new Map(),
    obligations: [],
  }))
}
