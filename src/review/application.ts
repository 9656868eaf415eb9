import * as z from 'zod'
import {
  authority,
  authorityStatus,
  deployment,
  determination,
  duty,
  SUSPENSIONS,
  safeguard,
  tailoring,
} from '../contract/contract.ts'
import { id, ids, instant, interval, list, prose } from '../shape.ts'

/** Who may call through a deployment: the body's own people, or a contractor under it. */
const CALLER_KINDS = ['staff', 'contractor'] as const

const OVERSIGHT_KINDS = ['body', 'constraint', 'commitment'] as const

/** As a contract cites, but with the date of the text that was read. */
const citation = authority.shape.citation.extend({ 'as-of': instant })

const appliedAuthority = authority.extend({
  citation,
  title: prose,
  /** The public body that holds it: one agency's authority does not cover another. */
  holder: id,
  'depends-on': ids.default([]),
  status: authorityStatus.omit({ id: true }).extend({ 'review-by': instant, source: prose }).meta({
    description: 'Where the authority stands, by which source, and when that is reviewed',
  }),
})

/** Who calls through which deployment, and what with. */
const accessPath = z.strictObject({
  id,
  deployment: id,
  /** One of the deployment's end users. */
  caller: id,
  kind: z.enum(CALLER_KINDS),
  through: prose,
})

const oversight = z.strictObject({
  id,
  kind: z.enum(OVERSIGHT_KINDS),
  title: prose,
  citation,
  'review-by': instant,
})

/**
 * What a public body asks for (semantics §12.1). A draft may be incomplete; what has to hold of one that is submitted
 * is in `check-application.ts`. Its models are those that its tailorings name.
 */
export const application = z.strictObject({
  customer: id,
  /** What kind of party it is; the exceptions document says which are eligible. */
  party: id,
  jurisdiction: prose,
  mission: prose,
  term: interval,
  authorities: list(appliedAuthority),
  tailorings: list(tailoring),
  deployments: list(deployment),
  access: list(accessPath),
  duties: list(duty).default([]),
  /** The safeguard plan. */
  safeguards: list(safeguard),
  oversight: list(oversight),
  suspension: z.enum(SUSPENSIONS),
  /** The contract that this continues. */
  renews: id.optional(),
})

export type Application = z.output<typeof application>

/**
 * What people are asked to approve: a determination but for who decides and when, and what the contract will say of
 * suspension. Its safeguards come on top of those of the application.
 */
export const draftDetermination = determination.omit({ case: true, decided: true }).extend({
  suspension: z.enum(SUSPENSIONS),
  safeguards: list(safeguard).default([]),
})

export type DraftDetermination = z.output<typeof draftDetermination>

/** All that an application asks for, as if it were determined. */
export function askedBy(application: Application): DraftDetermination {
  const { mission, term, deployments, duties, tailorings, suspension } = application
  return { mission, term, deployments, duties, tailorings, suspension, safeguards: [] }
}
