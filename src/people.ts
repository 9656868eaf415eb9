// Who may do what in the register. Roles are granted to people one by one; nobody has all of them (docs/semantics.md §12).

const FIXED_ROLES = [
  'policy-author',
  'assessor',
  'signatory',
  'safeguards-officer',
  'auditor',
  'operator',
  'customer-representative',
] as const

/** A role of which the exceptions document asks a quorum is `approver.` and its name there, such as `approver.legal`. */
export type Role = (typeof FIXED_ROLES)[number] | `approver.${string}`

const APPROVER = /^approver\.[a-z0-9][a-z0-9-]*$/

export function isRole(text: string): text is Role {
  return (FIXED_ROLES as readonly string[]).includes(text) || APPROVER.test(text)
}

/** All roles, as a sentence names them. */
export const ALL_ROLES = `${FIXED_ROLES.join(', ')}, or approver.NAME, such as approver.legal`

/** Says that no role of a kind does an act that others do. */
export function notDoneBy(
  act: string,
  { doers, role }: { readonly doers: readonly string[]; readonly role: Role },
): string {
  const names = doers.map((doer) => (doer === 'approver' ? 'approver.NAME' : doer))
  return `\`${act}\` is done as ${names.join(' or ')}, not as ${role}`
}

/** What a role is called where roles exclude each other: all approvers are one kind. */
type RoleKind = (typeof FIXED_ROLES)[number] | 'approver'

function kindOf(role: Role): RoleKind {
  return role.startsWith('approver.') ? 'approver' : (role as RoleKind)
}

/**
 * Roles that one person never has together, either way round. A customer's representative and an auditor have no other;
 * who runs the server neither approves, signs nor suspends; who signs a contract has not approved what it says.
 */
const EXCLUDES: Readonly<Record<RoleKind, readonly RoleKind[] | 'all'>> = {
  'customer-representative': 'all',
  auditor: 'all',
  operator: ['approver', 'assessor', 'signatory', 'safeguards-officer'],
  signatory: ['approver'],
  approver: [],
  assessor: [],
  'policy-author': [],
  'safeguards-officer': [],
}

/** Whether nobody may have both roles. */
export function excludeEachOther(a: Role, b: Role): boolean {
  const [one, other] = [kindOf(a), kindOf(b)]
  if (one === other) return false
  const excludes = (from: RoleKind, to: RoleKind): boolean =>
    EXCLUDES[from] === 'all' || EXCLUDES[from].includes(to)
  return excludes(one, other) || excludes(other, one)
}
