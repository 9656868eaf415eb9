import type { Bundle } from '../src/decision/bundle.ts'
import type {
  CustomerTable,
  ReachTable,
  RestrictionTable,
  Tables,
  UseTable,
  Words,
} from '../src/decision/tables.ts'
import { DAY_MS } from '../src/time.ts'

// What a compiler could get wrong: bundles whose tables do not say what their documents say. The bundle that a
// fault is planted into stays as it is.

export interface Fault {
  readonly name: string
  /** The bundle with the fault in one place after another; some of them change no decision. */
  readonly plant: (bundle: Bundle) => Iterable<Bundle>
}

function reachesOf(table: CustomerTable): readonly ReachTable[] {
  return table.all.length > 0 ? table.all : [table]
}

function withReaches(table: CustomerTable, reaches: readonly ReachTable[]): CustomerTable {
  const { id, text } = table
  const [first = table] = reaches
  return { ...first, id, text, all: reaches.length > 1 ? reaches : [] }
}

function withCustomer(bundle: Bundle, table: CustomerTable): Bundle {
  return { ...bundle, customers: new Map(bundle.customers).set(table.id, table) }
}

/** A fault in one tailoring at a time. */
function inReaches(
  change: (reach: ReachTable, tables: Tables) => Iterable<Partial<ReachTable>>,
): Fault['plant'] {
  return function* (bundle): Generator<Bundle> {
    for (const table of bundle.customers.values()) {
      const reaches = reachesOf(table)
      for (const [i, reach] of reaches.entries()) {
        for (const part of change(reach, bundle.tables)) {
          yield withCustomer(bundle, withReaches(table, reaches.with(i, { ...reach, ...part })))
        }
      }
    }
  }
}

/** A fault in one customer's list of tailorings. */
function inLists(
  change: (reaches: readonly ReachTable[]) => Iterable<readonly ReachTable[]>,
): Fault['plant'] {
  return function* (bundle): Generator<Bundle> {
    for (const table of bundle.customers.values()) {
      for (const reaches of change(reachesOf(table))) {
        yield withCustomer(bundle, withReaches(table, reaches))
      }
    }
  }
}

/** A fault in one restriction at a time. */
function inRestrictions(
  change: (restriction: RestrictionTable, tables: Tables) => Iterable<Partial<RestrictionTable>>,
): Fault['plant'] {
  return function* (bundle): Generator<Bundle> {
    const { tables } = bundle
    for (const [i, restriction] of tables.restrictions.entries()) {
      for (const part of change(restriction, tables)) {
        const restrictions = tables.restrictions.with(i, { ...restriction, ...part })
        yield { ...bundle, tables: { ...tables, restrictions } }
      }
    }
  }
}

/** Words with another bit, or without one that is set. */
function flipped(words: Words, index: number): Words {
  const copy = words.slice()
  copy[index >> 5] = (copy[index >> 5] ?? 0) ^ (1 << (index & 31))
  return copy
}

function isSet(words: Words, index: number): boolean {
  return (((words[index >> 5] ?? 0) >> (index & 31)) & 1) === 1
}

/** Each way to set one bit more, or with `from` one less. */
function bitsChanged(words: Words, count: number, isOn: boolean): readonly Words[] {
  const indexes = Array.from({ length: count }, (_, i) => i)
  return indexes.filter((i) => isSet(words, i) === isOn).map((i) => flipped(words, i))
}

/** Each way to allow one value more of a fact, or one less. */
function scopesChanged(scope: Words, tables: Tables, isOn: boolean): readonly Words[] {
  return [...tables.facts.values()].flatMap(({ index, values }) =>
    values.flatMap((_, value) => {
      const mask = scope[index] ?? 0
      if ((((mask >> value) & 1) === 1) !== isOn) return []
      return [scope.with(index, mask ^ (1 << value))]
    }),
  )
}

/** Flat pairs of fact and mask, with one bit of one mask turned. */
function pairsChanged(pairs: Words, tables: Tables, isOn: boolean): readonly Words[] {
  const facts = [...tables.facts.values()]
  return Array.from({ length: pairs.length / 2 }, (_, pair) => pair).flatMap((pair) => {
    const fact = facts.find(({ index }) => index === pairs[pair * 2])
    const mask = pairs[pair * 2 + 1] ?? 0
    return (fact?.values ?? []).flatMap((_, value) =>
      (((mask >> value) & 1) === 1) === isOn ? [pairs.with(pair * 2 + 1, mask ^ (1 << value))] : [],
    )
  })
}

/** Triples with a begin or an end moved by a day, where there is one. */
function moved(usable: readonly number[], offset: 1 | 2, days: number): readonly number[][] {
  return usable.flatMap((edge, i) =>
    i % 3 === offset && Number.isFinite(edge) ? [usable.with(i, edge + days * DAY_MS)] : [],
  )
}

