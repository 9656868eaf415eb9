import { assert } from '../assert.ts'

// Boolean functions as reduced ordered binary decision diagrams (R. E. Bryant, 1986): within one manager two
// functions are equal exactly when their numbers are. What is asked of them is answered, never estimated.

/** A function of a manager's variables. */
export type Func = number

export const FALSE: Func = 0
export const TRUE: Func = 1

/** Most nodes of a manager: what a proof may take before it says that it is too large, instead of all memory. */
const NODES_MAX = 8_388_608

/** How many results are remembered; a newer one takes the place of an older. A power of two. */
const REMEMBERED = 262_144

/** What was asked takes more nodes than there may be. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
  readonly code = 'proof-too-large'
}

type Operation = 0 | 1 | 2
const AND: Operation = 0
const OR: Operation = 1
const XOR: Operation = 2

/** The variable of a leaf, after all others. */
const NO_VARIABLE = 0x7fff_ffff

export class Bdd {
  #variables = new Int32Array(1_024)
  #lows = new Int32Array(1_024)
  #highs = new Int32Array(1_024)
  #count = 2
  /** Open addressing: each slot is a node or 0. */
  #slots = new Int32Array(4_096)
  readonly #asked = new Int32Array(REMEMBERED * 3).fill(-1)
  readonly #answers = new Int32Array(REMEMBERED)

  constructor() {
    this.#variables[0] = NO_VARIABLE
    this.#variables[1] = NO_VARIABLE
  }

  /** The function that is a variable. Variables are tested in ascending order. */
  variable(index: number): Func {
    return this.node(index, FALSE, TRUE)
  }

  /** The variable that a function depends on first; undefined for TRUE and FALSE. */
  first(f: Func): number | undefined {
    const variable = this.#variables[f] as number
    return variable === NO_VARIABLE ? undefined : variable
  }

  /** What becomes of a function when its first variable is false, and when it is true. */
  low(f: Func): Func {
    return this.#lows[f] as number
  }

  high(f: Func): Func {
    return this.#highs[f] as number
  }

  /** The function that is `low` where a variable is false and `high` where it is true; both depend on later ones. */
  node(variable: number, low: Func, high: Func): Func {
    if (low === high) return low
    const mask = this.#slots.length - 1
    let slot = hash(variable, low, high) & mask
    for (let at = this.#slots[slot] as number; at !== 0; at = this.#slots[slot] as number) {
      const isIt =
        this.#variables[at] === variable && this.#lows[at] === low && this.#highs[at] === high
      if (isIt) return at
      slot = (slot + 1) & mask
    }
    return this.#add(slot, variable, low, high)
  }

  #add(slot: number, variable: number, low: Func, high: Func): Func {
    if (this.#count >= NODES_MAX) {
      throw new TooLarge(
        'this takes more memory than a proof may; ask for fewer customers at a time',
      )
    }
    if (this.#count === this.#variables.length) this.#grow()
    const added = this.#count++
    this.#variables[added] = variable
    this.#lows[added] = low
    this.#highs[added] = high
    this.#slots[slot] = added
    if (this.#count * 2 > this.#slots.length) this.#rehash()
    return added
  }

  #grow(): void {
    const doubled = (words: Int32Array): Int32Array<ArrayBuffer> => {
      const more = new Int32Array(words.length * 2)
      more.set(words)
      return more
    }
    this.#variables = doubled(this.#variables)
    this.#lows = doubled(this.#lows)
    this.#highs = doubled(this.#highs)
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let at = 2; at < this.#count; at++) {
      const key = hash(
        this.#variables[at] as number,
        this.#lows[at] as number,
        this.#highs[at] as number,
      )
      let slot = key & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = at
    }
    this.#slots = slots
  }

  and(f: Func, g: Func): Func {
    return this.#apply(AND, f, g)
  }

  or(f: Func, g: Func): Func {
    return this.#apply(OR, f, g)
  }

  xor(f: Func, g: Func): Func {
    return this.#apply(XOR, f, g)
  }

  not(f: Func): Func {
    return this.#apply(XOR, f, TRUE)
  }

  /** Where f holds and g does not. */
  minus(f: Func, g: Func): Func {
    return this.and(f, this.not(g))
  }

  all(functions: Iterable<Func>): Func {
    let both: Func = TRUE
    for (const f of functions) both = this.and(both, f)
    return both
  }

  any(functions: Iterable<Func>): Func {
    let either: Func = FALSE
    for (const f of functions) either = this.or(either, f)
    return either
  }

  implies(f: Func, g: Func): boolean {
    return this.minus(f, g) === FALSE
  }

  #apply(operation: Operation, f: Func, g: Func): Func {
    const known = trivial(operation, f, g)
    if (known !== undefined) return known
    // All three are commutative.
    const [a, b] = f < g ? [f, g] : [g, f]
    const slot = hash(operation, a, b) & (REMEMBERED - 1)
    const asked = slot * 3
    if (
      this.#asked[asked] === operation &&
      this.#asked[asked + 1] === a &&
      this.#asked[asked + 2] === b
    ) {
      return this.#answers[slot] as number
    }
    const [ofA, ofB] = [this.#variables[a] as number, this.#variables[b] as number]
    const variable = Math.min(ofA, ofB)
    const low = this.#apply(
      operation,
      ofA === variable ? this.low(a) : a,
      ofB === variable ? this.low(b) : b,
    )
    const high = this.#apply(
      operation,
      ofA === variable ? this.high(a) : a,
      ofB === variable ? this.high(b) : b,
    )
    const answer = this.node(variable, low, high)
    this.#asked[asked] = operation
    this.#asked[asked + 1] = a
    this.#asked[asked + 2] = b
    this.#answers[slot] = answer
    return answer
  }

  /** What becomes of a function when a variable has a value. */
  restrict(f: Func, variable: number, value: boolean): Func {
    const done = new Map<Func, Func>()
    const go = (at: Func): Func => {
      const first = this.#variables[at] as number
      if (first > variable) return at
      if (first === variable) return value ? this.high(at) : this.low(at)
      const known = done.get(at)
      if (known !== undefined) return known
      const answer = this.node(first, go(this.low(at)), go(this.high(at)))
      done.set(at, answer)
      return answer
    }
    return go(f)
  }

  /** Whether a function holds where just some variables are true. */
  holds(f: Func, truths: ReadonlySet<number>): boolean {
    let at = f
    while (at > TRUE) at = truths.has(this.#variables[at] as number) ? this.high(at) : this.low(at)
    return at === TRUE
  }

  /** The variables that are true in one place where a function holds: as few as the first such place has. */
  witness(f: Func): ReadonlySet<number> {
    assert(f !== FALSE, 'nothing is a witness of what never holds')
    const truths = new Set<number>()
    let at = f
    while (at !== TRUE) {
      if (this.low(at) === FALSE) {
        truths.add(this.#variables[at] as number)
        at = this.high(at)
      } else at = this.low(at)
    }
    return truths
  }
}

function trivial(operation: Operation, f: Func, g: Func): Func | undefined {
  if (operation === XOR) {
    if (f === g) return FALSE
    if (f === FALSE) return g
    return g === FALSE ? f : undefined
  }
  if (f === g) return f
  const [absorbing, neutral] = operation === AND ? [FALSE, TRUE] : [TRUE, FALSE]
  if (f === absorbing || g === absorbing) return absorbing
  if (f === neutral) return g
  return g === neutral ? f : undefined
}

function hash(a: number, b: number, c: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
