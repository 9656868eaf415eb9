import type { Contract, Register, Tailoring } from '../src/contract/contract.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import type { Restriction } from '../src/policy/usage-policy.ts'
import type { Scope } from '../src/shape.ts'
import type { CedarAnswer } from './cedar.ts'

/** A request that an exception allows, and what allows it. */
export interface Allowed {
  readonly world: World
  readonly request: Request
  readonly answer: CedarAnswer
}

type Layer = 'terms' | 'determination'
const LAYERS: readonly Layer[] = ['terms', 'determination']

/** The world with one thing changed, each time another, that bears on why a request is allowed. */
export function narrowings(allowed: Allowed): readonly World[] {
  const { world, answer } = allowed
  const contract = world.contracts.find(({ id }) => id === answer.contract)
  if (!contract) throw new Error('no contract')
  // Without the others, none of which could then allow what this one no longer does.
  const alone = (changed: Contract): World => ({ ...world, contracts: [changed] })
  return [
    alone(contract),
    ...LAYERS.flatMap((layer) => layerNarrowed(contract, layer, allowed)).map(alone),
    ...registersNarrowed(contract, allowed).map((register) => alone({ ...contract, register })),
    ...dutiesAdded(contract, allowed).map(alone),
    ...providersNarrowed(allowed).map((other) => ({ ...other, contracts: [contract] })),
    ...policiesSince(contract, allowed),
  ]
}

const FATES = ['same', 'narrowed', 'split', 'merged', 'widened', 'removed'] as const

/** The contract written against an older version, of which one id fared otherwise since (semantics §7.6). */
function policiesSince(contract: Contract, { world, request, answer }: Allowed): readonly World[] {
  const { policy } = world
  const terms = { ...contract.terms, policy: `${policy.id}@older` }
  const ids = [...answer.triggered, ...request.uses]
  return ids.flatMap((id) =>
    FATES.flatMap((kind) =>
      [[id], []].map((to) => ({
        ...world,
        policy: { ...policy, lineage: [{ from: `older/${id}`, to, kind }] },
        contracts: [{ ...contract, terms }],
      })),
    ),
  )
}

/** A scope that excludes the request, and one that excludes it only when it says too little. */
function narrower({ world, request }: Allowed, scope: Scope): readonly Scope[] {
  return Object.entries(world.policy.facts).flatMap(([fact, { values }]) => {
    const said = Object.hasOwn(request.facts, fact) ? (request.facts[fact] ?? []) : values
    const others = values.filter((value) => !said.includes(value))
    const own = [others, said.slice(1)].filter((allowed) => allowed.length > 0)
    return own.map((allowed) => ({ ...scope, [fact]: allowed }))
  })
}

function tailoringsNarrowed(own: Tailoring, allowed: Allowed): readonly Tailoring[] {
  const { request, answer } = allowed
  const { at, model } = request
  return [
    { ...own, lifts: own.lifts.filter((id) => id !== answer.triggered[0]) },
    { ...own, uses: [] },
    { ...own, uses: request.uses.slice(1) },
    { ...own, models: own.models.filter((id) => id !== model) },
    { ...own, entry: 'entry-1' },
    { ...own, authorities: ['nobody'] },
    { ...own, safeguards: ['nothing'] },
    ...narrower(allowed, own.scope).map((scope) => ({ ...own, scope })),
    ...terms(at).map((term) => ({ ...own, term })),
  ]
}

function terms(at: number): readonly { readonly from: number; readonly until: number }[] {
  return [
    { from: at, until: at + 1 },
    { from: at - 1, until: at },
    { from: at + 1, until: at + 2 },
  ]
}

function layerNarrowed(contract: Contract, layer: Layer, allowed: Allowed): readonly Contract[] {
  const { request, answer } = allowed
  const own = contract[layer]
  const changed = (change: object): Contract => ({ ...contract, [layer]: { ...own, ...change } })
  const tailoring = own.tailorings.find(({ id }) => id === answer.tailoring)
  const deployment = own.deployments.find(({ id }) => id === request.deployment)
  if (!tailoring || !deployment) throw new Error('no tailoring')
  return [
    changed({ tailorings: [] }),
    changed({ deployments: [] }),
    ...terms(request.at).map((term) => changed({ term })),
    ...(layer === 'determination' ? terms(request.at) : []).map(({ from }) =>
      changed({ decided: from }),
    ),
    ...narrower(allowed, deployment.scope).map((scope) =>
      changed({ deployments: [{ ...deployment, scope }] }),
    ),
    ...tailoringsNarrowed(tailoring, allowed).map((narrowed) =>
      changed({ tailorings: [narrowed] }),
    ),
  ]
}

