import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf } from '../../test/bundle-of.ts'
import { RUNS } from '../../test/runs.ts'
import type { Bundle } from '../decision/bundle.ts'
import { decideByDefinition } from '../decision/definition.ts'
import type { Request } from '../decision/request.ts'
import type { World } from '../decision/world.ts'
import { contains } from '../interval.ts'
import { type Bdd, FALSE, type Func, TRUE } from './bdd.ts'
import { rulesOfContent, rulesOfTables } from './bundle-rules.ts'
import { type Cell, cellsOf, isNamed } from './cells.ts'
import { rulesOfDocuments } from './documents-rules.ts'
import { Judging } from './judging.ts'
import type { Rules } from './rules.ts'
import { Space } from './space.ts'

// The functions that proofs speak of, beside the definition: on random requests of random worlds they say the same.
// They leave out the lease, as a bundle's digest does (semantics §10.1).

function isAt(cell: Cell, { deployment, model, at }: Request): boolean {
  const isHere = isNamed(cell.deployments, deployment) && isNamed(cell.models, model)
  return isHere && contains(cell.times, at)
}

/** The variables that are true of a request, the uses that detectors suspect among them. */
function truthsOf(space: Space, rules: Rules, request: Request): ReadonlySet<number> {
  const said = new Map(Object.entries(request.facts))
  const suspected = request.signals.flatMap(({ use, score }) =>
    (rules.uses.get(use) ?? []).filter((leaf) => score >= (rules.leaves.get(leaf)?.referAt ?? 2)),
  )
  const leaves = [...request.uses.flatMap((use) => rules.uses.get(use) ?? []), ...suspected]
  const truths = space.statements.flatMap((statement, variable) => {
    const isTrue =
      statement.kind === 'value'
        ? (said.get(statement.fact)?.includes(statement.value) ?? true)
        : leaves.includes(statement.use)
    return isTrue ? [variable] : []
  })
  return new Set(truths)
}

function holds(bdd: Bdd, f: Func, truths: ReadonlySet<number>): boolean {
  let at = f
  while (at !== TRUE && at !== FALSE) {
    at = truths.has(bdd.first(at) ?? -1) ? bdd.high(at) : bdd.low(at)
  }
  return at === TRUE
}

/** Which tailoring permits a request; `policy` when none has to, null when it is not allowed. */
function verdictOf(rules: Rules, request: Request): string | null {
  const space = new Space(rules)
  const judging = new Judging(space, 0, rules)
  const truths = truthsOf(space, rules, request)
  const cells = cellsOf(rules.reachesOf(request.customer)).filter((cell) => isAt(cell, request))
  expect(cells).toHaveLength(1)
  expect(holds(space.bdd, space.wellFormed, truths)).toBe(true)
  if (holds(space.bdd, judging.permits, truths)) return 'policy'
  const usable = cells[0]?.usable[0] ?? []
  const exceptions = judging.exceptions(usable)
  const found = usable.find((_, i) => holds(space.bdd, exceptions[i] ?? FALSE, truths))
  return found ? `${found.contract}/${found.tailoring}` : null
}

function meantBy(world: World, request: Request): string | null {
  const { outcome, contract, tailoring } = decideByDefinition(world, request)
  if (outcome === 'permit') return 'policy'
  return outcome === 'permit-under-exception' ? `${contract}/${tailoring}` : null
}

const READINGS: Readonly<Record<string, (world: World, bundle: Bundle) => Rules>> = {
  documents: (world) => rulesOfDocuments(world),
  "a bundle's content": (_, bundle) => rulesOfContent(bundle),
  "a bundle's tables": (_, bundle) => rulesOfTables(bundle),
}

test.each(Object.entries(READINGS))('%s say of a request what the definition says', (_, read) => {
  const property = fc.property(anyTrial, ({ world: { validUntil: _, ...world }, requests }) => {
    const rules = read(world, bundleOf(world))
    for (const request of requests.slice(0, 8)) {
      expect(verdictOf(rules, request)).toBe(meantBy(world, request))
    }
  })
  fc.assert(property, { numRuns: Math.ceil(RUNS / 10) })
})