function* exchanged<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let i = 1; i < list.length; i++) {
    yield list.with(i - 1, list[i] as T).with(i, list[i - 1] as T)
  }
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a value more in a scope',
    plant: inReaches(({ scope }, tables) =>
      scopesChanged(scope, tables, false).map((wider) => ({ scope: wider })),
    ),
  },
  {
    name: 'a value less in a scope',
    plant: inReaches(({ scope }, tables) =>
      scopesChanged(scope, tables, true).map((narrower) => ({ scope: narrower })),
    ),
  },
  {
    name: 'a use more',
    plant: inReaches(({ uses }, { content }) =>
      bitsChanged(uses, content.leaves.length, false).map((wider) => ({ uses: wider })),
    ),
  },
  {
    name: 'a lift more',
    plant: inReaches(({ lifts }, { content }) =>
      bitsChanged(lifts, content.restrictions.length, false).map((wider) => ({ lifts: wider })),
    ),
  },
  {
    name: 'a lift less',
    plant: inReaches(({ lifts }, { content }) =>
      bitsChanged(lifts, content.restrictions.length, true).map((fewer) => ({ lifts: fewer })),
    ),
  },
  {
    name: 'an interval that begins a day early',
    plant: inReaches(({ usable }) => moved(usable, 1, -1).map((early) => ({ usable: early }))),
  },
  {
    name: 'an interval that ends a day late',
    plant: inReaches(({ usable }) => moved(usable, 2, 1).map((late) => ({ usable: late }))),
  },
  {
    name: 'a snapshot that is not among the models',
    plant: inReaches(({ usable }, { models }) =>
      [...models.values()]
        .filter((number) => !usable.some((value, i) => i % 3 === 0 && value === number))
        .map((number) => ({ usable: [...usable, number, -Infinity, Infinity] })),
    ),
  },
  {
    name: 'an obligation that is lost',
    plant: inReaches(({ obligations }) =>
      obligations.map((lost) => ({ obligations: obligations.filter((id) => id !== lost) })),
    ),
  },
  { name: 'tailorings in another order', plant: inLists(exchanged) },
  {
    name: 'a tailoring that is lost',
    plant: inLists((reaches) =>
      reaches.length < 2 ? [] : reaches.map((_, i) => reaches.toSpliced(i, 1)),
    ),
  },
  {
    name: 'the tables of another customer',
    *plant(bundle): Generator<Bundle> {
      const tables = [...bundle.customers.values()]
      for (const [i, table] of tables.entries()) {
        const other = tables[(i + 1) % tables.length] ?? table
        if (other !== table)
          yield withCustomer(bundle, { ...other, id: table.id, text: table.text })
      }
    },
  },
  {
    name: 'a restriction that is never lifted and does not say so',
    plant: inRestrictions(({ never }) => (never === null ? [] : [{ never: null }])),
  },
  {
    name: 'a condition that a request meets less often',
    plant: inRestrictions(({ when }, tables) =>
      pairsChanged(when, tables, true).map((narrower) => ({ when: narrower })),
    ),
  },
  {
    name: 'an excuse that covers more',
    plant: inRestrictions(({ unless }, tables) =>
      unless.flatMap((entry, i) =>
        pairsChanged(entry.scope, tables, false).map((scope) => ({
          unless: unless.with(i, { ...entry, scope }),
        })),
      ),
    ),
  },
  {
    name: 'an excuse that obliges to less',
    plant: inRestrictions(({ unless }) =>
      unless.flatMap((entry, i) =>
        entry.obligations.length === 0
          ? []
          : [{ unless: unless.with(i, { ...entry, obligations: [] }) }],
      ),
    ),
  },
  {
    name: 'a use that a restriction does not prohibit any more',
    *plant(bundle): Generator<Bundle> {
      const { tables } = bundle
      for (const [use, table] of tables.uses) {
        for (const restrictions of bitsChanged(
          table.restrictions,
          tables.restrictions.length,
          true,
        )) {
          const changed: UseTable = { ...table, restrictions }
          yield { ...bundle, tables: { ...tables, uses: new Map(tables.uses).set(use, changed) } }
        }
      }
    },
  },
  {
    name: 'a score from which a use is suspected that is too high',
    *plant(bundle): Generator<Bundle> {
      const { tables } = bundle
      const { leaves } = tables.content
      for (const [i, leaf] of leaves.entries()) {
        const raised = leaves.with(i, { ...leaf, referAt: (leaf.referAt + leaf.denyAt) / 2 })
        if (leaf.referAt < leaf.denyAt) {
          yield { ...bundle, tables: { ...tables, content: { ...tables.content, leaves: raised } } }
        }
      }
    },
  },
  {
    name: 'a fact that has a value less when it is not stated',
    *plant(bundle): Generator<Bundle> {
      const { tables } = bundle
      for (const allValues of scopesChanged(tables.allValues, tables, true)) {
        yield { ...bundle, tables: { ...tables, allValues } }
      }
    },
  },
]
