import { at } from '../assert.ts'
import type { Request } from '../decision/request.ts'
import { sorted } from '../ids.ts'
import type { Spans } from '../interval.ts'
import type { Instant } from '../time.ts'
import type { Func } from './bdd.ts'
import { type Cell, cellsOf, type Names, nameAmong } from './cells.ts'
import { Judging } from './judging.ts'
import type { ReachRule, Rules } from './rules.ts'
import { Space } from './space.ts'

/** What is proved of: the rules that decide, and the rules that were meant. */
export class Subject {
  readonly space: Space
  readonly decided: Judging
  readonly meant: Judging
  /** Somebody who has no contract. */
  readonly nobody: CustomerView

  constructor(decided: Rules, meant: Rules) {
    this.space = new Space(decided, meant)
    this.decided = new Judging(this.space, 0, decided)
    this.meant = new Judging(this.space, 1, meant)
    const id = otherThan('nobody', [...decided.customers, ...meant.customers])
    this.nobody = this.view(id)
  }

  /** Everybody who has any reach, by either of the rules. */
  customers(): readonly string[] {
    const [decided, meant] = [this.decided.rules.customers, this.meant.rules.customers]
    return sorted([...decided, ...meant])
  }

  view(customer: string): CustomerView {
    const decided = this.decided.rules.reachesOf(customer)
    const meant = this.meant.rules.reachesOf(customer)
    return { id: customer, decided, meant, cells: cellsOf(decided, meant).map(cellView) }
  }

  /** A request of a customer in a cell, at a place where a function holds. */
  request(
    { id, decided, meant }: CustomerView,
    { deployments, models, times }: CellView,
    f: Func,
  ): Request {
    const listed = [...this.decided.rules.models, ...this.meant.rules.models]
    const named = [...decided, ...meant].map(({ deployment }) => deployment)
    return {
      id: null,
      customer: id,
      deployment: oneOf(deployments, 'elsewhere', named),
      model: oneOf(models, 'unlisted', listed),
      ...this.space.stated(this.space.bdd.witness(f)),
      at: instantIn(times),
    }
  }
}

/** One customer's reaches, by both rules. */
export interface CustomerView {
  readonly id: string
  readonly decided: readonly ReachRule[]
  readonly meant: readonly ReachRule[]
  readonly cells: readonly CellView[]
}

/** A cell with what both rules can use in it. */
export interface CellView extends Cell {
  readonly decided: readonly ReachRule[]
  readonly meant: readonly ReachRule[]
  /** Two cells of one key permit alike, whatever the tailorings are called. */
  readonly key: string
}

function cellView(cell: Cell): CellView {
  const [decided = [], meant = []] = cell.usable
  return { ...cell, decided, meant, key: `${keyOf(decided)}\n${keyOf(meant)}` }
}

/** Equal for tailorings that permit alike, in the order in which they are tried, whatever they are called. */
export function keyOf(usable: readonly ReachRule[]): string {
  return usable.map(shapeKeyOf).join(';')
}

const shapeKeys = new WeakMap<ReachRule, string>()

/** What two reaches have in common that do the same wherever they can be used. */
function shapeKeyOf(reach: ReachRule): string {
  const known = shapeKeys.get(reach)
  if (known !== undefined) return known
  const { lifts, uses, scope, obligations } = reach
  const values = [...scope].map(([fact, allowed]) => `${fact}:${allowed.join('|')}`)
  const key = [[...lifts], [...uses], values, obligations].map((part) => part.join()).join(' ')
  shapeKeys.set(reach, key)
  return key
}

function oneOf({ ids, isAllBut }: Names, name: string, taken: readonly string[]): string {
  return isAllBut ? otherThan(name, taken) : at(ids, 0)
}

/** A name that is not among some. */
function otherThan(name: string, taken: readonly string[]): string {
  return nameAmong({ ids: taken, isAllBut: true }, name)
}

/** Some instant of a set that is not empty. */
export function instantIn(times: Spans): Instant {
  const [from = -Infinity, until = Infinity] = times
  if (Number.isFinite(from)) return from
  return Number.isFinite(until) ? until - 1 : 0
}
