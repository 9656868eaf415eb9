import type { Protocol } from './contest.ts'

interface Answer {
  readonly decision: boolean
  readonly evaluations?: readonly Answer[]
}

/** Proviso's own protocol. What the questions of a batch share stands once, at the top. */
export const AUTHZEN: Protocol = {
  paths: { single: '/access/v1/evaluation', batch: '/access/v1/evaluations' },
  bodyOf: (call) => {
    const { customer, deployment, model } = call[0].request
    const subject = { type: 'deployment', id: `${customer}/${deployment}` }
    const resource = { type: 'model', id: model }
    const items = call.map(({ request: { uses, facts } }) => ({
      action: { name: uses[0] },
      context: { facts },
    }))
    return JSON.stringify(
      items.length === 1
        ? { subject, resource, ...items[0] }
        : { subject, resource, evaluations: items },
    )
  },
  allowedBy: (text) => {
    const answer = JSON.parse(text) as Answer
    return (answer.evaluations ?? [answer]).map(({ decision }) => decision)
  },
}
