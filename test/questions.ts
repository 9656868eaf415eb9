import type { Outcome } from '../src/decision/decision.ts'

// Questions over HTTP that the example answers with each outcome.

const ANALYSIS = {
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}

const DESK = { subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' } }

const FOLLOWING = { detector: 'lexicon', use: 'surveillance.tracking', score: 0.5 }

export type Question = Readonly<Record<string, unknown>>

/** The question that nobody's contract allows, asked by a customer of some name. */
export function denialOf(customer: string): Question {
  return { ...ANALYSIS, subject: { type: 'deployment', id: `${customer}/desk-1` } }
}

/** An ordinary use, in a deployment of some name. */
export function permitOf(deployment: string): Question {
  return {
    subject: { type: 'deployment', id: `riverside-clinic/${deployment}` },
    action: { name: 'general' },
    resource: ANALYSIS.resource,
  }
}

export const QUESTIONS: Readonly<Record<Outcome, Question>> = {
  'permit-under-exception': { ...DESK, ...ANALYSIS },
  deny: denialOf('riverside-clinic'),
  refer: { ...DESK, ...ANALYSIS, context: { ...ANALYSIS.context, signals: [FOLLOWING] } },
  permit: permitOf('front-desk'),
}

/** The outcomes that are recorded one by one. */
export const RECORDED = ['permit-under-exception', 'deny', 'refer'] as const

export interface Answer {
  readonly decision: boolean
  readonly context: {
    readonly outcome: Outcome
    readonly contract?: string
    readonly reasons: readonly { readonly code: string }[]
    readonly record?: string
  }
}

async function post(url: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
  return await answer.json()
}

export async function ask({ address }: { address: string }, question: Question): Promise<Answer> {
  return (await post(`${address}/access/v1/evaluation`, question)) as Answer
}

/** Asks several questions in one request, which may state once what they have in common. */
export async function askAll(
  { address }: { address: string },
  evaluations: readonly Question[],
  inCommon: object = {},
): Promise<readonly Answer[]> {
  const answer = await post(`${address}/access/v1/evaluations`, { ...inCommon, evaluations })
  return (answer as { readonly evaluations: readonly Answer[] }).evaluations
}
