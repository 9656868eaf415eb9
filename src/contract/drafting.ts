import * as z from 'zod'
import type { Act } from '../act.ts'
import { canonicalJson } from '../canonical-json.ts'
import { type Digest, digestOf, type Sha256 } from '../digest.ts'
import { namesOf } from '../policy/check-policy.ts'
import { newReport, type Problem } from '../problem.ts'
import { fail, ok } from '../result.ts'
import { quote } from '../suggest.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { checkAgreed } from './agreed.ts'
import { checkContract } from './check-contract.ts'
import { type Contract, type Terms, terms as termsShape } from './contract.ts'
import type {
  ContractAsking,
  ContractContext,
  ContractDecided,
  Determined,
  OnContract,
} from './contract-asking.ts'
import type { ContractCommandOf } from './contract-commands.ts'
import type { ContractEvent } from './contract-events.ts'
import { type ContractLife, VERSIONS_MAX } from './contract-life.ts'
import { againstDoer } from './contract-permission.ts'
import { type ContractRefused, refuse, refused } from './contract-refusals.ts'
import { UNSIGNED_TERMS_MAX } from './contract-states.ts'

/** The terms as both sides read them: canonical JSON, instants as text (docs/semantics.md §12). */
export function termsText(terms: Terms): string {
  return canonicalJson(z.encode(termsShape, terms))
}

/** What both sides sign. */
export function digestOfTerms(terms: Terms, sha256: Sha256): Digest {
  return digestOf(sha256(termsText(terms)))
}

/** A contract that is new: its determination stands, and its terms are not wider. */
export function draft(
  command: ContractCommandOf<'contract.draft'>,
  act: Act,
  context: ContractContext,
): ContractDecided {
  const { contract: id, case: determinedIn, terms, renews } = command
  const { determined, renewed, sha256 } = context
  const against = againstDoer(command.act, act.role)
  if (against) return fail(against)
  if (determined?.determination.case !== determinedIn) return fail(notDetermined(determinedIn))
  const { customer, determination, digest, lapsesAt } = determined
  const given: Given = { id, determined, terms, renews, renewed }
  const unfit = againstLapsed(determined, act.at) ?? againstTerms(context, given, act.at)
  if (unfit) return fail(unfit)
  return ok([
    {
      type: 'contract-drafted',
      contract: id,
      customer,
      renews: renews ?? null,
      draftedFrom: { determination, digest, lapsesAt },
      terms,
      digest: digestOfTerms(terms, sha256),
    },
  ])
}

/** An edit takes the terms back to a draft, and voids what was signed of the ones before (semantics §12.4). */
export function revise(asking: ContractAsking<'contract.revise'>): ContractDecided {
  const { state, command, act, context } = asking
  const { terms } = command
  const digest = digestOfTerms(terms, context.sha256)
  const against = againstVersion(state, digest) ?? againstDrafting(asking, terms)
  if (against) return fail(against)
  const { signatures } = state
  const voided: ContractEvent = {
    type: 'signatures-voided',
    signatures,
    why: `${act.by} revised the terms`,
  }
  return ok([{ type: 'terms-revised', terms, digest }, ...(signatures.length > 0 ? [voided] : [])])
}

export function propose(asking: ContractAsking<'contract.propose'>): ContractDecided {
  const { state, act } = asking
  const against = againstDrafting(asking, state.terms)
  if (against) return fail(against)
  const { lapsesAt } = state.draftedFrom
  return ok([
    { type: 'contract-proposed', signBefore: Math.min(act.at + UNSIGNED_TERMS_MAX, lapsesAt) },
  ])
}

export function decline({ command }: ContractAsking<'contract.decline'>): ContractDecided {
  const { reasons } = command
  return withoutReasons(reasons) ?? ok([{ type: 'contract-declined', reasons }])
}

export function withdraw({ command }: ContractAsking<'contract.withdraw'>): ContractDecided {
  const { reasons } = command
  return withoutReasons(reasons) ?? ok([{ type: 'contract-withdrawn', reasons }])
}

/** The refusal of an act that has to be given reasons and is not. */
export function withoutReasons(reasons: string): ContractDecided | undefined {
  if (reasons.trim() !== '') return undefined
  return refuse('reasons-missing', 'say why in `reasons`; whoever is affected will read it')
}

