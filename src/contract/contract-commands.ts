import * as z from 'zod'
import { digest, id, instant, prose } from '../shape.ts'
import { appealDecided } from './appeal.ts'
import { authorityStatus, stopScope, terms } from './contract.ts'

/** Who signs a contract. */
const SIDES = ['provider', 'customer'] as const

const status = authorityStatus.omit({ id: true })
const count = z.number().int().min(0)

/** What can be done to a contract, by the name of the act (semantics §12). */
export const contractCommand = z.discriminatedUnion('act', [
  /** `case` is where it was determined, `renews` the contract that it continues. */
  z.strictObject({
    act: z.literal('contract.draft'),
    contract: id,
    case: id,
    terms,
    renews: id.optional(),
  }),
  z.strictObject({ act: z.literal('contract.revise'), terms }),
  z.strictObject({ act: z.literal('contract.propose') }),
  z.strictObject({ act: z.literal('contract.decline'), reasons: prose }),
  z.strictObject({ act: z.literal('contract.withdraw'), reasons: prose }),
  /** The act's own digest is that of the terms. */
  z.strictObject({ act: z.literal('contract.sign'), side: z.enum(SIDES) }),
  /** `acknowledges` is the digest of the terms. */
  z.strictObject({
    act: z.literal('contract.enrol'),
    deployment: id,
    from: instant,
    acknowledges: digest,
  }),
  /** Without `until` at once. */
  z.strictObject({ act: z.literal('contract.unenrol'), deployment: id, until: instant.optional() }),
  z.strictObject({
    act: z.literal('contract.attest'),
    safeguard: id,
    from: instant,
    until: instant,
  }),
  z.strictObject({
    act: z.literal('contract.record-authority'),
    authority: id,
    ...status.extend({ source: prose }).shape,
  }),
  /** `evidence` is the digest of the minutes, the report, or whatever else shows it. */
  z.strictObject({
    act: z.literal('contract.meet-duty'),
    duty: id,
    due: instant,
    evidence: digest,
  }),
  z.strictObject({ act: z.literal('contract.reinstate-duty'), duty: id, due: instant }),
  z.strictObject({
    act: z.literal('contract.report-incident'),
    happened: instant,
    kind: id,
    summary: digest,
  }),
  z.strictObject({ act: z.literal('contract.stop'), scope: stopScope, reasons: prose }),
  /** `stop` counts the stops of the contract from 0. */
  z.strictObject({ act: z.literal('contract.lift-stop'), stop: count }),
  z.strictObject({ act: z.literal('contract.suspend'), reasons: prose }),
  z.strictObject({ act: z.literal('contract.reinstate'), reasons: prose }),
  /** Without `from` at once; until then it winds down. */
  z.strictObject({
    act: z.literal('contract.terminate'),
    from: instant.optional(),
    reasons: prose,
  }),
  /** The whole terms as they are from now on. */
  z.strictObject({ act: z.literal('contract.amend'), terms }),
  /** `decision` counts what the provider's side has decided against the customer from 0. */
  z.strictObject({ act: z.literal('contract.appeal'), decision: count, grounds: prose }),
  z.strictObject({ act: z.literal('contract.decide-appeal'), decision: count, ...appealDecided }),
])

export type ContractCommand = z.output<typeof contractCommand>
export type ContractAct = ContractCommand['act']
export type ContractCommandOf<A extends ContractAct> = Extract<ContractCommand, { act: A }>
