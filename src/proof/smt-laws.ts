import type { Spans } from '../interval.ts'
import { placeOf } from './rules.ts'
import {
  declareLevels,
  declareStated,
  defineAnswer,
  heardTerm,
  isLevel,
  isStated,
  scoreOf,
} from './smt-answer.ts'
import { isWellFormed, type Vocabulary } from './smt-names.ts'
import {
  defineJudged,
  during,
  type ReachTerm,
  type ReachTerms,
  servedTerm,
  suitsTerm,
} from './smt-reaches.ts'
import { prohibitedTerm, type Side } from './smt-side.ts'
import {
  allOf,
  anyOf,
  declare,
  define,
  emptySet,
  FALSE_TERM,
  isWithin,
  meets,
  numberOf,
  type Sets,
  setOf,
  symbol,
  term,
} from './smt-text.ts'

/** What a file is written about. */
export interface SmtSubject {
  readonly names: Vocabulary
  readonly decided: Side
  readonly meant: Side
  readonly decidedReaches: ReachTerms
  readonly meantReaches: ReachTerms
}

/** A law, negated: constants, and claims that cannot all be so where it holds. */
export interface Negation {
  /** Whether it looks at what was meant, too. */
  readonly isOfBoth: boolean
  readonly text: (subject: SmtSubject) => readonly string[]
}

export function claim(what: string): string {
  return term('assert', what)
}

/** Claims about a request that has all values of facts that are not stated. */
export function ofRequest(isOfBoth: boolean, claims: Negation['text']): Negation {
  const text: Negation['text'] = (subject) => [
    ...declareRequest(subject, isOfBoth),
    ...claims(subject),
  ]
  return { isOfBoth, text }
}

/** A request, what is decided of it, and what was meant. */
function declareRequest(subject: SmtSubject, isOfBoth: boolean): readonly string[] {
  const { names, decided, meant, decidedReaches, meantReaches } = subject
  const asked = { facts: 'facts', named: 'named' }
  return [
    '; ---- a request (semantics §8)',
    declare('facts', names.values.sort),
    declare('named', names.nodes.sort),
    ...isWellFormed(names, 'facts', 'named').map(claim),
    ...defineJudged(names, decided, decidedReaches, { name: 'decided', ...asked }),
    ...(isOfBoth ? defineJudged(names, meant, meantReaches, { name: 'meant', ...asked }) : []),
  ]
}

/** The same request, with other facts or names. */
function declareMore(
  subject: SmtSubject,
  asked: { facts: string; named: string },
): readonly string[] {
  const { names, decided, decidedReaches } = subject
  return [
    '; ---- the same request, with more said',
    ...(asked.facts === 'facts'
      ? []
      : [
          declare(asked.facts, names.values.sort),
          claim(isWithin(names.values, 'facts', asked.facts)),
        ]),
    declare(asked.named, names.nodes.sort),
    claim(isWithin(names.nodes, 'named', asked.named)),
    ...defineJudged(names, decided, decidedReaches, { name: 'more', ...asked }),
  ]
}

/** Where a tailoring permits: it can be used, and does all that it must. */
function permitsBy({ usable, shape }: ReachTerm): string {
  return allOf(['decided.excepts', usable, `decided.${shape}`])
}

const meaning: Negation = {
  isOfBoth: true,
  text: ({ names, decided, meant, decidedReaches, meantReaches }) => [
    ...declareLevels(names),
    '; ---- a request (semantics §8)',
    ...declareStated(names),
    ...isStated(names).map(claim),
    ...names.nodes.ids.map((node) => claim(isLevel(names, symbol(scoreOf(node))))),
    claim(`(distinct named ${emptySet(names.nodes)})`),
    ...defineAnswer(names, decided, decidedReaches),
    ...defineAnswer(names, meant, meantReaches),
    claim('(distinct decided.answer meant.answer)'),
  ],
}

const floor = ofRequest(true, (subject) => [
  claim('decided.allows'),
  claim(meets(subject.names.restrictions, 'meant.triggered', 'meant.never')),
])

