import { BrokenInvariant } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import { digestOf, type Sha256 } from '../digest.ts'
import { compareIds } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { quote } from '../suggest.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import { BUNDLE_FORMAT, type Bundle, type Customer, type Lease, sealed } from './bundle.ts'
import type { CustomerContent, PolicyContent } from './content.ts'
import { customerTableOf, type Tables, tablesOf } from './tables.ts'

// A bundle file is lines of canonical JSON: a header, the policy, then one line a customer, by id. Its
// digest speaks of the lines as they stand, so that nothing is ever serialised again to check it.

/** Longest bundle file, in UTF-16 code units: about 200,000 contracts. */
export const BUNDLE_CHARS_MAX = 268_435_456

export interface BundleError {
  readonly code:
    | 'bundle-too-large'
    | 'bundle-format'
    | 'bundle-truncated'
    | 'bundle-altered'
    | 'bundle-malformed'
  readonly message: string
}

/** The lines of a bundle's file, each with its end. */
export function* printBundle(bundle: Bundle, sha256: Sha256): Generator<string> {
  const { digest, serial, issuedAt, validUntil, customers } = bundle
  const header = {
    format: BUNDLE_FORMAT,
    digest,
    customers: customers.size,
    serial,
    issuedAt: printed(issuedAt),
    validUntil: printed(validUntil),
  }
  yield `${canonicalJson({ ...header, seal: sealOf(header, sha256) })}\n`
  yield `${bundle.policyText}\n`
  for (const id of [...customers.keys()].sort(compareIds)) yield `${customers.get(id)?.text}\n`
}

function printed(instant: Instant | null): string | null {
  return instant === null ? null : printInstant(instant)
}

/** Digest of the header's other members: what the bundle's digest leaves out (semantics §10.1). */
function sealOf(header: object, sha256: Sha256): string {
  return digestOf(sha256(canonicalJson(header)))
}

/** Loads a bundle file whole, or says why it is refused. The digest shows damage, not who made it. */
export function readBundle(text: string, sha256: Sha256): Result<Bundle, BundleError> {
  if (text.length > BUNDLE_CHARS_MAX) {
    return refuse(
      'bundle-too-large',
      `a bundle has at most ${BUNDLE_CHARS_MAX} characters; split it`,
    )
  }
  const [headerLine = '', policyText = '', ...customerLines] = text.split('\n')
  const header = parseHeader(headerLine, sha256)
  if (!header.ok) return header
  // The text after the last line's end is empty; without it the last line may be cut short.
  if (customerLines.pop() !== '' || customerLines.length < header.value.customers) {
    const found = Math.max(0, customerLines.length)
    return refuse(
      'bundle-truncated',
      `${found} of ${header.value.customers} customers are whole; copy the file again`,
    )
  }
  if (customerLines.length > header.value.customers) {
    return refuse(
      'bundle-altered',
      'there are more customers than the header says; compile it again',
    )
  }
  try {
    const bundle = load({ header: header.value, policyText, customerLines }, sha256)
    if (bundle.digest === header.value.digest) return ok(bundle)
  } catch (error) {
    if (
      !(
        error instanceof SyntaxError ||
        error instanceof TypeError ||
        error instanceof BrokenInvariant
      )
    )
      throw error
    return refuse(
      'bundle-malformed',
      `the bundle does not hold together (${error.message}); compile it again`,
    )
  }
  return refuse('bundle-altered', 'the content is not what the digest says; compile it again')
}

function refuse(code: BundleError['code'], message: string): Result<never, BundleError> {
  return fail({ code, message })
}

interface Header extends Lease {
  readonly digest: string
  readonly customers: number
}

function parseHeader(line: string, sha256: Sha256): Result<Header, BundleError> {
  let value: Record<string, unknown>
  try {
    value = Object(JSON.parse(line)) as Record<string, unknown>
  } catch {
    return refuse(
      'bundle-format',
      'this is no bundle; compile one with `proviso compile DIR -o BUNDLE`',
    )
  }
  const { seal, ...header } = value
  if (header['format'] !== BUNDLE_FORMAT) {
    const found = quote(String(header['format']))
    return refuse(
      'bundle-format',
      `expected format ${BUNDLE_FORMAT}, found ${found}; compile it again`,
    )
  }
  if (seal !== sealOf(header, sha256)) {
    return refuse('bundle-altered', 'the header is not what its seal says; compile it again')
  }
  const { serial, customers, digest } = header
  const issuedAt = instantOf(header['issuedAt'])
  const validUntil = instantOf(header['validUntil'])
  const isWellFormed =
    isCount(serial) && isCount(customers) && issuedAt !== undefined && validUntil !== undefined
  return isWellFormed
    ? ok({ serial, customers, digest: String(digest), issuedAt, validUntil })
    : refuse('bundle-malformed', 'the header is malformed; compile it again')
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function instantOf(value: unknown): Instant | null | undefined {
  return value === null ? null : parseInstant(String(value))
}

interface Lines {
  readonly header: Header
  readonly policyText: string
  readonly customerLines: readonly string[]
}

function load({ header, policyText, customerLines }: Lines, sha256: Sha256): Bundle {
  const tables = tablesOf(JSON.parse(policyText) as PolicyContent)
  const customers = new Map<string, Customer>()
  for (const text of customerLines) {
    const content = JSON.parse(text) as CustomerContent
    customers.set(content.id, loadCustomer(tables, content, text))
  }
  const { serial, issuedAt, validUntil } = header
  return sealed({ policyText, tables, customers, lease: { serial, issuedAt, validUntil } }, sha256)
}

function loadCustomer(tables: Tables, content: CustomerContent, text: string): Customer {
  return { table: customerTableOf(tables, content), text }
}
