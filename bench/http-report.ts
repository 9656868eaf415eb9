import type { HttpTiming } from './contest.ts'

export interface HttpReport {
  readonly contracts: number
  readonly timings: readonly HttpTiming[]
}

/** What the floor is called. */
export const FLOOR = 'floor: node:http'
