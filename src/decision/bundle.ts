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
  const inOrder = (a: ReachContent, b: ReachContent): number =>
    compareIds(a.contract, b.contract) ||
    compareIds(a.tailoring, b.tailoring) ||
    compareIds(a.deployment, b.deployment)
  const text = canonicalJson({ id, reaches: reaches.toSorted(inOrder) } satisfies CustomerContent)
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

/** The bundle with some customers' parts made anew, without touching any other customer's; itself when none is another. */
export function withCustomers(
  bundle: Bundle,
  changed: ReadonlyMap<string, readonly ReachContent[]>,
  sha256: Sha256,
): Bundle {
  const { tables, policyText } = bundle
  const made = [...changed].map(([id, reaches]) => {
    return { id, customer: reaches.length === 0 ? undefined : customerOf(tables, id, reaches) }
  })
  const others = made.filter(
    ({ id, customer }) => customer?.text !== bundle.customers.get(id)?.text,
  )
  if (others.length === 0) return bundle
  const customers = new Map(bundle.customers)
  const touched = new Map<number, Map<string, string>>()
  for (const { id, customer } of others) {
    const index = shardOf(id, sha256)
    const digests = touched.get(index) ?? new Map(at(bundle.shards, index).digests)
    touched.set(index, digests)
    customers.delete(id)
    digests.delete(id)
    if (customer === undefined) continue
    customers.set(customer.id, customer)
    digests.set(customer.id, sha256(customer.text))
  }
  const shards = [...bundle.shards]
  for (const [index, digests] of touched) shards[index] = shardOfDigests(digests, sha256)
  return { ...bundle, digest: bundleDigest(policyText, shards, sha256), customers, shards }
}
