import type { Bundle } from '../decision/bundle.ts'
import { firstDifference } from '../decision/cases.ts'
import { compile } from '../decision/compile.ts'
import { printableOf } from '../decision/decision.ts'
import type { PlacedCase } from '../decision/documents.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { parseRequest } from '../decision/request.ts'
import { type Command, EXIT } from './command.ts'
import { isFile, loadDocuments, sha256 } from './load.ts'
import { counted, styled, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

export const test: Command = {
  usage: 'DIR',
  summary: 'judge the cases of DIR/tests and compare with what they expect',
  help: `Each case of DIR/tests/*.yaml is a request and the part of the decision that it expects: arrays
exactly, objects in the members named; or {error: code}.

Exit 0: all as expected. 1: some are not, or DIR has errors. 2: wrong usage.`,
  options: {},
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    if (isFile(args.first)) throw new UsageError('a bundle holds no cases; name the directory')
    const { world, cases } = loadDocuments(args.first)
    const bundle = compile(world, sha256)
    const results = cases.map((placed) => ({ placed, difference: differenceOf(bundle, placed) }))
    const failed = results.filter(({ difference }) => difference !== undefined)
    if (args.json) {
      const failures = failed.map(({ placed, difference }) => ({
        file: placed.file,
        name: placed.case.name,
        why: placed.case.why ?? null,
        difference,
      }))
      await writeJson({ passed: results.length - failed.length, failed: failed.length, failures })
      return failed.length > 0 ? EXIT.no : EXIT.done
    }
    for (const { placed, difference } of failed) {
      const { name, why } = placed.case
      await writeLine(`${styled('red', 'failed')} ${placed.file}: ${name}\n  ${difference}`)
      if (why !== undefined) await writeLine(`  why: ${why}`)
    }
    const verdict = `${counted(results.length - failed.length, 'case')} passed, ${failed.length} failed`
    await writeLine(styled(failed.length > 0 ? 'red' : 'green', verdict))
    return failed.length > 0 ? EXIT.no : EXIT.done
  },
}

function differenceOf(bundle: Bundle, { case: told }: PlacedCase): string | undefined {
  const request = parseRequest(told.request)
  const decided = request.ok ? decideWithNearest(bundle, request.value) : request
  const found = decided.ok ? printableOf(decided.value) : { error: decided.error.code }
  return firstDifference(told.expect, found)
}
