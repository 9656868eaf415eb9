import { nameOf } from './rules.ts'
import { everyValue, NO_TAILORING, type Vocabulary, valueId } from './smt-names.ts'
import { defineJudged, type ReachTerm, type ReachTerms } from './smt-reaches.ts'
import type { Side } from './smt-side.ts'
import {
  anyOf,
  bitsOf,
  bitsUpTo,
  declare,
  define,
  emptySet,
  has,
  meets,
  numberOf,
  setIf,
  setOf,
  setWhere,
  symbol,
  term,
  widthOf,
} from './smt-text.ts'

// A request as a caller makes it, and all that is answered: the law that tables and documents agree speaks of both.

/** The constants of a request besides who asks, of which model and when. */
export function declareStated({ valuesOf, values, nodes }: Vocabulary): readonly string[] {
  const facts = [...valuesOf.keys()]
  return [
    '; The values stated of facts; of a fact that is not stated, what is set here does not count',
    declare('stated', values.sort),
    ...facts.map((fact) => declare(unstated(fact), 'Bool')),
    '; What is named, and for each use the highest score that a detector gives it (semantics §8.1)',
    declare('named', nodes.sort),
    ...nodes.ids.map((node) => declare(scoreOf(node), 'Level')),
  ]
}

export function unstated(fact: string): string {
  return `unstated.${fact}`
}

export function scoreOf(node: string, prefix = 'score'): string {
  return `${prefix}.${node}`
}

/** Levels of scores: how many thresholds a score reaches. */
export function declareLevels({ thresholds }: Vocabulary): readonly string[] {
  const width = bitsUpTo(thresholds.length)
  return [
    '; Scores, as the number of thresholds that they reach; 0 is less than any, or no score at all',
    `(define-sort Level () (_ BitVec ${width}))`,
    ...thresholds.map((score, i) =>
      define(levelName(score), 'Level', `#b${(i + 1).toString(2).padStart(width, '0')}`),
    ),
  ]
}

/** That a score is one of the levels. */
export function isLevel({ thresholds }: Vocabulary, score: string): string {
  const highest = thresholds.at(-1)
  return highest === undefined
    ? `(= ${score} #b0)`
    : term('bvule', score, symbol(levelName(highest)))
}

function levelName(score: number): string {
  return `at-least.${score}`
}

/** What is asked for `besides`, and what detectors say is asked for, certainly or perhaps (semantics §8.1). */
export function heardTerm(
  { nodes }: Vocabulary,
  { rules, lookUps }: Side,
  { threshold, prefix, besides }: Heard,
): string {
  return setWhere(nodes, (node) => {
    const isNamed = has(nodes, besides, node)
    const score = rules.leaves.get(node)?.[threshold]
    if (score === undefined || score > 1) return isNamed
    const scored = [...lookUps].filter(([, lookUp]) => lookUp.scored.includes(node))
    const from = symbol(levelName(score))
    const reached = scored.map(([use]) => term('bvuge', symbol(scoreOf(use, prefix)), from))
    return anyOf([isNamed, ...reached])
  })
}

interface Heard {
  readonly threshold: 'referAt' | 'denyAt'
  /** Before the names of scores. */
  readonly prefix: string
  readonly besides: string
}

/** All that a side answers, in one vector: `SIDE.answer` (semantics §8.3 to §8.5). */
export function defineAnswer(
  names: Vocabulary,
  side: Side,
  reaches: ReachTerms,
): readonly string[] {
  const { name } = side
  const { values, nodes, restrictions, obligations, tailorings } = names
  const none = emptySet(restrictions)
  const certain = heardTerm(names, side, { threshold: 'denyAt', prefix: 'score', besides: 'named' })
  const suspected = heardTerm(names, side, {
    threshold: 'referAt',
    prefix: 'score',
    besides: `${name}.certainly`,
  })
  const part = (of: string, sort: string, body: string): string =>
    define(`${name}.${of}`, sort, body)
  const isDenied = `(= ${name}.outcome ${OUTCOME_BITS.deny})`
  const isAllowed = `(bvult ${name}.outcome ${OUTCOME_BITS.refer})`
  const { permit, refer, deny, 'permit-under-exception': exception } = OUTCOME_BITS
  return [
    `; ==== what ${name} answers`,
    define(`${name}.all-facts`, values.sort, saidOrAll(names, side)),
    define(`${name}.certainly`, nodes.sort, certain),
    define(`${name}.perhaps`, nodes.sort, suspected),
    ...(['certain', 'suspected'] as const).flatMap((uses) => {
      const named = `${name}.${uses === 'certain' ? 'certainly' : 'perhaps'}`
      const asked = { name: `${name}.${uses}`, facts: `${name}.all-facts`, named }
      return defineJudged(names, side, reaches, asked)
    }),
    ...defineFound(names, reaches, `${name}.suspected`),
    part(
      'outcome',
      '(_ BitVec 2)',
      `(ite (not ${name}.certain.allows) ${deny}
  (ite (not ${name}.suspected.allows) ${refer}
    (ite ${name}.suspected.permits ${permit} ${exception})))`,
    ),
    part('base', '(_ BitVec 1)', `(ite ${name}.certain.permits #b0 #b1)`),
    part(
      'said',
      restrictions.sort,
      term('ite', isDenied, `${name}.certain.triggered`, `${name}.suspected.triggered`),
    ),
    part(
      'floored',
      restrictions.sort,
      term('ite', isDenied, `(bvand ${name}.said ${name}.floor)`, none),
    ),
    part(
      'fixed',
      restrictions.sort,
      term('ite', isDenied, `(bvand ${name}.said ${name}.not-tailorable)`, none),
    ),
    part(
      'by',
      tailorings.sort,
      term('ite', isAllowed, `${name}.suspected.by`, numberOf(tailorings, NO_TAILORING)),
    ),
    part('owed', obligations.sort, setIf(obligations, isAllowed, `${name}.suspected.owed`)),
    part(
      'answer',
      `(_ BitVec ${answerBits(names)})`,
      term('concat', ...ANSWER_PARTS.map((of) => `${name}.${of}`)),
    ),
  ]
}

