import type { Bundle } from '../src/decision/bundle.ts'
import { parseJson } from '../src/json.ts'
import { evaluate, evaluateAll } from '../src/server/authzen.ts'
import { AUTHZEN } from './authzen.ts'
import type { Kind } from './contest.ts'
import { NOW } from './example.ts'
import { type Spread, spreadOf } from './measure.ts'
import type { Call } from './questions.ts'

/** What a part of answering one call takes in process, without HTTP: medians of rounds, in nanoseconds. */
export interface StepTiming extends Spread {
  readonly step: string
  readonly kind: Kind
}

const ROUNDS = 60

/** Times each step with those before it, on texts that are read from bytes anew for every round. */
export function timeSteps(
  bundle: Bundle,
  calls: Readonly<Record<Kind, readonly Call[]>>,
): StepTiming[] {
  const point = {
    bundle,
    at: NOW,
    customers: 'all',
    metrics: { decided: () => undefined },
    recorder: {
      unavailable: null,
      hasRoom: true,
      isLow: false,
      record: () => [],
      count: () => undefined,
    },
    shadow: null,
    mayRecord: () => true,
  } as const
  const answer = (kind: Kind, text: string): unknown => {
    const body = parseJson(text)
    return body.ok && (kind === 'single' ? evaluate : evaluateAll)(point, body.value)
  }
  return (['single', 'batch'] as const).flatMap((kind) => {
    const bytes = calls[kind].map((call) => Buffer.from(AUTHZEN.bodyOf(call)))
    const time = (step: string, run: (text: string) => unknown): StepTiming => ({
      step,
      kind,
      ...spreadOf(Array.from({ length: 2 * ROUNDS }, () => timeRound(bytes, run)).slice(ROUNDS)),
    })
    return [
      time('JSON.parse', JSON.parse),
      time('the same, refusing what is ambiguous', parseJson),
      time('the same, decided and printed', (text) => answer(kind, text)),
    ]
  })
}

function timeRound(bytes: readonly Buffer[], run: (text: string) => unknown): number {
  const texts = bytes.map((body) => body.toString())
  let answers = 0
  const start = performance.now()
  for (const text of texts) if (run(text)) answers++
  const spent = performance.now() - start
  if (answers !== texts.length) throw new Error('a call was not answered')
  return (spent * 1e6) / texts.length
}