/** Why there cannot be another version of the terms with this digest. */
export function againstVersion(state: ContractLife, digest: Digest): ContractRefused | undefined {
  if (digest === state.digest) {
    return refused('unchanged', 'these terms stand already; there is nothing to do')
  }
  if (state.versions.length < VERSIONS_MAX) return undefined
  return refused('too-many', `a contract has at most ${VERSIONS_MAX} versions; draft another one`)
}

/** Why terms cannot be drafted, proposed or signed as things stand. */
export function againstDrafting(
  { state, act, context }: OnContract,
  terms: Terms,
): ContractRefused | undefined {
  const { determined, renewed } = context
  if (determined === undefined) {
    return notDetermined(state.draftedFrom.determination.case)
  }
  if (determined.digest !== state.draftedFrom.digest) {
    const message =
      'another determination stands than this was drafted from; draft another contract'
    return refused('determination-changed', message)
  }
  const renews = state.renews ?? undefined
  const given: Given = { id: state.id, determined, terms, renews, renewed }
  return againstTerms(context, given, act.at)
}

function notDetermined(id: string): ContractRefused {
  const message = `no determination of the case ${quote(id)} waits for a contract; have it approved first`
  return refused('not-determined', message)
}

function againstLapsed({ lapsesAt }: Determined, at: Instant): ContractRefused | undefined {
  if (at < lapsesAt) return undefined
  const message = `the determination lapsed ${printInstantShort(lapsesAt)}; open another case`
  return refused('determination-lapsed', message)
}

interface Given {
  readonly id: string
  readonly determined: Determined
  readonly terms: Terms
  readonly renews: string | undefined
  readonly renewed: Contract | null
}

function againstTerms(
  context: ContractContext,
  given: Given,
  at: Instant,
): ContractRefused | undefined {
  const { from } = given.terms.term
  if (from < at) {
    const message = `the term would begin ${printInstantShort(from)}, before now; begin it later`
    return refused('back-dated', message)
  }
  return againstRenewal(given) ?? againstUnsound(context, given)
}

/** The new term starts when the old one ends (semantics §12.6). */
function againstRenewal({
  determined,
  terms,
  renews,
  renewed,
}: Given): ContractRefused | undefined {
  if ((renews ?? null) !== determined.renews) {
    const message =
      determined.renews === null
        ? 'the determination renews no contract; leave out `renews`'
        : `the determination renews ${quote(determined.renews)}; name that in \`renews\``
    return refused('renewal-other', message)
  }
  if (renews === undefined) return undefined
  if (renewed?.id !== renews || renewed.customer !== determined.customer) {
    const message = `${quote(determined.customer)} has no contract ${quote(renews)}; name one that it has, or leave out \`renews\``
    return refused('renewed-unknown', message)
  }
  const end = renewed.register.states.at(-1)
  if (end?.state !== 'expired') {
    const message = `${quote(renews)} does not run to the end of its term; draft this without \`renews\``
    return refused('renewed-ended', message)
  }
  if (terms.term.from === end.from) return undefined
  const message = `a renewal begins when the renewed term ends; begin it ${printInstantShort(end.from)}`
  return refused('renewal-term', message)
}

function againstUnsound(
  { provider }: ContractContext,
  { id, determined, terms }: Given,
): ContractRefused | undefined {
  const { customer, determination, judged } = determined
  const report = newReport()
  const document = documentOf({ id, customer, determination, terms })
  checkContract(provider, namesOf(provider.policy), document, report)
  const { deployments, duties, tailorings } = determination
  checkAgreed({ ...judged, deployments, duties, tailorings }, terms, report)
  const problems = report.problems.filter(({ severity }) => severity === 'error')
  if (problems.some(({ code }) => code === 'wider')) {
    const message = `more than was determined: ${fieldsOf(problems)}; narrow the terms`
    return refused('wider-than-determined', message, problems)
  }
  return problems.length > 0 ? unsound(problems) : undefined
}

export function unsound(problems: readonly Problem[]): ContractRefused {
  return refused('terms-unsound', `mend ${fieldsOf(problems)}`, problems)
}

export function fieldsOf(problems: readonly Problem[]): string {
  return [...new Set(problems.map(({ path }) => path.join('.')))].join(', ')
}

/** A contract to which nothing has happened yet. */
function documentOf(
  parts: Pick<Contract, 'id' | 'customer' | 'determination' | 'terms'>,
): Contract {
  const nothing = {
    states: [],
    authorities: [],
    attestations: [],
    duties: [],
    enrolments: [],
    stops: [],
  }
  return { format: 'proviso/contract@1', ...parts, register: nothing }
}
