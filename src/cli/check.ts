import { reachesOf } from '../decision/bundle.ts'
import type { BundleError } from '../decision/bundle-file.ts'
import type { LocatedProblem } from '../document.ts'
import { isLeaf, usesOf } from '../policy/use-tree.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { readDirectory } from './directory.ts'
import { isFile, readBundleFile } from './load.ts'
import { counted, printProblem, styled, writeJson, writeLine } from './output.ts'

export const check: Command = {
  usage: 'DIR',
  summary: 'report every error of a policy directory, then a summary',
  help: `Checks all documents of DIR together: policy.yaml, exceptions.yaml, models.yaml, contracts/,
tests/ and proofs.yaml. Every error and warning is reported at once, with file, line and column. DIR may also be a
bundle file, whose digest and structure are then checked.

Exit 0: no error (there may be warnings). 1: errors. 2: DIR cannot be read.`,
  options: {},
  positionals: { least: 1, most: 1 },
  run: (args) => (isFile(args.first) ? checkBundle(args) : checkDirectory(args)),
}

async function checkDirectory(args: Arguments): Promise<number> {
  const { problems, world, cases } = readDirectory(args.first)
  const errors = countOf(problems, 'error')
  const warnings = countOf(problems, 'warning')
  const summary = world && {
    policy: `${world.policy.id}@${world.policy.version}`,
    uses: usesOf(world.policy).filter(isLeaf).length,
    facts: Object.keys(world.policy.facts).length,
    restrictions: world.policy.restrictions.length,
    models: world.models.models.length,
    contracts: world.contracts.length,
    cases: cases.length,
  }
  if (args.json) await writeJson({ errors, warnings, problems, summary: summary ?? null })
  else {
    for (const problem of problems) await writeLine(printProblem(problem))
    if (summary) await writeLine(summaryLine(summary))
    const verdict = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
    await writeLine(styled(errors > 0 ? 'red' : 'green', verdict))
  }
  return errors > 0 ? EXIT.no : EXIT.done
}

function countOf(
  problems: readonly LocatedProblem[],
  severity: LocatedProblem['severity'],
): number {
  return problems.filter((problem) => problem.severity === severity).length
}

function summaryLine({ policy, ...counts }: Readonly<Record<string, string | number>>): string {
  const parts = Object.entries(counts).map(([nouns, count]) =>
    counted(Number(count), nouns.slice(0, -1)),
  )
  return `${policy}: ${parts.join(', ')}`
}

async function checkBundle(args: Arguments): Promise<number> {
  const loaded = readBundleFile(args.first)
  if (!loaded.ok) return refuseBundle(args, loaded.error)
  const { bundle } = loaded.value
  const contracts = [...bundle.customers.values()].flatMap((customer) =>
    reachesOf(customer).map(({ contract }) => contract),
  )
  const { content } = bundle.tables
  const summary = {
    policy: `${content.id}@${content.version}`,
    uses: content.leaves.length,
    facts: content.facts.length,
    restrictions: content.restrictions.length,
    customers: bundle.customers.size,
    contracts: new Set(contracts).size,
  }
  if (args.json)
    await writeJson({ errors: 0, warnings: 0, problems: [], summary, digest: bundle.digest })
  else await writeLine(`${summaryLine(summary)}\n${bundle.digest}`)
  return EXIT.done
}

async function refuseBundle(args: Arguments, { code, message }: BundleError): Promise<number> {
  const severity = 'error'
  const problem = { severity, code, file: args.first, line: 1, column: 1, message } as const
  if (args.json) {
    await writeJson({
      errors: 1,
      warnings: 0,
      problems: [{ ...problem, frame: '' }],
      summary: null,
    })
  } else await writeLine(`${args.first}: ${styled('red', `error ${code}`)}: ${message}`)
  return EXIT.no
}
