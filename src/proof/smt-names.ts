import { sorted } from '../ids.ts'
import { type Instant, printInstant } from '../time.ts'
import { nameOf, type ReachRule, type Rules } from './rules.ts'
import {
  declareNumbers,
  declareSets,
  emptySet,
  meets,
  member,
  type Numbers,
  type Sets,
  symbol,
  unionOf,
} from './smt-text.ts'

/** The names of some rules, as bits and numbers of an SMT-LIB file. */
export interface Vocabulary {
  /** A value of a fact, as `fact=value`. */
  readonly values: Sets
  /** The values of each fact, as they are called in `values`. */
  readonly valuesOf: ReadonlyMap<string, readonly string[]>
  /** Leaves. */
  readonly uses: Sets
  /** What a request can name: leaves, and nodes above them. */
  readonly nodes: Sets
  readonly restrictions: Sets
  readonly obligations: Sets
  readonly customers: Numbers
  readonly deployments: Numbers
  readonly models: Numbers
  /** Contract and tailoring, by which an exception is permitted. The first is none. */
  readonly tailorings: Numbers
  /** Scores from which something is suspected or certain, ascending; a level is how many of them are reached. */
  readonly thresholds: readonly number[]
  /** Begins and ends of times in which something can be used. */
  readonly instants: readonly Instant[]
}

export const NO_TAILORING = 'none'

export function valueId(fact: string, value: string): string {
  return `${fact}=${value}`
}

/** The names that some rules have between them, and some of their customers' tailorings. */
export function vocabularyOf(
  sides: readonly Rules[],
  customers: readonly string[],
  reaches: readonly ReachRule[],
): Vocabulary {
  const all = (idsOf: (rules: Rules) => Iterable<string>): readonly string[] => [
    ...new Set(sides.flatMap((rules) => [...idsOf(rules)])),
  ]
  const valuesOf = new Map(
    all(({ facts }) => facts.keys()).map((fact) => {
      const values = all(({ facts }) => facts.get(fact) ?? [])
      return [fact, values.map((value) => valueId(fact, value))]
    }),
  )
  const restrictions = sides.flatMap((rules) => rules.restrictions)
  const obligations = [
    ...restrictions.flatMap(({ unless }) => unless.flatMap((excuse) => excuse.obligations)),
    ...reaches.flatMap((reach) => reach.obligations),
  ]
  const thresholds = sides.flatMap(({ leaves }) =>
    [...leaves.values()].flatMap(({ referAt, denyAt }) => [referAt, denyAt]),
  )
  return {
    values: { sort: 'Facts', prefix: '', ids: [...valuesOf.values()].flat() },
    valuesOf,
    uses: { sort: 'Uses', prefix: 'use.', ids: all(({ leaves }) => leaves.keys()) },
    nodes: { sort: 'Named', prefix: 'named.', ids: all(({ uses }) => uses.keys()) },
    restrictions: {
      sort: 'Restrictions',
      prefix: 'restriction.',
      ids: sorted(restrictions.map(({ id }) => id)),
    },
    obligations: { sort: 'Obligations', prefix: 'obligation.', ids: sorted(obligations) },
    customers: { sort: 'Customer', prefix: 'customer.', ids: customers },
    deployments: {
      sort: 'Deployment',
      prefix: 'deployment.',
      ids: sorted(reaches.map(({ deployment }) => deployment)),
    },
    models: {
      sort: 'Model',
      prefix: 'model.',
      ids: sorted(reaches.flatMap(({ usable, serves }) => [...usable.keys(), ...serves.keys()])),
    },
    tailorings: {
      sort: 'Tailoring',
      prefix: 'tailoring.',
      ids: [NO_TAILORING, ...sorted(reaches.map(nameOf))],
    },
    thresholds: ascending(thresholds.filter((score) => score <= 1)),
    instants: ascending(
      reaches
        .flatMap(({ usable, serves }) => [...usable.values(), ...serves.values()].flat())
        .filter(Number.isFinite),
    ),
  }
}

function ascending(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}

export function instantTerm(instant: Instant): string {
  return symbol(printInstant(instant))
}

/** Milliseconds since 1970, as a signed number of 64 bits. */
const INSTANT_BITS = 64

function declareInstant(instant: Instant): string {
  const bits = BigInt.asUintN(INSTANT_BITS, BigInt(instant)).toString(16)
  return `(define-fun ${instantTerm(instant)} () Instant #x${bits.padStart(INSTANT_BITS / 4, '0')})`
}

/** What every file begins with: the sorts, and a name for each thing that the rules speak of. */
export function declareVocabulary(names: Vocabulary): readonly string[] {
  const { values, uses, nodes, restrictions, obligations } = names
  return [
    ...declareSets(values, 'Values that facts may have (semantics §2): a set with a bit for each'),
    ...[...names.valuesOf].map(([fact, ids]) => {
      const all = ids.map((id) => member(values, id))
      return `(define-fun ${everyValue(fact)} () Facts ${unionOf(values, all)})`
    }),
    ...declareSets(uses, 'Leaves of the tree of uses (semantics §3)'),
    ...declareSets(nodes, 'What a request can name: leaves, and nodes above them'),
    ...declareSets(restrictions, 'Restrictions (semantics §5)'),
    ...declareSets(obligations, 'Obligations'),
    ...declareNumbers(
      names.customers,
      'Customers; any other number is somebody without a contract',
    ),
    ...declareNumbers(names.deployments, 'Deployments; any other number is one without enrolment'),
    ...declareNumbers(names.models, 'Snapshots of models; any other number serves no tailoring'),
    ...declareNumbers(names.tailorings, 'Contract and tailoring by which something is permitted'),
    '; Instants: milliseconds since 1970, signed',
    `(define-sort Instant () (_ BitVec ${INSTANT_BITS}))`,
    ...names.instants.map(declareInstant),
  ]
}

export function everyValue(fact: string): string {
  return symbol(`every.${fact}`)
}

/** Where each fact has a value, and something is named (semantics §2.2, §3.3). */
export function isWellFormed(
  { values, valuesOf, nodes }: Vocabulary,
  facts: string,
  named: string,
): readonly string[] {
  return [
    ...[...valuesOf.keys()].map((fact) => meets(values, facts, everyValue(fact))),
    `(distinct ${named} ${emptySet(nodes)})`,
  ]
}