const layersNarrow = ofRequest(false, (subject) => {
  const { names, decidedReaches } = subject
  const { values, uses, restrictions } = names
  const shapes = [...decidedReaches.shapes.keys()]
  const kept = shapes.map((shape) =>
    term('and', `kept.${shape}`, `decided.some.${shape}`, `decided.${shape}`),
  )
  const ordered = (sets: Sets, name: string): readonly string[] => [
    declare(`fewer-${name}`, sets.sort),
    declare(`more-${name}`, sets.sort),
    claim(isWithin(sets, `fewer-${name}`, `more-${name}`)),
  ]
  return [
    '; any tailoring, and one that reaches less; some restrictions, and fewer of them',
    ...ordered(restrictions, 'lifts'),
    ...ordered(uses, 'uses'),
    ...ordered(values, 'values'),
    ...ordered(restrictions, 'restrictions'),
    ...defineAllowedBy(subject, { name: 'narrower', restrictions: 'more', reach: 'fewer' }),
    ...defineAllowedBy(subject, { name: 'wider', restrictions: 'fewer', reach: 'more' }),
    '; the tailorings that there are, without some of them',
    ...shapes.map((shape) => declare(`kept.${shape}`, 'Bool')),
    claim(
      anyOf([
        '(and narrower.allows (not wider.allows))',
        allOf(['decided.liftable', anyOf(kept), '(not decided.allows)']),
      ]),
    ),
  ]
})

/** Whether a tailoring of any lifts, uses and scope would permit, with just some restrictions. */
function defineAllowedBy(
  { names, decided }: SmtSubject,
  { name, restrictions: on, reach }: { name: string; restrictions: string; reach: string },
): readonly string[] {
  const { values, uses, restrictions } = names
  const triggered = `${name}.triggered`
  const lifting = { lifts: `${reach}-lifts`, uses: `${reach}-uses`, scope: `${reach}-values` }
  return [
    define(`${name}.facts`, values.sort, 'facts'),
    define(triggered, restrictions.sort, `(bvand decided.triggered ${on}-restrictions)`),
    define(
      `${name}.prohibited`,
      uses.sort,
      prohibitedTerm(names, decided.rules, triggered, 'decided.leaves'),
    ),
    define(
      `${name}.allows`,
      'Bool',
      anyOf([
        `(= ${triggered} ${emptySet(restrictions)})`,
        allOf([
          `(= (bvand ${triggered} decided.never) ${emptySet(restrictions)})`,
          suitsTerm(names, lifting, name),
        ]),
      ]),
    ),
  ]
}

const unsaidCounts = ofRequest(false, (subject) => [
  ...declareMore(subject, { facts: 'more-facts', named: 'more-named' }),
  claim('(and more.allows (not decided.allows))'),
])

const detectorsNeverPermit = ofRequest(false, (subject) => {
  const { names, decided } = subject
  const { nodes } = names
  const heard = (name: string, prefix: string): readonly string[] =>
    (['denyAt', 'referAt'] as const).map((threshold) => {
      const isCertain = threshold === 'denyAt'
      const body = heardTerm(names, decided, { threshold, prefix, besides: 'named' })
      return define(
        isCertain ? `${name}-certain` : `${name}-suspected`,
        nodes.sort,
        isCertain ? body : `(bvor ${name}-certain ${body})`,
      )
    })
  return [
    ...declareLevels(names),
    '; what detectors say, and the same with scores raised (semantics §8.1)',
    ...nodes.ids.flatMap((node) => [
      declare(scoreOf(node), 'Level'),
      declare(scoreOf(node, 'raised'), 'Level'),
      claim(term('bvule', symbol(scoreOf(node)), symbol(scoreOf(node, 'raised')))),
      claim(isLevel(names, symbol(scoreOf(node, 'raised')))),
    ]),
    ...heard('scored', 'score'),
    ...heard('raised', 'raised'),
    ...declareMore(subject, { facts: 'facts', named: 'more-named' }),
    claim(
      anyOf([
        term('not', isWithin(nodes, 'scored-certain', 'raised-certain')),
        term('not', isWithin(nodes, 'scored-suspected', 'raised-suspected')),
        '(and more.allows (not decided.allows))',
      ]),
    ),
  ]
})

