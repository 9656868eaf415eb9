import type { PolicyNames } from '../policy/check-policy.ts'
import type { Provider } from '../policy/provider.ts'
import type { Report } from '../problem.ts'
import { checkDistinct, checkReferences, known } from '../reference.ts'
import { isVersion } from '../shape.ts'
import { quote } from '../suggest.ts'
import { printDuration } from '../time.ts'
import { checkRegister } from './check-register.ts'
import { checkTailorings } from './check-tailoring.ts'
import type { Contract, Duty } from './contract.ts'
import { isPolicyReference, policyOf } from './contract.ts'
import { type ContractCheck, checkAfter } from './contract-check.ts'
import { knowsVersion } from './lineage.ts'
import { checkNotWider } from './wider.ts'

type Term = Contract['terms']['term']

/** Everything wrong with a contract, given the provider's documents (semantics §7, §9.3). */
export function checkContract(
  provider: Provider,
  names: PolicyNames,
  given: Contract,
  report: Report,
): void {
  // Against a version that nobody knows every id would have lapsed: the rest is checked against the one there is.
  const contract = namesKnownPolicy(provider, given, report)
    ? given
    : underPresentPolicy(provider, given)
  const { terms } = contract
  const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id)
  const check: ContractCheck = {
    provider,
    names,
    contract,
    own: {
      tailorings: known('tailoring', idsOf(terms.tailorings)),
      deployments: known('deployment', idsOf(terms.deployments)),
      authorities: known('authority', idsOf(terms.authorities)),
      safeguards: known('safeguard', idsOf(terms.safeguards)),
      duties: known('duty', idsOf(terms.duties)),
    },
  }
  checkIds(contract, report)
  checkParty(check, report)
  checkTerms(check, report)
  checkDuties(check, report)
  checkTailorings(check, report)
  checkNotWider(provider, contract, report)
  checkRegister(check, report)
}

/** Reports a policy or a version of it that is not known; says whether it is. */
function namesKnownPolicy(provider: Provider, { terms }: Contract, report: Report): boolean {
  const { id, version } = policyOf(terms)
  const path = ['terms', 'policy']
  // What is malformed has been reported as that.
  if (!isPolicyReference(terms.policy) || !isVersion(provider.policy.version)) return false
  if (id !== provider.policy.id) {
    const message = `no policy ${quote(id)} here; the policy is ${quote(provider.policy.id)}`
    report.error('unknown-policy', path, message)
    return false
  }
  if (knowsVersion(provider, version)) return true
  const message = `no version ${quote(version)} of the policy is known; name ${quote(provider.policy.version)}, or give the policy lineage from it`
  report.error('unknown-version', path, message)
  return false
}

function underPresentPolicy({ policy }: Provider, contract: Contract): Contract {
  return { ...contract, terms: { ...contract.terms, policy: `${policy.id}@${policy.version}` } }
}

function checkIds({ terms, determination }: Contract, report: Report): void {
  const lists = [
    ['tailoring', 'tailorings'],
    ['deployment', 'deployments'],
    ['duty', 'duties'],
  ] as const
  for (const [kind, field] of lists) {
    checkDistinct(report, kind, terms[field], ['terms', field])
    checkDistinct(report, kind, determination[field], ['determination', field])
  }
  checkDistinct(report, 'authority', terms.authorities, ['terms', 'authorities'])
  checkDistinct(report, 'safeguard', terms.safeguards, ['terms', 'safeguards'])
  checkDistinct(report, 'clause', terms.clauses, ['terms', 'clauses'])
}

