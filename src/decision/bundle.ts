import { at } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { Contract } from '../contract/contract.ts'
import { type Digest, digestOf, type Sha256 } from '../digest.ts'
import { compareIds } from '../ids.ts'
import type { ProviderDocuments } from '../policy/provider.ts'
import type { Instant } from '../time.ts'
import {
  type Compiler,
  compileContract,
  compilePolicy,
  compilerOf,
  customerContentOf,
  textOf,
} from './compile.ts'
import type { CustomerContent, PolicyContent, ReachContent } from './content.ts'
import { type CustomerTable, customerTableOf, type Tables, tablesOf } from './tables.ts'

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
  readonly customers: ReadonlyMap<string, Customer>
  /** Digests of the customers' texts, by shard. */
  readonly shards: readonly Shard[]
}

export interface Customer {
  readonly table: CustomerTable
  /** Canonical JSON of the customer's content; explanations read it. */
  readonly text: string
}

interface Shard {
  /** Digest of each customer's text, in hexadecimal. */
  readonly digests: ReadonlyMap<string, string>
  readonly digest: string
}

/** Compiles documents that have been checked. Contracts may come as a stream: they are not kept. */
export function compile(
  world: ProviderDocuments & { readonly contracts: Iterable<Contract> },
  sha256: Sha256,
  lease: Lease = NO_LEASE,
): Bundle {
  const compiler = compilerOf(world)
  const policyText = textOf(compilePolicy(compiler))
  const tables = tablesOf(JSON.parse(policyText) as PolicyContent)
  const customers = new Map<string, Customer>()
  for (const contract of world.contracts) {
    const before = reachesOf(customers.get(contract.customer))
    const reaches = [...before, ...compileContract(compiler, contract)]
    customers.set(contract.customer, customerOf(tables, contract.customer, reaches))
  }
  return sealed({ policyText, tables, customers, lease }, sha256)
}

function customerOf(tables: Tables, id: string, reaches: readonly ReachContent[]): Customer {
  const content = customerContentOf(id, reaches)
  return { table: customerTableOf(tables, content), text: textOf(content) }
}

function reachesOf(customer: Customer | undefined): readonly ReachContent[] {
  return customer === undefined ? [] : contentOf(customer).reaches
}

export function contentOf({ text }: Customer): CustomerContent {
  return JSON.parse(text) as CustomerContent
}

interface Parts {
  readonly policyText: string
  readonly tables: Tables
  readonly customers: ReadonlyMap<string, Customer>
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

/** One contract as it is from now on; null when it is no more. */
export interface ContractChange {
  readonly id: string
  readonly customer: string
  readonly contract: Contract | null
}

/** The bundle with one contract changed, without compiling any other customer's again. */
export function withContract(
  bundle: Bundle,
  compiler: Compiler,
  { id, customer, contract }: ContractChange,
  sha256: Sha256,
): Bundle {
  const { tables, policyText } = bundle
  const others = reachesOf(bundle.customers.get(customer)).filter((reach) => reach.contract !== id)
  const reaches = contract ? [...others, ...compileContract(compiler, contract)] : others
  const customers = new Map(bundle.customers)
  const index = shardOf(customer, sha256)
  const digests = new Map(at(bundle.shards, index).digests)
  if (contract === null && others.length === 0) {
    customers.delete(customer)
    digests.delete(customer)
  } else {
    const changed = customerOf(tables, customer, reaches)
    customers.set(customer, changed)
    digests.set(customer, sha256(changed.text))
  }
  const shards = bundle.shards.with(index, shardOfDigests(digests, sha256))
  const digest = bundleDigest(policyText, shards, sha256)
  return { ...bundle, digest, customers, shards }
}
