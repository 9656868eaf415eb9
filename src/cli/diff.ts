import { writeFileSync } from 'node:fs'
import { TooLarge } from '../proof/bdd.ts'
import { type Command, EXIT } from './command.ts'
import { pageOf } from './diff-page.ts'
import { flipsOfRecords } from './diff-records.ts'
import { type DiffReport, diffJson, diffReport } from './diff-report.ts'
import { bundlesOf, documentChanges, loadSide } from './diff-side.ts'
import { diffText } from './diff-text.ts'
import { write, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

export const diff: Command = {
  usage: 'A B [--report html [-o FILE]] [--records FILE]',
  summary: 'which requests two policy directories or bundles judge differently',
  help: `Finds all requests that just one of A and B allows: the exact set, whatever they ask for, of whom, of
which model and when. Printed are groups, by what allows them, with a request each; with --json also the set
itself, as boxes that do not overlap. Of two directories also what each contract's fields came to, and which
of its lifts a new version of the policy lets lapse. A and B are policy directories or bundle files; their
leases are left out.

With --report html it is one page, without scripts, for whoever has to read it: what changed in prose, what
in effect, who is affected, and with --records which of the requests in FILE flip, {decision, request} a line
as \`proviso log export\` prints them.

Exit 0: nothing is newly allowed. 1: something is, or some line of FILE is no record or could not be decided
by both, or A or B has errors. 2: wrong usage, or what takes more memory than it may.`,
  options: {
    report: { type: 'string' },
    output: { type: 'string', short: 'o' },
    records: { type: 'string' },
  },
  positionals: { least: 2, most: 2 },
  async run(args): Promise<number> {
    const [a = '', b = ''] = args.positionals
    const [kind, records, output] = [args.text('report'), args.text('records'), args.text('output')]
    if (kind !== undefined && kind !== 'html') {
      throw new UsageError(`--report ${kind} is no report; there is html`)
    }
    if (output !== undefined && kind === undefined) {
      throw new UsageError('-o is where a report goes; say which: --report html')
    }
    const sides = { before: loadSide(a), after: loadSide(b) }
    const replayed = records === undefined ? null : await flipsOfRecords(records, bundlesOf(sides))
    const report = reportOf(() => diffReport(sides, documentChanges(sides), replayed))
    if (args.json) await writeJson(diffJson(report))
    if (kind === 'html' && output !== undefined) writeFileSync(output, pageOf(report))
    else if (kind === 'html' && !args.json) await write(pageOf(report))
    else if (!args.json) await writeLine(diffText(report))
    const isRead = (replayed?.inError.count ?? 0) === 0
    return report.widened.groups.length === 0 && isRead ? EXIT.done : EXIT.no
  },
}

function reportOf(make: () => DiffReport): DiffReport {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    throw new UsageError(
      'this takes more memory than a comparison may; compare fewer changes at a time',
    )
  }
}
