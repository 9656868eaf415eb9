import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PolicyContent } from '../src/decision/content.ts'
import type { Protocol } from './contest.ts'
import { type Allowance, type Ban, bansOf, type Values } from './rival.ts'
import type { Start } from './server.ts'

// A use is an action, a snapshot a resource, facts are its attributes, a deployment is a principal. What forbids a use
// is a rule for every deployment; a tailoring is a principal policy, whose rules come before those of the resource.

const VERSION = 'default'

/** How to start Cerbos with the policies in a folder. */
export function cerbosStart(folder: string, port: number): Start {
  const config = {
    server: {
      httpListenAddr: `127.0.0.1:${port}`,
      grpcListenAddr: `unix:${join(folder, 'grpc.sock')}`,
      requestLimits: { maxActionsPerResource: 50, maxResourcesPerRequest: 50 },
    },
    storage: {
      driver: 'disk',
      disk: { directory: join(folder, 'policies'), watchForChanges: false },
    },
    audit: { enabled: false },
    telemetry: { disabled: true },
  }
  const path = join(folder, 'config.yaml')
  writeFileSync(path, JSON.stringify(config))
  return {
    command: BINARY,
    args: ['server', '--config', path, '--log-level', 'error'],
    environment: { GOMAXPROCS: '1', CERBOS_NO_TELEMETRY: '1' },
    port,
    probe: '/_cerbos/health',
  }
}

const BINARY = fileURLToPath(
  new URL('../node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64', import.meta.url),
)

/** Whether this platform has Cerbos: npm installs it for Linux on x64. */
export function hasCerbos(): boolean {
  return existsSync(BINARY)
}

/** Writes the restrictions of a policy and what some customers are allowed; JSON is YAML. */
export function writePolicies(
  folder: string,
  policy: PolicyContent,
  allowances: ReadonlyMap<string, readonly Allowance[]>,
): void {
  const bans = bansOf(policy)
  const policies = join(folder, 'policies')
  mkdirSync(policies)
  const write = (name: string, policy: object): void => {
    const all = { apiVersion: 'api.cerbos.dev/v1', ...policy }
    writeFileSync(join(policies, `${name}.yaml`), JSON.stringify(all))
  }
  const rules = policy.leaves.map(({ id: use }) => ({
    actions: [use],
    effect: 'EFFECT_ALLOW',
    roles: ['deployment'],
    ...conditionOf(bansOn(bans, use).map(spared)),
  }))
  write('models', { resourcePolicy: { version: VERSION, resource: 'model', rules } })
  for (const [customer, own] of allowances) {
    for (const [deployment, all] of Map.groupBy(own, (allowance) => allowance.deployment)) {
      const rules = [{ resource: 'model', actions: all.flatMap((one) => tailored(bans, one)) }]
      const principal = principalOf(customer, deployment)
      write(principal, { principalPolicy: { version: VERSION, principal, rules } })
    }
  }
}

function tailored(bans: readonly Ban[], allowance: Allowance): object[] {
  const { lifts, uses, scope, models, from, until } = allowance
  return uses.map((use) => {
    const others = bansOn(bans, use).filter(({ id }) => !lifts.includes(id))
    const holds = [
      `R.id in ${listOf(models)}`,
      `R.attr.at >= ${from}.0 && R.attr.at < ${until}.0`,
      ...covers(scope),
      ...others.map(spared),
    ]
    return { action: use, effect: 'EFFECT_ALLOW', ...conditionOf(holds) }
  })
}

function bansOn(bans: readonly Ban[], use: string): readonly Ban[] {
  return bans.filter(({ uses }) => uses.includes(use))
}

function conditionOf(holds: readonly string[]): object {
  if (holds.length === 0) return {}
  return { condition: { match: { all: { of: holds.map((expr) => ({ expr })) } } } }
}

/** That a ban does not fire: a fact that is not stated may have any of its values. */
function spared({ when, unless }: Ban): string {
  const misses = Object.entries(when).map(
    ([fact, values]) =>
      `("${fact}" in R.attr && !hasIntersection(R.attr["${fact}"], ${listOf(values)}))`,
  )
  const excuses = unless.map((scope) => `(${covers(scope).join(' && ') || 'true'})`)
  return [...misses, ...excuses].join(' || ') || 'false'
}

function covers(scope: Values): string[] {
  return Object.entries(scope).map(
    ([fact, values]) => `("${fact}" in R.attr && isSubset(R.attr["${fact}"], ${listOf(values)}))`,
  )
}

function listOf(values: readonly string[]): string {
  return JSON.stringify(values)
}

function principalOf(customer: string, deployment: string): string {
  return `${customer}:${deployment}`
}

interface Answer {
  readonly results: readonly { readonly actions: Readonly<Record<string, string>> }[]
}

export const CERBOS: Protocol = {
  paths: { single: '/api/check/resources', batch: '/api/check/resources' },
  bodyOf: (call) => {
    const { customer, deployment } = call[0].request
    const principal = { id: principalOf(customer, deployment), roles: ['deployment'] }
    const resources = call.map(({ request: { model, uses, facts, at } }) => ({
      resource: { kind: 'model', id: model, attr: { ...facts, at } },
      actions: uses,
    }))
    return JSON.stringify({ requestId: 'bench', principal, resources })
  },
  allowedBy: (text) =>
    (JSON.parse(text) as Answer).results.map(
      ({ actions }) => Object.values(actions)[0] === 'EFFECT_ALLOW',
    ),
}
