import type { Instant } from './time.ts'

/** Half open, `[from, until)`; without `until` it has no end (semantics §1.2). */
export interface Interval {
  readonly from: Instant
  readonly until?: Instant | undefined
}

/**
 * A set of instants as disjoint, ascending, non-empty intervals, flat: `[from, until, from, until, …]`.
 * An open end is Infinity, an open start -Infinity.
 */
export type Spans = readonly number[]

export const ALWAYS: Spans = [-Infinity, Infinity]
export const NEVER: Spans = []

export function spanOf({ from, until }: Interval): Spans {
  return span(from, until ?? Infinity)
}

export function span(from: number, until: number): Spans {
  return from < until ? [from, until] : NEVER
}

/** Whether an instant lies in the set. A list is short (few changes a term), so it is walked. */
export function contains(spans: Spans, t: Instant): boolean {
  for (let i = 0; i < spans.length; i += 2) {
    if (t < (spans[i] as number)) return false
    if (t < (spans[i + 1] as number)) return true
  }
  return false
}

export function intersect(a: Spans, b: Spans): Spans {
  const both: number[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const from = Math.max(a[i] as number, b[j] as number)
    const until = Math.min(a[i + 1] as number, b[j + 1] as number)
    if (from < until) both.push(from, until)
    if ((a[i + 1] as number) < (b[j + 1] as number)) i += 2
    else j += 2
  }
  return both
}

/** The union of any spans, in any order, overlapping or touching. */
export function unite(all: readonly Spans[]): Spans {
  const pairs = all
    .flatMap((spans) =>
      spans.flatMap((from, i) => (i % 2 === 0 ? [[from, spans[i + 1]] as const] : [])),
    )
    .sort(([a], [b]) => a - b)
  const union: number[] = []
  for (const [from, until] of pairs) {
    const last = union.length - 1
    if (last > 0 && from <= (union[last] as number)) {
      union[last] = Math.max(union[last] as number, until as number)
    } else union.push(from, until as number)
  }
  return union
}

export function complement(spans: Spans): Spans {
  const edges = [-Infinity, ...spans, Infinity]
  const outside: number[] = []
  for (let i = 0; i < edges.length; i += 2) {
    if ((edges[i] as number) < (edges[i + 1] as number)) {
      outside.push(edges[i] as number, edges[i + 1] as number)
    }
  }
  return outside
}

/**
 * When each of a list of dated rows is the one that counts: from its `from` until the next row's; of
 * two at one instant the later listed counts (semantics §7.4 a, c).
 */
export function reigns<Row extends { readonly from: Instant }>(
  rows: readonly Row[],
): readonly { readonly row: Row; readonly span: Spans }[] {
  const sorted = rows.toSorted((a, b) => a.from - b.from)
  return sorted.map((row, i) => ({ row, span: span(row.from, sorted[i + 1]?.from ?? Infinity) }))
}

export function isInside({ from, until = Infinity }: Interval, t: Instant): boolean {
  return from <= t && t < until
}

/** The row that counts at an instant: the last to start, and of two at one instant the later listed. */
export function latest<Row extends { readonly from: Instant }>(
  rows: readonly Row[],
  t: Instant,
): Row | undefined {
  const started = rows.filter(({ from }) => from <= t)
  return started.toSorted((a, b) => a.from - b.from).at(-1)
}
