import { checkContract } from '../contract/check-contract.ts'
import type { Contract } from '../contract/contract.ts'
import type { Sha256 } from '../digest.ts'
import type { LocatedProblem } from '../document.ts'
import { namesOf, type PolicyNames } from '../policy/check-policy.ts'
import type { Models } from '../policy/models.ts'
import type { ProviderDocuments } from '../policy/provider.ts'
import { newReport, type Problem } from '../problem.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Bundle, NO_LEASE } from './bundle.ts'
import { Compilation, type ContractChange, withContracts } from './compile.ts'
import { type Compiler, compilerOf } from './compile-content.ts'
import { parseDocuments, printDocument } from './documents.ts'

/** The provider's documents of a register: texts as their author wrote them, and the models. */
export interface RegisterTexts {
  readonly policy: string
  readonly exceptions: string
  readonly models: Models['models']
}

/** Reads a register's documents as a policy directory's are read; all that is wrong with them otherwise. */
export function readTexts({
  policy,
  exceptions,
  models,
}: RegisterTexts): Result<ProviderDocuments, readonly LocatedProblem[]> {
  const registry = printDocument('models', { format: 'proviso/models@1', models: [...models] })
  const { world, problems } = parseDocuments([
    { name: 'policy.yaml', text: policy },
    { name: 'exceptions.yaml', text: exceptions },
    { name: 'models.yaml', text: registry },
  ])
  if (world === undefined) return fail(problems.filter(({ severity }) => severity === 'error'))
  return ok({ policy: world.policy, exceptions: world.exceptions, models: world.models })
}

/** What stands for documents while a register has published none. Nothing is asked of it. */
export const NOTHING = readTexts({
  policy: `format: proviso/policy@1
id: none
version: none
title: No policy is published
effective: 1970-01-01T00:00:00Z
facts: {}
uses: { none: { title: Nothing, unrestricted: true } }
restrictions: []
`,
  exceptions: `format: proviso/exceptions@1
policy: none
eligible: []
safety: { scheme: none, levels: [], bases: [] }
floor: []
catalogue: []
term: { max: P1D }
dialogue: { every: P1D }
`,
  models: [],
})

/** A contract that does not fit the documents in force, and why. */
export interface LeftOut {
  readonly id: string
  readonly problems: readonly Problem[]
}

/**
 * The bundle of a register and what made it. A contract that no longer compiles is left out and the others stand:
 * narrowing never waits for another document's mending (semantics §9.3).
 */
export class LiveRegister {
  /** Without a lease, which is its holder's to give. */
  readonly bundle: Bundle
  readonly #documents: CheckedDocuments
  readonly #leftOut: ReadonlyMap<string, LeftOut>

  /** The bundle of documents and of all contracts, which come some at a time. */
  static async of(
    provider: ProviderDocuments,
    contracts: AsyncIterable<readonly Contract[]>,
    sha256: Sha256,
  ): Promise<LiveRegister> {
    const documents = { compiler: compilerOf(provider), names: namesOf(provider.policy), sha256 }
    const compilation = new Compilation(documents.compiler)
    const leftOut = new Map<string, LeftOut>()
    for await (const some of contracts) {
      for (const contract of some) {
        const problems = problemsOf(documents, contract)
        if (problems.length === 0) compilation.add(contract)
        else leftOut.set(contract.id, { id: contract.id, problems })
      }
    }
    return new LiveRegister(documents, compilation.sealed(sha256, NO_LEASE), leftOut)
  }

  private constructor(
    documents: CheckedDocuments,
    bundle: Bundle,
    leftOut: ReadonlyMap<string, LeftOut>,
  ) {
    this.#documents = documents
    this.bundle = bundle
    this.#leftOut = leftOut
  }

  /** In order of id. */
  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** With some contracts changed. */
  changed(changes: readonly ContractChange[]): LiveRegister {
    if (changes.length === 0) return this
    const { compiler, sha256 } = this.#documents
    const leftOut = new Map(this.#leftOut)
    const sound = changes.map((change): ContractChange => {
      const { id, contract } = change
      const problems = contract === null ? [] : problemsOf(this.#documents, contract)
      if (problems.length === 0) leftOut.delete(id)
      else leftOut.set(id, { id, problems })
      return problems.length === 0 ? change : { ...change, contract: null }
    })
    const bundle = withContracts(this.bundle, compiler, sound, sha256)
    return new LiveRegister(this.#documents, bundle, leftOut)
  }
}

function problemsOf({ compiler, names }: CheckedDocuments, contract: Contract): readonly Problem[] {
  const report = newReport()
  checkContract(compiler.provider, names, contract, report)
  return report.problems.filter(({ severity }) => severity === 'error')
}

/** What contracts are checked against and compiled with. */
interface CheckedDocuments {
  readonly compiler: Compiler
  readonly names: PolicyNames
  readonly sha256: Sha256
}
