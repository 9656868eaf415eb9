import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import type { Outcome } from '../src/decision/decision.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { millionths, nodesOf, policiesOf, SIGNALS, type UseNode } from './cedar-policies.ts'

// Asks Cedar, an engine that we did not write, what we ask our own.

/** What Cedar makes of a request. */
export interface CedarAnswer {
  readonly outcome: Outcome
  readonly base: 'permit' | 'deny'
  readonly triggered: readonly string[]
  readonly contract: string | null
  readonly tailoring: string | null
}

/** The one policy set that Cedar holds at a time. */
const POLICY_SET = 'world'

/** Gives Cedar a world, in place of the one before, to ask it requests (semantics §8.3). */
export function askingCedar(world: World): (request: Request) => CedarAnswer {
  const nodes = nodesOf(world.policy)
  const prepared = preparsePolicySet(POLICY_SET, { staticPolicies: policiesOf(world, nodes) })
  if (prepared.type === 'failure') throw new Error(JSON.stringify(prepared.errors))
  return (request) => {
    const { allows, ...first } = judge({ world, nodes, request }, 'certain')
    const base = first.triggered.length === 0 ? 'permit' : 'deny'
    if (!allows) return { outcome: 'deny', base, ...first }
    const { allows: allowsAll, ...second } = judge({ world, nodes, request }, 'suspected')
    if (!allowsAll) return { outcome: 'refer', base, ...second }
    const outcome = second.contract === null ? 'permit' : 'permit-under-exception'
    return { outcome, base, ...second }
  }
}

interface Asked {
  readonly world: World
  readonly nodes: readonly UseNode[]
  readonly request: Request
}

type Judgement = Omit<CedarAnswer, 'outcome' | 'base'> & { readonly allows: boolean }

/** Semantics §8.2: one call says what is triggered, another what lifts all of it. */
function judge(asked: Asked, uses: 'certain' | 'suspected'): Judgement {
  const context = { ...contextOf(asked), uses: asked.request.uses.map(useOf), judged: uses }
  const triggered = satisfied(asked, 'trigger', { ...context, triggered: [] }).sort()
  const nothing = { triggered, contract: null, tailoring: null }
  if (triggered.length === 0) return { ...nothing, allows: true }
  const lifting = satisfied(asked, 'lift', { ...context, triggered }).map((id) => id.split(' '))
  const [first] = lifting.sort(([a = '', b = ''], [c = '', d = '']) => order(a, c) || order(b, d))
  if (first === undefined) return { ...nothing, allows: false }
  const [contract = null, tailoring = null] = first
  return { triggered, contract, tailoring, allows: true }
}

function order(a: string, b: string): number {
  return Number(a > b) - Number(a < b)
}

type Context = Parameters<typeof statefulIsAuthorized>[0]['context']

/** The permits that allow an action; none when it is denied. */
function satisfied(asked: Asked, action: 'trigger' | 'lift', context: Context): string[] {
  const { request, nodes } = asked
  const answer = statefulIsAuthorized({
    principal: { type: 'Customer', id: request.customer },
    action: { type: 'Action', id: action },
    resource: { type: 'Call', id: 'this' },
    context,
    entities: nodes.map(({ id, parent }) => ({
      uid: { type: 'Use', id },
      attrs: {},
      parents: parent === null ? [] : [{ type: 'Use', id: parent }],
    })),
    preparsedPolicySetId: POLICY_SET,
  })
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  const { decision, diagnostics } = answer.response
  if (diagnostics.errors.length > 0) throw new Error(JSON.stringify(diagnostics.errors))
  return decision === 'allow' ? diagnostics.reason : []
}

/** What is asked, with a fact that is not stated as all its values (semantics §2.2). */
function contextOf({ world, request }: Asked): Context {
  if (request.signals.length > SIGNALS.length) throw new Error('more signals than Cedar is told of')
  const facts = Object.entries(world.policy.facts).map(([fact, { values }]) => {
    return [fact, Object.hasOwn(request.facts, fact) ? request.facts[fact] : values]
  })
  const signals = request.signals.map(({ use, score }, i) => {
    return [SIGNALS[i], { use: useOf(use), score: millionths(score) }]
  })
  const { deployment, model, at } = request
  return { deployment, model, at, facts: Object.fromEntries(facts), ...Object.fromEntries(signals) }
}

function useOf(id: string): { __entity: { type: string; id: string } } {
  return { __entity: { type: 'Use', id } }
}
