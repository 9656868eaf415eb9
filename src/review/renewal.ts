import { fieldChanges } from '../contract/contract-changes.ts'
import type { Provider } from '../policy/provider.ts'
import { quote } from '../suggest.ts'
import { DAY_MS, type Duration, INSTANT_MAX, type Instant, printInstantShort } from '../time.ts'
import type { DraftDetermination } from './application.ts'
import type { CaseContext } from './asking.ts'
import type { Case } from './case.ts'
import type { RenewalChange } from './case-events.ts'
import { type Refused, refused } from './case-refusals.ts'
import { contractOf } from './contract-of.ts'

/** The renewal window where the exceptions document states none. */
const RENEWAL_WINDOW: Duration = 30 * DAY_MS

/** Why what an application renews cannot be renewed by it. */
export function againstRenewed(
  { application }: Pick<Case, 'application'>,
  { renewed }: CaseContext,
): Refused | undefined {
  const { renews, customer } = application
  if (renews === undefined) return undefined
  if (renewed?.contract.id === renews && renewed.contract.customer === customer) return undefined
  const message = `${quote(customer)} has no contract ${quote(renews)}; name one that it has, or remove \`renews\``
  return refused('renewed-unknown', message)
}

/** Why a term is no renewal: it begins when the renewed one ends, and is drafted before that (semantics §12.6). */
export function againstRenewalTerm(
  state: Case,
  { term }: DraftDetermination,
  { at, context }: { readonly at: Instant; readonly context: CaseContext },
): Refused | undefined {
  const unknown = againstRenewed(state, context)
  if (unknown || state.application.renews === undefined) return unknown
  const ends = endOf(context)
  if (at > ends) {
    const message = `the term to be renewed ended ${printInstantShort(ends)}, and nothing is back-dated; return the application, which without \`renews\` asks for a term of its own after the gap`
    return refused('outside-renewal-window', message)
  }
  if (term.from === ends) return undefined
  const message = `a renewal begins when the renewed term ends; begin it ${printInstantShort(ends)}`
  return refused('renewal-term', message)
}

/** Why a renewal cannot be decided yet. That it is too late is said by its term, which then is back-dated. */
export function againstEarlyRenewal(
  { application }: Case,
  at: Instant,
  context: CaseContext,
): Refused | undefined {
  if (application.renews === undefined) return undefined
  const window = context.provider.exceptions.term['renewal-window'] ?? RENEWAL_WINDOW
  const opens = endOf(context) - window
  if (at >= opens) return undefined
  const message = `the renewal window opens ${printInstantShort(opens)}; approve then`
  return refused('outside-renewal-window', message)
}

function endOf({ renewed }: CaseContext): Instant {
  // No term is open (semantics §12.6); one that was would end when time does.
  return renewed?.contract.terms.term.until ?? INSTANT_MAX
}

/** The fields in which a determination is other than the contract it renews, and whether that widens (§12.5). */
export function changesOf(
  provider: Provider,
  { application, id }: Case,
  determination: DraftDetermination,
  { renewed }: CaseContext,
): readonly RenewalChange[] {
  if (application.renews === undefined || !renewed) return []
  const decided = determination.term.from
  const drafting = { id, application, judged: determination, signed: determination, decided }
  const after = contractOf(provider, drafting)
  return fieldChanges(provider, { before: renewed.contract, after })
    .filter(({ field }) => field.startsWith('terms.'))
    .map(({ field, effect }) => ({ field, effect }))
}
