import { basename, dirname } from 'node:path'
import type { Bundle } from '../decision/bundle.ts'
import { printBundle, readBundle } from '../decision/bundle-file.ts'
import { compile } from '../decision/compile.ts'
import { decide } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import { decideByDefinition } from '../decision/definition.ts'
import { kindOfFile, problemsOf, readDocument } from '../decision/documents.ts'
import { checkProofs, type ProofStatement, type ProvableNames } from '../decision/proofs.ts'
import type { Request } from '../decision/request.ts'
import type { LocatedProblem } from '../document.ts'
import { rulesOfContent, rulesOfTables } from '../proof/bundle-rules.ts'
import { catalogueOf, rulesOfDocuments } from '../proof/documents-rules.ts'
import type { Proved } from '../proof/law.ts'
import type { Rules } from '../proof/rules.ts'
import { Subject } from '../proof/subject.ts'
import { known } from '../reference.ts'
import { readSourceFile } from './directory.ts'
import { isFile, loadBundle, loadDocuments, RefusedDirectory, sha256 } from './load.ts'

/** What `proviso prove` speaks of. */
export interface ToProve {
  readonly proved: Proved
  readonly statements: readonly ProofStatement[]
  /** What `check` says of documents and statements that are proved all the same. */
  readonly warnings: readonly LocatedProblem[]
  /** The parts of a decision that the documents, or the bundle's content, give by themselves. */
  readonly meant: (request: Request) => Meant
}

export type Meant = Pick<
  Decision,
  'outcome' | 'contract' | 'tailoring' | 'triggered' | 'obligations'
>

/** Loads a directory with its statements, or a bundle file; throws when either is refused. */
export function loadToProve(path: string, proofsFile: string | undefined): ToProve {
  const { customers, ...loaded } = isFile(path) ? ofBundle(path) : ofDirectory(path)
  if (proofsFile === undefined) return loaded
  const names = namesIn(loaded.proved.subject.meant.rules)
  const { statements, warnings } = readStatements(proofsFile, { names, customers })
  // The directory's own statements are not looked at then, and neither is what is said of them.
  const others = loaded.warnings.filter(({ file }) => kindOfFile(file) !== 'proofs')
  return { ...loaded, statements, warnings: [...others, ...warnings] }
}

/** With the customers who have a contract; of a bundle, those whose contracts reach anything. */
type Loaded = ToProve & { readonly customers: Iterable<string> }

function ofDirectory(dir: string): Loaded {
  const { world, statements, problems } = loadDocuments(dir)
  const bundle = compile(world, sha256)
  const reversed = compile({ ...world, contracts: world.contracts.toReversed() }, sha256)
  return {
    proved: {
      subject: new Subject(rulesOfTables(bundle), rulesOfDocuments(world)),
      bundle,
      recompiled: [reversed.digest],
      sha256,
      catalogue: catalogueOf(world),
    },
    statements,
    warnings: problems,
    customers: world.contracts.map(({ customer }) => customer),
    meant: (request) => decideByDefinition(world, request),
  }
}

function ofBundle(path: string): Loaded {
  const bundle: Bundle = { ...loadBundle(path), validUntil: null }
  const text = [...printBundle(bundle, sha256)].join('')
  const again = readBundle(text, sha256)
  if (!again.ok) throw new Error(`a bundle that was read is not read again: ${again.error.message}`)
  return {
    proved: {
      subject: new Subject(rulesOfTables(bundle), rulesOfContent(bundle)),
      bundle,
      recompiled: [again.value.digest],
      sha256,
      catalogue: null,
    },
    statements: [],
    warnings: [],
    customers: bundle.customers.keys(),
    meant: (request): Meant => {
      const decided = decide(again.value, request)
      if (decided.ok) return decided.value
      throw new Error(`a witness is no request: ${decided.error.message}`)
    },
  }
}

function readStatements(
  path: string,
  of: Parameters<typeof checkProofs>[0],
): Pick<ToProve, 'statements' | 'warnings'> {
  const read = readDocument('proofs', readSourceFile(dirname(path), basename(path)))
  if (read.source.raw !== undefined) checkProofs(of, read.value, read.report)
  const problems = problemsOf(read)
  if (problems.some(({ severity }) => severity === 'error'))
    throw new RefusedDirectory(path, problems)
  return { statements: read.value.statements, warnings: problems }
}

function namesIn({ facts, uses, restrictions }: Rules): ProvableNames {
  return {
    facts: known('fact', facts.keys()),
    valuesOf: new Map([...facts].map(([id, values]) => [id, known('value', values)])),
    uses: known('use', uses.keys()),
    restrictions: known(
      'restriction',
      restrictions.map(({ id }) => id),
    ),
  }
}