const noStitching = ofRequest(true, (subject) => {
  const alone = subject.meantReaches.all.map(({ usable, shape }) =>
    term('and', usable, `meant.${shape}`),
  )
  return [claim('decided.excepts'), claim(term('not', anyOf(alone)))]
})

function keyOf({ customer, rule }: ReachTerm): string {
  return `${customer} ${placeOf(rule)}`
}

/** Where some tailoring permits although something does not hold that was meant of it. */
function badUse(
  { decidedReaches, meantReaches }: SmtSubject,
  meantOf: (reaches: readonly ReachTerm[]) => string,
): string {
  const meant = Map.groupBy(meantReaches.all, keyOf)
  return anyOf(
    decidedReaches.all.map((reach) => {
      const holds = meantOf(meant.get(keyOf(reach)) ?? [])
      return allOf([permitsBy(reach), term('not', holds)])
    }),
  )
}

const clock = ofRequest(true, (subject) => [
  claim(badUse(subject, (reaches) => anyOf(reaches.map(({ usable }) => usable)))),
])

const modelCeiling = ofRequest(true, (subject) => {
  const { names, meantReaches } = subject
  const served = meantReaches.all.flatMap(({ rule }) => [...rule.serves.values()])
  return [
    '; three instants, one after another',
    declare('before', 'Instant'),
    declare('between', 'Instant'),
    declare('after', 'Instant'),
    claim('(bvslt before between)'),
    claim('(bvslt between after)'),
    claim(
      anyOf([
        badUse(subject, (reaches) =>
          anyOf(reaches.map(({ rule }) => servedTerm(names, rule.serves))),
        ),
        ...distinctSpans(served).map((spans) =>
          allOf([
            during(spans, 'before'),
            term('not', during(spans, 'between')),
            during(spans, 'after'),
          ]),
        ),
      ]),
    ),
  ]
})

function distinctSpans(all: readonly Spans[]): readonly Spans[] {
  return [...new Map(all.map((spans) => [spans.join(), spans])).values()]
}

const totality = ofRequest(false, () => [
  define('denies', 'Bool', '(not decided.allows)'),
  claim(
    term(
      'not',
      anyOf([
        '(and decided.permits (not decided.excepts) (not denies))',
        '(and (not decided.permits) decided.excepts (not denies))',
        '(and (not decided.permits) (not decided.excepts) denies)',
      ]),
    ),
  ),
])

const othersAreIrrelevant = ofRequest(true, (subject) => {
  const { names, decidedReaches, meantReaches } = subject
  const owners = new Map(meantReaches.all.map(({ customer, rule }) => [rule.contract, customer]))
  return [
    claim(
      anyOf(
        decidedReaches.all.map((reach) => {
          const owner = owners.get(reach.rule.contract)
          const isOwn =
            owner === undefined
              ? FALSE_TERM
              : term('=', 'customer', numberOf(names.customers, owner))
          return allOf([permitsBy(reach), term('not', isOwn)])
        }),
      ),
    ),
  ]
})

const dutiesPersist = ofRequest(true, (subject) => {
  const { obligations } = subject.names
  const losing = subject.decidedReaches.all.map((reach) =>
    allOf([
      permitsBy(reach),
      term('not', isWithin(obligations, 'lost', setOf(obligations, reach.rule.obligations))),
    ]),
  )
  return [
    '; what the policy obliges to, and is not obliged to here',
    define('lost', obligations.sort, '(bvand meant.duties (bvnot decided.duties))'),
    claim(anyOf([`(and decided.permits (distinct lost ${emptySet(obligations)}))`, ...losing])),
  ]
})

/** Of the laws, by id, all but L9, which speaks of bundles and not of requests. */
export const NEGATIONS: Readonly<Record<string, Negation>> = {
  meaning,
  L1: floor,
  L2: layersNarrow,
  L3: unsaidCounts,
  L4: detectorsNeverPermit,
  L5: noStitching,
  L6: clock,
  L7: modelCeiling,
  L8: totality,
  L10: othersAreIrrelevant,
  L11: dutiesPersist,
}
