import type { Contract, Duty } from '../contract/contract.ts'
import { type Place, type Reach, reachOf } from '../contract/reach.ts'
import { isOver } from '../contract/standing.ts'
import { byId, isWithin, meet, sorted } from '../ids.ts'
import { contains, isInside, latest } from '../interval.ts'
import type { Snapshot } from '../policy/models.ts'
import { providerOf } from '../policy/provider.ts'
import type { Restriction } from '../policy/usage-policy.ts'
import { isLeaf, thresholdsOf, usesOf } from '../policy/use-tree.ts'
import type { Scope } from '../shape.ts'
import type { Instant } from '../time.ts'
import type { Decision, ReasonCode } from './decision.ts'
import type { Request } from './request.ts'
import type { World } from './world.ts'

// The meaning of a decision, to be read beside docs/semantics.md §4 to §8; the engine is tested against it.
// A restriction asks whether any of it may be so; a tailoring asks whether all of it must be.

/** What a decision says, without its texts. */
export interface Meaning
  extends Omit<Decision, 'request' | 'at' | 'bundle' | 'reasons' | 'nearest'> {
  readonly reasons: readonly ReasonCode[]
  readonly nearest: readonly { contract: string; tailoring: string; failed: readonly string[] }[]
}
type Judgement = Omit<Meaning, 'outcome' | 'base'> & { readonly allows: boolean }
type Ids = readonly string[]
type Conditions = Readonly<Record<string, boolean>>

/** §8.3: the certain uses decide; what is only suspected can turn a permit into a referral. */
export function decideByDefinition(world: World, request: Request): Meaning {
  const certain = [...leaves(world, request.uses), ...signalled(world, request, 'denyAt')]
  const suspected = [...certain, ...signalled(world, request, 'referAt')]
  const { allows, ...first } = judge(world, request, certain)
  const base = first.triggered.length === 0 ? 'permit' : 'deny'
  if (!allows) return { ...first, outcome: 'deny', base }
  const { allows: allowsAll, ...second } = judge(world, request, suspected)
  const suspicion = second.triggered.map((): ReasonCode => 'suspected')
  if (!allowsAll) return { ...second, outcome: 'refer', base, reasons: suspicion, nearest: [] }
  return { ...second, outcome: second.contract ? 'permit-under-exception' : 'permit', base }
}

/** §8.2: what the policy, and failing that one tailoring, says of a set of uses. */
function judge(world: World, request: Request, uses: Ids): Judgement {
  const concerned = world.policy.restrictions
    .filter(({ prohibits }) => meet(uses, leaves(world, prohibits)))
    .filter(({ when = {} }) => touches(world, request, when))
  const excuses = concerned.map((r) => r.unless.find(({ scope }) => covers(world, request, scope)))
  const restrictions = concerned.filter((_, i) => !excuses[i]).toSorted(byId)
  const triggered = restrictions.map(({ id }) => id)
  const duties = sorted(excuses.flatMap((excuse) => excuse?.obligations ?? []))
  const answer = { triggered, contract: null, tailoring: null, obligations: duties, nearest: [] }
  if (triggered.length === 0) return { ...answer, allows: true, reasons: ['no-restriction'] }

  const denied = { ...answer, allows: false, obligations: [] }
  const eachFor = (code: ReasonCode): ReasonCode[] =>
    restrictions.map((restriction) => neverCode(restriction) ?? code)
  if (restrictions.some(neverCode)) return { ...denied, reasons: eachFor('no-tailoring') }

  const asked = uses.filter((use) =>
    restrictions.some(({ prohibits }) => leaves(world, prohibits).includes(use)),
  )
  const lifting = candidates(world, request, asked).filter((own) => isWithin(triggered, own.lifts))
  const nearest = lifting.toSorted((a, b) => a.failed.length - b.failed.length).slice(0, 8)
  const isStale = request.at >= (world.validUntil ?? Infinity)
  if (isStale) return { ...denied, nearest, reasons: eachFor('bundle-stale') }
  const found = lifting.find(({ failed }) => failed.length === 0)
  if (!found) return { ...denied, nearest, reasons: eachFor('no-tailoring') }
  const { contract, tailoring } = found
  const obligations = sorted([...duties, ...found.obligations])
  return { ...answer, allows: true, contract, tailoring, obligations, reasons: eachFor('tailored') }
}

/** §8.2 b: why nothing can lift a restriction; undefined when a tailoring may. */
export function neverCode({
  tailorable,
  floor,
}: Restriction): 'floor' | 'not-tailorable' | undefined {
  if (tailorable !== 'never') return undefined
  return floor === undefined ? 'not-tailorable' : 'floor'
}

/** §4. */
function touches(world: World, request: Request, scope: Scope): boolean {
  return Object.entries(scope).every(([fact, values]) => meet(said(world, request, fact), values))
}

