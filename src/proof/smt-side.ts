import type { Tables } from '../decision/tables.ts'
import { type LookUp, lookUpsOf, unsaidValuesOf } from './bundle-rules.ts'
import type { Allowed, Rule, Rules } from './rules.ts'
import { type Vocabulary, valueId } from './smt-names.ts'
import {
  allOf,
  anyOf,
  define,
  FALSE_TERM,
  has,
  isWithin,
  meets,
  type Sets,
  setOf,
  setWhere,
  term,
} from './smt-text.ts'

/** Rules as one of the two functions of a file, with what `decide` looks up by the name of a use and of a fact. */
export interface Side {
  /** Before each name of the function. */
  readonly name: 'decided' | 'meant'
  readonly rules: Rules
  readonly lookUps: ReadonlyMap<string, LookUp>
  /** What a fact may be that is not stated. */
  readonly unsaid: Allowed
}

/** What a bundle's tables make `decide` do; `rules` were read out of them. */
export function decidedSide(rules: Rules, tables: Tables): Side {
  const missing = unsaidValuesOf(tables)
  const unsaid = [...rules.facts].map(([fact, values]) => {
    const isMissing = (value: string): boolean =>
      missing.some((one) => one.fact === fact && one.value === value)
    return [fact, values.filter((value) => !isMissing(value))] as const
  })
  return { name: 'decided', rules, lookUps: lookUpsOf(tables), unsaid: new Map(unsaid) }
}

/** What documents, or a bundle's content, mean: a node stands for its leaves (semantics §3.1). */
export function meantSide(rules: Rules): Side {
  const lookUps = [...rules.uses].map(([use, leaves]) => {
    const own = new Set(leaves)
    const restrictions = rules.restrictions.filter(
      ({ prohibits }) => !prohibits.isDisjointFrom(own),
    )
    return [
      use,
      { leaves, restrictions: restrictions.map(({ id }) => id), scored: leaves },
    ] as const
  })
  return { name: 'meant', rules, lookUps: new Map(lookUps), unsaid: rules.facts }
}

/** The values of a scope, and all of each fact that it does not name (semantics §4). */
export function scopeTerm({ values, valuesOf }: Vocabulary, scope: Allowed): string {
  const allowed = [...valuesOf].flatMap(([fact, all]) => {
    const named = scope.get(fact)
    return named === undefined ? all : named.map((value) => valueId(fact, value))
  })
  return setOf(values, allowed)
}

/** Whether a scope touches some facts: for each that it names, the sets intersect (semantics §4). */
export function touches(
  { values, valuesOf }: Vocabulary,
  scope: Allowed,
  facts: string,
): readonly string[] {
  return [...valuesOf.keys()].flatMap((fact) => {
    const ids = scope.get(fact)?.map((value) => valueId(fact, value))
    return ids === undefined ? [] : [meets(values, facts, setOf(values, ids))]
  })
}

/** A request of a file: the terms of its facts and of what it names. What is judged of it is called after it. */
export interface Asked {
  /** Before each name, such as `decided.more`. */
  readonly name: string
  readonly facts: string
  readonly named: string
}

/** What a side makes of a request before any tailoring is looked at (semantics §5, §8.2). */
export function defineTriggers(
  names: Vocabulary,
  { rules, lookUps }: Side,
  asked: Asked,
): readonly string[] {
  const { name } = asked
  const { uses, nodes, restrictions } = names
  const found = (key: 'leaves' | 'restrictions', sets: Sets): string =>
    setWhere(sets, (id) => {
      const naming = [...lookUps].filter(([, lookUp]) => lookUp[key].includes(id))
      return meets(
        nodes,
        asked.named,
        setOf(
          nodes,
          naming.map(([node]) => node),
        ),
      )
    })
  const ruleOf = new Map(rules.restrictions.map((rule) => [rule.id, rule]))
  const triggered = setWhere(restrictions, (id) => {
    const rule = ruleOf.get(id)
    if (rule === undefined) return FALSE_TERM
    const excused = rule.unless.map(({ scope }) => term('not', covered(names, scope, asked)))
    return allOf([...concerns(names, rule, asked), ...excused])
  })
  return [
    '; The leaves of what is named, and the restrictions that prohibit any of them',
    define(`${name}.leaves`, uses.sort, found('leaves', uses)),
    define(`${name}.looked`, restrictions.sort, found('restrictions', restrictions)),
    '; The restrictions that are triggered (semantics §5.2)',
    define(`${name}.triggered`, restrictions.sort, triggered),
    '; The leaves asked for that they prohibit',
    define(
      `${name}.prohibited`,
      uses.sort,
      prohibitedTerm(names, rules, `${name}.triggered`, `${name}.leaves`),
    ),
  ]
}

/** What the policy obliges to: of each restriction, by the first excuse that covers (semantics §5.2). */
export function defineDuties(names: Vocabulary, { rules }: Side, asked: Asked): readonly string[] {
  const { obligations } = names
  const owed = setWhere(obligations, (id) =>
    anyOf(rules.restrictions.flatMap((rule) => owing(names, rule, id, asked))),
  )
  return [
    '; What the policy itself obliges to (semantics §5.2)',
    define(`${asked.name}.duties`, obligations.sort, owed),
  ]
}

/** Where a restriction obliges to something: an excuse with it covers, and none before. */
function owing(names: Vocabulary, rule: Rule, id: string, asked: Asked): readonly string[] {
  const earlier: string[] = []
  const found: string[] = []
  for (const { scope, obligations } of rule.unless) {
    const covers = covered(names, scope, asked)
    if (obligations.includes(id)) {
      found.push(allOf([...concerns(names, rule, asked), ...earlier, covers]))
    }
    earlier.push(term('not', covers))
  }
  return found
}

/** The leaves asked for that any of some restrictions prohibits. */
export function prohibitedTerm(
  { uses, restrictions }: Vocabulary,
  rules: Rules,
  triggered: string,
  leaves: string,
): string {
  return setWhere(uses, (leaf) => {
    const prohibiting = rules.restrictions.filter(({ limits }) => limits.has(leaf))
    const ids = prohibiting.map(({ id }) => id)
    return allOf([
      has(uses, leaves, leaf),
      meets(restrictions, triggered, setOf(restrictions, ids)),
    ])
  })
}

/** The restrictions that nothing lifts, by why. */
export function defineNever({ restrictions }: Vocabulary, side: Side): readonly string[] {
  const { name, rules } = side
  return [
    `; ---- ${name}: ${name === 'decided' ? 'what the tables of the bundle decide' : 'what was meant'}`,
    ...(['floor', 'not-tailorable'] as const).map((why) => {
      const ids = rules.restrictions.flatMap((rule) => (rule.never === why ? [rule.id] : []))
      return define(`${name}.${why}`, restrictions.sort, setOf(restrictions, ids))
    }),
    define(`${name}.never`, restrictions.sort, `(bvor ${name}.floor ${name}.not-tailorable)`),
  ]
}

function concerns(names: Vocabulary, { id, when }: Rule, asked: Asked): readonly string[] {
  const { restrictions } = names
  const looked = has(restrictions, `${asked.name}.looked`, id)
  return [looked, ...touches(names, when, asked.facts)]
}

function covered(names: Vocabulary, scope: Allowed, { facts }: Asked): string {
  return isWithin(names.values, facts, scopeTerm(names, scope))
}
