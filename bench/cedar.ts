import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import type { Request } from '../src/decision/request.ts'
import type { Allowance, Ask, Ban, Values } from './rival.ts'

// The fastest of the encodings tried: policies parsed ahead, one set for each use so that only the restrictions on
// that use are evaluated, and the tailoring as the principal, an entity. A policy for each contract grows with their
// number; a policy set for each customer takes longer to parse than all its decisions.

type Call = Parameters<typeof statefulIsAuthorized>[0]
type Attributes = Call['entities'][number]['attrs']

/** A tailoring as the call names it. */
type Principal = Pick<Call, 'principal' | 'entities'>

const NOBODY: Principal = { principal: { type: 'Tailoring', id: 'none' }, entities: [] }

/** Cedar, with the restrictions of a policy and what some customers are allowed. */
export function cedarOf(
  bans: readonly Ban[],
  uses: readonly string[],
  allowances: ReadonlyMap<string, readonly Allowance[]>,
): Ask {
  for (const use of uses) prepare(use, bans)
  const principals = new Map(
    [...allowances].map(([customer, own]) => [
      customer,
      Map.groupBy(own.map(principalOf), ({ deployment }) => deployment),
    ]),
  )
  return (request) => {
    const context = { ...request.facts, model: request.model, at: request.at }
    const own = principals.get(request.customer)?.get(request.deployment) ?? [NOBODY]
    return own.some((principal) => isAllowed(request, principal, context))
  }
}

function isAllowed({ uses: [use = ''] }: Request, own: Principal, context: object): boolean {
  const answer = statefulIsAuthorized({
    principal: own.principal,
    entities: own.entities,
    action: { type: 'Action', id: use },
    resource: { type: 'Model', id: 'any' },
    context: context as Call['context'],
    preparsedPolicySetId: use,
  })
  if (answer.type !== 'success' || answer.response.diagnostics.errors.length > 0) {
    throw new Error(JSON.stringify(answer))
  }
  return answer.response.decision === 'allow'
}

function principalOf(allowance: Allowance, index: number): Principal & { deployment: string } {
  const { deployment, ...attributes } = allowance
  const principal = { type: 'Tailoring', id: String(index) }
  const entity = { uid: principal, attrs: attributes as unknown as Attributes, parents: [] }
  return { deployment, principal, entities: [entity] }
}

function prepare(use: string, bans: readonly Ban[]): void {
  const facts = new Set(bans.flatMap(({ when, unless }) => [when, ...unless].flatMap(Object.keys)))
  const own = bans.filter(({ uses }) => uses.includes(use))
  const policies = own.map((ban) => policyOf(ban, use, [...facts]))
  const staticPolicies = ['permit(principal, action, resource);', ...policies].join('\n')
  const prepared = preparsePolicySet(use, { staticPolicies })
  if (prepared.type === 'failure') throw new Error(JSON.stringify(prepared.errors))
}

/** A fact that is not stated may have any of its values: so it touches every scope, and covers none. */
function policyOf({ id, when, unless, isTailorable }: Ban, use: string, facts: string[]): string {
  const touches = Object.entries(when).map(
    ([fact, values]) =>
      `(!(context has "${fact}") || context["${fact}"].containsAny(${setOf(values)}))`,
  )
  const excuses = unless.map((scope) => `unless { ${all(covers(scope))} }`)
  const lifted = [
    `principal has lifts && principal.lifts.contains("${id}")`,
    `principal.uses.contains("${use}") && principal.models.contains(context.model)`,
    'principal.from <= context.at && context.at < principal.until',
    ...facts.map(
      (fact) =>
        `(!(principal.scope has "${fact}") || (context has "${fact}" && principal.scope["${fact}"].containsAll(context["${fact}"])))`,
    ),
  ]
  const exception = isTailorable ? [`unless { ${all(lifted)} }`] : []
  const head = `forbid(principal, action, resource) when { ${all(touches)} }`
  return `${[head, ...excuses, ...exception].join(' ')};`
}

function covers(scope: Values): string[] {
  return Object.entries(scope).map(
    ([fact, values]) =>
      `(context has "${fact}" && ${setOf(values)}.containsAll(context["${fact}"]))`,
  )
}

function setOf(values: readonly string[]): string {
  return JSON.stringify(values)
}

function all(conditions: readonly string[]): string {
  return conditions.join(' && ') || 'true'
}
