import type { FieldChange } from '../contract/contract-changes.ts'
import type { Flip } from '../decision/replayed.ts'
import { decidedText } from './decided-text.ts'
import type { GroupJson } from './diff-json.ts'
import type { DiffReport } from './diff-report.ts'
import type { ContractChange } from './diff-side.ts'
import {
  causeText,
  effectText,
  factsText,
  listed,
  namesText,
  timesText,
  usesText,
} from './diff-words.ts'
import { counted, styled } from './output.ts'
import type { Example, Tally } from './replay-tally.ts'

/** Most groups and contracts of a kind that people are shown on a terminal. */
const SHOWN_MAX = 20

export function diffText(report: DiffReport): string {
  const { restrictions, contracts, lapses, unshared, records } = report
  const changed = restrictions.map(({ id, parts }) => `  ${id}: ${parts.join(', ')}`)
  const lapsed = (lapses ?? []).map(({ contract, tailoring, field, id, why }) => {
    return `  ${contract}/${tailoring} ${field} ${id}: ${why}`
  })
  const unknown = (['before', 'after'] as const).flatMap((side) => {
    const names = unshared[side]
    return names.length === 0 ? [] : [`  only ${side}: ${listed(names)}`]
  })
  return [
    ...flipText(report, 'widened'),
    '',
    ...flipText(report, 'narrowed'),
    ...section('Restrictions changed', changed),
    ...section('Contracts', (contracts ?? []).map(contractText)),
    ...section('Lapsing under the later policy', lapsed),
    ...section('Not compared: what asks by a name that only one of the two knows', unknown),
    ...(records ? recordsText(records) : []),
  ].join('\n')
}

function section(title: string, rows: readonly string[]): readonly string[] {
  return rows.length === 0 ? [] : ['', styled('bold', title), ...shown(rows)]
}

function shown(rows: readonly string[]): readonly string[] {
  const more = rows.length - SHOWN_MAX
  return more > 0 ? [...rows.slice(0, SHOWN_MAX), `  and ${more.toLocaleString('en')} more`] : rows
}

const TITLES = {
  widened: { title: 'Widened', none: 'nobody gains anything', verb: 'newly allows' },
  narrowed: { title: 'Narrowed', none: 'nobody loses anything', verb: 'no longer allows' },
} as const

function flipText(report: DiffReport, flip: Flip): readonly string[] {
  const { groups, boxes } = report[flip]
  const { title, none, verb } = TITLES[flip]
  if (groups.length === 0) return [styled('bold', title), `  ${none}`]
  const count = boxes ? counted(boxes.length, 'box', 'boxes') : 'more boxes than are listed'
  const exact = `  exactly: ${count}, which --json prints`
  return [styled('bold', title), ...shown(groups.map((group) => groupText(group, verb))), exact]
}

function groupText(group: GroupJson, verb: string): string {
  const { customers, deployments, models, times, facts, restrictions, witness } = group
  const by = styled('bold', causeText(group))
  const who = namesText(customers, 'everybody')
  const on = namesText(deployments, 'any deployment')
  const limits = factsText(facts)
  return [
    `  ${by} ${verb} ${who}: ${usesText(group)}`,
    `    on ${on}, of ${namesText(models, 'any snapshot')}, ${timesText(times)}`,
    ...(limits === '' ? [] : [`    ${limits}`]),
    ...(restrictions.length === 0 ? [] : [`    otherwise denied by ${listed(restrictions)}`]),
    `    for example ${JSON.stringify(witness.request)}`,
    `      before: ${decidedText(witness.before)}`,
    `      after: ${decidedText(witness.after)}`,
  ].join('\n')
}

function contractText({ contract, customer, change, fields }: ContractChange): string {
  if (change !== 'changed') return `  ${contract} of ${customer}: ${change}`
  return [`  ${contract} of ${customer}`, ...shown(fields.map(fieldText))].join('\n')
}

function fieldText(change: FieldChange): string {
  const { field, effect, before, after } = change
  const named = effectText(change)
  if (effect === 'recorded') return `    ${field}: ${named}`
  return `    ${field}: ${named}, from ${JSON.stringify(before)} to ${JSON.stringify(after)}`
}

function recordsText({ judged, flips, examples, inError }: Tally): readonly string[] {
  const lines = inError.first.map(
    ({ line, code, message }) => `  line ${line}: ${code}: ${message}`,
  )
  return [
    ...section(`${counted(judged, 'recorded request')} judged on both`, [
      `  ${flips.widened.toLocaleString('en')} widened, ${flips.narrowed.toLocaleString('en')} narrowed`,
      ...[...examples.widened, ...examples.narrowed].map(exampleText),
    ]),
    ...section(`${counted(inError.count, 'line')} in error; the first of them`, lines),
  ]
}

function exampleText({
  line,
  request,
  customer,
  deployment,
  uses,
  recorded,
  now,
}: Example): string {
  const id = request === null ? '' : `, request ${request}`
  return [
    `  line ${line}${id}: ${customer}/${deployment}, ${listed(uses)}`,
    `    before: ${decidedText(recorded)}`,
    `    after: ${decidedText(now)}`,
  ].join('\n')
}
