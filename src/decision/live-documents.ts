import { checkContract } from '../contract/check-contract.ts'
import type { Contract } from '../contract/contract.ts'
import type { Sha256 } from '../digest.ts'
import type { LocatedProblem } from '../document.ts'
import { namesOf, type PolicyNames } from '../policy/check-policy.ts'
import type { ProviderDocuments } from '../policy/provider.ts'
import type { Bundle } from './bundle.ts'
import { type ContractChange, withContracts } from './compile.ts'
import { type Compiler, compilerOf } from './compile-content.ts'
import { type ContractEntry, ContractFiles } from './contract-files.ts'
import { kindOfFile, problemsOf, readDocument } from './documents.ts'

/** A file of a policy directory as it is now; null when it is no more. */
export interface FileChange {
  readonly name: string
  readonly text: string | null
}

/** A directory that has been checked whole. */
export interface CheckedDirectory {
  readonly bundle: Bundle
  readonly provider: ProviderDocuments
  /** By file name. */
  readonly contracts: Iterable<readonly [file: string, entry: ContractEntry]>
}

/** What of a set of changes came of checking it. */
export interface Changed {
  readonly problems: readonly LocatedProblem[]
  /** The bundle from now on; undefined when there is an error, and then nothing has changed. */
  readonly bundle: Bundle | undefined
}

/** Whether a file can change without the directory being compiled anew. */
export function canChangeAlone(name: string): boolean {
  const kind = kindOfFile(name)
  return kind === 'contract' || kind === 'tests'
}

/** A checked directory that goes on changing, one set of contracts and test cases at a time. */
export class LiveDocuments {
  #bundle: Bundle
  readonly #compiler: Compiler
  readonly #names: PolicyNames
  readonly #contracts = new ContractFiles()

  constructor({ bundle, provider, contracts }: CheckedDirectory) {
    this.#bundle = bundle
    this.#compiler = compilerOf(provider)
    this.#names = namesOf(provider.policy)
    for (const [file, entry] of contracts) this.#contracts.restore(file, entry)
  }

  /** Checks a set of changes whole, as `parseDocuments` would; takes all of it or nothing. */
  change(files: readonly FileChange[], sha256: Sha256): Changed {
    const before = files.map(({ name }) => [name, this.#contracts.get(name)] as const)
    for (const [name] of before) this.#contracts.delete(name)
    const changes: ContractChange[] = before.flatMap(([, entry]) =>
      entry ? { id: entry.id, customer: entry.customer, contract: null } : [],
    )
    const problems: LocatedProblem[] = []
    for (const { name, text } of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (text === null) continue
      const contract = this.#read(name, text, problems)
      if (contract) changes.push({ id: contract.id, customer: contract.customer, contract })
    }
    if (problems.every(({ severity }) => severity !== 'error')) {
      this.#bundle = withContracts(this.#bundle, this.#compiler, changes, sha256)
      return { problems, bundle: this.#bundle }
    }
    for (const { name } of files) this.#contracts.delete(name)
    for (const [name, entry] of before) if (entry) this.#contracts.restore(name, entry)
    return { problems, bundle: undefined }
  }

  #read(name: string, text: string, problems: LocatedProblem[]): Contract | undefined {
    if (kindOfFile(name) !== 'contract') {
      problems.push(...problemsOf(readDocument('tests', { name, text })))
      return undefined
    }
    const read = readDocument('contract', { name, text })
    const { source, value, report } = read
    this.#contracts.check(value, report)
    this.#contracts.set(name, value)
    if (source.raw !== undefined) {
      checkContract(this.#compiler.provider, this.#names, value, report)
    }
    problems.push(...problemsOf(read))
    return value
  }
}
