import { sha256 } from '../src/cli/load.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { compile } from '../src/decision/compile.ts'
import { decide } from '../src/decision/decide.ts'
import { allows, type Decision } from '../src/decision/decision.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { caslOf } from './casl.ts'
import { cedarOf } from './cedar.ts'
import { contractAt, contractsOf, randomOf, requestOf, togetherWith } from './example.ts'
import { measure, type Spread } from './measure.ts'
import { type Ask, allowancesOf, bansOf } from './rival.ts'

/** Requests in one timed batch: long enough to time, and few enough that none has left the cache. */
const BATCH = 256

/** Different questions asked at one size, over as many customers as there are. */
const QUESTIONS = 20_480

/** Of these, how many the rivals are asked: what they keep of each customer takes long to make. */
const RIVAL_QUESTIONS = 2_048

export interface Timing extends Spread {
  readonly contracts: number
  readonly engine: string
}

interface Questions {
  readonly world: World
  readonly bundle: Bundle
  readonly texts: readonly string[]
  /** The contracts that the rivals' questions are about. */
  readonly asked: readonly number[]
}

/** Times a decision with a number of contracts: ours, its floor, and the rivals'. */
export function timeDecisions(world: World, contracts: number, effort: number): Timing[] {
  const bundle = compile({ ...world, contracts: contractsOf(world, contracts) }, sha256)
  const random = randomOf(contracts)
  const asked = Array.from({ length: QUESTIONS }, () => Math.floor(random() * contracts))
  const texts = asked.map((index) => JSON.stringify(requestOf(contractAt(world, index), random)))
  const few = texts.slice(0, RIVAL_QUESTIONS)
  const first = contractAt(world, 0)
  const own = Array.from({ length: BATCH }, () => JSON.stringify(requestOf(first, random)))
  const rivals = rivalsOf({
    world,
    bundle,
    texts: few,
    asked: asked.slice(0, RIVAL_QUESTIONS).flatMap((index) => togetherWith(index, contracts)),
  })
  const time = ({ engine, texts, run, batches }: Entrant): Timing => {
    const trial = { run, prepare: preparing(texts), batches: Math.ceil(batches * effort) }
    return { contracts, engine, ...measure(trial) }
  }
  const floorRun = floor(world, contracts, bundle.digest)
  return [
    time({ engine: 'proviso', texts, run: ours(bundle), batches: 4_000 }),
    time({ engine: ONE_CUSTOMER, texts: own, run: ours(bundle), batches: 4_000 }),
    time({ engine: 'floor: look up, answer', texts, run: floorRun, batches: 4_000 }),
    ...rivals.map((rival) => time({ ...rival, texts: few, run: asking(rival.ask) })),
  ]
}

const ONE_CUSTOMER = 'proviso, one customer'

interface Entrant {
  readonly engine: string
  readonly texts: readonly string[]
  readonly run: Run
  readonly batches: number
}

type Run = (requests: readonly Request[]) => number

/** Each request is read from JSON just before its batch, so that no engine has met its strings before. */
function preparing(texts: readonly string[]): (batch: number) => Request[] {
  return (batch) =>
    Array.from({ length: BATCH }, (_, i) => {
      return JSON.parse(texts[(batch * BATCH + i) % texts.length] ?? '') as Request
    })
}

function ours(bundle: Bundle): Run {
  return (requests) => {
    let allowed = 0
    for (const request of requests) {
      const decided = decide(bundle, request)
      if (decided.ok && allows(decided.value)) allowed++
    }
    return allowed
  }
}

function asking(ask: Ask): Run {
  return (requests) => {
    let allowed = 0
    for (const request of requests) if (ask(request)) allowed++
    return allowed
  }
}

/** What no engine can do without: to find the customer and the deployment, and to make an answer. */
function floor(world: World, contracts: number, bundle: Bundle['digest']): Run {
  const customers = new Map<string, Map<string, number>>()
  for (const { customer, terms } of contractsOf(world, contracts)) {
    const deployments = customers.get(customer) ?? new Map<string, number>()
    for (const [i, { id }] of terms.deployments.entries()) deployments.set(id, i)
    customers.set(customer, deployments)
  }
  const answers: Decision[] = []
  return (requests) => {
    let allowed = 0
    for (let i = 0; i < requests.length; i++) {
      const request = requests[i] as Request
      const found = customers.get(request.customer)?.get(request.deployment)
      answers[i] = answerOf(request, found === undefined ? 'deny' : 'permit', bundle)
      if (found !== undefined) allowed++
    }
    return allowed
  }
}

const NONE: readonly never[] = []

function answerOf(
  request: Request,
  outcome: 'permit' | 'deny',
  bundle: Bundle['digest'],
): Decision {
  return {
    request: request.id,
    outcome,
    base: 'deny',
    triggered: NONE,
    contract: null,
    tailoring: null,
    obligations: NONE,
    reasons: NONE,
    nearest: NONE,
    at: request.at,
    bundle,
  }
}

interface Rival {
  readonly engine: string
  readonly ask: Ask
  readonly batches: number
}

/** The rivals, each of whom has answered every one of the questions as we do. */
function rivalsOf({ world, bundle, texts, asked }: Questions): readonly Rival[] {
  const { content } = bundle.tables
  const bans = bansOf(content)
  const allowances = allowancesOf(world, content, new Set(asked))
  const uses = content.leaves.map(({ id }) => id)
  const rivals = [
    { engine: 'casl', ask: caslOf(content, bans, allowances), batches: 250 },
    { engine: 'cedar-wasm', ask: cedarOf(bans, uses, allowances), batches: 15 },
  ]
  for (const text of texts) {
    const request = JSON.parse(text) as Request
    const decided = decide(bundle, request)
    const expected = decided.ok && allows(decided.value)
    for (const { engine, ask } of rivals) {
      if (ask(request) !== expected) throw new Error(`${engine} answers otherwise: ${text}`)
    }
  }
  return rivals
}
