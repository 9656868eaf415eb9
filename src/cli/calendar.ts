import { writeFileSync } from 'node:fs'
import type { Bundle } from '../decision/bundle.ts'
import { type Calendar, calendarOf, type Span } from '../decision/calendar.ts'
import { compile } from '../decision/compile.ts'
import type { World } from '../decision/world.ts'
import { didYouMean } from '../suggest.ts'
import { DAY_MS, INSTANT_MAX, printInstantShort } from '../time.ts'
import { printCalendarFile } from './calendar-ics.ts'
import { calendarText } from './calendar-text.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { isFile, loadBundle, loadDocuments, sha256 } from './load.ts'
import { counted, warn, write, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

/** How far a calendar goes without `--until`, in days. */
const SPAN_DAYS = 366

/** Most entries of one calendar: the soonest. */
const ENTRIES_MAX = 10_000

export const calendar: Command = {
  usage: 'DIR [--from INSTANT] [--until INSTANT] [--customer ID] [--ics [-o FILE]]',
  summary: 'what changes by the clock and when, and who is affected',
  help: `Prints what happens by the clock, the soonest first: terms, states, attestations, authorities and
their review dates, duties and their grace, enrolments, stops, snapshots that cease to serve. Each entry
says which tailorings come into force or cease to be on which deployments, or why it changes nothing.
DIR may be a bundle file, which knows when conditions change, and not what is owed.

--from INSTANT is now when left out, --until INSTANT ${SPAN_DAYS} days later; what happens at --until is left
out. --customer ID leaves out what concerns others alone. --ics prints an iCalendar file, or writes it to FILE.

Exit 0: printed. 1: DIR has errors. 2: wrong usage.`,
  options: {
    from: { type: 'string' },
    until: { type: 'string' },
    customer: { type: 'string' },
    ics: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const output = outputOf(args)
    const span = spanOf(args)
    const { bundle, world } = load(args.first)
    checkCustomer(span, { bundle, world })
    const calendar = calendarOf(bundle, world, span)
    if (args.json) await writeJson(calendarJson(calendar, span, bundle))
    if (args.flag('ics')) await writeFile(calendar, span, { bundle, output })
    else if (!args.json) await writeLine(calendarText(calendar, span))
    return EXIT.done
  },
}

/** Where the iCalendar file goes; undefined for standard output. */
function outputOf(args: Arguments): string | undefined {
  const output = args.text('output')
  if (output !== undefined && !args.flag('ics')) {
    throw new UsageError('-o is where an iCalendar file goes; say --ics too')
  }
  if (args.json && args.flag('ics') && output === undefined) {
    throw new UsageError('--ics and --json both print; say where one of them goes: --ics -o FILE')
  }
  return output
}

function spanOf(args: Arguments): Span {
  const from = args.instant('from') ?? Date.now()
  const until = args.instant('until') ?? Math.min(from + SPAN_DAYS * DAY_MS, INSTANT_MAX)
  if (until <= from) {
    const [end, start] = [until, from].map(printInstantShort)
    throw new UsageError(`--until ${end} is not after --from ${start}, which is now when left out`)
  }
  return { from, until, customer: args.text('customer') ?? null, entriesMax: ENTRIES_MAX }
}

interface Loaded {
  readonly bundle: Bundle
  /** Null of a bundle file, which holds no documents. */
  readonly world: World | null
}

function load(path: string): Loaded {
  if (isFile(path)) return { bundle: loadBundle(path), world: null }
  const { world } = loadDocuments(path)
  return { bundle: compile(world, sha256), world }
}

function checkCustomer({ customer }: Span, { bundle, world }: Loaded): void {
  const known = new Set(world?.contracts.map((contract) => contract.customer))
  for (const id of bundle.customers.keys()) known.add(id)
  if (customer === null || known.has(customer)) return
  const meant = didYouMean(customer, known) || '; `proviso calendar DIR` names those with entries'
  throw new UsageError(`--customer ${customer} has no contract here${meant}`)
}

/** As docs/formats.md says. */
function calendarJson({ entries, leftOut }: Calendar, span: Span, { digest }: Bundle): object {
  const printed = entries.map((entry) => ({ ...entry, at: printInstantShort(entry.at) }))
  return {
    from: printInstantShort(span.from),
    until: printInstantShort(span.until),
    customer: span.customer,
    bundle: digest,
    entries: printed,
    leftOut,
  }
}

async function writeFile(
  { entries, leftOut }: Calendar,
  { from }: Span,
  { bundle, output }: { readonly bundle: Bundle; readonly output: string | undefined },
): Promise<void> {
  const text = printCalendarFile({ policy: bundle.tables.content.id, from, entries }, sha256)
  if (output === undefined) await write(text)
  else writeFileSync(output, text)
  if (leftOut > 0) {
    warn(`${counted(leftOut, 'later entry', 'later entries')} left out: see --customer and --until`)
  }
}
