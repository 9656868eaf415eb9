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
  'no-bundle': 'no bundle is published that decision points would believe; try again',
  'not-found': 'there is no such thing',
  'customer-unknown': 'nobody is registered who represents the customer',
  'file-missing': 'a file that is named is not stored, or is of another type or size',
  'file-differs': 'the bytes have another digest, or are stored as another media type',
  'files-full': 'files that no act has named take too much room',
  'malformed-request': 'the request cannot be read',
  'api-key-refused': 'the API key is missing, unknown, wrong or expired',
  'wrong-scope': 'the API key is of another scope than this takes',
  'no-route': 'there is nothing at this address',
  'wrong-method': 'the address takes other methods; `Allow` says which',
  'body-too-large': 'the body is longer than may be sent there',
  'wrong-content-type': 'the body is of a media type that is not taken there',
  busy: 'too much is under way; try again',
  internal: 'something went wrong in the server',
} as const

export type RegisterRefusal =
  | keyof typeof API_REFUSALS
  | PeopleRefusal
  | ProviderRefusal
  | CaseRefusal
  | ContractRefusal

/** Every code with which the register's API refuses. */
export const REGISTER_CODES = [
  ...new Set(
    [PEOPLE_REFUSALS, PROVIDER_REFUSALS, CASE_REFUSALS, CONTRACT_REFUSALS, API_REFUSALS].flatMap(
      (refusals) => Object.keys(refusals) as RegisterRefusal[],
    ),
  ),
].sort()

const CONFLICT = 409

/** Statuses of what is not a conflict with how things stand. */
const STATUS_OF: Partial<Record<RegisterRefusal, number>> = {
  'malformed-json': 400,
  'malformed-command': 400,
  'malformed-query': 400,
  'malformed-header': 400,
  'unknown-act': 400,
  'wrong-digest': 400,
  'malformed-request': 400,
  'wrong-signature': 401,
  'api-key-refused': 401,
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
  'first-decider': 403,
  'wrong-scope': 403,
  'not-found': 404,
  'no-route': 404,
  'case-unknown': 404,
  'contract-unknown': 404,
  'model-unknown': 404,
  'wrong-method': 405,
  'body-too-large': 413,
  'wrong-content-type': 415,
  'customer-unknown': 422,
  'file-missing': 422,
  'file-differs': 422,
  'citation-malformed': 422,
  'documents-refused': 422,
  'application-unsound': 422,
  'determination-unsound': 422,
  'harms-unsound': 422,
  'terms-unsound': 422,
  'wider-than-applied': 422,
  'wider-than-determined': 422,
  widens: 422,
  internal: 500,
  'no-bundle': 503,
  busy: 503,
  'files-full': 507,
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
