import type { Digest } from '../digest.ts'
import { quote } from '../suggest.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { decidedText } from './decided-text.ts'
import { counted, styled } from './output.ts'
import {
  type Example,
  type Flips,
  FURTHER,
  type Tally,
  type UnjudgedLines,
} from './replay-tally.ts'

// What a replay came to, as JSON (docs/formats.md, Replay) and for people.

/** Most customers, restrictions or codes of a list: in JSON, and for people. */
const ROWS_MAX = { json: 1_000, text: 10 } as const

/** Most uses of a request that are shown to people. */
const USES_SHOWN_MAX = 3

export interface Replayed {
  readonly tally: Tally
  readonly against: string
  readonly bundle: Digest
  readonly asOf: Instant | null
}

export function jsonOf({ tally, bundle, asOf }: Replayed): object {
  const { judged, identical, differently, ownBundle, flips, by, examples } = tally
  return {
    bundle,
    asOf: asOf === null ? null : printInstantShort(asOf),
    judged,
    identical,
    differently,
    flips,
    ownBundle,
    byCustomer: jsonRowsOf(by.customer, 'customer'),
    byRestriction: jsonRowsOf(by.restriction, 'restriction'),
    byReason: jsonRowsOf(by.reason, 'reason'),
    examples,
    unknown: jsonOfUnjudged(tally.unknown),
    inError: jsonOfUnjudged(tally.inError),
  }
}

interface Rows {
  readonly shown: readonly (readonly [name: string, flips: Flips])[]
  /** Those that are not shown: how many of them there are at least, and their flips. */
  readonly others: Flips & { readonly count: number }
}

/** Most flips first. */
function rowsOf(map: ReadonlyMap<string, Flips>, most: number): Rows {
  const named = [...map].filter(([name]) => name !== FURTHER)
  named.sort(([a, x], [b, y]) => totalOf(y) - totalOf(x) || (a < b ? -1 : 1))
  const others = { count: Math.max(0, named.length - most), widened: 0, narrowed: 0 }
  const further = map.get(FURTHER)
  if (further) others.count++
  for (const flips of [
    ...named.slice(most).map(([, rest]) => rest),
    ...(further ? [further] : []),
  ]) {
    others.widened += flips.widened
    others.narrowed += flips.narrowed
  }
  return { shown: named.slice(0, most), others }
}

function totalOf({ widened, narrowed }: Flips): number {
  return widened + narrowed
}

export function jsonRowsOf(map: ReadonlyMap<string, Flips>, noun: string): object {
  const { shown, others } = rowsOf(map, ROWS_MAX.json)
  return { rows: shown.map(([name, flips]) => ({ [noun]: name, ...flips })), others }
}

function jsonOfUnjudged({ count, kinds, first }: UnjudgedLines): object {
  const rows = [...kinds].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const shown = rows.slice(0, ROWS_MAX.json).map(([kind, times]) => {
    const [code = '', field = ''] = kind.split(' ', 2)
    return { code, field, count: times }
  })
  return { count, kinds: shown, first }
}

export function textOf({ tally, against, bundle, asOf }: Replayed): string {
  const { judged, identical, differently, ownBundle, flips, by, unknown, inError } = tally
  const when = asOf === null ? 'each at its own instant' : `all as of ${printInstantShort(asOf)}`
  const other = ownBundle === judged ? '' : `; ${numbered(ownBundle)} were decided by this bundle`
  const lines = [
    `${styled('bold', numbered(judged))} recorded requests judged on ${against}, ${bundle}, ${when}${other}`,
    '',
    `  ${numbered(identical)} decided identically`,
    `  ${numbered(differently)} allowed or not as before, and otherwise in something else`,
    `  ${numbered(flips.widened)} widened: allowed now, not before`,
    `  ${numbered(flips.narrowed)} narrowed: allowed before, not now`,
    ...tableOf('customer', by.customer),
    ...tableOf('restriction', by.restriction),
    ...tableOf('reason', by.reason),
    ...(['widened', 'narrowed', 'differently'] as const).flatMap((kind) => {
      const shown = tally.examples[kind]
      return shown.length === 0 ? [] : ['', `${HEADINGS[kind]}:`, ...shown.map(exampleOf)]
    }),
    ...unjudgedOf(unknown, 'names what these documents do not have'),
    ...unjudgedOf(inError, 'in error, and not judged'),
  ]
  return lines.join('\n')
}

const HEADINGS = {
  widened: 'Widened, the first of them',
  narrowed: 'Narrowed, the first of them',
  differently: 'Otherwise, the first of them',
} as const

function numbered(count: number): string {
  return count.toLocaleString('en')
}

function tableOf(noun: string, map: ReadonlyMap<string, Flips>): readonly string[] {
  if (map.size === 0) return []
  const { shown, others } = rowsOf(map, ROWS_MAX.text)
  const width = Math.max(noun.length + 3, ...shown.map(([name]) => name.length))
  const row = (name: string, widened: string, narrowed: string): string =>
    `  ${name.padEnd(width)}  ${widened.padStart(9)}  ${narrowed.padStart(9)}`
  const rows = shown.map(([name, { widened, narrowed }]) =>
    row(name, numbered(widened), numbered(narrowed)),
  )
  const rest = row(
    `${numbered(others.count)} more`,
    numbered(others.widened),
    numbered(others.narrowed),
  )
  const head = styled('bold', row(`by ${noun}`, 'widened', 'narrowed'))
  return ['', head, ...rows, ...(others.count === 0 ? [] : [rest])]
}

function exampleOf({ line, request, customer, deployment, uses, recorded, now }: Example): string {
  const id = request === null ? '' : `, request ${quote(request)}`
  const more = uses.length - USES_SHOWN_MAX
  const shown = uses.slice(0, USES_SHOWN_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '')
  return `  line ${line}${id}, ${customer}/${deployment}, ${shown}\n    ${decidedText(recorded)}\n    now ${decidedText(now)}`
}

function unjudgedOf({ count, first }: UnjudgedLines, what: string): readonly string[] {
  if (count === 0) return []
  const shown = first.map(({ line, code, field, message }) => {
    return `  line ${line}: ${code}${field === '' ? '' : ` at ${field}`}: ${message}`
  })
  return ['', `${styled('red', counted(count, 'line'))} ${what}; the first of them:`, ...shown]
}
