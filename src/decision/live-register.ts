import { checkContract } from '../contract/check-contract.ts'
import type { Contract } from '../contract/contract.ts'
import type { Sha256 } from '../digest.ts'
import type { LocatedProblem } from '../document.ts'
import { namesOf, type PolicyNames } from '../policy/check-policy.ts'
import type { Models } from '../policy/models.ts'
import type { ProviderDocuments } from '../policy/provider.ts'
import { newReport, type Problem } from '../problem.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Bundle } from './bundle.ts'
import { type ContractChange, compile, withContracts } from './compile.ts'
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
 * The bundle of a register, which goes on changing. A contract that no longer compiles is left out and the others stand:
 * narrowing never waits for another document's mending (semantics §9.3).
 */
export class LiveRegister {
  #bundle: Bundle
  readonly #compiler: Compiler
  readonly #names: PolicyNames
  readonly #sha256: Sha256
  readonly #leftOut = new Map<string, LeftOut>()

  constructor(documents: ProviderDocuments, contracts: Iterable<Contract>, sha256: Sha256) {
    this.#compiler = compilerOf(documents)
    this.#names = namesOf(documents.policy)
    this.#sha256 = sha256
    this.#bundle = compile({ ...documents, contracts: this.#sound(contracts) }, sha256)
  }

  /** Without a lease, which is its holder's to give. */
  get bundle(): Bundle {
    return this.#bundle
  }

  /** What documents are in force. */
  get provider(): Compiler['provider'] {
    return this.#compiler.provider
  }

  /** In order of id. */
  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  change(changes: readonly ContractChange[]): void {
    const sound = changes.map((change): ContractChange => {
      const { contract } = change
      if (contract === null) this.#leftOut.delete(change.id)
      return contract === null || this.#isSound(contract) ? change : { ...change, contract: null }
    })
    this.#bundle = withContracts(this.#bundle, this.#compiler, sound, this.#sha256)
  }

  *#sound(contracts: Iterable<Contract>): Generator<Contract> {
    for (const contract of contracts) if (this.#isSound(contract)) yield contract
  }

  #isSound(contract: Contract): boolean {
    const report = newReport()
    checkContract(this.#compiler.provider, this.#names, contract, report)
    const problems = report.problems.filter(({ severity }) => severity === 'error')
    if (problems.length > 0) this.#leftOut.set(contract.id, { id: contract.id, problems })
    else this.#leftOut.delete(contract.id)
    return problems.length === 0
  }
}
