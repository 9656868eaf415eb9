import type { Path, Report } from '../problem.ts'
import { quote } from '../suggest.ts'
import type { Terms } from './contract.ts'

/** What terms take over from what was agreed before, besides what `wider.ts` compares. */
type Agreed = Pick<
  Terms,
  | 'policy'
  | 'party'
  | 'suspension'
  | 'authorities'
  | 'safeguards'
  | 'deployments'
  | 'duties'
  | 'tailorings'
>

/** From what binds the provider least to what binds it most. */
const FREEDOM: readonly Terms['suspension'][] = ['unilateral', 'notice', 'consent', 'none']

type Wider = (path: Path, message: string) => void

/**
 * Reports every field in which terms say something else than was agreed where semantics §7.3 compares nothing: what
 * the policy, the parties, an authority or a safeguard are. What was left open may be said.
 */
export function checkAgreed(agreed: Agreed, terms: Terms, report: Report): void {
  const wider: Wider = (path, message) => report.error('wider', ['terms', ...path], message)
  for (const field of ['policy', 'party'] as const) {
    checkSame({ was: agreed[field], is: terms[field] }, [field], wider)
  }
  if (FREEDOM.indexOf(terms.suspension) > FREEDOM.indexOf(agreed.suspension)) {
    const message = `suspension by ${agreed.suspension} was agreed; say that, or what binds the provider less`
    wider(['suspension'], message)
  }
  checkAuthorities(agreed, terms, wider)
  checkSafeguards(agreed, terms, wider)
  checkPurposes(agreed, terms, wider)
  checkTitles(agreed, terms, wider)
}

interface Texts {
  readonly was: string | undefined
  readonly is: string | undefined
}

/** What was said stays said; what was not is open. */
function checkSame({ was, is }: Texts, path: Path, wider: Wider): void {
  if (was === undefined || is === was) return
  wider(path, `${quote(was)} was agreed; say just that`)
}

function checkAuthorities(agreed: Agreed, { authorities }: Terms, wider: Wider): void {
  for (const [i, { id, citation, holder, limits, purposes }] of authorities.entries()) {
    const path = ['authorities', i]
    const was = agreed.authorities.find((authority) => authority.id === id)
    if (!was) {
      wider([...path, 'id'], `no authority ${quote(id)} was agreed; remove it`)
      continue
    }
    for (const field of ['scheme', 'id', 'as-of'] as const) {
      const at = [...path, 'citation', field]
      checkSame({ was: was.citation[field], is: citation[field] }, at, wider)
    }
    checkSame({ was: was.holder, is: holder }, [...path, 'holder'], wider)
    checkSame({ was: was.limits, is: limits }, [...path, 'limits'], wider)
    checkNoMore(purposes, was.purposes, [...path, 'purposes'], wider)
  }
}

function checkSafeguards(agreed: Agreed, { safeguards }: Terms, wider: Wider): void {
  for (const [i, { id, mitigates }] of safeguards.entries()) {
    const was = agreed.safeguards.find((safeguard) => safeguard.id === id)
    if (was) checkNoMore(mitigates, was.mitigates, ['safeguards', i, 'mitigates'], wider)
  }
}

function checkNoMore(
  ids: readonly string[],
  agreed: readonly string[],
  path: Path,
  wider: Wider,
): void {
  for (const [i, id] of ids.entries()) {
    if (!agreed.includes(id)) wider([...path, i], `${quote(id)} was not agreed; remove it`)
  }
}

function checkPurposes(agreed: Agreed, { tailorings }: Terms, wider: Wider): void {
  for (const [i, { id, purpose }] of tailorings.entries()) {
    const was = agreed.tailorings.find((tailoring) => tailoring.id === id)
    checkSame({ was: was?.purpose, is: purpose }, ['tailorings', i, 'purpose'], wider)
  }
}

const TITLED = ['authorities', 'safeguards', 'deployments', 'duties', 'tailorings'] as const

function checkTitles(agreed: Agreed, terms: Terms, wider: Wider): void {
  for (const field of TITLED) {
    const rows: readonly Titled[] = agreed[field]
    for (const [i, { id, title }] of terms[field].entries()) {
      const was = rows.find((row) => row.id === id)?.title
      checkSame({ was, is: title }, [field, i, 'title'], wider)
    }
  }
}

interface Titled {
  readonly id: string
  readonly title?: string | undefined
}
