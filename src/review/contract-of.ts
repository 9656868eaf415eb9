import { checkContract } from '../contract/check-contract.ts'
import type { Contract } from '../contract/contract.ts'
import { checkNotWider } from '../contract/wider.ts'
import { namesOf } from '../policy/check-policy.ts'
import type { Provider } from '../policy/provider.ts'
import { newReport, type Path, type Problem } from '../problem.ts'
import { quote } from '../suggest.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { type Application, askedBy, type DraftDetermination } from './application.ts'

/** A contract that would be drafted from a determination, so that the checks of contracts can be made before it is. */
export interface Drafting {
  readonly id: string
  readonly application: Application
  /** What was judged, and what would be signed. */
  readonly judged: DraftDetermination
  readonly signed: DraftDetermination
  readonly decided: Instant
}

export function contractOf({ policy }: Provider, drafting: Drafting): Contract {
  const { id, application, judged, signed, decided } = drafting
  const { mission, term, deployments, duties, tailorings } = judged
  return {
    format: 'proviso/contract@1',
    id,
    customer: application.customer,
    determination: { case: id, decided, mission, term, deployments, duties, tailorings },
    terms: {
      policy: `${policy.id}@${policy.version}`,
      party: application.party,
      mission: signed.mission,
      clauses: [{ id: 'c1', text: '', binds: signed.tailorings.map((tailoring) => tailoring.id) }],
      suspension: signed.suspension,
      term: signed.term,
      authorities: application.authorities.map(signedAuthority),
      safeguards: [...application.safeguards, ...signed.safeguards],
      duties: signed.duties,
      deployments: signed.deployments,
      tailorings: signed.tailorings,
    },
    register: {
      states: [],
      authorities: [],
      attestations: [],
      duties: [],
      enrolments: [],
      stops: [],
    },
  }
}

type Authority = Application['authorities'][number]

/** As a contract has it: what it rests on and where it stands are the application's, and the register's to follow. */
export function signedAuthority(authority: Authority): Contract['terms']['authorities'][number] {
  const { 'depends-on': _, status: __, citation, ...signed } = authority
  return { ...signed, citation: { ...citation, 'as-of': printInstantShort(citation['as-of']) } }
}

/** What the checks of contracts find in a determination; `signed` is held against itself. */
export function problemsOfDrafting(
  provider: Provider,
  drafting: Drafting,
  place: 'application' | 'determination',
): readonly Problem[] {
  const report = newReport()
  const contract = contractOf(provider, { ...drafting, judged: drafting.signed })
  checkContract(provider, namesOf(provider.policy), contract, report)
  return report.problems
    .filter(({ path: [part] }) => part === 'terms')
    .map((problem) => ({ ...problem, path: placed(drafting, problem.path, place) }))
}

/** A path in a contract's terms as one in what they come from. */
function placed({ application }: Drafting, [, field = '', ...rest]: Path, place: string): Path {
  if (field === 'authorities' || field === 'party') return ['application', field, ...rest]
  const [index, ...below] = rest
  if (field !== 'safeguards' || typeof index !== 'number') return [place, field, ...rest]
  const own = index - application.safeguards.length
  return own < 0 ? ['application', field, index, ...below] : ['determination', field, own, ...below]
}

/** Fields in which a determination has more than was applied for (semantics §7.3). */
export function widerThanAsked(provider: Provider, drafting: Drafting): readonly Problem[] {
  const report = newReport()
  const asked = askedBy(drafting.application)
  checkNotWider(provider, contractOf(provider, { ...drafting, judged: asked }), report)
  const { suspension } = drafting.signed
  if (FREEDOM.indexOf(suspension) > FREEDOM.indexOf(asked.suspension)) {
    const message = `suspension by ${asked.suspension} was applied for; say that, or what binds the provider less`
    report.error('wider', ['terms', 'suspension'], message)
  }
  for (const [i, { id, purpose }] of drafting.signed.tailorings.entries()) {
    const applied = asked.tailorings.find((tailoring) => tailoring.id === id)
    if (applied === undefined || applied.purpose === purpose) continue
    const message = `${quote(applied.purpose)} is the purpose applied for; restore it`
    report.error('wider', ['terms', 'tailorings', i, 'purpose'], message)
  }
  return report.problems.map((problem) => ({
    ...problem,
    path: ['determination', ...problem.path.slice(1)],
  }))
}

/** From what binds the provider least to what binds it most. */
const FREEDOM: readonly DraftDetermination['suspension'][] = [
  'unilateral',
  'notice',
  'consent',
  'none',
]
