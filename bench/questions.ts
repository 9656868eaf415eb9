import type { Bundle } from '../src/decision/bundle.ts'
import { decide } from '../src/decision/decide.ts'
import { allows, type Outcome } from '../src/decision/decision.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { contractAt, NOW, plainRequestOf, randomOf, requestOf } from './example.ts'

/** Decisions asked for in one batch. */
export const BATCH = 50

/** Different batches, each of another deployment. */
const BATCHES = 64

/** A request, and what our engine says of it. */
export interface Question {
  readonly request: Request
  readonly isAllowed: boolean
  readonly outcome: Outcome
}

/** How many questions of each batch are also asked alone. */
const SINGLES = 8

/** What one HTTP request asks: questions on one deployment and one snapshot, each with its own use and facts. */
export type Call = readonly [Question, ...Question[]]

export interface Calls {
  readonly single: readonly Call[]
  readonly batch: readonly Call[]
  /** Asked of everybody before anything is timed, and never timed. */
  readonly denied: readonly Call[]
}

/** Calls that come to one outcome at one instant, over contracts spread evenly, and some that are denied. */
export function callsOf(
  world: World,
  contracts: number,
  { bundle, outcome }: { readonly bundle: Bundle; readonly outcome: keyof typeof DRAW },
): Calls {
  const random = randomOf(contracts)
  const batch: Call[] = []
  const denied: Call[] = []
  for (let i = 0; batch.length < BATCHES; i++) {
    const contract = contractAt(world, (i * 7) % contracts)
    const { deployment, model } = requestOf(contract, random)
    const questions = Array.from({ length: 2 * BATCH }, () => {
      const request = { ...DRAW[outcome](contract, random), deployment, model, at: NOW }
      return questionOf(bundle, request)
    })
    const [first, ...others] = questions.filter((one) => one.outcome === outcome).slice(0, BATCH)
    if (first === undefined || others.length < BATCH - 1) continue
    batch.push([first, ...others])
    for (const question of questions) if (!question.isAllowed) denied.push([question])
  }
  const single = batch.flatMap((call) => call.slice(0, SINGLES).map((one): Call => [one]))
  return { single, batch, denied }
}

/** How requests are drawn that mostly come to an outcome. */
const DRAW = { permit: plainRequestOf, 'permit-under-exception': requestOf } as const

function questionOf(bundle: Bundle, request: Request): Question {
  const decided = decide(bundle, request)
  if (!decided.ok) throw new Error(decided.error.message)
  const { outcome } = decided.value
  return { request, outcome, isAllowed: allows(decided.value) }
}
