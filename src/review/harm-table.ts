import type { Provider } from '../policy/provider.ts'
import { newReport, type Problem } from '../problem.ts'
import { checkReferences, type Known, known } from '../reference.ts'
import { fail, ok } from '../result.ts'
import { quote } from '../suggest.ts'
import { type Application, askedBy, type DraftDetermination } from './application.ts'
import type { Asking, Decided } from './asking.ts'
import { type Refused, refused } from './case-refusals.ts'
import type { HarmRow } from './finding.ts'
import { allFindings, voidApprovals, voidFindings } from './voiding.ts'

/** What a harm table is held against. */
export interface HarmsOf {
  readonly application: Application
  readonly determination: DraftDetermination
}

export function tableHarms({ state, command, context }: Asking<'case.harms'>): Decided {
  const { application, drafted } = state
  const { rows } = command
  const determination = drafted?.determination ?? askedBy(application)
  const problems = [
    ...problemsOfHarms(context.provider, { application, determination }, rows),
    ...problemsOfRows(context.provider, application, rows),
  ]
  if (problems.length > 0) return fail(harmsUnsound(problems))
  const benefit = { ...allFindings(state), screening: false, findings: [], harms: false }
  return ok([
    { type: 'harms-tabled', rows },
    ...voidFindings({ ...benefit, determination: false }, 'there is another harm table'),
    ...voidApprovals(state, 'there is another harm table'),
  ])
}

export function harmsUnsound(problems: readonly Problem[]): Refused {
  const message =
    'give every harm of every restriction lifted one row, with a mitigation and the residual risk'
  return refused('harms-unsound', message, problems)
}

/** Harms of what is lifted that have no row, and mitigations that are no part of what is determined (§12.2). */
export function problemsOfHarms(
  provider: Provider,
  { application, determination }: HarmsOf,
  rows: readonly HarmRow[],
): readonly Problem[] {
  const report = newReport()
  const lifted = harmsLifted(provider, determination)
  for (const { restriction, harm } of lifted) {
    if (rows.some((row) => row.restriction === restriction && row.harm === harm)) continue
    const message = `the harm ${quote(harm)} of ${quote(restriction)} has no row; add one`
    report.error('harm-without-row', ['rows'], message)
  }
  const mitigations = mitigationsOf(application, determination)
  for (const [i, row] of rows.entries()) {
    const { restriction, harm, residual, 'mitigated-by': by } = row
    if (by.length === 0 || residual.trim() === '') {
      const message = `the harm ${quote(harm)} of ${quote(restriction)} has an empty row; say what mitigates it and which risk is left`
      report.error('empty-row', ['rows', i], message)
    }
    if (!lifted.some((one) => one.restriction === restriction && one.harm === harm)) continue
    checkReferences(report, mitigations, by, ['rows', i, 'mitigated-by'])
  }
  return report.problems
}

interface Harm {
  readonly restriction: string
  readonly harm: string
}

/** Every harm of every restriction that some tailoring lifts. */
function harmsLifted(
  { restrictions }: Provider,
  { tailorings }: Pick<DraftDetermination, 'tailorings'>,
): readonly Harm[] {
  const lifts = new Set(tailorings.flatMap((tailoring) => tailoring.lifts))
  return [...lifts].flatMap((restriction) =>
    (restrictions.get(restriction)?.harms ?? []).map((harm) => ({ restriction, harm })),
  )
}

/** What may mitigate: safeguards, duties, obligations, and facts that a scope constrains. */
function mitigationsOf(application: Application, determination: DraftDetermination): Known {
  const { duties, tailorings, deployments, safeguards } = determination
  const scopes = [...tailorings, ...deployments].map(({ scope }) => scope)
  return known('mitigation', [
    ...[...application.safeguards, ...safeguards, ...duties].map(({ id }) => id),
    ...tailorings.flatMap(({ obligations }) => obligations),
    ...scopes.flatMap((scope) => Object.keys(scope)),
  ])
}

/** Rows of the table that do not belong there, by what was applied for. */
function problemsOfRows(
  provider: Provider,
  application: Application,
  rows: readonly HarmRow[],
): readonly Problem[] {
  const report = newReport()
  const asked = harmsLifted(provider, application)
  const isSame = (a: Harm, b: Harm): boolean => a.restriction === b.restriction && a.harm === b.harm
  for (const [i, row] of rows.entries()) {
    const name = `the harm ${quote(row.harm)} of ${quote(row.restriction)}`
    if (!asked.some((one) => isSame(one, row))) {
      report.error('idle-row', ['rows', i], `${name} is none of what would be lifted; remove it`)
    }
    if (rows.findIndex((one) => isSame(one, row)) < i) {
      report.error('duplicate-row', ['rows', i], `${name} has two rows; merge them`)
    }
  }
  return report.problems
}
