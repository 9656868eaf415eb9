// SMT-LIB 2.6 as text: terms, and sets of names as bit-vectors with a bit for each.

/** Names that a file puts into sets: each is one bit of a vector. */
export interface Sets {
  readonly sort: string
  /** What a member is called in the file, before its id. */
  readonly prefix: string
  readonly ids: readonly string[]
}

/** Names of which a request has one: each is a number, and a number more stands for any other name. */
export interface Numbers {
  readonly sort: string
  readonly prefix: string
  readonly ids: readonly string[]
}

const TRUE_TERM = 'true'
export const FALSE_TERM = 'false'

export function term(operator: string, ...operands: readonly string[]): string {
  return operands.length === 0 ? operator : `(${operator} ${operands.join(' ')})`
}

export function allOf(terms: readonly string[]): string {
  return joined('and', terms, TRUE_TERM)
}

export function anyOf(terms: readonly string[]): string {
  return joined('or', terms, FALSE_TERM)
}

function joined(operator: string, terms: readonly string[], none: string): string {
  const [first = none, ...others] = terms
  return others.length === 0 ? first : `(${operator}\n  ${terms.join('\n  ')})`
}

const SIMPLE = /^[A-Za-z~!@$%^&*_+=<>.?/-][A-Za-z0-9~!@$%^&*_+=<>.?/-]*$/

/** A name as a symbol. Ids hold neither `|` nor a backslash, which no symbol can (semantics §1.1). */
export function symbol(name: string): string {
  return SIMPLE.test(name) ? name : `|${name}|`
}

/**
 * A constant that is what a term says. Not `define-fun`, which z3 expands wherever it is used: files of this kind then
 * take it seconds to read. What is said of two requests is written out twice.
 */
export function define(name: string, sort: string, body: string): string {
  const indented = body.replaceAll('\n', '\n  ')
  return `(declare-const ${symbol(name)} ${sort})\n(assert (= ${symbol(name)}\n  ${indented}))`
}

export function declare(name: string, sort: string): string {
  return `(declare-const ${symbol(name)} ${sort})`
}

export function emptySet({ sort }: Sets): string {
  return `none.${sort}`
}

/** A member as a set of itself. */
export function member({ prefix }: Sets, id: string): string {
  return symbol(`${prefix}${id}`)
}

/** The set of some members; ids that are none of them are left out. */
export function setOf(sets: Sets, ids: Iterable<string>): string {
  const known = new Set(ids)
  return unionOf(
    sets,
    sets.ids.flatMap((id) => (known.has(id) ? [member(sets, id)] : [])),
  )
}

export function unionOf(sets: Sets, terms: readonly string[]): string {
  return joined('bvor', terms, emptySet(sets))
}

/** The set of those members for which a term holds. */
export function setWhere({ sort, ids }: Sets, holds: (id: string) => string): string {
  const bits = ids.toReversed().map((id) => `(ite ${holds(id)} #b1 #b0)`)
  if (bits.length === 0) return `none.${sort}`
  return bits.length === 1 ? (bits[0] as string) : `(concat\n  ${bits.join('\n  ')})`
}

/** Whether a member is in a set. */
export function has(sets: Sets, set: string, id: string): string {
  const index = sets.ids.indexOf(id)
  return index < 0 ? FALSE_TERM : `(= ((_ extract ${index} ${index}) ${set}) #b1)`
}

/** One set when a condition holds, otherwise the empty one. */
export function setIf(sets: Sets, condition: string, set: string): string {
  return term('ite', condition, set, emptySet(sets))
}

/** Whether two sets have a member in common. */
export function meets(sets: Sets, a: string, b: string): string {
  return `(distinct (bvand ${a} ${b}) ${emptySet(sets)})`
}

export function isWithin(sets: Sets, a: string, b: string): string {
  return `(= (bvand ${a} (bvnot ${b})) ${emptySet(sets)})`
}

/** A bit for each member; there are no vectors without one. */
export function widthOf({ ids }: Sets): number {
  return Math.max(1, ids.length)
}

/** The sort of some sets, and its members. */
export function declareSets(sets: Sets, comment: string): readonly string[] {
  const { sort, ids } = sets
  const width = widthOf(sets)
  return [
    `; ${comment}`,
    `(define-sort ${sort} () (_ BitVec ${width}))`,
    define(emptySet(sets), sort, `#b${'0'.repeat(width)}`),
    ...ids.map((id, i) => {
      const bits = `#b${'0'.repeat(width - 1 - i)}1${'0'.repeat(i)}`
      return `(define-fun ${member(sets, id)} () ${sort} ${bits})`
    }),
  ]
}

/** The sort of some numbers, and their names. */
export function declareNumbers(numbers: Numbers, comment: string): readonly string[] {
  const { sort, ids } = numbers
  const width = bitsOf(numbers)
  return [
    `; ${comment}`,
    `(define-sort ${sort} () (_ BitVec ${width}))`,
    ...ids.map((id, i) => {
      const bits = i.toString(2).padStart(width, '0')
      return `(define-fun ${numberOf(numbers, id)} () ${sort} #b${bits})`
    }),
  ]
}

/** So many that some number is left for any other name. */
export function bitsOf({ ids }: Numbers): number {
  return bitsUpTo(ids.length)
}

/** How many bits the whole numbers up to one take. */
export function bitsUpTo(most: number): number {
  return most.toString(2).length
}

export function numberOf({ prefix }: Numbers, id: string): string {
  return symbol(`${prefix}${id}`)
}
