import * as z from 'zod'
import { canonicalJson } from '../canonical-json.ts'
import type { Determination } from '../contract/contract.ts'
import type { Determined } from '../contract/contract-asking.ts'
import { type Digest, digestOf, type Sha256 } from '../digest.ts'
import type { Problem } from '../problem.ts'
import { fail, ok } from '../result.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { application, type DraftDetermination, draftDetermination } from './application.ts'
import type { Asking, CaseContext, Decided } from './asking.ts'
import { type Case, stateAt } from './case.ts'
import { type Refused, refused } from './case-refusals.ts'
import { againstAssessment } from './considerations.ts'
import { problemsOfDrafting, signedAuthority, widerThanAsked } from './contract-of.ts'
import type { Finding } from './finding.ts'
import { harmsUnsound, problemsOfHarms } from './harm-table.ts'
import { againstRenewalTerm, changesOf } from './renewal.ts'
import { voidApprovals } from './voiding.ts'

/** Lays a determination before the approvers, once all that it needs is there (semantics §12.3). */
export function draftedDetermination(asking: Asking<'case.draft-determination'>): Decided {
  const { state, command, act, context } = asking
  const { determination } = command
  const { provider } = context
  const against = againstDetermination(state, determination, { at: act.at, context })
  if (against) return fail(against)
  const { by, at } = act
  const policy = policyIn(context)
  const changes = changesOf(provider, state, determination, context)
  return ok([
    { type: 'determination-drafted', drafted: { by, at, policy, determination, changes } },
    ...voidApprovals(state, 'the determination was drafted again'),
  ])
}

function policyIn({ provider }: CaseContext): string {
  return `${provider.policy.id}@${provider.policy.version}`
}

export function againstOtherPolicy({ drafted }: Case, context: CaseContext): Refused | undefined {
  const policy = policyIn(context)
  if (drafted?.policy === policy) return undefined
  const message = `the determination was drafted under ${drafted?.policy}, and ${policy} is in force; draft it again`
  return refused('policy-changed', message)
}

/** Why a determination cannot be laid before approvers, or approved, at an instant. */
export function againstDetermination(
  state: Case,
  determination: DraftDetermination,
  { at, context }: { readonly at: Instant; readonly context: CaseContext },
): Refused | undefined {
  const { provider } = context
  return (
    againstAssessment(state, provider, at) ??
    againstUnset(context) ??
    againstBackDating(determination, at) ??
    againstRenewalTerm(state, determination, { at, context }) ??
    againstContent(state, determination, { at, context }) ??
    againstHarms(state, determination, context)
  )
}

function againstUnset({ provider }: CaseContext): Refused | undefined {
  if (Object.keys(provider.exceptions.quorum).length > 0) return undefined
  const message = 'the exceptions document asks nobody to approve; state a `quorum` there'
  return refused('quorum-unset', message)
}

function againstBackDating(
  { term, tailorings }: DraftDetermination,
  at: Instant,
): Refused | undefined {
  const starts = [term, ...tailorings.flatMap((tailoring) => tailoring.term ?? [])]
  const first = Math.min(...starts.map(({ from }) => from))
  if (at <= first) return undefined
  const message = `a term would begin ${printInstantShort(first)}, before it is decided; begin it later`
  return refused('back-dated', message)
}

/** Wider than applied for, or nothing that a contract could be drafted from. */
function againstContent(
  { id, application: asked }: Case,
  determination: DraftDetermination,
  { at, context }: { readonly at: Instant; readonly context: CaseContext },
): Refused | undefined {
  const drafting = {
    id,
    application: asked,
    judged: determination,
    signed: determination,
    decided: at,
  }
  const wider = widerThanAsked(context.provider, drafting)
  if (wider.length > 0) {
    const message = `more than was applied for: ${fieldsOf(wider)}; narrow the determination`
    return refused('wider-than-applied', message, wider)
  }
  // What only gets a warning would take no effect now, and might once the catalogue or the policy changes.
  const problems = problemsOfDrafting(context.provider, drafting, 'determination')
  if (problems.length === 0) return undefined
  const message = `mend ${fieldsOf(problems)}`
  return refused('determination-unsound', message, problems)
}

function fieldsOf(problems: readonly Problem[]): string {
  return [...new Set(problems.map(({ path }) => path.join('.')))].join(', ')
}

function againstHarms(
  { application: asked, harms }: Case,
  determination: DraftDetermination,
  { provider }: CaseContext,
): Refused | undefined {
  const given = { application: asked, determination }
  const problems = problemsOfHarms(provider, given, harms?.rows ?? [])
  return problems.length > 0 ? harmsUnsound(problems) : undefined
}

/** Canonical JSON of exactly what is shown to who approves, instants as text (semantics §12.4). */
export function determinationText(state: Case): string {
  const { drafted, screening, harms, benefit } = state
  return canonicalJson({
    case: state.id,
    round: state.round,
    customer: state.application.customer,
    application: z.encode(application, state.application),
    screening: screening && dated(screening),
    findings: state.findings.map(shownFinding),
    harms: harms && dated(harms),
    benefit: benefit && shownFinding(benefit),
    determination: drafted && {
      ...dated(drafted),
      determination: z.encode(draftDetermination, drafted.determination),
    },
  })
}

function dated<T extends { readonly at: Instant }>(given: T): Omit<T, 'at'> & { at: string } {
  return { ...given, at: printInstantShort(given.at) }
}

function shownFinding(finding: Finding): unknown {
  return { ...dated(finding), 'valid-until': printInstantShort(finding['valid-until']) }
}

/** What an approval of the case as it stands is a signature over. */
export function determinationDigest(state: Case, sha256: Sha256): Digest {
  return digestOf(sha256(determinationText(state)))
}

/** What a contract is drafted from and signed on, while the determination stands; undefined otherwise (semantics §12.3). */
export function determinedIn(state: Case, at: Instant): Determined | undefined {
  const { application: asked, drafted, determined, approvals, lapsesAt } = state
  const determination = determinationOf(state)
  if (stateAt(state, at) !== 'determined' || !determination || !drafted || !determined) {
    return undefined
  }
  const { policy, determination: judged } = drafted
  return {
    customer: asked.customer,
    determination,
    judged: {
      policy,
      party: asked.party,
      suspension: judged.suspension,
      authorities: asked.authorities.map(signedAuthority),
      safeguards: [...asked.safeguards, ...judged.safeguards],
    },
    approvedBy: approvals.map(({ by }) => by),
    renews: asked.renews ?? null,
    digest: determined.digest,
    lapsesAt: lapsesAt ?? determined.decided,
  }
}

/** What was determined, as a contract has it; undefined until it is. That it has not lapsed, `stateAt` says. */
export function determinationOf(determinedCase: Case): Determination | undefined {
  const { id, state, drafted, determined } = determinedCase
  const isDetermined = state === 'determined' || state === 'concluded'
  if (!isDetermined || !drafted || !determined) return undefined
  const { mission, term, deployments, duties, tailorings } = drafted.determination
  const { decided } = determined
  return { case: id, decided, mission, term, deployments, duties, tailorings }
}
