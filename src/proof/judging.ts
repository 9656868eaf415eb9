import { at } from '../assert.ts'
import { FALSE, type Func } from './bdd.ts'
import type { Allowed, ReachRule, Rule, Rules } from './rules.ts'
import type { Space } from './space.ts'

/** What some rules say of every request at once: functions over what requests state (semantics §5, §8.2). */
export class Judging {
  readonly rules: Rules
  /** Where each restriction is triggered. */
  readonly triggers: readonly Func[]
  /** Where none is: what the policy permits by itself. */
  readonly permits: Func
  /** Where one is that nothing lifts. */
  readonly never: Func
  /** Where the policy itself attaches each obligation, by id: the first excuse that covers (semantics §5.2). */
  readonly duties: ReadonlyMap<string, Func>
  readonly #space: Space
  readonly #side: number
  readonly #lifting = new Map<string, Func>()
  readonly #scopes = new Map<string, Func>()

  constructor(space: Space, side: number, rules: Rules) {
    this.#space = space
    this.#side = side
    this.rules = rules
    const { bdd } = space
    this.triggers = rules.restrictions.map((rule) =>
      bdd.minus(this.#concerns(rule), bdd.any(rule.unless.map(({ scope }) => this.covers(scope)))),
    )
    this.permits = bdd.not(bdd.any(this.triggers))
    this.never = bdd.any(this.triggers.filter((_, i) => at(rules.restrictions, i).never !== null))
    this.duties = this.#duties()
  }

  /** Whether any of these uses is asked for. */
  asks(leaves: Iterable<string>): Func {
    return this.#space.bdd.any([...leaves].map((leaf) => this.#space.leaf(this.#side, leaf)))
  }

  /** Where any of these uses is asked for and prohibited by a restriction that is triggered. */
  prohibited(leaves: ReadonlySet<string>): Func {
    const { bdd } = this.#space
    return bdd.any(
      this.rules.restrictions.map(({ prohibits }, i) =>
        bdd.and(at(this.triggers, i), this.asks(prohibits.intersection(leaves))),
      ),
    )
  }

  /** Where the uses of a restriction meet the request's, and its `when` touches (semantics §5.2). */
  #concerns({ prohibits, when }: Rule): Func {
    return this.#space.bdd.and(this.asks(prohibits), this.touches(when))
  }

  /** Semantics §4. */
  touches(scope: Allowed): Func {
    const { bdd } = this.#space
    return bdd.all(
      [...scope].map(([fact, values]) =>
        bdd.any(this.#known(fact, values).map((value) => this.#space.value(fact, value))),
      ),
    )
  }

  covers(scope: Allowed): Func {
    const key = JSON.stringify([...scope])
    const known = this.#scopes.get(key)
    if (known !== undefined) return known
    const { bdd } = this.#space
    const covered = bdd.all(
      [...scope].flatMap(([fact, values]) =>
        (this.rules.facts.get(fact) ?? [])
          .filter((value) => !values.includes(value))
          .map((value) => bdd.not(this.#space.value(fact, value))),
      ),
    )
    this.#scopes.set(key, covered)
    return covered
  }

  #known(fact: string, values: readonly string[]): readonly string[] {
    const known = this.rules.facts.get(fact) ?? []
    return values.filter((value) => known.includes(value))
  }

  /** Where one tailoring does all that it must, whenever it can be used (semantics §8.2 d). */
  suits(reach: ReachRule): Func {
    return this.#space.bdd.and(this.lifts(reach), this.covers(reach.scope))
  }

  /** Where what a tailoring lifts, for its uses, is all that is triggered; its scope is left out. */
  lifts({ lifts, uses }: ReachRule): Func {
    const key = `${[...lifts].join()} ${[...uses].join()}`
    const known = this.#lifting.get(key)
    if (known !== undefined) return known
    const { bdd } = this.#space
    const lifted = bdd.all(
      this.rules.restrictions.map(({ id, limits }, i) => {
        const notTriggered = bdd.not(at(this.triggers, i))
        if (!lifts.has(id)) return notTriggered
        return bdd.or(notTriggered, bdd.not(this.asks(limits.difference(uses))))
      }),
    )
    const granted = bdd.minus(lifted, this.never)
    this.#lifting.set(key, granted)
    return granted
  }

  /** Where each of some tailorings is the one that permits, in the order in which they are tried (semantics §8.2 e). */
  exceptions(usable: readonly ReachRule[]): readonly Func[] {
    const { bdd } = this.#space
    let left = bdd.not(this.permits)
    return usable.map((reach) => {
      const found = bdd.and(left, this.suits(reach))
      left = bdd.minus(left, found)
      return found
    })
  }

  /** Where a request is allowed while just these tailorings can be used. */
  allowed(usable: readonly ReachRule[]): Func {
    const { bdd } = this.#space
    return bdd.or(this.permits, bdd.any(this.exceptions(usable)))
  }

  #duties(): ReadonlyMap<string, Func> {
    const { bdd } = this.#space
    const duties = new Map<string, Func>()
    for (const rule of this.rules.restrictions) {
      let left = this.#concerns(rule)
      for (const { scope, obligations } of rule.unless) {
        const excused = bdd.and(left, this.covers(scope))
        left = bdd.minus(left, excused)
        for (const id of obligations) duties.set(id, bdd.or(duties.get(id) ?? FALSE, excused))
      }
    }
    return duties
  }
}
