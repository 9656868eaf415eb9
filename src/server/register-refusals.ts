import { CONTRACT_REFUSALS, type ContractRefusal } from '../contract/contract-refusals.ts'
import { CASE_REFUSALS, type CaseRefusal } from '../review/case-refusals.ts'
import { PEOPLE_REFUSALS, type PeopleRefusal } from '../review/people.ts'
import { PROVIDER_REFUSALS, type ProviderRefusal } from '../review/provider-register.ts'

/** Why the register's API refuses what it has not yet decided. */
const API_REFUSALS = {
  'malformed-json': 'the body is not JSON',
  'malformed-command': 'the body, its command or its signature has fields in error',
  'malformed-query': 'a part of the query is in error',
  'malformed-header': 'a header is in error',
  'unknown-act': 'the act is none of those on such a thing',
  'wrong-digest': 'what is signed is another command',
  'wrong-signature': 'the key has not signed this act',
  'nonce-unknown': 'the nonce was not given out',
  'nonce-served': 'the nonce has served',
  'nonce-expired': 'the nonce was given too long ago',
  'idempotency-key-reused': 'the key came with another request',
  'version-conflict':
    'somebody else was first; `version` is what stands, `changed` what has happened since',
  'no-policy': 'no version of the policy is published',
  'not-found': 'there is no such thing',
} as const

export type RegisterRefusal =
  | keyof typeof API_REFUSALS
  | PeopleRefusal
  | ProviderRefusal
  | CaseRefusal
  | ContractRefusal

const CONFLICT = 409

/** Statuses of what is not a conflict with how things stand. */
const STATUS_OF: Partial<Record<RegisterRefusal, number>> = {
  'malformed-json': 400,
  'malformed-command': 400,
  'malformed-query': 400,
  'malformed-header': 400,
  'unknown-act': 400,
  'wrong-digest': 400,
  'wrong-signature': 401,
  'person-unknown': 403,
  'person-left': 403,
  'not-permitted': 403,
  'another-customer': 403,
  'role-conflict': 403,
  'conflict-of-interest': 403,
  'requester-cannot-assess': 403,
  'self-approval': 403,
  'own-proposal': 403,
  'own-role': 403,
  'approver-cannot-sign': 403,
  'wrong-side': 403,
  'same-person': 403,
  'not-found': 404,
  'case-unknown': 404,
  'contract-unknown': 404,
  'model-unknown': 404,
  'documents-refused': 422,
  'application-unsound': 422,
  'determination-unsound': 422,
  'harms-unsound': 422,
  'terms-unsound': 422,
  'wider-than-applied': 422,
  'wider-than-determined': 422,
  widens: 422,
}

/** The HTTP status of a refusal. */
export function statusOf(code: string): number {
  return Object.hasOwn(STATUS_OF, code)
    ? (STATUS_OF[code as RegisterRefusal] ?? CONFLICT)
    : CONFLICT
}

/** The codes in Markdown, with their statuses, for docs/formats.md: all but those of cases and contracts alone. */
export function printRegisterRefusals(): string {
  const all = { ...PEOPLE_REFUSALS, ...PROVIDER_REFUSALS, ...API_REFUSALS }
  const rows = Object.entries(all).map(
    ([code, what]) => `| \`${code}\` | ${statusOf(code)} | ${what} |`,
  )
  return ['| code | status | what is wrong |', '|---|---|---|', ...rows.sort(), ''].join('\n')
}

/** The codes of cases and contracts by status, for the same page. */
export function printOtherStatuses(): string {
  const codes = [...Object.keys(CASE_REFUSALS), ...Object.keys(CONTRACT_REFUSALS)]
  const known = new Set(codes.filter((code) => statusOf(code) !== CONFLICT))
  const rows = [...known].sort().map((code) => `| \`${code}\` | ${statusOf(code)} |`)
  return ['| code | status |', '|---|---|', ...rows, ''].join('\n')
}
