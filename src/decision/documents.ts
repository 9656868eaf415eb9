import { stringify } from 'yaml'
import * as z from 'zod'
import { checkContract } from '../contract/check-contract.ts'
import { type Contract, contract } from '../contract/contract.ts'
import { type LocatedProblem, readSource, type Source, type SourceFile } from '../document.ts'
import { checkPolicy, namesOf } from '../policy/check-policy.ts'
import { checkExceptions, type Exceptions, exceptions } from '../policy/exceptions.ts'
import { checkModels, type Models, models } from '../policy/models.ts'
import { providerOf } from '../policy/provider.ts'
import { type UsagePolicy, usagePolicy } from '../policy/usage-policy.ts'
import { newReport } from '../problem.ts'
import { readShape } from '../shape.ts'
import { type Case, cases } from './cases.ts'
import { ContractFiles } from './contract-files.ts'
import { checkProofs, type ProofStatement, type Proofs, proofs } from './proofs.ts'
import type { World } from './world.ts'

/** The shape of each kind of document. */
export const SHAPES = {
  policy: usagePolicy,
  exceptions,
  models,
  contract,
  tests: cases,
  proofs,
} as const

export type DocumentKind = keyof typeof SHAPES

/** A case and the file it is told in. */
export interface PlacedCase {
  readonly file: string
  readonly case: Case
}

/** A contract and the file it stands in. */
export interface PlacedContract {
  readonly file: string
  readonly contract: Contract
}

/** A policy directory, read whole (semantics §9.3). */
export interface Documents {
  /** Every error and warning of every file, in order of file and place. */
  readonly problems: readonly LocatedProblem[]
  /** Undefined when there is any error. */
  readonly world: World | undefined
  readonly contracts: readonly PlacedContract[]
  readonly cases: readonly PlacedCase[]
  /** What is to be proved of them: `proofs.yaml`. */
  readonly statements: readonly ProofStatement[]
}

/** A document as far as it could be read, and what is wrong with it. */
interface Read<T> {
  readonly source: Source
  readonly value: T
  readonly report: ReturnType<typeof newReport>
}

/** What kind of document a file of a policy directory is, by its name. */
export function kindOfFile(name: string): DocumentKind | undefined {
  const [, top, folder] =
    /^(?:(policy|exceptions|models|proofs)|(contracts|tests)\/[^/]+)\.(?:ya?ml|json)$/.exec(name) ??
    []
  if (folder === 'contracts') return 'contract'
  return (top ?? folder) as DocumentKind | undefined
}

/** Checks the files of a policy directory together, and reports all that is wrong at once. */
export function parseDocuments(files: readonly SourceFile[]): Documents {
  const found = files.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const reads: Read<unknown>[] = []
  const readAll = <K extends DocumentKind>(kind: K): Read<z.output<(typeof SHAPES)[K]>>[] => {
    const ofKind = found
      .filter(({ name }) => kindOfFile(name) === kind)
      .map((file) => readDocument(kind, file))
    reads.push(...ofKind)
    return ofKind
  }
  const [policy, ...policies] = readAll('policy')
  const [exceptionsRead, ...otherExceptions] = readAll('exceptions')
  const [modelsRead, ...otherModels] = readAll('models')
  const contracts = readAll('contract')
  const tests = readAll('tests')
  const [proofsRead, ...otherProofs] = readAll('proofs')
  const others = [...policies, ...otherExceptions, ...otherModels, ...otherProofs]
  for (const { report } of others) {
    report.error('duplicate-file', [], 'a directory has one such file; merge the two')
  }
  checkContractsTogether(contracts)
  if (policy && exceptionsRead && modelsRead) {
    checkTogether({ policy, exceptions: exceptionsRead, models: modelsRead, contracts })
    if (proofsRead) checkStatements(policy, contracts, proofsRead)
  }
  const problems = [
    ...missingFiles({ policy, exceptions: exceptionsRead, models: modelsRead }),
    ...reads.flatMap(problemsOf),
  ].sort(inOrder)
  const isSound = problems.every(({ severity }) => severity !== 'error')
  return {
    problems,
    world:
      isSound && policy && exceptionsRead && modelsRead
        ? {
            policy: policy.value,
            exceptions: exceptionsRead.value,
            models: modelsRead.value,
            contracts: contracts.map(({ value }) => value),
          }
        : undefined,
    contracts: contracts.map(({ source, value }) => ({ file: source.file.name, contract: value })),
    cases: tests.flatMap(({ source, value }) =>
      value.cases.map((told) => ({ file: source.file.name, case: told })),
    ),
    statements: proofsRead?.value.statements ?? [],
  }
}

