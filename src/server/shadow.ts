import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import { type Decided, decidedOf, type Flip, flipOf } from '../decision/replayed.ts'
import type { Request } from '../decision/request.ts'
import type { CustomerTable } from '../decision/tables.ts'
import { printInstant } from '../time.ts'
import type { Metrics, ShadowResult } from './metrics.ts'

/** Most uses of a request that a line names. */
const USES_MAX = 16

/** What was decided, and how that is told of. */
export interface Answered {
  readonly request: Request
  readonly decision: Decision
  /** The id of its record; null where it has none. */
  readonly record: string | null
  /** The bundle that decided. */
  readonly bundle: Bundle
}

/** A draft that judges what is asked beside the documents in use (docs/serve.md). It changes no answer and never fails. */
export interface Shadow {
  see(answered: Answered): void
}

export interface ShadowOptions {
  /** The draft as it stands now. */
  readonly draft: () => Bundle
  readonly metrics: Pick<Metrics, 'shadowed'>
  /** Takes a line on each flip, at once or not at all. */
  readonly write: (line: string) => void
}

export function shadowOf({ draft, metrics, write }: ShadowOptions): Shadow {
  const leased = leasedDraft(draft)
  const isSame = samenessOf()
  const resultOf = (answered: Answered): ShadowResult => {
    const bundle = leased(answered.bundle.validUntil)
    if (isSame(answered.bundle, bundle, answered.request.customer)) return 'agreed'
    const decided = decide(bundle, answered.request)
    if (!decided.ok) return 'failed'
    const flip = flipOf(answered.decision, decided.value)
    if (flip !== null) write(printFlip(answered, decided.value, flip))
    return flip ?? 'agreed'
  }
  return {
    see(answered): void {
      let result: ShadowResult
      try {
        result = resultOf(answered)
      } catch {
        // Whatever a draft does, the answer stands.
        result = 'failed'
      }
      const { request, bundle } = answered
      metrics.shadowed(result, request.customer, bundle.customers.has(request.customer))
    },
  }
}

/** The draft under the lease of what is in use, so that what differs is for the documents alone. */
function leasedDraft(draft: () => Bundle): (validUntil: Bundle['validUntil']) => Bundle {
  let from: Bundle | undefined
  let leased: Bundle | undefined
  return (validUntil) => {
    const bundle = draft()
    if (leased === undefined || from !== bundle || leased.validUntil !== validUntil) {
      from = bundle
      leased = { ...bundle, validUntil }
    }
    return leased
  }
}

/**
 * Whether two bundles under one lease say the same of a customer, so that every decision is the same (semantics L9, L10).
 * What has been compared is remembered: most drafts change a few customers, and this is what keeps them cheap.
 */
function samenessOf(): (a: Bundle, b: Bundle, customer: string) => boolean {
  const policies = { a: '', b: '', isSame: true }
  const customers = new WeakMap<
    CustomerTable,
    { readonly of: CustomerTable; readonly is: boolean }
  >()
  return (a, b, customer) => {
    if (policies.a !== a.policyText || policies.b !== b.policyText) {
      Object.assign(policies, { a: a.policyText, b: b.policyText })
      policies.isSame = a.policyText === b.policyText
    }
    if (!policies.isSame) return false
    const own = a.customers.get(customer)
    const other = b.customers.get(customer)
    if (!own || !other) return own === other
    const known = customers.get(own)
    if (known?.of === other) return known.is
    const is = own.text === other.text
    customers.set(own, { of: other, is })
    return is
  }
}

/** One line of JSON that holds names and nothing else of what was asked (docs/formats.md, Shadow). */
function printFlip({ request, decision, record }: Answered, shadow: Decision, flip: Flip): string {
  const { customer, deployment, model, uses, at } = request
  const line = {
    at: printInstant(at),
    flip,
    record,
    customer,
    deployment,
    model,
    uses: uses.slice(0, USES_MAX),
    usesMore: Math.max(0, uses.length - USES_MAX),
    answered: partOf(decision),
    shadow: partOf(shadow),
  }
  return `${JSON.stringify(line)}\n`
}

function partOf(decision: Decision): Decided & Pick<Decision, 'bundle'> {
  return { ...decidedOf(decision), bundle: decision.bundle }
}
