import type { Bundle } from '../decision/bundle.ts'
import { decide } from '../decision/decide.ts'
import { type Decided, decidedOf } from '../decision/replayed.ts'
import type { Request } from '../decision/request.ts'
import type { Names } from '../proof/cells.ts'
import type { Difference, Versions } from '../proof/difference.ts'
import type { DifferenceBox } from '../proof/difference-boxes.ts'
import type { Cause, Group } from '../proof/difference-groups.ts'
import {
  type Asked,
  type FactFamily,
  factFamilies,
  type UsesFamily,
  usesFamilies,
} from '../proof/families.ts'
import type { Region } from '../proof/regions.ts'
import { type Instant, printInstant, printInstantShort } from '../time.ts'

// What is judged differently, as JSON (docs/formats.md, Difference).

/** Names that are meant, or all but some. */
export type NamesJson =
  | { readonly only: readonly string[] }
  | { readonly allBut: readonly string[] }

interface RegionJson {
  readonly customers: NamesJson
  readonly deployments: NamesJson
  readonly models: NamesJson
  readonly times: readonly { readonly from: string | null; readonly until: string | null }[]
}

/** A request, and what is decided of it before and after. */
export interface WitnessJson extends Versions<Decided> {
  readonly request: object
}

export interface BoxJson extends RegionJson {
  readonly facts: Readonly<Record<string, readonly FactFamily[]>>
  readonly uses: readonly UsesFamily[]
  readonly witness: WitnessJson
}

export interface GroupJson extends RegionJson {
  readonly by: Cause
  readonly uses: readonly string[]
  readonly areTogether: boolean
  readonly signals: readonly Asked[]
  readonly restrictions: readonly string[]
  readonly facts: Readonly<Record<string, FactFamily>>
  readonly witness: WitnessJson
}

export function boxJson(
  bundles: Versions<Bundle>,
  { space, judgings }: Difference,
  { region, facts, uses, witness }: DifferenceBox,
): BoxJson {
  const families = [...facts].map(([fact, f]) => [fact, factFamilies(space, fact, f)] as const)
  return {
    ...regionJson(region),
    facts: Object.fromEntries(families),
    uses: usesFamilies(space, judgings.after.rules, uses),
    witness: witnessJson(bundles, witness),
  }
}

export function groupJson(bundles: Versions<Bundle>, group: Group): GroupJson {
  const { by, region, uses, areTogether, signals, restrictions, facts, example } = group
  return {
    by,
    ...regionJson(region),
    uses,
    areTogether,
    signals,
    restrictions,
    facts: Object.fromEntries(facts),
    witness: witnessJson(bundles, example),
  }
}

function regionJson({ customers, deployments, models, times }: Region): RegionJson {
  return {
    customers: namesJson(customers),
    deployments: namesJson(deployments),
    models: namesJson(models),
    times: times.flatMap((from, i) =>
      i % 2 === 0 ? [{ from: edgeJson(from), until: edgeJson(times[i + 1]) }] : [],
    ),
  }
}

function namesJson({ ids, isAllBut }: Names): NamesJson {
  return isAllBut ? { allBut: ids } : { only: ids }
}

function edgeJson(edge: Instant = Infinity): string | null {
  return Number.isFinite(edge) ? printInstantShort(edge) : null
}

function witnessJson({ before, after }: Versions<Bundle>, request: Request): WitnessJson {
  const decidedBy = (bundle: Bundle): Decided => {
    const decided = decide(bundle, request)
    if (decided.ok) return decidedOf(decided.value)
    throw new Error(`a witness is no request: ${decided.error.message}`)
  }
  return {
    request: { ...request, at: printInstant(request.at) },
    before: decidedBy(before),
    after: decidedBy(after),
  }
}
