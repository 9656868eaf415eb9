import type { Spans } from '../interval.ts'
import { unite } from '../interval.ts'
import { NumberedSets } from './boxes.ts'
import { type Names, uniteNames } from './cells.ts'

/** Who asks, where, of which model and when: all of a request that it does not state of itself. */
export interface Region {
  readonly customers: Names
  readonly deployments: Names
  readonly models: Names
  /** Not empty. */
  readonly times: Spans
}

/** How many axes a region has. */
export const REGION_AXES = 4

/** Regions as the first part of boxes. Times come first, so that they are put together first, and customers last. */
export class RegionAxes {
  readonly #times = new NumberedSets<Spans>((spans) => spans.join(), unite)
  readonly #models = namesAxis()
  readonly #deployments = namesAxis()
  readonly #customers = namesAxis()
  readonly axes = [this.#times, this.#models, this.#deployments, this.#customers] as const

  numbersOf({ customers, deployments, models, times }: Region): readonly number[] {
    return [
      this.#times.number(times),
      this.#models.number(models),
      this.#deployments.number(deployments),
      this.#customers.number(customers),
    ]
  }

  regionOf([times = 0, models = 0, deployments = 0, customers = 0]: readonly number[]): Region {
    return {
      customers: this.#customers.set(customers),
      deployments: this.#deployments.set(deployments),
      models: this.#models.set(models),
      times: this.#times.set(times),
    }
  }
}

function namesAxis(): NumberedSets<Names> {
  return new NumberedSets(({ ids, isAllBut }) => `${isAllBut} ${ids.join()}`, uniteNames)
}

/** The smallest region that holds some others. */
export function hullOf(regions: readonly Region[]): Region {
  return {
    customers: uniteNames(regions.map(({ customers }) => customers)),
    deployments: uniteNames(regions.map(({ deployments }) => deployments)),
    models: uniteNames(regions.map(({ models }) => models)),
    times: unite(regions.map(({ times }) => times)),
  }
}
