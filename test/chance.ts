import type { Random } from '../bench/example.ts'

// Choices that a seed repeats.

/** A whole number from 0 to before `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end)
}

export function oneOf<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)] as T
}

/** True in `share` of all cases. */
export function isLucky(random: Random, share: number): boolean {
  return random() < share
}
