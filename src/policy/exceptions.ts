import * as z from 'zod'
import type { Report } from '../problem.ts'
import { checkDistinct, checkReference, checkReferences } from '../reference.ts'
import { duration, id, ids, list, prose, scope } from '../shape.ts'
import { quote } from '../suggest.ts'
import { checkScope, type PolicyNames } from './check-policy.ts'
import type { UsagePolicy } from './usage-policy.ts'

const LEVEL_BASES = ['determined', 'ruled-out-higher', 'precautionary', 'unstated'] as const

export const basis = z.enum(LEVEL_BASES)
export const level = z.number().int().min(0).max(100)

const entry = z.strictObject({
  id,
  title: prose.optional(),
  lifts: ids,
  uses: ids,
  scope: scope.default({}),
})

/** The provider's own rule for exceptions: `exceptions.yaml` (semantics §6.3, §7.1, §12). */
export const exceptions = z.strictObject({
  format: z.literal('proviso/exceptions@1'),
  policy: id,
  eligible: ids,
  safety: z.strictObject({ scheme: id, levels: z.array(level).max(100), bases: z.array(basis) }),
  floor: ids,
  catalogue: list(entry),
  considerations: z.record(id, prose).default({}),
  quorum: z.record(id, z.number().int().min(1).max(20)).default({}),
  term: z.strictObject({
    max: duration,
    default: duration.optional(),
    'renewal-window': duration.optional(),
  }),
  dialogue: z.strictObject({ every: duration, grace: duration.optional() }),
})

export type Exceptions = z.output<typeof exceptions>
export type CatalogueEntry = Exceptions['catalogue'][number]

/** Everything wrong with the provider's rule for exceptions, given the policy it is about. */
export function checkExceptions(
  { policy, names }: { readonly policy: UsagePolicy; readonly names: PolicyNames },
  document: Exceptions,
  report: Report,
): void {
  if (document.policy !== policy.id) {
    const message = `the policy here is ${quote(policy.id)}; name it, or put its exceptions elsewhere`
    report.error('unknown-policy', ['policy'], message)
  }
  checkDistinct(report, 'entry', document.catalogue, ['catalogue'])
  for (const [i, entry] of document.catalogue.entries())
    checkEntry({ policy, names }, entry, i, report)
  checkFloor(policy, document, report)
  const { max, default: usual } = document.term
  if (usual !== undefined && usual > max) {
    report.error('term-too-long', ['term', 'default'], 'the default term is over `max`; shorten it')
  }
}

function checkEntry(
  { policy, names }: { readonly policy: UsagePolicy; readonly names: PolicyNames },
  entry: CatalogueEntry,
  index: number,
  report: Report,
): void {
  const path = ['catalogue', index]
  checkReferences(report, names.uses, entry.uses, [...path, 'uses'])
  checkScope(report, names, entry.scope, [...path, 'scope'])
  for (const [i, id] of entry.lifts.entries()) {
    const at = [...path, 'lifts', i]
    if (!checkReference(report, names.restrictions, id, at)) continue
    const restriction = policy.restrictions.find((candidate) => candidate.id === id)
    if (restriction?.tailorable !== 'never') continue
    const message = `${quote(id)} is never tailorable; take it out of the catalogue`
    report.error('lifts-never', at, message)
  }
  for (const field of ['lifts', 'uses'] as const) {
    if (entry[field].length > 0) continue
    report.error('empty-set', [...path, field], `name at least one, or remove ${quote(entry.id)}`)
  }
}

function checkFloor(policy: UsagePolicy, { floor }: Exceptions, report: Report): void {
  const families = new Set(policy.restrictions.map((restriction) => restriction.floor))
  for (const [i, family] of floor.entries()) {
    if (families.has(family)) continue
    const message = `no restriction has \`floor: ${family}\`; mark the one that is never tailorable`
    report.error('floor-without-restriction', ['floor', i], message)
  }
  checkDistinct(
    report,
    'floor family',
    floor.map((id) => ({ id })),
    ['floor'],
  )
}
