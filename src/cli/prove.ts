import { decide } from '../decision/decide.ts'
import type { Request } from '../decision/request.ts'
import { TooLarge } from '../proof/bdd.ts'
import type { Law } from '../proof/law.ts'
import { LAWS } from '../proof/laws.ts'
import { type Covered, type Proof, type Proofs, prove as proveLaws } from '../proof/prove.ts'
import { lawOfStatement } from '../proof/statement-laws.ts'
import { printInstant } from '../time.ts'
import { type Command, EXIT } from './command.ts'
import { counted, printProblem, styled, warn, writeJson, writeLine } from './output.ts'
import { loadToProve, type Meant, type ToProve } from './prove-subject.ts'
import { UsageError } from './usage-error.ts'
import { writeSmt } from './write-smt.ts'

export const prove: Command = {
  usage: 'DIR [--proofs FILE] [--smt OUT]',
  summary: 'prove the laws of decisions, and the statements of proofs.yaml',
  help: `Decides, for all requests at once, whether each law of docs/semantics.md §11 holds of what DIR
compiles to, and each statement of DIR/proofs.yaml, or of FILE. What does not hold comes with a request
that shows it. DIR may be a bundle file, whose tables are then held against its own content. Warnings of the
documents and statements go to standard error, as \`proviso check\` words them; with --json they are in the answer.

With --smt each law is also written to the directory OUT, negated, as a file of SMT-LIB 2 in the logic
QF_BV: z3 FILE and cvc5 --bitblast=eager FILE say unsat when it holds.

Exit 0: all of it holds. 1: some of it does not, or DIR or FILE has errors. 2: wrong usage,
or a proof that takes more memory than it may.`,
  options: { proofs: { type: 'string' }, smt: { type: 'string' } },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const toProve = loadToProve(args.first, args.text('proofs'))
    const { warnings } = toProve
    // Before the proofs, which may take long or more than they may.
    if (!args.json) for (const warning of warnings) warn(printProblem(warning, process.stderr))
    const out = args.text('smt')
    if (out !== undefined) writeSmt(out, toProve)
    const laws = [...LAWS, ...toProve.statements.map(lawOfStatement)]
    const { proofs, covered } = proofsOf(toProve, laws)
    const printed = proofs.map((proof) => printableOf(proof, toProve))
    const isProved = printed.every(({ holds }) => holds)
    if (args.json) {
      const { digest } = toProve.proved.bundle
      const [own, stated] = [printed.slice(0, LAWS.length), printed.slice(LAWS.length)]
      const verdicts = { laws: own, statements: stated, warnings }
      await writeJson({ holds: isProved, bundle: digest, covered, ...verdicts })
    } else {
      for (const proof of printed) await writeLine(textOf(proof))
      await writeLine(`\n${verdict(isProved, printed.length)}: ${coverage(covered)}`)
    }
    return isProved ? EXIT.done : EXIT.no
  },
}

function proofsOf({ proved }: ToProve, laws: readonly Law[]): Proofs {
  try {
    return proveLaws(proved, laws)
  } catch (error) {
    if (error instanceof TooLarge) throw new UsageError(error.message)
    throw error
  }
}

interface Printable {
  readonly id: string
  readonly says: string
  readonly holds: boolean
  /** Whether it holds of any contract that the catalogue allows; null when that is not known. */
  readonly ofAnyContract: boolean | null
  readonly openEntries: readonly string[]
  readonly counterexample?: {
    readonly message: string
    readonly requests: readonly object[]
  }
}

function printableOf({ law, violation, openEntries }: Proof, toProve: ToProve): Printable {
  const { id, says } = law
  const ofAnyContract = openEntries === undefined ? null : openEntries.length === 0
  const proof = { id, says, holds: !violation, ofAnyContract, openEntries: openEntries ?? [] }
  if (!violation) return proof
  const requests = violation.requests.map((request) => shownBy(toProve, request))
  return { ...proof, counterexample: { message: violation.message, requests } }
}

/** A request of a counterexample, with what is decided and what was meant. */
function shownBy({ proved, meant }: ToProve, request: Request): object {
  const decided = decide(proved.bundle, request)
  return {
    request: { ...request, at: printInstant(request.at) },
    decided: decided.ok ? partOf(decided.value) : { error: decided.error },
    meant: partOf(meant(request)),
  }
}

function partOf({ outcome, contract, tailoring, triggered, obligations }: Meant): object {
  const used = contract === null ? {} : { contract, tailoring }
  return { outcome, triggered, ...used, obligations }
}

function textOf({
  id,
  says,
  holds,
  ofAnyContract,
  openEntries,
  counterexample,
}: Printable): string {
  const mark = holds ? styled('green', 'holds') : styled('red', 'fails')
  const lines = [`${mark}  ${id}: ${says}`]
  if (ofAnyContract === true) lines.push('       and so of any contract that the catalogue allows')
  if (ofAnyContract === false && holds) {
    lines.push(`       of these contracts; others under ${openEntries.join(', ')} could break it`)
  }
  if (counterexample) {
    lines.push(`       ${counterexample.message}`)
    lines.push(...counterexample.requests.map((shown) => `       ${JSON.stringify(shown)}`))
  }
  return lines.join('\n')
}

function verdict(isProved: boolean, count: number): string {
  if (isProved) return styled('green', `all ${count} hold`)
  return styled('red', 'not all of it holds')
}

function coverage({ customers, reaches, cells, restrictions }: Covered): string {
  return [
    counted(customers, 'customer'),
    `${counted(reaches, 'tailoring')} on their deployments`,
    `${counted(cells, 'combination')} of deployment, snapshot and time`,
    counted(restrictions, 'restriction'),
    'every request',
  ].join(', ')
}
