import {
  type FieldChange,
  fieldChanges,
  type Lapse,
  lapsesOf,
} from '../contract/contract-changes.ts'
import type { Bundle } from '../decision/bundle.ts'
import { compile } from '../decision/compile.ts'
import { type ProseChange, proseChanges, proseOfContent, proseOfWorld } from '../decision/prose.ts'
import type { World } from '../decision/world.ts'
import { sorted } from '../ids.ts'
import { providerOf } from '../policy/provider.ts'
import type { Versions } from '../proof/difference.ts'
import { isFile, loadBundle, loadDocuments, sha256 } from './load.ts'

/** One of the two that are compared. */
export interface Side {
  readonly path: string
  /** Without its lease, which is not compared. */
  readonly bundle: Bundle
  /** Null of a bundle file, which holds no documents. */
  readonly world: World | null
}

export function loadSide(path: string): Side {
  if (isFile(path)) return { path, bundle: { ...loadBundle(path), validUntil: null }, world: null }
  const { world } = loadDocuments(path)
  return { path, bundle: compile(world, sha256), world }
}

export function bundlesOf({ before, after }: Versions<Side>): Versions<Bundle> {
  return { before: before.bundle, after: after.bundle }
}

/** What became of a contract: which of its fields came to say more or less, or that it is new or gone. */
export interface ContractChange {
  readonly contract: string
  readonly customer: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly fields: readonly FieldChange[]
}

/** What documents say beside what they decide; of bundle files only the prose that these hold. */
export interface DocumentChanges {
  readonly prose: readonly ProseChange[]
  /** Null where one of the two is a bundle file. */
  readonly contracts: readonly ContractChange[] | null
  /** Lifts and uses that came to lapse. */
  readonly lapses: readonly Lapse[] | null
}

export function documentChanges({ before, after }: Versions<Side>): DocumentChanges {
  const [earlier, later] = [before.world, after.world]
  if (earlier === null || later === null) {
    const [was, is] = [before, after].map(({ bundle }) => proseOfContent(bundle.tables.content))
    return { prose: proseChanges(was ?? new Map(), is ?? new Map()), contracts: null, lapses: null }
  }
  return {
    prose: proseChanges(proseOfWorld(earlier), proseOfWorld(later)),
    contracts: contractChanges({ before: earlier, after: later }),
    lapses: newLapses({ before: earlier, after: later }),
  }
}

function contractChanges({ before, after }: Versions<World>): readonly ContractChange[] {
  const provider = providerOf(after)
  const [earlier, later] = [before, after].map(({ contracts }) => {
    return new Map(contracts.map((contract) => [contract.id, contract]))
  })
  const ids = sorted([...(earlier?.keys() ?? []), ...(later?.keys() ?? [])])
  return ids.flatMap((id): ContractChange[] => {
    const [was, is] = [earlier?.get(id), later?.get(id)]
    const customer = is?.customer ?? was?.customer ?? ''
    if (!was || !is)
      return [{ contract: id, customer, change: is ? 'added' : 'removed', fields: [] }]
    const fields = fieldChanges(provider, { before: was, after: is })
    return fields.length === 0 ? [] : [{ contract: id, customer, change: 'changed', fields }]
  })
}

/** What lapses on the later policy and did not before. */
function newLapses({ before, after }: Versions<World>): readonly Lapse[] {
  const [earlier, later] = [before, after].map((world) => {
    const provider = providerOf(world)
    return world.contracts.flatMap((contract) => lapsesOf(provider, contract))
  })
  const keyOf = ({ contract, tailoring, field, id }: Lapse): string =>
    [contract, tailoring, field, id].join(' ')
  const known = new Set(earlier?.map(keyOf))
  return (later ?? []).filter((lapse) => !known.has(keyOf(lapse)))
}