function registersNarrowed({ register }: Contract, { request, answer }: Allowed): Register[] {
  const { at, deployment } = request
  const scopes = [
    'contract' as const,
    { tailoring: answer.tailoring ?? '' },
    { tailoring: 'another' },
    { deployment },
  ]
  const ends = terms(at)
  const lapsed = (id: string, from: number): Register['authorities'][number] => {
    return { id, status: 'lapsed', from }
  }
  const authorities = [...new Set(register.authorities.map(({ id }) => id))]
  const safeguards = [...new Set(register.attestations.map(({ safeguard }) => safeguard))]
  return [
    ...[at, at + 1].map((from) => ({
      ...register,
      states: [...register.states, { state: 'suspended' as const, from }],
    })),
    ...authorities.flatMap((id) =>
      [at, at + 1].map((from) => ({
        ...register,
        authorities: [...register.authorities, lapsed(id, from)],
      })),
    ),
    ...authorities.map((id) => ({
      ...register,
      authorities: register.authorities.map((row) => {
        return row.id === id ? { ...row, 'review-by': at } : row
      }),
    })),
    ...safeguards.flatMap((safeguard) =>
      ends.map((interval) => ({
        ...register,
        attestations: [
          ...register.attestations.filter((row) => row.safeguard !== safeguard),
          { safeguard, ...interval },
        ],
      })),
    ),
    ...ends.map((interval) => ({ ...register, enrolments: [{ deployment, ...interval }] })),
    ...scopes.flatMap((scope) => ends.map((end) => ({ ...register, stops: [{ scope, ...end }] }))),
  ]
}

/** A duty due a millisecond before the request, at it or after it: not met, met late, met late and reinstated. */
function dutiesAdded(contract: Contract, { request, answer }: Allowed): readonly Contract[] {
  const { at } = request
  const guards = [undefined, [answer.tailoring ?? ''], ['another']]
  const fates = [
    [],
    [{ met: at }],
    [{ met: at, reinstated: at }],
    [{ met: at, reinstated: at + 1 }],
  ]
  return [at - 1, at, at + 1].flatMap((due) =>
    guards.flatMap((guarded) =>
      fates.map((fate) => {
        const duty = { id: 'extra', kind: 'report' as const, due: [due], grace: 0 }
        const added = guarded === undefined ? duty : { ...duty, guards: guarded }
        const duties = [...contract.terms.duties, added]
        const rows = fate.map((row) => ({ id: 'extra', due, ...row }))
        const register = { ...contract.register, duties: [...contract.register.duties, ...rows] }
        return { ...contract, terms: { ...contract.terms, duties }, register }
      }),
    ),
  )
}

function providersNarrowed(allowed: Allowed): readonly World[] {
  const { world, request, answer } = allowed
  const { policy, exceptions, models } = world
  const catalogues = exceptions.catalogue.flatMap((entry) => [
    { ...entry, lifts: entry.lifts.filter((id) => id !== answer.triggered[0]) },
    { ...entry, uses: [] },
    ...narrower(allowed, entry.scope).map((scope) => ({ ...entry, scope })),
  ])
  const restrictions = policy.restrictions.map((restriction): Restriction[] => {
    const others = policy.restrictions.filter(({ id }) => id !== restriction.id)
    return [...others, { ...restriction, tailorable: 'never' }]
  })
  const good = { id: 'extra', scheme: 'rsp', level: 2, basis: 'determined' as const }
  const assertions = [request.at, request.at + 1].flatMap((from) => [
    { ...good, from },
    { ...good, from, level: 9 },
    { ...good, from, basis: 'unstated' as const },
    { ...good, from, level: 9, scheme: 'other' },
  ])
  return [
    ...catalogues.map((entry) => ({ ...world, exceptions: { ...exceptions, catalogue: [entry] } })),
    ...restrictions.map((changed) => ({ ...world, policy: { ...policy, restrictions: changed } })),
    ...assertions.map((assertion) => ({
      ...world,
      models: {
        ...models,
        models: models.models.map((model) => ({ ...model, levels: [...model.levels, assertion] })),
      },
    })),
    ...[request.at, request.at + 1].map((validUntil) => ({ ...world, validUntil })),
  ]
}
