import type { Spans } from '../interval.ts'
import { nameOf, type ReachRule } from './rules.ts'
import { instantTerm, type Vocabulary } from './smt-names.ts'
import { type Asked, defineDuties, defineTriggers, type Side, scopeTerm } from './smt-side.ts'
import { allOf, anyOf, define, emptySet, isWithin, numberOf, setOf, term } from './smt-text.ts'

/** A customer's tailoring on a deployment. */
export interface Placed {
  readonly customer: string
  readonly rule: ReachRule
}

/** The same, by the names of its terms. */
export interface ReachTerm extends Placed {
  /** Where it can be used at all: whose, on which deployment, served by which snapshots and when. */
  readonly usable: string
  /** The same, whoever asks on whatever deployment. */
  readonly times: string
  /** What it lifts, for which uses and facts; equal for many. */
  readonly shape: string
}

/** The tailorings of some rules as terms, and the text that defines where they can be used. */
export interface ReachTerms {
  readonly all: readonly ReachTerm[]
  /** One tailoring of each shape. */
  readonly shapes: ReadonlyMap<string, ReachRule>
  readonly text: readonly string[]
}

export function defineReaches(
  names: Vocabulary,
  name: Side['name'],
  placed: readonly Placed[],
): ReachTerms {
  const times = new Map<string, string>()
  const shapeNames = new Map<string, string>()
  const shapes = new Map<string, ReachRule>()
  const all = placed.map(({ customer, rule }, i): ReachTerm => {
    const shape = namedOnce(
      shapeNames,
      'shape',
      suitsTerm(names, liftingOf(names, rule), 'request'),
    )
    shapes.set(shape, rule)
    const served = namedOnce(times, `${name}.times`, servedTerm(names, rule.usable))
    return { customer, rule, usable: `${name}.usable.${i + 1}`, times: served, shape }
  })
  const byShape = [...Map.groupBy(all, ({ shape }) => shape)]
  return {
    all,
    shapes,
    text: [
      '; When tailorings are in force and a snapshot serves them (semantics §6.4, §7.4)',
      ...[...times].map(([body, id]) => define(id, 'Bool', body)),
      '; Where each can be used, and where some of those that lift the same',
      ...all.flatMap((reach) => [
        `; ${reach.customer}: ${nameOf(reach.rule)}`,
        define(reach.usable, 'Bool', usableTerm(names, reach)),
      ]),
      ...byShape.map(([shape, reaches]) =>
        define(`${name}.some.${shape}`, 'Bool', anyOf(reaches.map(({ usable }) => usable))),
      ),
    ],
  }
}

function namedOnce(names: Map<string, string>, prefix: string, body: string): string {
  const name = names.get(body) ?? `${prefix}.${names.size + 1}`
  names.set(body, name)
  return name
}

function usableTerm(
  { customers, deployments }: Vocabulary,
  { customer, rule, times }: ReachTerm,
): string {
  return term(
    'and',
    term('=', 'customer', numberOf(customers, customer)),
    term('=', 'deployment', numberOf(deployments, rule.deployment)),
    times,
  )
}

/** Whether a snapshot serves at the request's instant, by a list of times for each snapshot. */
export function servedTerm(names: Vocabulary, served: ReadonlyMap<string, Spans>): string {
  const models = [...served].sort(([a], [b]) => (a < b ? -1 : 1))
  return anyOf(
    models.map(([model, spans]) =>
      allOf([term('=', 'model', numberOf(names.models, model)), during(spans, 'at')]),
    ),
  )
}

/** Whether an instant lies in some half-open times. */
export function during(spans: Spans, instant: string): string {
  const terms: string[] = []
  for (let i = 0; i < spans.length; i += 2) {
    const [from = -Infinity, until = Infinity] = spans.slice(i, i + 2)
    terms.push(
      allOf([
        ...(Number.isFinite(from) ? [term('bvsle', instantTerm(from), instant)] : []),
        ...(Number.isFinite(until) ? [term('bvslt', instant, instantTerm(until))] : []),
      ]),
    )
  }
  return anyOf(terms)
}

/** What a tailoring lifts, for which uses, and which values it allows, as terms. */
export interface Lifting {
  readonly lifts: string
  readonly uses: string
  readonly scope: string
}

function liftingOf(names: Vocabulary, { lifts, uses, scope }: ReachRule): Lifting {
  return {
    lifts: setOf(names.restrictions, lifts),
    uses: setOf(names.uses, uses),
    scope: scopeTerm(names, scope),
  }
}

/** Whether one tailoring does all of it (semantics §8.2 d), of what is called after `asked`. */
export function suitsTerm(
  { restrictions, uses, values }: Vocabulary,
  lifting: Lifting,
  asked: string,
): string {
  return allOf([
    isWithin(restrictions, `${asked}.triggered`, lifting.lifts),
    isWithin(uses, `${asked}.prohibited`, lifting.uses),
    isWithin(values, `${asked}.facts`, lifting.scope),
  ])
}

/** What a side decides of a request (semantics §8.2). */
export function defineJudged(
  names: Vocabulary,
  side: Side,
  { shapes }: ReachTerms,
  asked: Asked,
): readonly string[] {
  const { name } = asked
  const none = emptySet(names.restrictions)
  const suits = [...shapes.keys()].map((shape) =>
    term('and', `${side.name}.some.${shape}`, `${name}.${shape}`),
  )
  return [
    `; ---- ${name}`,
    define(`${name}.facts`, names.values.sort, asked.facts),
    ...defineTriggers(names, side, asked),
    ...defineDuties(names, side, asked),
    '; Whether tailorings do all that they must, wherever they can be used (semantics §8.2 d)',
    ...[...shapes].map(([shape, rule]) =>
      define(`${name}.${shape}`, 'Bool', suitsTerm(names, liftingOf(names, rule), name)),
    ),
    '; Whether the policy permits, whether something is triggered that may be lifted, and whether it is',
    define(`${name}.permits`, 'Bool', `(= ${name}.triggered ${none})`),
    define(
      `${name}.liftable`,
      'Bool',
      `(and (not ${name}.permits) (= (bvand ${name}.triggered ${side.name}.never) ${none}))`,
    ),
    define(`${name}.excepts`, 'Bool', allOf([`${name}.liftable`, anyOf(suits)])),
    define(`${name}.allows`, 'Bool', `(or ${name}.permits ${name}.excepts)`),
  ]
}
