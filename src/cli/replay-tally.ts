import type { Decided, Flip } from '../decision/replayed.ts'
import type { Request } from '../decision/request.ts'

// What came of records that were judged again, by piece of their file; pieces are added up in the order of the file, so
// that it makes no difference how many threads there were.

/** Most records of each kind that are shown: the first of the file. */
const EXAMPLES_MAX = 5

/** Most customers, restrictions or codes that are counted by name; further ones are counted together. */
const NAMES_MAX = 65_536

/** The name that further ones are counted under: no id. */
export const FURTHER = ''

/** How often. */
export interface Flips {
  widened: number
  narrowed: number
}

export interface Example extends Pick<Request, 'customer' | 'deployment' | 'model' | 'uses'> {
  /** Line of the file, from 1. */
  readonly line: number
  /** The request's id. */
  readonly request: string | null
  readonly recorded: Decided
  readonly now: Decided
}

/** What is shown of a request on some line, and of the two decisions on it. */
export function exampleAt(
  line: number,
  { id, customer, deployment, model, uses }: Request,
  decided: Pick<Example, 'recorded' | 'now'>,
): Example {
  return { line, request: id, customer, deployment, model, uses, ...decided }
}

/** A line that could not be judged. */
export interface Unjudged {
  readonly line: number
  readonly code: string
  readonly field: string
  readonly message: string
}

export interface UnjudgedLines {
  count: number
  /** By code and field, with a space between. */
  readonly kinds: Map<string, number>
  readonly first: Unjudged[]
}

export interface Tally {
  /** Of the file, blank ones too. */
  lines: number
  /** Lines that were judged. */
  judged: number
  identical: number
  /** Allowed or not as before, and otherwise in another member. */
  differently: number
  /** Decided by this very bundle. */
  ownBundle: number
  readonly flips: Flips
  /** By what: each flip counts once for each restriction and each code of the decision that does not allow. */
  readonly by: Readonly<Record<'customer' | 'restriction' | 'reason', Map<string, Flips>>>
  readonly examples: Readonly<Record<Flip | 'differently', Example[]>>
  /** Requests that name what these documents do not have. */
  readonly unknown: UnjudgedLines
  /** Lines that are no record of a decision. */
  readonly inError: UnjudgedLines
}

export function newTally(): Tally {
  return {
    lines: 0,
    judged: 0,
    identical: 0,
    differently: 0,
    ownBundle: 0,
    flips: { widened: 0, narrowed: 0 },
    by: { customer: new Map(), restriction: new Map(), reason: new Map() },
    examples: { widened: [], narrowed: [], differently: [] },
    unknown: { count: 0, kinds: new Map(), first: [] },
    inError: { count: 0, kinds: new Map(), first: [] },
  }
}

export function countDifferent(tally: Tally, example: Example): void {
  tally.differently++
  show(tally.examples.differently, example)
}

export function countFlip(tally: Tally, flip: Flip, example: Example): void {
  const denial = flip === 'widened' ? example.recorded : example.now
  const { customer, restriction, reason } = tally.by
  tally.flips[flip]++
  flipsOf(customer, example.customer)[flip]++
  for (const id of new Set(denial.triggered)) flipsOf(restriction, id)[flip]++
  for (const code of denial.codes) flipsOf(reason, code)[flip]++
  show(tally.examples[flip], example)
}

export function countUnjudged(lines: UnjudgedLines, unjudged: Unjudged): void {
  lines.count++
  addKind(lines.kinds, `${unjudged.code} ${unjudged.field}`, 1)
  show(lines.first, unjudged)
}

/** Adds what came of the piece that follows in the file. */
export function addTally(into: Tally, next: Tally): void {
  const before = into.lines
  for (const count of ['lines', 'judged', 'identical', 'differently', 'ownBundle'] as const) {
    into[count] += next[count]
  }
  addFlips(into.flips, next.flips)
  for (const kind of ['customer', 'restriction', 'reason'] as const) {
    for (const [name, flips] of next.by[kind]) addFlips(flipsOf(into.by[kind], name), flips)
  }
  for (const kind of ['widened', 'narrowed', 'differently'] as const) {
    showShifted(into.examples[kind], next.examples[kind], before)
  }
  for (const kind of ['unknown', 'inError'] as const) {
    into[kind].count += next[kind].count
    for (const [name, count] of next[kind].kinds) addKind(into[kind].kinds, name, count)
    showShifted(into[kind].first, next[kind].first, before)
  }
}

function addFlips(into: Flips, { widened, narrowed }: Flips): void {
  into.widened += widened
  into.narrowed += narrowed
}

function flipsOf(map: Map<string, Flips>, name: string): Flips {
  const key = map.has(name) || map.size < NAMES_MAX ? name : FURTHER
  const known = map.get(key)
  if (known) return known
  const flips = { widened: 0, narrowed: 0 }
  map.set(key, flips)
  return flips
}

function addKind(kinds: Map<string, number>, name: string, count: number): void {
  const key = kinds.has(name) || kinds.size < NAMES_MAX ? name : FURTHER
  kinds.set(key, (kinds.get(key) ?? 0) + count)
}

function show<T>(shown: T[], one: T): void {
  if (shown.length < EXAMPLES_MAX) shown.push(one)
}

function showShifted<T extends { readonly line: number }>(
  shown: T[],
  next: readonly T[],
  before: number,
): void {
  for (const one of next) show(shown, { ...one, line: before + one.line })
}
