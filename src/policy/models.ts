import * as z from 'zod'
import { complement, intersect, NEVER, type Spans, span, unite } from '../interval.ts'
import type { Path, Report } from '../problem.ts'
import { checkDistinct } from '../reference.ts'
import { id, instant, list, snapshotId } from '../shape.ts'
import { didYouMean, quote } from '../suggest.ts'
import type { Instant } from '../time.ts'
import { basis, type Exceptions, level } from './exceptions.ts'

const assertion = z.strictObject({
  id,
  scheme: id,
  level,
  basis,
  from: instant,
  rescinds: id.optional(),
})

const snapshot = z.strictObject({
  id: snapshotId,
  aliases: z.array(snapshotId).max(100).default([]),
  levels: list(assertion).default([]),
})

/** The registry of model snapshots and what was asserted of their safety: `models.yaml` (semantics §6). */
export const models = z.strictObject({
  format: z.literal('proviso/models@1'),
  models: list(snapshot),
})

export type Models = z.output<typeof models>
export type Snapshot = Models['models'][number]
export type Assertion = Snapshot['levels'][number]

/** Everything wrong with a registry by itself (semantics §6.1, §6.2). */
export function checkModels(registry: Models, report: Report): void {
  checkDistinct(report, 'model', registry.models, ['models'])
  const snapshots = new Set(registry.models.map((model) => model.id))
  for (const [i, model] of registry.models.entries()) {
    for (const [j, alias] of model.aliases.entries()) {
      if (!snapshots.has(alias)) continue
      const message = `${quote(alias)} is a snapshot itself, so no alias; remove it`
      report.error('alias-is-snapshot', ['models', i, 'aliases', j], message)
    }
    checkDistinct(report, 'assertion', model.levels, ['models', i, 'levels'])
    for (const [j] of model.levels.entries()) {
      checkRescission(
        { registry, model, index: j, path: ['models', i, 'levels', j, 'rescinds'] },
        report,
      )
    }
  }
}

interface RescissionAt {
  readonly registry: Models
  readonly model: Snapshot
  readonly index: number
  readonly path: Path
}

function checkRescission({ registry, model, index, path }: RescissionAt, report: Report): void {
  const later = model.levels[index]
  const target = later?.rescinds
  if (later === undefined || target === undefined) return
  if (target === later.id) {
    return report.error(
      'rescinds-itself',
      path,
      `${quote(target)} cannot rescind itself; remove this`,
    )
  }
  const position = model.levels.findIndex((assertion) => assertion.id === target)
  const earlier = model.levels[position]
  if (earlier === undefined) {
    const other = registry.models.find(({ levels }) => levels.some(({ id }) => id === target))
    if (other) {
      const message = `${quote(target)} is an assertion about ${quote(other.id)}; rescind one of ${quote(model.id)}`
      return report.error('rescinds-other-snapshot', path, message)
    }
    const meant =
      didYouMean(
        target,
        model.levels.map(({ id }) => id),
      ) || '; name an earlier one'
    return report.error('unknown-assertion', path, `no assertion ${quote(target)}${meant}`)
  }
  if (position > index || earlier.from > later.from) {
    const message = `${quote(target)} is later than ${quote(later.id)}; only an earlier assertion can be rescinded`
    report.error('rescinds-later', path, message)
  }
}

/** When an assertion counts: from its start until one that rescinds it starts (semantics §6.1). */
function countsDuring(assertion: Assertion, { levels }: Snapshot): Spans {
  const rescinded = levels
    .filter(({ rescinds }) => rescinds === assertion.id)
    .map(({ from }) => from)
  return span(assertion.from, Math.min(Infinity, ...rescinded))
}

/** When a snapshot is eligible (semantics §6.3). */
export function eligibleDuring(snapshot: Snapshot, { safety }: Pick<Exceptions, 'safety'>): Spans {
  const relevant = snapshot.levels.filter(({ scheme }) => scheme === safety.scheme)
  const during = (some: readonly Assertion[]): Spans =>
    unite(some.map((assertion) => countsDuring(assertion, snapshot)))
  const badBasis = during(relevant.filter(({ basis }) => !safety.bases.includes(basis)))

  // The highest level is accepted where an accepted level counts and no higher one does.
  const accepted = safety.levels.map((level) =>
    intersect(
      during(relevant.filter((assertion) => assertion.level === level)),
      complement(during(relevant.filter((assertion) => assertion.level > level))),
    ),
  )
  return intersect(unite(accepted), complement(badBasis))
}

/**
 * When a snapshot serves a tailoring determined at `decided`: from then until it is first not eligible,
 * and never again after that (semantics §6.4).
 */
export function servesDuring(eligible: Spans, decided: Instant): Spans {
  for (let i = 0; i < eligible.length; i += 2) {
    const from = eligible[i] as number
    const until = eligible[i + 1] as number
    if (from <= decided && decided < until) return [decided, until]
  }
  return NEVER
}