/** Reads one document by its shape; what it says of others is not looked at. */
export function readDocument<K extends DocumentKind>(
  kind: K,
  file: SourceFile,
): Read<z.output<(typeof SHAPES)[K]>> {
  const source = readSource(file, kind === 'tests' ? 'foreign' : 'own')
  const report = newReport()
  // What could not be read at all has been reported; an empty shape lets the other files be checked.
  const silent = source.raw === undefined ? newReport() : report
  const value = readShape(SHAPES[kind], source.raw, silent) as z.output<(typeof SHAPES)[K]>
  return { source, value, report }
}

/** What is wrong with a document, in order of place. */
export function problemsOf({ source, report }: Read<unknown>): readonly LocatedProblem[] {
  const located = report.problems.map((problem) => source.locate(problem))
  return [...source.problems, ...located].sort(inOrder)
}

function inOrder(a: LocatedProblem, b: LocatedProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}

function missingFiles(kinds: Record<string, unknown>): LocatedProblem[] {
  const missing = Object.keys(kinds).filter((kind) => kinds[kind] === undefined)
  return missing.map((kind) => ({
    severity: 'error',
    code: 'missing-file',
    file: `${kind}.yaml`,
    line: 1,
    column: 1,
    message: `there is no ${kind}.yaml; write one, or begin with \`proviso init\``,
    frame: '',
  }))
}

interface Together {
  readonly policy: Read<UsagePolicy>
  readonly exceptions: Read<Exceptions>
  readonly models: Read<Models>
  readonly contracts: readonly Read<Contract>[]
}

function checkTogether({ policy, exceptions, models, contracts }: Together): void {
  checkModels(models.value, models.report)
  // Against a policy or a catalogue that cannot be read, every name in the others would be unknown.
  if (policy.source.raw === undefined) return
  checkPolicy(policy.value, policy.report)
  const names = namesOf(policy.value)
  checkExceptions({ policy: policy.value, names }, exceptions.value, exceptions.report)
  if (exceptions.source.raw === undefined) return
  const provider = providerOf({
    policy: policy.value,
    exceptions: exceptions.value,
    models: models.value,
  })
  for (const { source, value, report } of contracts) {
    if (source.raw !== undefined) checkContract(provider, names, value, report)
  }
}

function checkStatements(
  policy: Read<UsagePolicy>,
  contracts: readonly Read<Contract>[],
  { source, value, report }: Read<Proofs>,
): void {
  // As for a contract: beside a policy that cannot be read, every name would be unknown.
  if (source.raw === undefined || policy.source.raw === undefined) return
  const customers = contracts.map((contract) => contract.value.customer)
  checkProofs({ names: namesOf(policy.value), customers }, value, report)
}

function checkContractsTogether(contracts: readonly Read<Contract>[]): void {
  const register = new ContractFiles()
  for (const { source, value, report } of contracts) {
    register.check(value, report)
    register.set(source.file.name, value)
  }
}

/** A document's canonical text: the same value gives the same text, which parses to the same value. */
export function printDocument<K extends DocumentKind>(
  kind: K,
  value: z.output<(typeof SHAPES)[K]>,
): string {
  const raw = z.encode(SHAPES[kind] as z.ZodType, value)
  return stringify(raw, { lineWidth: 100, aliasDuplicateObjects: false })
}

/** JSON Schema of a kind of document, for editors. */
export function schemaOf(kind: DocumentKind): Record<string, unknown> {
  const schema = z.toJSONSchema(SHAPES[kind], { io: 'input', unrepresentable: 'any' })
  return { ...schema, title: `Proviso ${kind}` }
}
