import type { Provider } from '../policy/provider.ts'
import { newReport, type Problem, type Report } from '../problem.ts'
import { checkDistinct, checkReference, checkReferences, known } from '../reference.ts'
import { quote } from '../suggest.ts'
import { type Application, askedBy } from './application.ts'
import { citationAdvice } from './citation.ts'
import { problemsOfDrafting } from './contract-of.ts'

/** Everything for which an application cannot be submitted (semantics §12.1). Warnings are no reason. */
export function problemsOfApplication(
  provider: Provider,
  application: Application,
): readonly Problem[] {
  const report = newReport()
  checkComplete(application, report)
  checkAuthorities(application, report)
  checkAccess(application, report)
  checkOversight(application, report)
  const asked = askedBy(application)
  const drafting = { id: 'application', application, judged: asked, signed: asked }
  const decided = application.term.from
  const found = problemsOfDrafting(provider, { ...drafting, decided }, 'application')
  return [...report.problems, ...found].filter(({ severity }) => severity === 'error')
}

function checkComplete(application: Application, report: Report): void {
  for (const field of ['jurisdiction', 'mission'] as const) {
    if (application[field].trim() !== '') continue
    report.error('missing-field', ['application', field], `say the ${field}`)
  }
  const lists = ['authorities', 'tailorings', 'deployments', 'safeguards', 'oversight'] as const
  for (const field of lists) {
    if (application[field].length > 0) continue
    report.error('empty-set', ['application', field], `name at least one of ${field}`)
  }
}

function checkAuthorities(
  { customer, authorities, tailorings }: Application,
  report: Report,
): void {
  const path = ['application', 'authorities']
  const ids = known(
    'authority',
    authorities.map(({ id }) => id),
  )
  const needed = new Set(tailorings.flatMap((tailoring) => tailoring.authorities))
  for (const [i, authority] of authorities.entries()) {
    checkCitation(authority.citation, [...path, i], report)
    checkReferences(report, ids, authority['depends-on'], [...path, i, 'depends-on'])
    if (dependsOnItself(authorities, authority.id)) {
      const message = `${quote(authority.id)} depends on itself; remove it from what it rests on`
      report.error('depends-on-itself', [...path, i, 'depends-on'], message)
    }
    // What another authority rests on may be held by somebody else.
    if (!needed.has(authority.id) || authority.holder === customer) continue
    const message = `${quote(authority.holder)} holds this authority, not ${quote(customer)}; name one that the customer holds itself`
    report.error('authority-of-another', [...path, i, 'holder'], message)
  }
}

function dependsOnItself(authorities: Application['authorities'], id: string): boolean {
  const seen = new Set<string>()
  const reach = (from: string): void => {
    for (const next of authorities.find((one) => one.id === from)?.['depends-on'] ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      reach(next)
    }
  }
  reach(id)
  return seen.has(id)
}

function checkCitation(
  citation: Application['authorities'][number]['citation'],
  path: readonly (string | number)[],
  report: Report,
): void {
  const advice = citationAdvice(citation)
  if (advice === undefined) return
  const message = `${quote(citation.id)} is no citation by ${citation.scheme}; ${advice}`
  report.error('malformed-citation', [...path, 'citation', 'id'], message)
}

/** Contractors and staff alike are end users that a deployment names; nobody calls through another. */
function checkAccess({ access, deployments }: Application, report: Report): void {
  const path = ['application', 'access']
  checkDistinct(report, 'access path', access, path)
  const ids = known(
    'deployment',
    deployments.map(({ id }) => id),
  )
  for (const [i, { deployment, caller }] of access.entries()) {
    if (!checkReference(report, ids, deployment, [...path, i, 'deployment'])) continue
    const users = deployments.find(({ id }) => id === deployment)?.['end-users'] ?? []
    if (users.includes(caller)) continue
    const message = `${quote(caller)} is no end user of ${quote(deployment)}; name it there, or remove this path`
    report.error('unlisted-caller', [...path, i, 'caller'], message)
  }
  for (const [i, { id, 'end-users': users }] of deployments.entries()) {
    for (const [j, user] of users.entries()) {
      if (access.some(({ deployment, caller }) => deployment === id && caller === user)) continue
      const message = `nothing says how ${quote(user)} calls; add an access path`
      report.error('no-access-path', ['application', 'deployments', i, 'end-users', j], message)
    }
  }
}

function checkOversight({ oversight }: Application, report: Report): void {
  const path = ['application', 'oversight']
  checkDistinct(report, 'oversight', oversight, path)
  for (const [i, { citation }] of oversight.entries()) checkCitation(citation, [...path, i], report)
}
