import * as z from 'zod'
import { instant, prose } from '../shape.ts'
import type { Instant } from '../time.ts'
import type { Application } from './application.ts'

/** An exception from before there was a register, in the words of the list that it stood on. It has no standing. */
export const legacy = z.strictObject({
  restriction: prose,
  use: prose.optional(),
  'granted-by': prose.optional(),
  from: instant.optional(),
  until: instant.optional(),
  note: prose.optional(),
})

export type Legacy = z.output<typeof legacy>

/** What is known of an application that a customer has not made: it cannot be submitted before they revise it. */
export function unstatedApplication(customer: string, at: Instant): Application {
  return {
    customer,
    party: 'unstated',
    jurisdiction: '',
    mission: '',
    term: { from: at },
    authorities: [],
    tailorings: [],
    deployments: [],
    access: [],
    duties: [],
    safeguards: [],
    oversight: [],
    suspension: 'unilateral',
  }
}