/** What is stated of each fact, or all that it may be (semantics §2.2). */
function saidOrAll({ values, valuesOf }: Vocabulary, { unsaid }: Side): string {
  const factOf = new Map([...valuesOf].flatMap(([fact, ids]) => ids.map((id) => [id, fact])))
  const all = new Set(
    [...unsaid].flatMap(([fact, ids]) => ids.map((value) => valueId(fact, value))),
  )
  return setWhere(values, (id) => {
    const isUnsaid = symbol(unstated(factOf.get(id) ?? ''))
    return term('ite', isUnsaid, String(all.has(id)), has(values, 'stated', id))
  })
}

/** The parts of an answer, from its highest bits on. */
export const ANSWER_PARTS = ['outcome', 'base', 'said', 'floored', 'fixed', 'by', 'owed'] as const

export const OUTCOME_BITS = {
  permit: '#b00',
  'permit-under-exception': '#b01',
  refer: '#b10',
  deny: '#b11',
} as const

/** How wide each part is, in bits. */
export function answerWidths(
  names: Vocabulary,
): Readonly<Record<(typeof ANSWER_PARTS)[number], number>> {
  const ofRestrictions = widthOf(names.restrictions)
  return {
    outcome: 2,
    base: 1,
    said: ofRestrictions,
    floored: ofRestrictions,
    fixed: ofRestrictions,
    by: bitsOf(names.tailorings),
    owed: widthOf(names.obligations),
  }
}

function answerBits(names: Vocabulary): number {
  return Object.values(answerWidths(names)).reduce((sum, width) => sum + width, 0)
}

/** Which tailoring permits, and what is obliged to then (semantics §8.2 e). */
function defineFound(names: Vocabulary, { all }: ReachTerms, asked: string): readonly string[] {
  const { obligations, tailorings } = names
  const [ofTailoring, ofObligations] = [bitsOf(tailorings), widthOf(obligations)]
  const sort = `(_ BitVec ${ofTailoring + ofObligations})`
  const nothing = `(_ bv0 ${ofTailoring + ofObligations})`
  const chains = [...Map.groupBy(all, ({ customer }) => customer)].map(([customer, reaches]) => ({
    found: term(
      'ite',
      term('=', 'customer', numberOf(names.customers, customer)),
      `${asked}.first.${customer}.1`,
      nothing,
    ),
    text: defineChain(names, asked, { customer, reaches, sort, nothing }),
  }))
  const found = chains.map((chain) => chain.found)
  const either = found.length < 2 ? (found[0] ?? nothing) : term('bvor', ...found)
  const extract = (high: number, low: number): string =>
    `((_ extract ${high} ${low}) ${asked}.found)`
  return [
    '; The first tailoring, in the order in which they are tried, that permits',
    ...chains.flatMap(({ text }) => text),
    define(`${asked}.found`, sort, term('ite', `${asked}.liftable`, either, nothing)),
    define(`${asked}.by`, tailorings.sort, extract(ofTailoring + ofObligations - 1, ofObligations)),
    define(
      `${asked}.owed`,
      obligations.sort,
      `(bvor ${asked}.duties ${extract(ofObligations - 1, 0)})`,
    ),
  ]
}

interface Chain {
  readonly customer: string
  readonly reaches: readonly ReachTerm[]
  readonly sort: string
  readonly nothing: string
}

/** From the last of a customer's tailorings to the first: this one with its obligations, or what comes after it. */
function defineChain(
  names: Vocabulary,
  asked: string,
  { customer, reaches, sort, nothing }: Chain,
): readonly string[] {
  const nameAt = (i: number): string => symbol(`${asked}.first.${customer}.${i + 1}`)
  return reaches
    .map(({ usable, shape, rule }, i) => {
      const tailoring = numberOf(names.tailorings, nameOf(rule))
      const found = term('concat', tailoring, setOf(names.obligations, rule.obligations))
      const next = i + 1 < reaches.length ? nameAt(i + 1) : nothing
      return define(
        `${asked}.first.${customer}.${i + 1}`,
        sort,
        term('ite', `(and ${usable} ${asked}.${shape})`, found, next),
      )
    })
    .toReversed()
}

/** Where each fact that is stated has a value. */
export function isStated({ values, valuesOf }: Vocabulary): readonly string[] {
  return [...valuesOf.keys()].map((fact) =>
    anyOf([symbol(unstated(fact)), meets(values, 'stated', everyValue(fact))]),
  )
}
