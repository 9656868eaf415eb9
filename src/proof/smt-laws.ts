import type { Spans } from '../interval.ts'
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
import { defineJudged, during, type ReachTerm, type ReachTerms, servedTerm } from './smt-reaches.ts'
import { prohibitedTerm, type Side } from './smt-side.ts'
import {
  allOf,
  anyOf,
  declare,
  define,
  emptySet,
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

/** A law, negated: constants, and claims that cannot all be so. */
export interface SmtLaw {
  readonly id: string
  readonly says: string
  /** Whether it looks at what was meant, too. */
  readonly isOfBoth: boolean
  readonly negated: (subject: SmtSubject) => readonly string[]
}

export function claim(what: string): string {
  return term('assert', what)
}

/** A request whose facts have all values that are not stated, and what is decided of it, and was meant. */
export function declareRequest(subject: SmtSubject, isOfBoth = false): readonly string[] {
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

const meaning: SmtLaw = {
  id: 'meaning',
  says: 'the compiled tables decide every request as the documents mean it',
  isOfBoth: true,
  negated: ({ names, decided, meant, decidedReaches, meantReaches }) => [
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

const floor: SmtLaw = {
  id: 'L1',
  says: 'no request that triggers a restriction which is never tailorable is allowed',
  isOfBoth: true,
  negated: (subject) => [
    ...declareRequest(subject, true),
    claim('decided.allows'),
    claim(meets(subject.names.restrictions, 'meant.triggered', 'meant.never')),
  ],
}

const layersNarrow: SmtLaw = {
  id: 'L2',
  says: 'taking away a tailoring, or any of what it reaches, or adding a restriction permits no more',
  isOfBoth: false,
  negated: (subject) => {
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
      ...declareRequest(subject),
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
  },
}

/** Whether a tailoring of any lifts, uses and scope would permit, with just some restrictions. */
function defineAllowedBy(
  { names, decided }: SmtSubject,
  { name, restrictions: on, reach }: { name: string; restrictions: string; reach: string },
): readonly string[] {
  const { values, uses, restrictions } = names
  const triggered = `${name}.triggered`
  return [
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
          isWithin(restrictions, triggered, `${reach}-lifts`),
          isWithin(uses, `${name}.prohibited`, `${reach}-uses`),
          isWithin(values, 'facts', `${reach}-values`),
        ]),
      ]),
    ),
  ]
}

const unsaidCounts: SmtLaw = {
  id: 'L3',
  says: 'adding values to a fact, or uses to a request, permits no more',
  isOfBoth: false,
  negated: (subject) => [
    ...declareRequest(subject),
    ...declareMore(subject, { facts: 'more-facts', named: 'more-named' }),
    claim('(and more.allows (not decided.allows))'),
  ],
}

const detectorsNeverPermit: SmtLaw = {
  id: 'L4',
  says: 'raising a score suspects no fewer uses, and more suspected uses permit no more',
  isOfBoth: false,
  negated: (subject) => {
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
      ...declareRequest(subject),
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
  },
}

const noStitching: SmtLaw = {
  id: 'L5',
  says: 'whatever is permitted under exception, a single tailoring alone permits',
  isOfBoth: true,
  negated: (subject) => {
    const alone = subject.meantReaches.all.map(({ usable, shape }) =>
      term('and', usable, `meant.${shape}`),
    )
    return [
      ...declareRequest(subject, true),
      claim('decided.excepts'),
      claim(term('not', anyOf(alone))),
    ]
  },
}

function placeOf({ customer, rule }: ReachTerm): string {
  return [customer, rule.contract, rule.tailoring, rule.deployment].join(' ')
}

/** Where some tailoring permits although something does not hold that was meant of it. */
function badUse(
  { decidedReaches, meantReaches }: SmtSubject,
  meantOf: (reaches: readonly ReachTerm[]) => string,
): string {
  const meant = Map.groupBy(meantReaches.all, placeOf)
  return anyOf(
    decidedReaches.all.map((reach) => {
      const holds = meantOf(meant.get(placeOf(reach)) ?? [])
      return allOf([permitsBy(reach), term('not', holds)])
    }),
  )
}

const clock: SmtLaw = {
  id: 'L6',
  says: 'no tailoring permits anything outside the intervals in which it was meant to be in force',
  isOfBoth: true,
  negated: (subject) => [
    ...declareRequest(subject, true),
    claim(badUse(subject, (reaches) => anyOf(reaches.map(({ usable }) => usable)))),
  ],
}

const modelCeiling: SmtLaw = {
  id: 'L7',
  says: 'no snapshot serves a tailoring once it was not eligible, and none is open to it again',
  isOfBoth: true,
  negated: (subject) => {
    const { names, meantReaches } = subject
    const served = [...new Set(meantReaches.all.flatMap(({ rule }) => [...rule.serves.values()]))]
    return [
      ...declareRequest(subject, true),
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
  },
}

function distinctSpans(all: readonly Spans[]): readonly Spans[] {
  return [...new Map(all.map((spans) => [spans.join(), spans])).values()]
}

const totality: SmtLaw = {
  id: 'L8',
  says: 'every request gets exactly one outcome',
  isOfBoth: false,
  negated: (subject) => [
    ...declareRequest(subject),
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
  ],
}

const othersAreIrrelevant: SmtLaw = {
  id: 'L10',
  says: "a customer's decisions rest on that customer's contracts alone",
  isOfBoth: true,
  negated: (subject) => {
    const { names, decidedReaches, meantReaches } = subject
    const owners = new Map(meantReaches.all.map(({ customer, rule }) => [rule.contract, customer]))
    return [
      ...declareRequest(subject, true),
      claim(
        anyOf(
          decidedReaches.all.map((reach) => {
            const owner = owners.get(reach.rule.contract)
            const isOwn =
              owner === undefined
                ? 'false'
                : term('=', 'customer', numberOf(names.customers, owner))
            return allOf([permitsBy(reach), term('not', isOwn)])
          }),
        ),
      ),
    ]
  },
}

const dutiesPersist: SmtLaw = {
  id: 'L11',
  says: 'an exception keeps every obligation that the policy attaches',
  isOfBoth: true,
  negated: (subject) => {
    const { obligations } = subject.names
    const losing = subject.decidedReaches.all.map((reach) =>
      allOf([
        permitsBy(reach),
        term('not', isWithin(obligations, 'lost', setOf(obligations, reach.rule.obligations))),
      ]),
    )
    return [
      ...declareRequest(subject, true),
      '; what the policy obliges to, and is not obliged to here',
      define('lost', obligations.sort, '(bvand meant.duties (bvnot decided.duties))'),
      claim(anyOf([`(and decided.permits (distinct lost ${emptySet(obligations)}))`, ...losing])),
    ]
  },
}

/** Of the laws of semantics §11 all but L9, which speaks of bundles and not of requests. */
export const SMT_LAWS: readonly SmtLaw[] = [
  meaning,
  floor,
  layersNarrow,
  unsaidCounts,
  detectorsNeverPermit,
  noStitching,
  clock,
  modelCeiling,
  totality,
  othersAreIrrelevant,
  dutiesPersist,
]
