import type { FieldChange } from '../contract/contract-changes.ts'
import type { Flip } from '../decision/replayed.ts'
import { decidedText } from './decided-text.ts'
import type { GroupJson } from './diff-json.ts'
import type { DiffReport } from './diff-report.ts'
import type { ContractChange, Side } from './diff-side.ts'
import {
  causeText,
  effectText,
  factsText,
  listed,
  namesText,
  timesText,
  usesText,
} from './diff-words.ts'
import { counted } from './output.ts'
import type { Example, Tally } from './replay-tally.ts'

// One page that needs nothing else: no script, no font, no image, nothing that a reader's browser would fetch.

/** Most rows of a table. */
const ROWS_MAX = 500

const STYLE = `body{font:16px/1.5 Georgia,serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1,h2,h3,th{font-family:system-ui,sans-serif}h2{border-bottom:1px solid #ccc;margin-top:2.5rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{border:1px solid #ccc;padding:.4rem .6rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
th{background:#f4f4f4}code{font-size:.85em;overflow-wrap:anywhere}del{background:#fdd;text-decoration:none}ins{background:#dfd;text-decoration:none}
.widened{color:#a00}.narrowed{color:#060}@media print{body{margin:0;max-width:none}}`

/** The difference as a page to read and to file (docs/commands.md). */
export function pageOf(report: DiffReport): string {
  const { sides, records } = report
  const body = [
    '<h1>What changes</h1>',
    tableOf(
      ['', 'policy', 'bundle'],
      [sideRow('before', sides.before), sideRow('after', sides.after)],
    ),
    `<p>${summaryOf(report)}</p>`,
    '<h2>In prose</h2>',
    proseOf(report),
    '<h2>In effect</h2>',
    ...FLIPS.map((flip) => effectOf(report, flip)),
    lapsesOf(report),
    unsharedOf(report),
    '<h2>Who is affected</h2>',
    affectedOf(report),
    ...(report.contracts ?? []).map(contractOf),
    ...(records ? ['<h2>Recorded requests</h2>', recordsOf(records)] : []),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What changes</title>
<style>${STYLE}</style>
</head>
<body>
${body.filter((part) => part !== '').join('\n')}
</body>
</html>
`
}

const FLIPS: readonly Flip[] = ['widened', 'narrowed']

const WORDS = {
  widened: { title: 'Newly allowed', none: 'Nothing is newly allowed to anybody.' },
  narrowed: { title: 'No longer allowed', none: 'Nobody loses anything.' },
} as const

/** Text as HTML. */
function html(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A table of cells that are HTML. */
function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const more = rows.length - ROWS_MAX
  const lines = rows.slice(0, ROWS_MAX).map((row) => {
    return `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  const head = `<tr>${heads.map((name) => `<th>${html(name)}</th>`).join('')}</tr>`
  const rest = more > 0 ? `\n<p>And ${more.toLocaleString('en')} more.</p>` : ''
  return `<table>\n${[head, ...lines].join('\n')}\n</table>${rest}`
}

function sideRow(name: string, { path, bundle }: Side): readonly string[] {
  const { id, version } = bundle.tables.content
  const digest = `<code>${html(bundle.digest)}</code>`
  return [html(`${name}: ${path}`), html(`${id}, version ${version}`), digest]
}

function summaryOf({ widened, narrowed }: DiffReport): string {
  const [gains, losses] = [widened, narrowed].map(({ groups }) => groups.map(causeText))
  const gained = gains?.length ? `Newly allowed by ${listed(gains)}.` : WORDS.widened.none
  const lost = losses?.length ? `No longer allowed by ${listed(losses)}.` : WORDS.narrowed.none
  return html(`${gained} ${lost}`)
}

function proseOf({ prose, restrictions }: DiffReport): string {
  const texts = prose.map(({ about, before, after }) => [
    html(about),
    before === null ? '' : `<del>${html(before)}</del>`,
    after === null ? '' : `<ins>${html(after)}</ins>`,
  ])
  const rules = restrictions.map(({ id, parts }) => [html(id), html(parts.join(', '))])
  const parts = [
    ...(texts.length === 0 ? [] : [tableOf(['text', 'before', 'after'], texts)]),
    ...(rules.length === 0 ? [] : [tableOf(['restriction', 'what of it changed'], rules)]),
  ]
  return parts.length === 0 ? '<p>No text and no restriction changed.</p>' : parts.join('\n')
}

function effectOf(report: DiffReport, flip: Flip): string {
  const { groups } = report[flip]
  const { title, none } = WORDS[flip]
  const head = `<h3 class="${flip}">${title}</h3>`
  if (groups.length === 0) return `${head}\n<p>${none}</p>`
  const heads = ['by', 'uses', 'to whom, where and when', 'facts', 'for example']
  return `${head}\n${tableOf(heads, groups.map(groupRow))}`
}

function groupRow(group: GroupJson): readonly string[] {
  const { customers, deployments, models, times, facts, restrictions, witness } = group
  const where = [
    namesText(customers, 'everybody'),
    `on ${namesText(deployments, 'any deployment')}`,
    `of ${namesText(models, 'any snapshot')}`,
    timesText(times),
  ]
  const denied =
    restrictions.length === 0 ? '' : `<br>otherwise denied by ${html(listed(restrictions))}`
  const example = `<code>${html(JSON.stringify(witness.request))}</code>`
  const decided = `before: ${decidedText(witness.before)}; after: ${decidedText(witness.after)}`
  return [
    html(causeText(group)),
    `${html(usesText(group))}${denied}`,
    html(where.join(', ')),
    html(factsText(facts) || 'any'),
    `${example}<br>${html(decided)}`,
  ]
}

function lapsesOf({ lapses }: DiffReport): string {
  if (lapses === null || lapses.length === 0) return ''
  const rows = lapses.map(({ contract, tailoring, field, id, why }) => {
    return [`${contract}/${tailoring}`, field, id, why].map(html)
  })
  const heads = ['tailoring', 'field', 'id', 'why']
  return `<h3>Lapsing under the later policy</h3>\n${tableOf(heads, rows)}`
}

function unsharedOf({ unshared: { before, after } }: DiffReport): string {
  if (before.length + after.length === 0) return ''
  const rows = [
    ...before.map((name) => [html(name), 'before']),
    ...after.map((name) => [html(name), 'after']),
  ]
  const why = 'A request by a name that only one of the two knows is in error on the other.'
  return `<h3>Not compared</h3>\n<p>${why}</p>\n${tableOf(['name', 'known'], rows)}`
}

function affectedOf(report: DiffReport): string {
  const rows = FLIPS.flatMap((flip) =>
    report[flip].groups.map((group) => [
      html(namesText(group.customers, 'everybody')),
      `<span class="${flip}">${WORDS[flip].title.toLowerCase()}</span>`,
      html(causeText(group)),
    ]),
  )
  return rows.length === 0 ? '<p>Nobody.</p>' : tableOf(['who', 'what', 'by'], rows)
}

function contractOf({ contract, customer, change, fields }: ContractChange): string {
  const head = `<h3>${html(`${contract}, ${customer}`)}</h3>`
  if (change !== 'changed') return `${head}\n<p>The contract was ${change}.</p>`
  return `${head}\n${tableOf(['field', 'effect', 'before', 'after'], fields.map(fieldRow))}`
}

function fieldRow(change: FieldChange): readonly string[] {
  const { field, before, after } = change
  const values = [before, after].map((value) => `<code>${html(JSON.stringify(value))}</code>`)
  return [html(field), effectText(change), ...values]
}

function recordsOf({ judged, flips, examples, inError }: Tally): string {
  const counts = `${counted(judged, 'record')} judged on both: ${flips.widened} newly allowed, ${flips.narrowed} no longer allowed.`
  const rows = FLIPS.flatMap((flip) => examples[flip].map(exampleRow))
  const heads = ['line', 'request', 'who and what', 'before', 'after']
  const errors = inError.first.map(({ line, code, message }) => [
    String(line),
    html(code),
    html(message),
  ])
  return [
    `<p>${counts}</p>`,
    ...(rows.length === 0 ? [] : ['<p>The first of them:</p>', tableOf(heads, rows)]),
    ...(errors.length === 0
      ? []
      : [
          `<p>${counted(inError.count, 'line')} could not be judged; the first of them:</p>`,
          tableOf(['line', 'code', 'why'], errors),
        ]),
  ].join('\n')
}

function exampleRow({
  line,
  request,
  customer,
  deployment,
  uses,
  recorded,
  now,
}: Example): readonly string[] {
  return [
    String(line),
    html(request ?? ''),
    html(`${customer}/${deployment}: ${listed(uses)}`),
    html(decidedText(recorded)),
    html(decidedText(now)),
  ]
}
