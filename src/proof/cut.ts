import { at } from '../assert.ts'
import { type Bdd, FALSE, type Func, TRUE } from './bdd.ts'
import { type Axis, type Box, merged } from './boxes.ts'
import { type Dimension, type Space, valuesOf } from './space.ts'

/** Most parts that a function is cut into before they are put together to boxes. */
const PARTS_MAX = 500_000

/** Cuts functions over what requests state into boxes: a set of values for each fact, and one of what is asked for. */
export class Cutter {
  /** Ids of the facts, in the order of their axes; the axis of the uses comes after them. */
  readonly facts: readonly string[]
  readonly axes: readonly Axis[]
  readonly #space: Space
  /** Of each fact, the variables of all its values. */
  readonly #unstated: readonly ReadonlySet<number>[]
  readonly #boxes = new Map<string, readonly Box[]>()
  readonly #counts = new Map<string, number>()

  constructor(space: Space) {
    this.#space = space
    const facts = space.dimensions.filter(({ kind }) => kind === 'fact')
    this.facts = facts.map(({ name }) => name)
    this.#unstated = facts.map((fact) => new Set(valuesOf(space, fact).map(([v]) => v)))
    const axis: Axis = { unite: (sets) => space.bdd.any(sets) }
    this.axes = [...this.facts, ''].map(() => axis)
  }

  /** Undefined where there are too many. */
  cut(f: Func): readonly Box[] | undefined {
    return this.#count(f, 0) > PARTS_MAX ? undefined : this.#cut(f, 0)
  }

  /** Some place in a box, as what is true there; facts that may be anything are left unstated. */
  witness(box: Box): ReadonlySet<number> {
    const { bdd } = this.#space
    const truths = box.flatMap((f, axis) => {
      const unstated = this.#unstated[axis]
      return [...(unstated && bdd.holds(f, unstated) ? unstated : bdd.witness(f))]
    })
    return new Set(truths)
  }

  #count(f: Func, index: number): number {
    const dimension = this.#space.dimensions[index]
    if (dimension === undefined || f === FALSE) return Number(f !== FALSE)
    const key = `${f} ${index}`
    const known = this.#counts.get(key)
    if (known !== undefined) return known
    let count = 0
    for (const next of partsOf(this.#space.bdd, f, dimension).keys()) {
      count += this.#count(next, index + 1)
    }
    this.#counts.set(key, count)
    return count
  }

  /** The boxes of a function that depends on dimensions from an index on. */
  #cut(f: Func, index: number): readonly Box[] {
    const dimension = this.#space.dimensions[index]
    if (f === FALSE) return []
    if (dimension === undefined) return [this.axes.map(() => TRUE)]
    const key = `${f} ${index}`
    const known = this.#boxes.get(key)
    if (known) return known
    const axis = dimension.kind === 'fact' ? this.facts.indexOf(dimension.name) : this.facts.length
    const { bdd } = this.#space
    const parts = [...partsOf(bdd, f, dimension)].flatMap(([next, part]) =>
      this.#cut(next, index + 1).map((box) => box.with(axis, bdd.and(part, at(box, axis)))),
    )
    const boxes = merged(parts, this.axes)
    this.#boxes.set(key, boxes)
    return boxes
  }
}

/** What becomes of a function beyond a dimension, and for which values of the dimension's variables. */
function partsOf(bdd: Bdd, f: Func, { last }: Dimension): ReadonlyMap<Func, Func> {
  const done = new Map<Func, ReadonlyMap<Func, Func>>()
  const go = (g: Func): ReadonlyMap<Func, Func> => {
    const known = done.get(g)
    if (known) return known
    const variable = bdd.first(g) ?? Infinity
    const parts =
      variable > last
        ? new Map(g === FALSE ? [] : [[g, TRUE]])
        : bothOf(go(bdd.low(g)), go(bdd.high(g)), (low, high) => bdd.node(variable, low, high))
    done.set(g, parts)
    return parts
  }
  return go(f)
}

function bothOf(
  lows: ReadonlyMap<Func, Func>,
  highs: ReadonlyMap<Func, Func>,
  node: (low: Func, high: Func) => Func,
): ReadonlyMap<Func, Func> {
  const nexts = new Set([...lows.keys(), ...highs.keys()])
  return new Map(
    [...nexts].map((next) => [next, node(lows.get(next) ?? FALSE, highs.get(next) ?? FALSE)]),
  )
}
