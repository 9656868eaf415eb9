import type { Refusal } from '../act.ts'
import type { Problem } from '../problem.ts'
import { fail, type Result } from '../result.ts'
import { APPEAL_REFUSALS } from './appeal.ts'
import { STATUS_REFUSALS } from './authority-status.ts'

/** Why an act on a contract is refused. The message says what to do. */
export const CONTRACT_REFUSALS = {
  'contract-unknown': 'nothing has been drafted',
  'contract-exists': 'a contract of this id has been drafted',
  'contract-lapsed': 'it was not signed in time',
  'wrong-state': 'the state of the contract is not open to this act',
  'out-of-order': 'the act is dated before the last one of the contract',
  'not-permitted': 'the role in which the person acts does not do this',
  'another-customer': 'the person represents another customer',
  'role-conflict': 'the person has acted on this contract in a role that excludes this one',
  'not-determined': 'no determination stands that it could be drafted from or signed on',
  'determination-changed': 'another determination stands than it was drafted from',
  'determination-lapsed': 'the determination was not signed in time',
  'wider-than-determined': 'the terms have more than was determined',
  'terms-unsound': 'the terms have fields in error',
  'back-dated': 'something would begin or end before it is recorded',
  'renewal-other': 'the determination renews another contract, or none',
  'renewed-unknown': 'the contract to be renewed is not known, or is of another customer',
  'renewed-ended': 'the contract to be renewed does not run to the end of its term',
  'renewal-term': 'the term does not begin when the renewed one ends',
  'reasons-missing': 'nothing is given where reasons have to be',
  'edited-since': 'what is signed or acknowledged is no longer what stands there',
  'nonce-used': 'the nonce has served',
  'wrong-side': 'the role signs for the other side',
  'signed-already': 'the person, or another one of this side, has signed',
  'approver-cannot-sign': 'who approved the determination does not sign the contract',
  'unknown-name': 'the terms have nothing of this name',
  'enrolled-already': 'the deployment is enrolled then',
  'not-enrolled': 'the deployment is not enrolled then',
  'winding-down': 'the contract is about to be terminated',
  'attested-too-long': 'an attestation reaches too far ahead',
  'empty-interval': 'an end that is not after its start',
  ...STATUS_REFUSALS,
  'nothing-due': 'the duty has nothing due at this instant',
  'met-already': 'the duty has been met',
  'not-met': 'the duty has not been met',
  'not-outstanding': 'the duty was met within its grace, or has been reinstated',
  'not-happened-yet': 'an incident that lies ahead',
  'stop-unknown': 'there is no such stop',
  'lifted-already': 'the stop has been lifted',
  'suspended-already': 'the person has suspended it',
  'same-person': 'another person has to do this than the one who did what it undoes or completes',
  'ends-sooner': 'it ends before then anyway',
  'decision-unknown': 'there is no such decision against the customer',
  ...APPEAL_REFUSALS,
  widens: 'the amendment has more than the terms that were signed, or asks for less',
  unchanged: 'the terms are those that stand',
  'too-many': 'a list of the contract is full',
} as const

/** The codes in Markdown, for docs/formats.md. */
export function printContractRefusals(): string {
  const rows = Object.entries(CONTRACT_REFUSALS).map(([code, what]) => `| \`${code}\` | ${what} |`)
  return ['| code | what is wrong |', '|---|---|', ...rows, ''].join('\n')
}

export type ContractRefusal = keyof typeof CONTRACT_REFUSALS
export type ContractRefused = Refusal<ContractRefusal, Problem>

export function refused(
  code: ContractRefusal,
  message: string,
  problems?: readonly Problem[],
): ContractRefused {
  return problems ? { code, message, problems } : { code, message }
}

/** The same as an answer. */
export function refuse(
  code: ContractRefusal,
  message: string,
  problems?: readonly Problem[],
): Result<never, ContractRefused> {
  return fail(refused(code, message, problems))
}
