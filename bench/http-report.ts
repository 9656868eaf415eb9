import type { HttpTiming } from './contest.ts'
import type { StepTiming } from './steps.ts'

export interface HttpReport {
  readonly contracts: number
  readonly timings: readonly HttpTiming[]
  readonly steps: readonly StepTiming[]
}

/** What the floor is called. */
export const FLOOR = 'floor: node:http'