function checkParty({ provider, contract, own }: ContractCheck, report: Report): void {
  const { terms } = contract
  const { eligible } = provider.exceptions
  if (!eligible.includes(terms.party)) {
    const message = `a party of kind ${quote(terms.party)} is not eligible; eligible: ${eligible.join(', ')}`
    report.error('party-not-eligible', ['terms', 'party'], message)
  }
  if (terms.suspension === 'none') {
    const message =
      'a contract that cannot be suspended cannot be approved; say `unilateral`, `notice` or `consent`'
    report.error('suspension-none', ['terms', 'suspension'], message)
  }
  // A clause may also take effect as a deployment, a duty, an authority or a safeguard.
  const ids = new Set(Object.values(own).flatMap((rows) => [...rows.ids.keys()]))
  for (const [i, { binds }] of terms.clauses.entries()) {
    checkReferences(report, { kind: 'tailoring', ids }, binds, ['terms', 'clauses', i, 'binds'])
  }
  for (const [i, { id }] of terms.tailorings.entries()) {
    if (terms.clauses.some(({ binds }) => binds.includes(id))) continue
    const message = `no clause binds ${quote(id)}; name it in the \`binds\` of the clause that grants it`
    report.error('unbound-tailoring', ['terms', 'tailorings', i, 'id'], message)
  }
}

function checkTerms({ provider, contract }: ContractCheck, report: Report): void {
  const { determination, terms } = contract
  checkTermLength(provider, terms.term, 'terms', report)
  checkTermLength(provider, determination.term, 'determination', report)
  for (const part of ['terms', 'determination'] as const) {
    for (const [i, { term }] of contract[part].tailorings.entries()) {
      if (term) checkAfter(term, [part, 'tailorings', i, 'term'], report)
    }
  }
  if (determination.decided > Math.min(terms.term.from, determination.term.from)) {
    const message =
      'the determination is after the term starts; nothing is back-dated, so start the term later'
    report.error('decided-late', ['determination', 'decided'], message)
  }
}

function checkTermLength(
  { exceptions }: Provider,
  term: Term,
  part: 'terms' | 'determination',
  report: Report,
): void {
  const path = [part, 'term']
  const { max } = exceptions.term
  if (term.until === undefined) {
    report.error('open-term', path, 'no term is open; add `until`')
  } else if (term.until - term.from > max) {
    const message = `the term is longer than ${printDuration(max)}; end it earlier`
    report.error('term-too-long', [...path, 'until'], message)
  }
  checkAfter(term, path, report)
}

function checkDuties({ provider, contract }: ContractCheck, report: Report): void {
  const { determination, terms } = contract
  checkEachDuty(terms.duties, terms.tailorings, 'terms', report)
  checkEachDuty(determination.duties, determination.tailorings, 'determination', report)

  const { every } = provider.exceptions.dialogue
  const due = terms.duties.filter(({ kind }) => kind === 'dialogue').flatMap((duty) => duty.due)
  const { from, until = Number.NaN } = terms.term
  const meetings = [from, ...due.filter((instant) => instant > from && instant < until), until]
  meetings.sort((a, b) => a - b)
  const gap = meetings.findIndex((instant, i) => instant - (meetings[i - 1] ?? instant) > every)
  if (gap > 0) {
    const days = Math.ceil(((meetings[gap] ?? 0) - (meetings[gap - 1] ?? 0)) / 86_400_000)
    const message = `there are ${days} days without a dialogue meeting due, and ${printDuration(every)} is the longest; add a due instant`
    const index = terms.duties.findIndex(({ kind }) => kind === 'dialogue')
    report.error(
      'dialogue-gap',
      index < 0 ? ['terms', 'duties'] : ['terms', 'duties', index, 'due'],
      message,
    )
  }
}

function checkEachDuty(
  duties: readonly Duty[],
  tailorings: readonly { readonly id: string }[],
  part: 'terms' | 'determination',
  report: Report,
): void {
  const ids = known(
    'tailoring',
    tailorings.map(({ id }) => id),
  )
  for (const [i, { guards, due }] of duties.entries()) {
    const path = [part, 'duties', i]
    if (guards?.length === 0) {
      const message =
        'this duty would guard nothing; name tailorings, or remove `guards` to guard all'
      report.error('empty-guards', [...path, 'guards'], message)
    }
    checkReferences(report, ids, guards ?? [], [...path, 'guards'])
    const again = due.findIndex((instant, j) => due.indexOf(instant) < j)
    if (again >= 0) {
      report.error(
        'duplicate-due',
        [...path, 'due', again],
        'this instant is listed twice; keep one',
      )
    }
  }
}
