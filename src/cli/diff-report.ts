import type { Flip } from '../decision/replayed.ts'
import type { Digest } from '../digest.ts'
import { type Difference, differenceOf, type Versions } from '../proof/difference.ts'
import { boxesOf, type DifferenceBox } from '../proof/difference-boxes.ts'
import { groupsOf } from '../proof/difference-groups.ts'
import { type RestrictionChange, restrictionChanges, unsharedNames } from '../proof/rule-changes.ts'
import { boxJson, type GroupJson, groupJson } from './diff-json.ts'
import { bundlesOf, type DocumentChanges, type Side } from './diff-side.ts'
import { jsonRowsOf } from './replay-report.ts'
import type { Example, Tally } from './replay-tally.ts'

/** All that is told of two sides, for people and as JSON. */
export interface DiffReport extends Readonly<Record<Flip, Judged>>, DocumentChanges {
  readonly sides: Versions<Side>
  readonly difference: Difference
  readonly restrictions: readonly RestrictionChange[]
  /** Names that only one of the two knows; what asks by them is not compared. */
  readonly unshared: Versions<readonly string[]>
  readonly records: Tally | null
}

interface Judged {
  readonly groups: readonly GroupJson[]
  /** Undefined where there are too many. */
  readonly boxes: readonly DifferenceBox[] | undefined
}

export function diffReport(
  sides: Versions<Side>,
  changes: DocumentChanges,
  records: Tally | null,
): DiffReport {
  const bundles = bundlesOf(sides)
  const difference = differenceOf(bundles)
  const judged = (flip: Flip): Judged => ({
    groups: groupsOf(difference, flip).map((group) => groupJson(bundles, group)),
    boxes: boxesOf(difference, flip),
  })
  const { before, after } = difference.judgings
  const rules = { before: before.rules, after: after.rules }
  return {
    sides,
    difference,
    widened: judged('widened'),
    narrowed: judged('narrowed'),
    restrictions: restrictionChanges(rules),
    unshared: unsharedNames(rules),
    ...changes,
    records,
  }
}

/** The report as `--json` prints it (docs/formats.md, Difference). */
export function diffJson(report: DiffReport): object {
  const { sides, restrictions, unshared, contracts, lapses, prose, records } = report
  return {
    before: sideJson(sides.before),
    after: sideJson(sides.after),
    widened: judgedJson(report, 'widened'),
    narrowed: judgedJson(report, 'narrowed'),
    restrictions,
    contracts,
    lapses,
    unshared,
    prose,
    records: records && recordsJson(records),
  }
}

function sideJson({ path, bundle: { digest, tables } }: Side): {
  readonly path: string
  readonly bundle: Digest
  readonly policy: string
} {
  return { path, bundle: digest, policy: `${tables.content.id}@${tables.content.version}` }
}

function judgedJson({ sides, difference, ...report }: DiffReport, flip: Flip): object {
  const { groups, boxes } = report[flip]
  const bundles = bundlesOf(sides)
  return { groups, boxes: boxes?.map((box) => boxJson(bundles, difference, box)) ?? null }
}

function recordsJson({ judged, flips, by, examples, inError }: Tally): object {
  const shown = (all: readonly Example[]): readonly object[] =>
    all.map(({ recorded, now, ...asked }) => ({ ...asked, before: recorded, after: now }))
  return {
    judged,
    flips,
    byCustomer: jsonRowsOf(by.customer, 'customer'),
    examples: { widened: shown(examples.widened), narrowed: shown(examples.narrowed) },
    inError: { count: inError.count, first: inError.first },
  }
}
