import { at } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import { type Digest, digestOf, type Sha256 } from '../digest.ts'
import { compareIds } from '../ids.ts'
import type { Instant } from '../time.ts'
import type { CustomerContent, ReachContent } from './content.ts'
import { type CustomerTable, customerTableOf, type Tables } from './tables.ts'

export const BUNDLE_FORMAT = 'proviso/bundle@1'

/** Customers are digested in this many groups, so that one contract's change digests few others again. */
const SHARDS = 256

/** Which of several bundles is newer, and until when it may be used (semantics §10). */
export interface Lease {
  readonly serial: number
  readonly issuedAt: Instant | null
  /** From here on exceptions stop; null: never, as for documents read from files. */
  readonly validUntil: Instant | null
}

export const NO_LEASE: Lease = { serial: 0, issuedAt: null, validUntil: null }

/** The compiled documents, ready to decide with (semantics §10.1). */
export interface Bundle extends Lease {
  readonly digest: Digest
  readonly tables: Tables
  /** Canonical JSON of the policy's content. */
  readonly policyText: string
  readonly customers: ReadonlyMap<string, CustomerTable>
  /** Digests of the customers' texts, by shard. */
  readonly shards: readonly Shard[]
}

export interface Shard {
  /** Digest of each customer's text, in hexadecimal. */
  readonly digests: ReadonlyMap<string, string>
  readonly digest: string
}

/** One customer's part of a bundle, from what each of the customer's contracts reaches: at least one. */
export function customerOf(
  tables: Tables,
  id: string,
  reaches: readonly ReachContent[],
): CustomerTable {
  return customerOfText(tables, textOf(id, reaches))
}

function textOf(id: string, reaches: readonly ReachContent[]): string {
  const inOrder = (a: ReachContent, b: ReachContent): number =>
    compareIds(a.contract, b.contract) ||
    compareIds(a.tailoring, b.tailoring) ||
    compareIds(a.deployment, b.deployment)
  return canonicalJson({ id, reaches: reaches.toSorted(inOrder) } satisfies CustomerContent)
}

function customerOfText(tables: Tables, text: string): CustomerTable {
  // Read back, so that no table holds a piece of a document's text, which would keep all of it in memory.
  return customerTableOf(tables, JSON.parse(text) as CustomerContent, text)
}

/** What a customer's contracts reach; nothing for a customer that a bundle does not hold. */
export function reachesOf(customer: CustomerTable | undefined): readonly ReachContent[] {
  return customer === undefined ? [] : (JSON.parse(customer.text) as CustomerContent).reaches
}

interface Parts {
  readonly policyText: string
  readonly tables: Tables
  readonly customers: ReadonlyMap<string, CustomerTable>
  readonly lease: Lease
}

/** A bundle of parts, with its digest (semantics §10.1). */
export function sealed({ policyText, tables, customers, lease }: Parts, sha256: Sha256): Bundle {
  const digests = Array.from({ length: SHARDS }, () => new Map<string, string>())
  for (const [id, { text }] of customers) at(digests, shardOf(id, sha256)).set(id, sha256(text))
  const shards = digests.map((ofShard) => shardOfDigests(ofShard, sha256))
  const digest = bundleDigest(policyText, shards, sha256)
  return { ...lease, digest, tables, policyText, customers, shards }
}

function shardOf(customer: string, sha256: Sha256): number {
  return Number.parseInt(sha256(customer).slice(0, 2), 16)
}

function shardOfDigests(digests: ReadonlyMap<string, string>, sha256: Sha256): Shard {
  const rows = [...digests].sort(([a], [b]) => compareIds(a, b))
  return { digests, digest: sha256(JSON.stringify(rows)) }
}

function bundleDigest(policyText: string, shards: readonly Shard[], sha256: Sha256): Digest {
  const customers = shards.map(({ digest }) => digest)
  return digestOf(
    sha256(canonicalJson({ format: BUNDLE_FORMAT, policy: sha256(policyText), customers })),
  )
}

/** What becomes of a bundle when some customers' parts are made anew. Nothing that it is decided by is made of them yet. */
export interface Change {
  readonly digest: Digest
  readonly shards: readonly Shard[]
  /** The texts that are others, by customer; null: the customer is gone. */
  readonly texts: ReadonlyMap<string, string | null>
}

export function changeOf(
  bundle: Bundle,
  changed: ReadonlyMap<string, readonly ReachContent[]>,
  sha256: Sha256,
): Change {
  const texts = new Map<string, string | null>()
  const touched = new Map<number, Map<string, string>>()
  for (const [id, reaches] of changed) {
    const text = reaches.length === 0 ? null : textOf(id, reaches)
    if (text === (bundle.customers.get(id)?.text ?? null)) continue
    texts.set(id, text)
    const index = shardOf(id, sha256)
    const digests = touched.get(index) ?? new Map(at(bundle.shards, index).digests)
    touched.set(index, digests)
    if (text === null) digests.delete(id)
    else digests.set(id, sha256(text))
  }
  const shards = [...bundle.shards]
  for (const [index, digests] of touched) shards[index] = shardOfDigests(digests, sha256)
  return { digest: bundleDigest(bundle.policyText, shards, sha256), shards, texts }
}

/** The bundle with a change, without touching any other customer's part; itself when nothing is another. */
export function withChange(bundle: Bundle, { digest, shards, texts }: Change): Bundle {
  if (texts.size === 0) return bundle
  const customers = new Map(bundle.customers)
  for (const [id, text] of texts) {
    customers.delete(id)
    if (text !== null) customers.set(id, customerOfText(bundle.tables, text))
  }
  return { ...bundle, digest, customers, shards }
}
