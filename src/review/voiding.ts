import type { Case } from './case.ts'
import type { CaseEvent, VoidedFindings } from './case-events.ts'

/** What voids approvals of what has been edited, visibly (semantics §12.4). Nothing when there are none. */
export function voidApprovals({ approvals }: Case, why: string): readonly CaseEvent[] {
  return approvals.length === 0 ? [] : [{ type: 'approvals-voided', approvals, why }]
}

/** What voids findings that no longer count. Nothing when there are none. */
export function voidFindings(voided: VoidedFindings, why: string): readonly CaseEvent[] {
  const { findings, ...others } = voided
  const isEmpty = findings.length === 0 && !Object.values(others).includes(true)
  return isEmpty ? [] : [{ type: 'findings-voided', voided, why }]
}

/** Everything found about an application, which is about another one once it is revised. */
export function allFindings(state: Case): VoidedFindings {
  return {
    screening: state.screening !== null,
    findings: state.findings.map(({ question }) => question),
    harms: state.harms !== null,
    benefit: state.benefit !== null,
    determination: state.drafted !== null,
  }
}

/** What a person has found and drafted. The benefit is weighed against the harm table, so it falls with it. */
export function findingsBy(state: Case, person: string): VoidedFindings {
  const isTheirs = (given: { readonly by: string } | null): boolean => given?.by === person
  const harms = isTheirs(state.harms)
  return {
    screening: isTheirs(state.screening),
    findings: state.findings.filter(isTheirs).map(({ question }) => question),
    harms,
    benefit: isTheirs(state.benefit) || (harms && state.benefit !== null),
    determination: isTheirs(state.drafted),
  }
}
