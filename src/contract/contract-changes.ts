import { leavesOf, type Provider } from '../policy/provider.ts'
import { newReport, type Path, type Report } from '../problem.ts'
import { printDuration, printInstantShort } from '../time.ts'
import type { Contract } from './contract.ts'
import { translate } from './lineage.ts'
import { checkNotWider } from './wider.ts'

/**
 * What a change of a field does (semantics §12.5). A change of a register is `recorded`: whether it widens anything
 * depends on all the rest that has happened.
 */
export type FieldEffect = 'widened' | 'narrowed' | 'both' | 'recorded'

/** A field of a contract that is not what it was. */
export interface FieldChange {
  /** Members and ids from the top, such as `terms.tailorings.foreign-osint.models`. */
  readonly field: string
  readonly effect: FieldEffect
  /** As in the document, without what is the same; null where it is not there. */
  readonly before: unknown
  readonly after: unknown
}

/** Two versions of one contract. */
export interface ContractVersions {
  readonly before: Contract
  readonly after: Contract
}

/**
 * The fields of a contract that came to reach more or less, by what a wider contract is (semantics §7.3). Uses and
 * lifts are compared as the later policy has them (semantics §7.6).
 */
export function fieldChanges(
  provider: Provider,
  { before, after }: ContractVersions,
): readonly FieldChange[] {
  const [earlier, later] = [current(provider, before), current(provider, after)]
  const widened = widerFields(provider, { before: earlier, after: later })
  const narrowed = widerFields(provider, { before: later, after: earlier })
  const changes = [...widened.union(narrowed)].sort().map((field): FieldChange => {
    const isBoth = widened.has(field) && narrowed.has(field)
    const one = widened.has(field) ? 'widened' : 'narrowed'
    const path = field.split(SEPARATOR)
    return {
      field: path.join('.'),
      effect: isBoth ? 'both' : one,
      before: printed(valueAt(earlier, path)),
      after: printed(valueAt(later, path)),
    }
  })
  return [...changes, ...registerChanges(before, after)]
}

/** A contract with uses and lifts as a later policy has them. */
function current(provider: Provider, contract: Contract): Contract {
  const { terms } = contract
  const now = (field: 'lifts' | 'uses', ids: readonly string[]): string[] =>
    translate(provider, terms, field, ids).flatMap((translation) => translation.now)
  const tailorings = terms.tailorings.map((tailoring) => ({
    ...tailoring,
    lifts: now('lifts', tailoring.lifts),
    uses: [...leavesOf(provider, now('uses', tailoring.uses))].sort(),
  }))
  const { id, version } = provider.policy
  return { ...contract, terms: { ...terms, policy: `${id}@${version}`, tailorings } }
}

/** No id and no member of a document has it. */
const SEPARATOR = ' '

/** Reports every field in which the later says more than the earlier, or asks less (semantics §7.3). */
export function checkWidening(
  provider: Provider,
  { before, after }: ContractVersions,
  report: Report,
): void {
  const { mission, term, deployments, duties, tailorings } = before.terms
  const agreed = { mission, term, deployments, duties, tailorings }
  const determination = { ...before.determination, ...agreed }
  checkNotWider(provider, { ...after, determination }, report)
}

function widerFields(provider: Provider, versions: ContractVersions): ReadonlySet<string> {
  const report = newReport()
  checkWidening(provider, versions, report)
  return new Set(report.problems.map(({ path }) => fieldOf(versions.after, path)))
}

/** The field that a path leads into, with ids in place of positions. */
function fieldOf({ terms }: Contract, [, top = '', index, member]: Path): string {
  if (typeof index !== 'number') return ['terms', top].join(SEPARATOR)
  const list: readonly { readonly id: string }[] =
    top === 'deployments' || top === 'duties' ? terms[top] : terms.tailorings
  const id = list[index]?.id ?? ''
  const own = member === 'id' || member === undefined ? [] : [member]
  return ['terms', top, id, ...own].join(SEPARATOR)
}

function valueAt(contract: Contract, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return value.find((one: { readonly id?: string }) => one.id === name)
    return value === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[name]
  }, contract)
}

function registerChanges(before: Contract, after: Contract): readonly FieldChange[] {
  const fields = Object.keys(after.register) as (keyof Contract['register'])[]
  return fields.flatMap((field): FieldChange[] => {
    const [earlier, later] = [before, after].map(({ register }) => printed(register[field]))
    if (JSON.stringify(earlier) === JSON.stringify(later)) return []
    const change = { field: `register.${field}`, effect: 'recorded' as const }
    return [{ ...change, before: earlier, after: later }]
  })
}

const INSTANTS: ReadonlySet<string> = new Set([
  'from',
  'until',
  'due',
  'met',
  'reinstated',
  'review-by',
])

/** A part of a contract as documents write it. */
function printed(value: unknown, name = ''): unknown {
  if (value === undefined) return null
  if (typeof value === 'number') {
    if (INSTANTS.has(name)) return printInstantShort(value)
    return name === 'grace' ? printDuration(value) : value
  }
  if (Array.isArray(value)) return value.map((one: unknown) => printed(one, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => {
      return one === undefined ? [] : [[key, printed(one, key)]]
    }),
  )
}

/** A lift or a use of a tailoring that a version of the policy has no place for (semantics §7.6). */
export interface Lapse {
  readonly contract: string
  readonly tailoring: string
  readonly field: 'lifts' | 'uses'
  readonly id: string
  readonly why: string
}

export function lapsesOf(provider: Provider, { id: contract, terms }: Contract): readonly Lapse[] {
  return terms.tailorings.flatMap((tailoring) =>
    (['lifts', 'uses'] as const).flatMap((field) =>
      translate(provider, terms, field, tailoring[field]).flatMap(({ id, lapse }): Lapse[] =>
        lapse === undefined ? [] : [{ contract, tailoring: tailoring.id, field, id, why: lapse }],
      ),
    ),
  )
}
