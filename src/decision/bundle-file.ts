import { BrokenInvariant } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import { digestOf, type Sha256 } from '../digest.ts'
import { compareIds } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { quote } from '../suggest.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import { BUNDLE_FORMAT, type Bundle, type Lease, sealed } from './bundle.ts'
import type { CustomerContent, PolicyContent } from './content.ts'
import { type CustomerTable, customerTableOf, tablesOf } from './tables.ts'

// A bundle file is lines of canonical JSON: a header, the policy, then one line a customer, by id. Its
// digest speaks of the lines as they stand, so that nothing is ever serialised again to check it.

/** Longest bundle file, in UTF-16 code units: about 200,000 contracts. */
export const BUNDLE_CHARS_MAX = 268_435_456

/** Longest line of one, in UTF-16 code units: read from JSON it may take forty times as many bytes. */
const LINE_CHARS_MAX = 67_108_864

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
    issuedAt: printedOrNull(issuedAt),
    validUntil: printedOrNull(validUntil),
  }
  yield `${canonicalJson({ ...header, seal: sealOf(header, sha256) })}\n`
  yield `${bundle.policyText}\n`
  for (const id of [...customers.keys()].sort(compareIds)) yield `${customers.get(id)?.text}\n`
}

export function printedOrNull(instant: Instant | null): string | null {
  return instant === null ? null : printInstant(instant)
}

/** Digest of the header's other members: what the bundle's digest leaves out (semantics §10.1). */
export function sealOf(header: object, sha256: Sha256): string {
  return digestOf(sha256(canonicalJson(header)))
}

/** Loads a bundle file whole, or says why it is refused. The digest shows damage, not who made it. */
export function readBundle(text: string, sha256: Sha256): Result<Bundle, BundleError> {
  if (text.length > BUNDLE_CHARS_MAX) {
    return refuseBundle(
      'bundle-too-large',
      `a bundle has at most ${BUNDLE_CHARS_MAX} characters; split it`,
    )
  }
  // UTF-8 writes half a surrogate pair as it writes U+FFFD, so that two texts would have one digest.
  if (!text.isWellFormed())
    return refuseBundle('bundle-altered', 'the text is no Unicode; copy it again')
  const [headerLine] = linesOf(text, 0, 1)
  const header = headerLine === undefined ? NO_BUNDLE : parseHeader(headerLine, sha256)
  if (!header.ok) return header
  const { customers, digest } = header.value
  const [policyText, ...customerLines] = linesOf(text, (headerLine ?? '').length + 1, 1 + customers)
  if (policyText === undefined || customerLines.length < customers) {
    const message = `the file ends too early: ${customerLines.length} of ${customers} customers are whole; copy it again`
    return refuseBundle('bundle-truncated', message)
  }
  const lines = [headerLine, policyText, ...customerLines]
  if (lines.reduce((length, line = '') => length + line.length + 1, 0) < text.length) {
    return refuseBundle(
      'bundle-altered',
      'the file goes on after its last customer; compile it again',
    )
  }
  const bundle = load({ header: header.value, policyText, customerLines }, sha256)
  if (bundle === undefined) {
    return refuseBundle('bundle-malformed', 'the bundle does not hold together; compile it again')
  }
  return bundle.digest === digest
    ? ok(bundle)
    : refuseBundle('bundle-altered', 'the content is not what the digest says; compile it again')
}

/** At most so many lines of a text from a place on, without their ends, up to one that has no end or is too long. */
export function linesOf(text: string, start: number, most: number): string[] {
  const lines: string[] = []
  let from = start
  while (lines.length < most) {
    const end = text.indexOf('\n', from)
    if (end < 0 || end - from > LINE_CHARS_MAX) break
    lines.push(text.slice(from, end))
    from = end + 1
  }
  return lines
}

export function refuseBundle(
  code: BundleError['code'],
  message: string,
): Result<never, BundleError> {
  return fail({ code, message })
}

interface Header extends Lease {
  readonly digest: string
  readonly customers: number
}

/** Longest header line, in characters: it has seven short members. */
const HEADER_CHARS_MAX = 1_024

const NO_BUNDLE = refuseBundle(
  'bundle-format',
  'this is no bundle; compile one with `proviso compile DIR -o BUNDLE`',
)

function parseHeader(line: string, sha256: Sha256): Result<Header, BundleError> {
  const value = line.length > HEADER_CHARS_MAX ? undefined : membersOf(line)
  if (typeof value?.['format'] !== 'string') return NO_BUNDLE
  const { seal, ...header } = value
  if (value['format'] !== BUNDLE_FORMAT) {
    const found = quote(value['format'])
    return refuseBundle(
      'bundle-format',
      `expected format ${BUNDLE_FORMAT}, found ${found}; compile it again`,
    )
  }
  if (line !== canonicalText(value) || seal !== sealOf(header, sha256)) {
    return refuseBundle('bundle-altered', 'the header is not what its seal says; compile it again')
  }
  const { serial, customers, digest } = header
  const issuedAt = instantOf(header['issuedAt'])
  const validUntil = instantOf(header['validUntil'])
  const isWellFormed =
    isCount(serial) && isCount(customers) && issuedAt !== undefined && validUntil !== undefined
  return isWellFormed
    ? ok({ serial, customers, digest: String(digest), issuedAt, validUntil })
    : refuseBundle('bundle-malformed', 'the header is malformed; compile it again')
}

export function membersOf(line: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** Canonical JSON; undefined for what has none, such as half a surrogate pair. */
export function canonicalText(value: unknown): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

export function instantOf(value: unknown): Instant | null | undefined {
  return value === null ? null : parseInstant(String(value))
}

interface Lines {
  readonly header: Header
  readonly policyText: string
  readonly customerLines: readonly string[]
}

/** The bundle that the lines say, with the digest that they have; undefined when they say none. */
function load({ header, policyText, customerLines }: Lines, sha256: Sha256): Bundle | undefined {
  const { serial, issuedAt, validUntil } = header
  const customers = new Map<string, CustomerTable>()
  let last = ''
  try {
    const tables = tablesOf(JSON.parse(policyText) as PolicyContent)
    for (const text of customerLines) {
      const content = JSON.parse(text) as CustomerContent
      // Each customer once, in order: so that one bundle has one text.
      if (compareIds(last, content.id) >= 0) return undefined
      last = content.id
      customers.set(content.id, customerTableOf(tables, content, text))
    }
    return sealed(
      { policyText, tables, customers, lease: { serial, issuedAt, validUntil } },
      sha256,
    )
  } catch (error) {
    // Altered lines are read before the digest can show that they are.
    if (OF_ALTERED_LINES.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}

/** What reading altered lines can come to; anything else is a bug of ours. */
export const OF_ALTERED_LINES = [SyntaxError, TypeError, RangeError, BrokenInvariant]
