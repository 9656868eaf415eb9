import type { Path, Report } from './problem.ts'
import { didYouMean, quote } from './suggest.ts'

/** Things of one kind that a document may name, by id. */
export interface Known {
  /** What such a thing is called in a sentence: `use`, `restriction`. */
  readonly kind: string
  readonly ids: { has(id: string): boolean; keys(): Iterable<string> }
}

export function known(kind: string, ids: Iterable<string>): Known {
  return { kind, ids: new Set(ids) }
}

/** Reports a name that stands for nothing; says whether it stands for something. */
export function checkReference(
  report: Report,
  { kind, ids }: Known,
  id: string,
  path: Path,
): boolean {
  if (ids.has(id)) return true
  const meant = didYouMean(id, ids.keys())
  const advice = meant || `; add it, or name one that exists`
  report.error(`unknown-${kind}`, path, `no ${kind} ${quote(id)}${advice}`)
  return false
}

/** Checks a list of names, each at its own place. */
export function checkReferences(
  report: Report,
  to: Known,
  ids: readonly string[],
  path: Path,
): void {
  for (const [i, id] of ids.entries()) checkReference(report, to, id, [...path, i])
}

/** Reports each id that an earlier row of the list already has. */
export function checkDistinct(
  report: Report,
  kind: string,
  rows: readonly { readonly id: string }[],
  path: Path,
): void {
  const seen = new Set<string>()
  for (const [i, { id }] of rows.entries()) {
    if (seen.has(id)) {
      const message = `there are two ${kind}s ${quote(id)}; give each its own id`
      report.error('duplicate-id', [...path, i, 'id'], message)
    }
    seen.add(id)
  }
}
