import { canonicalJson } from '../canonical-json.ts'
import type { Digest, Sha256 } from '../digest.ts'
import { compareIds } from '../ids.ts'
import { ok, type Result } from '../result.ts'
import { quote } from '../suggest.ts'
import { type Bundle, changeOf, type Lease, withChange } from './bundle.ts'
import {
  type BundleError,
  canonicalText,
  instantOf,
  isCount,
  linesOf,
  membersOf,
  OF_ALTERED_LINES,
  printedOrNull,
  refuseBundle,
  sealOf,
} from './bundle-file.ts'
import type { CustomerContent, ReachContent } from './content.ts'
import { changedCustomers } from './narrows.ts'

// What became of a bundle since another one, so that a holder of that need not be sent all customers again: lines of
// canonical JSON, a header and then a line for each customer that is new or otherwise, by id.

const DELTA_FORMAT = 'proviso/delta@1'

/** Longest header, in UTF-16 code units: 8,000 customers at least that are gone. */
const HEADER_CHARS_MAX = 1_048_576

/** A bundle as far as another can be compared with it: it holds none of the customers' texts. */
export type BundleOutline = Pick<Bundle, 'digest' | 'policyText' | 'shards'>

export function outlineOf({ digest, policyText, shards }: Bundle): BundleOutline {
  return { digest, policyText, shards }
}

/** The lines of what has changed, each with its end; undefined when the policy or too much has: a whole bundle is needed. */
export function printDelta(
  from: BundleOutline,
  to: Bundle,
  sha256: Sha256,
): readonly string[] | undefined {
  if (from.policyText !== to.policyText) return undefined
  const changed = changedCustomers(from.shards, to.shards).toSorted(compareIds)
  const texts = changed.flatMap((id) => to.customers.get(id)?.text ?? [])
  const header = {
    format: DELTA_FORMAT,
    from: from.digest,
    to: to.digest,
    customers: texts.length,
    gone: changed.filter((id) => !to.customers.has(id)),
    serial: to.serial,
    issuedAt: printedOrNull(to.issuedAt),
    validUntil: printedOrNull(to.validUntil),
  }
  const first = canonicalJson({ ...header, seal: sealOf(header, sha256) })
  if (first.length > HEADER_CHARS_MAX) return undefined
  return [first, ...texts].map((line) => `${line}\n`)
}

/** Whether a text is a delta, rather than a whole bundle; whether it is a sound one `applyDelta` says. */
export function isDelta(text: string): boolean {
  return headerMembersOf(linesOf(text, 0, 1)[0] ?? '')?.['format'] === DELTA_FORMAT
}

/** The bundle that a delta makes of the one it is from, or why it makes none. */
export function applyDelta(
  held: Bundle,
  text: string,
  sha256: Sha256,
): Result<Bundle, BundleError> {
  const [headerLine = ''] = linesOf(text, 0, 1)
  const header = parseHeader(headerLine, sha256)
  if (!header.ok) return header
  const { from, to, customers, gone, ...lease } = header.value
  if (from !== held.digest) {
    const message = 'it is from another bundle than the one held; ask for a whole one'
    return refuseBundle('bundle-altered', message)
  }
  const lines = linesOf(text, headerLine.length + 1, customers)
  const length = lines.reduce((sum, line) => sum + line.length + 1, headerLine.length + 1)
  if (lines.length < customers || length < text.length) {
    return refuseBundle('bundle-truncated', 'it is not whole; ask for it again')
  }
  const bundle = changedBundle(held, { lines, gone, to }, sha256)
  if (bundle) return ok({ ...bundle, ...lease })
  return refuseBundle('bundle-altered', 'the content is not what the digest says; ask for it again')
}

interface Header extends Lease {
  readonly from: Digest
  readonly to: Digest
  readonly customers: number
  readonly gone: readonly string[]
}

function headerMembersOf(line: string): Record<string, unknown> | undefined {
  return line.length > HEADER_CHARS_MAX ? undefined : membersOf(line)
}

function parseHeader(line: string, sha256: Sha256): Result<Header, BundleError> {
  const value = headerMembersOf(line)
  if (value?.['format'] !== DELTA_FORMAT) {
    const found = quote(String(value?.['format']))
    return refuseBundle('bundle-format', `expected format ${DELTA_FORMAT}, found ${found}`)
  }
  const { seal, ...header } = value
  if (line !== canonicalText(value) || seal !== sealOf(header, sha256)) {
    return refuseBundle('bundle-altered', 'the header is not what its seal says')
  }
  const { from, to, customers, gone, serial } = header
  const issuedAt = instantOf(header['issuedAt'])
  const validUntil = instantOf(header['validUntil'])
  const isWellFormed =
    isCount(customers) &&
    isCount(serial) &&
    Array.isArray(gone) &&
    gone.every((id) => typeof id === 'string') &&
    issuedAt !== undefined &&
    validUntil !== undefined
  if (!isWellFormed) return refuseBundle('bundle-malformed', 'the header is malformed')
  const digests = { from: from as Digest, to: to as Digest }
  return ok({ ...digests, customers, gone, serial, issuedAt, validUntil })
}

interface Changed {
  readonly lines: readonly string[]
  readonly gone: readonly string[]
  readonly to: Digest
}

function changedBundle(
  held: Bundle,
  { lines, gone, to }: Changed,
  sha256: Sha256,
): Bundle | undefined {
  const changed = new Map<string, readonly ReachContent[]>(gone.map((id) => [id, []]))
  try {
    for (const line of lines) {
      const { id, reaches } = JSON.parse(line) as CustomerContent
      changed.set(id, reaches)
    }
    const change = changeOf(held, changed, sha256)
    // INVARIANT: tables, which bundles share, are made only of lines that have the digest.
    return change.digest === to ? withChange(held, change) : undefined
  } catch (error) {
    // Altered lines are read before the digest can show that they are.
    if (OF_ALTERED_LINES.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}