function covers(world: World, request: Request, scope: Scope): boolean {
  return Object.entries(scope).every(([fact, values]) =>
    isWithin(said(world, request, fact), values),
  )
}

/** §2.2: a fact that is not stated may have any of its values. */
function said({ policy }: World, { facts }: Request, fact: string): Ids {
  return new Map(Object.entries(facts)).get(fact) ?? policy.facts[fact]?.values ?? []
}

/** §3.1: the leaves that names of uses stand for. */
function leaves({ policy }: World, names: Ids): Ids {
  return usesOf(policy).flatMap((use) => (names.includes(use.id) ? use.leaves : []))
}

/** §8.1: the leaves of signals whose score reaches the leaf's threshold. */
function signalled({ policy }: World, { signals }: Request, threshold: 'referAt' | 'denyAt'): Ids {
  const found = usesOf(policy).filter((leaf) => {
    const least = thresholdsOf(policy, leaf)[threshold]
    return signals.some(({ use, score }) => leaf.path.includes(use) && score >= least)
  })
  return found.filter(isLeaf).map(({ id }) => id)
}

interface Candidate extends Reach {
  readonly contract: string
  readonly tailoring: string
  readonly failed: Ids
}

/** §8.2 d, in order: the customer's tailorings that reach the deployment, each with what fails of it. */
function candidates(world: World, request: Request, asked: Ids): Candidate[] {
  const provider = providerOf(world)
  const own = world.contracts.filter(({ customer }) => customer === request.customer)
  return own.toSorted(byId).flatMap((contract) =>
    contract.terms.tailorings.toSorted(byId).flatMap((tailoring) => {
      const { decided } = contract.determination
      const place = { tailoring: tailoring.id, deployment: request.deployment }
      const reach = reachOf(provider, contract, place)
      if (!reach) return []
      const conditions = {
        ...standing(contract, reach, place, request.at),
        model: reach.models.includes(request.model) && serves(world, request, decided),
        uses: isWithin(asked, reach.uses),
        scope: covers(world, request, reach.scope),
      }
      const failed = Object.entries(conditions).flatMap(([name, holds]) => (holds ? [] : [name]))
      return [{ ...reach, contract: contract.id, tailoring: tailoring.id, failed }]
    }),
  )
}

/** §7.4 a to g. */
export function standing(contract: Contract, reach: Reach, here: Place, at: Instant): Conditions {
  const { terms, register } = contract
  const isPaid = ({ id, grace }: Duty, due: Instant): boolean => {
    const row = register.duties.find((paid) => paid.id === id && paid.due === due)
    const { met = Infinity, reinstated = Infinity } = row ?? {}
    return met <= due + grace || at < due + grace || reinstated <= at
  }
  return {
    state: latest(register.states, at)?.state === 'in_force',
    term: contains(reach.term, at),
    authority: reach.authorities.every((authority) => {
      const own = register.authorities.filter(({ id }) => id === authority)
      const row = latest(own, at)
      return row?.status.startsWith('in-force') === true && at < (row['review-by'] ?? -Infinity)
    }),
    safeguard: reach.safeguards.every((safeguard) =>
      register.attestations.some((row) => row.safeguard === safeguard && isInside(row, at)),
    ),
    duty: terms.duties.every((duty) => {
      const guards = duty.guards?.includes(here.tailoring) ?? true
      return !guards || duty.due.every((due) => isPaid(duty, due))
    }),
    stop: !register.stops.some((stop) => isOver(stop, here) && isInside(stop, at)),
    enrolment: register.enrolments.some(
      (row) => row.deployment === here.deployment && isInside(row, at),
    ),
  }
}

/** §6.4: eligible at every instant from `decided` to now. Eligibility changes only where an assertion starts. */
export function serves(
  world: World,
  { model, at }: Pick<Request, 'model' | 'at'>,
  decided: Instant,
): boolean {
  const snapshot = world.models.models.find(({ id }) => id === model)
  const instants = [decided, ...(snapshot?.levels ?? []).map(({ from }) => from), at]
  const during = instants.filter((t) => decided <= t && t <= at)
  return (
    snapshot !== undefined && decided <= at && during.every((t) => isEligible(world, snapshot, t))
  )
}

/** §6.1, §6.3. */
function isEligible({ exceptions: { safety } }: World, { levels }: Snapshot, t: Instant): boolean {
  const started = levels.filter(({ from }) => from <= t)
  const rescinded = started.map(({ rescinds }) => rescinds)
  const counting = started.filter((a) => a.scheme === safety.scheme && !rescinded.includes(a.id))
  const highest = Math.max(...counting.map(({ level }) => level))
  const isSound = counting.every(({ basis }) => safety.bases.includes(basis))
  return safety.levels.includes(highest) && isSound
}
