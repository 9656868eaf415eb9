import type { Provider } from '../policy/provider.ts'
import { fail, ok, type Result } from '../result.ts'
import { didYouMean, quote } from '../suggest.ts'
import { printDuration, printInstantShort } from '../time.ts'
import type { Asking, Decided } from './asking.ts'
import type { Case } from './case.ts'
import { type Refused, refused } from './case-refusals.ts'
import { FINDING_VALIDITY_MAX, type Finding } from './finding.ts'
import { voidApprovals } from './voiding.ts'

/** The five considerations, safeguards asked twice (semantics §12.2). No exceptions document does without one. */
const CONSIDERATIONS = [
  'model-suitability',
  'legal-authorities',
  'dialogue',
  'safeguards-misuse',
  'safeguards-mistakes',
  'oversight',
] as const

/** What the benefit is called among the questions; the exceptions document may put that question too. */
const BENEFIT = 'benefit'

/** Every question that needs a finding: the five considerations, and what the exceptions document adds. */
export function questionsOf({ exceptions }: Pick<Provider, 'exceptions'>): readonly string[] {
  const added = Object.keys(exceptions.considerations).filter((question) => question !== BENEFIT)
  return [...new Set([...CONSIDERATIONS, ...added])]
}

export function screen({ state, command, act }: Asking<'case.screen'>): Decided {
  const { rationale, evidence } = command
  if (evidence.length === 0) return fail(withoutEvidence())
  if (rationale.trim() === '') return fail(withoutReasons('the rationale'))
  const screening = { by: act.by, at: act.at, rationale, evidence }
  return ok([
    { type: 'customer-screened', screening },
    ...voidApprovals(state, 'the customer was screened again'),
  ])
}

export function find(asking: Asking<'case.find'>): Decided {
  const { state, command, context } = asking
  const { question } = command
  const questions = questionsOf(context.provider)
  if (!questions.includes(question)) {
    const meant = didYouMean(question, questions) || `; find on one of ${questions.join(', ')}`
    return fail(refused('unknown-consideration', `no consideration ${quote(question)}${meant}`))
  }
  const finding = findingOf(asking, question)
  if (!finding.ok) return finding
  const copied = copiedFrom(asking)
  if (copied) return fail(copied)
  return ok([
    { type: 'question-found', finding: finding.value },
    ...voidApprovals(state, `${question} was found on`),
  ])
}

export function weighBenefit(asking: Asking<'case.weigh-benefit'>): Decided {
  const { state } = asking
  if (!state.harms) {
    const message = 'the benefit is weighed against the residual risk; make the harm table first'
    return fail(refused('harms-missing', message))
  }
  const finding = findingOf(asking, BENEFIT)
  if (!finding.ok) return finding
  return ok([
    { type: 'benefit-weighed', finding: finding.value },
    ...voidApprovals(state, 'the benefit was weighed again'),
  ])
}

function findingOf(
  { command, act, context }: Asking<'case.find'> | Asking<'case.weigh-benefit'>,
  question: string,
): Result<Finding, Refused> {
  const { finding, rationale, evidence, provisos, dissent, 'valid-until': until } = command
  if (rationale.trim() === '') return fail(withoutReasons('the rationale'))
  if (finding !== 'insufficient-evidence' && evidence.length === 0) return fail(withoutEvidence())
  if ((finding === 'adequate-with-provisos') !== provisos.length > 0) {
    const message = 'a finding `adequate-with-provisos` has provisos, and no other has; mend either'
    return fail(refused('provisos-unfit', message))
  }
  if (until <= act.at || until > act.at + FINDING_VALIDITY_MAX) {
    const message = `a finding is valid from now for at most ${printDuration(FINDING_VALIDITY_MAX)}; end it by ${printInstantShort(act.at + FINDING_VALIDITY_MAX)}`
    return fail(refused('validity-unfit', message))
  }
  const asked = context.provider.exceptions.considerations[question] ?? ''
  const given = { by: act.by, at: act.at, question, asked }
  return ok({ ...given, finding, rationale, evidence, provisos, dissent, 'valid-until': until })
}

/** A renewal has fresh findings: none has the words of the one before (semantics §12.6). */
function copiedFrom({ command, context }: Asking<'case.find'>): Refused | undefined {
  const earlier = context.renewed?.case?.findings.find(
    ({ question }) => question === command.question,
  )
  if (earlier?.rationale.trim() !== command.rationale.trim()) return undefined
  const message = `this is the rationale of the case that is renewed; find on ${command.question} anew`
  return refused('finding-copied', message)
}

function withoutEvidence(): Refused {
  return refused('evidence-missing', 'name at least one file of evidence')
}

export function withoutReasons(what: string): Refused {
  return refused('reasons-missing', `${what} is empty; write down why`)
}

/** Why an assessment does not allow a determination at an instant: the weakest finding decides (semantics §12.3). */
export function againstAssessment(
  state: Case,
  provider: Provider,
  at: number,
): Refused | undefined {
  if (!state.screening) {
    return refused('screening-missing', 'no screening stands; an assessor has to screen again')
  }
  for (const question of questionsOf(provider)) {
    const finding = state.findings.find((one) => one.question === question)
    const against = againstFinding(question, finding ?? null, at)
    if (against) return against
  }
  if (!state.harms) return refused('harms-missing', 'no harm table stands; an assessor makes one')
  return againstFinding(BENEFIT, state.benefit, at)
}

function againstFinding(
  question: string,
  finding: Finding | null,
  at: number,
): Refused | undefined {
  if (!finding) {
    const message = `${quote(question)} has no finding; an assessor has to give one`
    return refused('finding-missing', message)
  }
  if (finding['valid-until'] <= at) {
    const ended = printInstantShort(finding['valid-until'])
    const message = `the finding on ${quote(question)} was valid until ${ended}; find on it anew`
    return refused('finding-stale', message)
  }
  if (finding.finding.startsWith('adequate')) return undefined
  const message = `${quote(question)} was found ${finding.finding}, and the weakest finding decides; find on it anew, return the application or decline`
  return refused('finding-against', message)
}
