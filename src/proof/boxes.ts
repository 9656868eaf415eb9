/**
 * A set of requests that takes one set on each axis: the requests that lie in it on all of them. Sets are numbers, and
 * equal numbers are equal sets.
 */
export type Box = readonly number[]

/** One part of a request, such as its model, of which sets are numbered. */
export interface Axis {
  unite(sets: readonly number[]): number
}

/** Sets of one kind, numbered as they come. */
export class NumberedSets<T> implements Axis {
  readonly #numbers = new Map<string, number>()
  readonly #sets: T[] = []
  readonly #keyOf: (set: T) => string
  readonly #union: (sets: readonly T[]) => T

  /** Equal sets have equal keys. */
  constructor(keyOf: (set: T) => string, union: (sets: readonly T[]) => T) {
    this.#keyOf = keyOf
    this.#union = union
  }

  number(set: T): number {
    const key = this.#keyOf(set)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#sets.length)
    return this.#sets.push(set) - 1
  }

  set(number: number): T {
    return this.#sets[number] as T
  }

  unite(sets: readonly number[]): number {
    return this.number(this.#union(sets.map((number) => this.set(number))))
  }
}

/**
 * The same requests in boxes of which no two are one box together. Boxes that were disjoint stay so: two of those are
 * one box only where they differ on a single axis.
 */
export function merged(boxes: readonly Box[], axes: readonly Axis[]): readonly Box[] {
  let left = boxes
  let sinceMerged = 0
  for (let i = 0; sinceMerged < axes.length; i = (i + 1) % axes.length) {
    const along = [...Map.groupBy(left, (box) => keyWithout(box, i)).values()]
    sinceMerged = along.length === left.length ? sinceMerged + 1 : 1
    left = along.map((row) => together(row, i, axes[i] as Axis))
  }
  return left
}

function keyWithout(box: Box, axis: number): string {
  return box.with(axis, -1).join()
}

function together(row: readonly Box[], index: number, axis: Axis): Box {
  const [first = []] = row
  if (row.length === 1) return first
  return first.with(index, axis.unite(row.map((box) => box[index] as number)))
}
