import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Bundle } from '../src/decision/bundle.ts'
import { decide } from '../src/decision/decide.ts'
import { decideByDefinition } from '../src/decision/definition.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { rulesOfTables } from '../src/proof/bundle-rules.ts'
import { catalogueOf, rulesOfDocuments } from '../src/proof/documents-rules.ts'
import { LAWS } from '../src/proof/laws.ts'
import { type Proof, prove } from '../src/proof/prove.ts'
import { Subject } from '../src/proof/subject.ts'
import { anyTrial } from './any-world.ts'
import { bundleOf, sha256 } from './bundle-of.ts'
import './runs.ts'
import { EXAMPLE } from './example-world.ts'
import { FAULTS } from './planted-faults.ts'

// Proofs are held against what is decided: of sound bundles every law holds, and of bundles with a fault either some
// law fails, with a request that is decided otherwise than meant, or no request is.

const IS_SOAK = process.env['PROVISO_SOAK'] !== undefined

/** How many random worlds all laws are proved of. */
const WORLDS = IS_SOAK ? 1_000 : 100

/** How many random worlds each fault is planted into, and in how many places of each. */
const FAULTY_WORLDS = IS_SOAK ? 200 : 60
const PLACES = IS_SOAK ? 20 : 5

function proofsOf(world: World, bundle: Bundle): readonly Proof[] {
  const proved = {
    subject: new Subject(rulesOfTables(bundle), rulesOfDocuments(world)),
    bundle,
    recompiled: [bundleOf({ ...world, contracts: world.contracts.toReversed() }).digest],
    sha256,
    catalogue: catalogueOf(world),
  }
  return prove(proved, LAWS).proofs
}

function failing(proofs: readonly Proof[]): readonly Proof[] {
  return proofs.filter(({ violation }) => violation !== undefined)
}

/** A decision's parts that its meaning has too. */
function decidedPart(bundle: Bundle, request: Request): unknown {
  const decided = decide(bundle, request)
  if (!decided.ok) return decided.error.code
  const { request: _, at, bundle: digest, nearest, reasons, ...rest } = decided.value
  return { ...rest, reasons: reasons.map(({ code }) => code) }
}

function meantPart(world: World, request: Request): unknown {
  const { nearest: _, ...meant } = decideByDefinition(world, request)
  return meant
}

function isUnlike(world: World, bundle: Bundle, request: Request): boolean {
  return !isDeepStrictEqual(decidedPart(bundle, request), meantPart(world, request))
}

test('every law holds of the example', () => {
  expect(failing(proofsOf(EXAMPLE, bundleOf(EXAMPLE)))).toEqual([])
})

test('every law holds of random worlds', () => {
  const property = fc.property(anyTrial, ({ world: { validUntil: _, ...world } }) => {
    expect(failing(proofsOf(world, bundleOf(world)))).toEqual([])
  })
  fc.assert(property, { numRuns: WORLDS })
})

/** How often each fault was caught. */
const caught = new Map<string, number>()

beforeAll(() => {
  const property = fc.property(anyTrial, ({ world: { validUntil: _, ...world }, requests }) => {
    for (const { name, plant } of FAULTS) {
      for (const bundle of some([...plant(bundleOf(world))])) {
        const isCaught = isFaultCaught(world, bundle, requests)
        if (isCaught) caught.set(name, (caught.get(name) ?? 0) + 1)
      }
    }
  })
  fc.assert(property, { numRuns: FAULTY_WORLDS })
}, 7_200_000)

/** Some of many, from all over the list. */
function some<T>(list: readonly T[]): readonly T[] {
  const step = Math.max(1, Math.floor(list.length / PLACES))
  return list.filter((_, i) => i % step === 0)
}

/** Whether a proof fails; when none does, no request may tell the bundle from a sound one. */
function isFaultCaught(world: World, bundle: Bundle, requests: readonly Request[]): boolean {
  const broken = failing(proofsOf(world, bundle))
  const [first] = broken
  if (!first) {
    const telling = requests.filter((request) => isUnlike(world, bundle, request))
    expect(telling).toEqual([])
    return false
  }
  expect(first.law.id).toBe('meaning')
  const [request] = first.violation?.requests ?? []
  const label = JSON.stringify([
    first.violation?.message,
    request,
    request && decidedPart(bundle, request),
    request && meantPart(world, request),
  ])
  expect(request && isUnlike(world, bundle, request), label).toBe(true)
  return true
}

test.each(FAULTS.map(({ name }) => name))('tables with %s are caught by a request', (name) => {
  expect(caught.get(name) ?? 0).toBeGreaterThan(0)
})

/** Whether a law fails of the example with a fault in some place. */
function isBrokenBy(law: string, name: string): boolean {
  const fault = FAULTS.find((planted) => planted.name === name)
  for (const bundle of fault?.plant(bundleOf(EXAMPLE)) ?? []) {
    const broken = failing(proofsOf(EXAMPLE, bundle))
    if (broken.some(({ law: { id } }) => id === law)) return true
  }
  return false
}

test.each([
  ['L5', 'a value more in a scope'],
  ['L6', 'an interval that ends a day late'],
  ['L7', 'a snapshot that is not among the models'],
  ['L10', 'the tables of another customer'],
  ['L11', 'an excuse that obliges to less'],
])('%s fails of tables with %s', (law, name) => {
  expect(isBrokenBy(law, name)).toBe(true)
})
