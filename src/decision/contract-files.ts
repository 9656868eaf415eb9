import type { Contract } from '../contract/contract.ts'
import type { Report } from '../problem.ts'
import { quote } from '../suggest.ts'

/** Most tailorings of one customer (docs/formats.md). */
const CUSTOMER_TAILORINGS_MAX = 256

/** What has to be known of a contract to check another one beside it. */
export interface ContractEntry {
  readonly id: string
  readonly customer: string
  readonly tailorings: number
}

/** The contracts of a directory by file, and what has to be distinct or bounded among them all. */
export class ContractFiles {
  readonly #entries = new Map<string, ContractEntry>()
  readonly #files = new Map<string, string>()
  readonly #tailorings = new Map<string, number>()

  get(file: string): ContractEntry | undefined {
    return this.#entries.get(file)
  }

  /** Reports what is wrong with a contract beside those that are here. */
  check({ id, customer, terms }: Contract, report: Report): void {
    const other = this.#files.get(id)
    if (other !== undefined && id !== '') {
      const message = `${other} has the contract ${quote(id)} already; rename one`
      report.error('duplicate-id', ['id'], message)
    }
    const count = (this.#tailorings.get(customer) ?? 0) + terms.tailorings.length
    if (count <= CUSTOMER_TAILORINGS_MAX) return
    const message = `${quote(customer)} has over ${CUSTOMER_TAILORINGS_MAX} tailorings in all; merge some`
    report.error('too-many-tailorings', ['terms', 'tailorings'], message)
  }

  set(file: string, { id, customer, terms }: Contract): void {
    this.restore(file, { id, customer, tailorings: terms.tailorings.length })
  }

  restore(file: string, entry: ContractEntry): void {
    this.delete(file)
    this.#entries.set(file, entry)
    // The first keeps the id: another one that claims it is refused, and goes again.
    if (!this.#files.has(entry.id)) this.#files.set(entry.id, file)
    this.#count(entry.customer, entry.tailorings)
  }

  delete(file: string): void {
    const entry = this.#entries.get(file)
    if (!entry) return
    this.#entries.delete(file)
    if (this.#files.get(entry.id) === file) this.#files.delete(entry.id)
    this.#count(entry.customer, -entry.tailorings)
  }

  #count(customer: string, more: number): void {
    const count = (this.#tailorings.get(customer) ?? 0) + more
    if (count === 0) this.#tailorings.delete(customer)
    else this.#tailorings.set(customer, count)
  }
}
