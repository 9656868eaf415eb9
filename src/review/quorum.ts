import type { Act } from '../act.ts'
import { fail, ok } from '../result.ts'
import { quote } from '../suggest.ts'
import type { Asking, CaseContext, Decided } from './asking.ts'
import type { Case } from './case.ts'
import type { Approval } from './case-events.ts'
import { type Refused, refused } from './case-refusals.ts'
import { againstDetermination, againstOtherPolicy, determinationDigest } from './determination.ts'
import { againstEarlyRenewal } from './renewal.ts'

/** Takes an approval; the one that completes the quorum decides (semantics §12.3). */
export function approve(asking: Asking<'case.approve'>): Decided {
  const { state, act, context } = asking
  const against =
    againstEdited(state, act, context) ??
    againstSecond(state, act) ??
    againstRole(state, act, context) ??
    againstPresent(asking)
  if (against) return fail(against)
  const { by, at, round, digest, nonce } = act
  const approval: Approval = { by, role: quorumRole(act), at, round, digest, nonce }
  const approvals = [...state.approvals, approval]
  const event = { type: 'determination-approved', approval } as const
  if (!isQuorum(approvals, context)) return ok([event])
  if (approvals.every((one) => hasAssessed(state, one.by))) {
    const message = 'all who approve have assessed this case; let somebody approve who has not'
    return fail(refused('assessors-alone', message))
  }
  return ok([event, { type: 'case-determined', decided: at, digest }])
}

/** The role in the quorum: `legal` of `approver.legal`. */
function quorumRole({ role }: Pick<Act, 'role'>): string {
  return role.slice('approver.'.length)
}

function hasAssessed({ acted }: Case, by: string): boolean {
  return acted.some(({ person, role }) => person === by && role === 'assessor')
}

function againstEdited(
  state: Case,
  { round, digest }: Act,
  { sha256 }: CaseContext,
): Refused | undefined {
  if (round === state.round && digest === determinationDigest(state, sha256)) return undefined
  const message = `this is round ${state.round} now, and another text; read it and approve that`
  return refused('edited-since', message)
}

function againstSecond({ approvals, voided }: Case, { by, nonce }: Act): Refused | undefined {
  if (approvals.some((approval) => approval.by === by)) {
    const message = `${quote(by)} has approved this; another person approves next`
    return refused('approved-already', message)
  }
  if (![...approvals, ...voided].some((approval) => approval.nonce === nonce)) return undefined
  return refused('nonce-used', 'this nonce has served an approval; sign with a new one')
}

function countIn(approvals: readonly Approval[], role: string): number {
  return approvals.filter((approval) => approval.role === role).length
}

function againstRole({ approvals }: Case, act: Act, context: CaseContext): Refused | undefined {
  const { quorum } = context.provider.exceptions
  const role = quorumRole(act)
  const needed = Object.hasOwn(quorum, role) ? (quorum[role] ?? 0) : 0
  if (needed === 0) {
    const roles = Object.keys(quorum).join(', ')
    const message = `the quorum has no role ${quote(role)}; it is of ${roles}`
    return refused('role-not-in-quorum', message)
  }
  if (countIn(approvals, role) < needed) return undefined
  const message = `enough have approved as ${role}; the other roles of the quorum approve next`
  return refused('role-filled', message)
}

function isQuorum(approvals: readonly Approval[], { provider }: CaseContext): boolean {
  return Object.entries(provider.exceptions.quorum).every(
    ([role, needed]) => countIn(approvals, role) >= needed,
  )
}

/** Everything that has to hold at the instant of each approval, whatever held when it was drafted. */
function againstPresent({ state, act, context }: Asking<'case.approve'>): Refused | undefined {
  const { drafted } = state
  if (!drafted) return refused('wrong-state', 'nothing has been drafted; an assessor drafts it')
  const { at } = act
  return (
    againstOtherPolicy(state, context) ??
    againstDetermination(state, drafted.determination, { at, context }) ??
    againstEarlyRenewal(state, at, context)
  )
}
