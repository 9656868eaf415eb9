import { createMongoAbility, type MongoAbility, type RawRuleOf } from '@casl/ability'
import type { PolicyContent } from '../src/decision/content.ts'
import type { Allowance, Ask, Ban, Values } from './rival.ts'

// One ability for each customer, made once. Of the rules that speak of a use the last that fits decides.

type Rule = RawRuleOf<MongoAbility>
type Conditions = Record<string, unknown>

/** CASL, with the restrictions of a policy and what some customers are allowed. */
export function caslOf(
  policy: PolicyContent,
  bans: readonly Ban[],
  allowances: ReadonlyMap<string, readonly Allowance[]>,
): Ask {
  const all = Object.fromEntries(policy.facts.map(({ id, values }) => [id, values]))
  const abilities = new Map(
    [...allowances].map(([customer, own]) => [customer, abilityOf(rulesOf(all, bans, own))]),
  )
  const everybody = abilityOf(rulesOf(all, bans, []))
  return (request) => {
    const ability = abilities.get(request.customer) ?? everybody
    const { deployment, model, at } = request
    const call = { ...all, ...request.facts, deployment, model, at }
    return request.uses.every((use) => ability.can(use, call))
  }
}

function abilityOf(rules: Rule[]): MongoAbility {
  return createMongoAbility(rules, { detectSubjectType: () => 'call' })
}

function rulesOf(all: Values, bans: readonly Ban[], own: readonly Allowance[]): Rule[] {
  // Every tailoring of this bench lifts the same, so that what one lifts can stand before what none does.
  const lifted = new Set(own.flatMap(({ lifts }) => lifts))
  const liftable = bans.filter(({ id }) => lifted.has(id))
  const others = bans.filter(({ id }) => !lifted.has(id))
  return [
    { action: 'manage', subject: 'all' },
    ...liftable.flatMap((ban) => bannedBy(all, ban)),
    ...own.map((allowance) => allowedBy(all, allowance)),
    ...others.flatMap((ban) => bannedBy(all, ban)),
  ]
}

function allowedBy(all: Values, allowance: Allowance): Rule {
  const { uses, deployment, scope, models, from, until } = allowance
  const outside = Object.entries(scope).map(([fact, values]) => [
    fact,
    { $nin: complement(all, fact, values) },
  ])
  const conditions: Conditions = {
    deployment,
    model: { $in: models },
    at: { $gte: from, $lt: until },
    ...Object.fromEntries(outside),
  }
  return { action: [...uses], subject: 'call', conditions }
}

/** No entry of `unless` covers: of each, some fact has a value outside. A rule for each choice of facts. */
function bannedBy(all: Values, { uses, when, unless }: Ban): Rule[] {
  const touching = Object.entries(when).map(([fact, values]) => [fact, { $in: values }])
  const choices = unless.reduce<Conditions[]>(
    (chosen, scope) =>
      chosen.flatMap((before) =>
        Object.entries(scope).map(([fact, values]) => ({
          ...before,
          [fact]: { $in: complement(all, fact, values) },
        })),
      ),
    [Object.fromEntries(touching)],
  )
  return choices.map((conditions) => ({
    action: [...uses],
    subject: 'call',
    inverted: true,
    ...(Object.keys(conditions).length > 0 ? { conditions } : {}),
  }))
}

function complement(all: Values, fact: string, values: readonly string[]): readonly string[] {
  return (all[fact] ?? []).filter((value) => !values.includes(value))
}
