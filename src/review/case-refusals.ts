import type { Refusal } from '../act.ts'
import { APPEAL_REFUSALS } from '../contract/appeal.ts'
import type { Problem } from '../problem.ts'

/** Why an act on a case is refused. The message says what to do. */
export const CASE_REFUSALS = {
  'case-unknown': 'nothing has been opened',
  'case-exists': 'a case of this id has been opened',
  'case-lapsed': 'the case lapsed by the clock',
  'wrong-state': 'the state of the case is not open to this act',
  'out-of-order': 'the act is dated before the last one of the case',
  'not-permitted': 'the role in which the person acts does not do this',
  'another-customer': 'the person represents another customer',
  'role-conflict': 'the person has acted in this case in a role that excludes this one',
  'conflict-of-interest': 'the person has a conflict of interest in this case',
  'conflict-known': 'the conflict of interest has been declared',
  'requester-cannot-assess': 'who applied does not assess',
  'self-approval': 'who applied does not approve',
  'customer-changed': 'a revised application is of another customer',
  'application-unsound': 'the application has fields in error',
  'reasons-missing': 'nothing is given where reasons have to be',
  'evidence-missing': 'no file of evidence is named',
  'unknown-consideration': 'the question is none of those that are put',
  'provisos-unfit': 'provisos without the finding that has them, or the other way round',
  'validity-unfit': 'a finding that has ended, or is valid for too long',
  'finding-copied': 'the rationale is that of the case which is renewed',
  'harms-unsound': 'the harm table lacks a row, or has one that is empty or out of place',
  'screening-missing': 'no screening stands',
  'finding-missing': 'a question has no finding',
  'finding-stale': 'a finding is no longer valid',
  'finding-against': 'a finding is `inadequate` or `insufficient-evidence`',
  'harms-missing': 'no harm table stands',
  'quorum-unset': 'the exceptions document asks for no quorum',
  'determination-unsound': 'the determination has fields in error, or that would take no effect',
  'wider-than-applied': 'the determination has more than was applied for',
  'policy-changed':
    'another version of the policy is in force than when the determination was drafted',
  'back-dated': 'a term would begin before it was decided',
  'renewed-unknown': 'the contract to be renewed is not known, or is of another customer',
  'renewal-term': 'the term does not begin when the renewed one ends',
  'outside-renewal-window': 'too early or too late to renew',
  'edited-since': 'what is approved is no longer what stands there',
  'nonce-used': 'the nonce has served',
  'approved-already': 'the person has approved this',
  'role-not-in-quorum': 'the quorum has no such role',
  'role-filled': 'enough people have approved in this role',
  'assessors-alone': 'all who would have approved have assessed too',
  ...APPEAL_REFUSALS,
} as const

/** The codes in Markdown, for docs/formats.md. */
export function printCaseRefusals(): string {
  const rows = Object.entries(CASE_REFUSALS).map(([code, what]) => `| \`${code}\` | ${what} |`)
  return ['| code | what is wrong |', '|---|---|', ...rows, ''].join('\n')
}

export type CaseRefusal = keyof typeof CASE_REFUSALS
export type Refused = Refusal<CaseRefusal, Problem>

export function refused(
  code: CaseRefusal,
  message: string,
  problems?: readonly Problem[],
): Refused {
  return problems ? { code, message, problems } : { code, message }
}
