import { canonicalJson } from '../canonical-json.ts'
import type { Contract } from '../contract/contract.ts'
import type { Sha256 } from '../digest.ts'
import type { ProviderDocuments } from '../policy/provider.ts'
import {
  type Bundle,
  changeOf,
  customerOf,
  type Lease,
  NO_LEASE,
  reachesOf,
  sealed,
  withChange,
} from './bundle.ts'
import { type Compiler, compileContract, compilePolicy, compilerOf } from './compile-content.ts'
import type { PolicyContent, ReachContent } from './content.ts'
import { type CustomerTable, type Tables, tablesOf } from './tables.ts'

/** Compiles documents that have been checked. Contracts may come as a stream: they are not kept. */
export function compile(
  world: ProviderDocuments & { readonly contracts: Iterable<Contract> },
  sha256: Sha256,
  lease: Lease = NO_LEASE,
): Bundle {
  const compilation = new Compilation(compilerOf(world))
  for (const contract of world.contracts) compilation.add(contract)
  return compilation.sealed(sha256, lease)
}

/** A bundle while contracts are added to it. They are not kept. */
export class Compilation {
  readonly #compiler: Compiler
  readonly #policyText: string
  readonly #tables: Tables
  readonly #customers = new Map<string, CustomerTable>()

  constructor(compiler: Compiler) {
    this.#compiler = compiler
    this.#policyText = canonicalJson(compilePolicy(compiler))
    this.#tables = tablesOf(JSON.parse(this.#policyText) as PolicyContent)
  }

  add(contract: Contract): void {
    const reaches = compileContract(this.#compiler, contract)
    // A contract that reaches nothing leaves no trace: its customer is judged with no contracts.
    if (reaches.length === 0) return
    const others = reachesOf(this.#customers.get(contract.customer))
    const customer = customerOf(this.#tables, contract.customer, [...others, ...reaches])
    this.#customers.set(customer.id, customer)
  }

  sealed(sha256: Sha256, lease: Lease): Bundle {
    const [policyText, tables] = [this.#policyText, this.#tables]
    return sealed({ policyText, tables, customers: this.#customers, lease }, sha256)
  }
}

/** One contract as it is from now on; null when it is no more. */
export interface ContractChange {
  readonly id: string
  readonly customer: string
  readonly contract: Contract | null
}

/** The bundle with some contracts changed: what `compile` would make, without compiling the others again. */
export function withContracts(
  bundle: Bundle,
  compiler: Compiler,
  changes: readonly ContractChange[],
  sha256: Sha256,
): Bundle {
  const changed = new Map<string, readonly ReachContent[]>()
  for (const { id, customer, contract } of changes) {
    const before = changed.get(customer) ?? reachesOf(bundle.customers.get(customer))
    const others = before.filter((reach) => reach.contract !== id)
    const reaches = contract ? compileContract(compiler, contract) : []
    changed.set(customer, [...others, ...reaches])
  }
  return withChange(bundle, changeOf(bundle, changed, sha256))
}
