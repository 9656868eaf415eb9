import * as z from 'zod'
import { duration, id, ids, instant, interval, list, prose, scope, snapshotId } from '../shape.ts'

/** Schemes of legal citation that are understood (docs/semantics.md §7.2). */
const CITATION_SCHEMES = ['eli', 'ecli', 'uslm', 'legislation-gov-uk', 'urn-lex', 'prose'] as const

/** How a provider may suspend; a contract that says `none` cannot be approved. */
export const SUSPENSIONS = ['unilateral', 'notice', 'consent', 'none'] as const

/** The states of a contract that the register records (semantics §7.4 a). */
const CONTRACT_STATES = [
  'draft',
  'proposed',
  'approved',
  'in_force',
  'suspended',
  'expired',
  'terminated',
  'declined',
  'lapsed',
  'withdrawn',
] as const

const AUTHORITY_STATUSES = [
  'in-force',
  'in-force-under-transition',
  'suspended',
  'enjoined',
  'lapsed',
  'repealed',
  'superseded',
  'unknown',
] as const

const DUTY_KINDS = ['dialogue', 'report', 'attestation', 'training', 'notice'] as const

export const deployment = z.strictObject({
  id,
  title: prose.optional(),
  'end-users': ids.default([]),
  scope: scope.default({}),
})

export const duty = z.strictObject({
  id,
  kind: z.enum(DUTY_KINDS),
  title: prose.optional(),
  due: z.array(instant).max(1_024),
  grace: duration,
  guards: ids.optional(),
})

export const tailoring = z.strictObject({
  id,
  title: prose.optional(),
  entry: id,
  purpose: id,
  lifts: ids,
  uses: ids,
  scope: scope.default({}),
  models: z.array(snapshotId).max(100),
  authorities: ids.default([]),
  safeguards: ids.default([]),
  obligations: ids.default([]),
  term: interval.optional(),
})

export const determination = z.strictObject({
  case: id,
  decided: instant,
  mission: prose,
  term: interval,
  deployments: list(deployment),
  duties: list(duty).default([]),
  tailorings: list(tailoring),
})

const citation = z.strictObject({
  scheme: z.enum(CITATION_SCHEMES),
  id: prose,
  'as-of': prose.optional(),
})

export const authority = z.strictObject({
  id,
  citation,
  title: prose.optional(),
  holder: prose.optional(),
  purposes: ids,
  limits: prose.optional(),
})

export const safeguard = z.strictObject({
  id,
  title: prose.optional(),
  mitigates: ids.default([]),
})

const POLICY_REFERENCE = /^[a-z][a-z0-9.-]*@[A-Za-z0-9][A-Za-z0-9._-]*$/

export const terms = z.strictObject({
  /** `<policy id>@<version>`: the policy the contract was written against (semantics §7.6). */
  policy: z.string().regex(POLICY_REFERENCE, 'malformed-policy'),
  party: id,
  mission: prose,
  clauses: list(z.strictObject({ id, text: prose, binds: ids })),
  suspension: z.enum(SUSPENSIONS),
  term: interval,
  authorities: list(authority),
  safeguards: list(safeguard).default([]),
  duties: list(duty).default([]),
  deployments: list(deployment),
  tailorings: list(tailoring),
})

export const authorityStatus = z.strictObject({
  id,
  status: z.enum(AUTHORITY_STATUSES),
  from: instant,
  'review-by': instant.optional(),
  source: prose.optional(),
})

/** What a stop is over: the whole contract, a tailoring or a deployment (semantics §7.4 f). */
export const stopScope = z.union([
  z.literal('contract'),
  z.strictObject({ tailoring: id }),
  z.strictObject({ deployment: id }),
])

const register = z.strictObject({
  states: list(z.strictObject({ state: z.enum(CONTRACT_STATES), from: instant })).default([]),
  authorities: list(authorityStatus).default([]),
  attestations: list(
    z.strictObject({ safeguard: id, from: instant, until: instant.optional() }),
  ).default([]),
  duties: list(
    z.strictObject({
      id,
      due: instant,
      met: instant.optional(),
      reinstated: instant.optional(),
    }),
  ).default([]),
  enrolments: list(
    z.strictObject({ deployment: id, from: instant, until: instant.optional() }),
  ).default([]),
  stops: list(
    z.strictObject({
      scope: stopScope,
      from: instant,
      until: instant.optional(),
    }),
  ).default([]),
})

/**
 * One contract: what was judged adequate (`determination`), what was signed (`terms`), and what has
 * happened since (`register`). `contracts/<id>.yaml` (semantics §7).
 */
export const contract = z.strictObject({
  format: z.literal('proviso/contract@1'),
  id,
  customer: id,
  determination,
  terms,
  register: register.default({
    states: [],
    authorities: [],
    attestations: [],
    duties: [],
    enrolments: [],
    stops: [],
  }),
})

export type Contract = z.output<typeof contract>
export type Terms = Contract['terms']
export type Determination = Contract['determination']
export type Tailoring = Terms['tailorings'][number]
export type Deployment = Terms['deployments'][number]
export type Duty = Terms['duties'][number]
export type Register = Contract['register']

/** The id and version in `terms.policy`. */
export function policyOf({ policy }: Pick<Terms, 'policy'>): {
  readonly id: string
  readonly version: string
} {
  const [id = '', version = ''] = policy.split('@')
  return { id, version }
}

/** Whether a text has the shape of `terms.policy`. */
export function isPolicyReference(text: string): boolean {
  return POLICY_REFERENCE.test(text)
}
