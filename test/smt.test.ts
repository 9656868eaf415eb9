import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { Bundle } from '../src/decision/bundle.ts'
import { decide } from '../src/decision/decide.ts'
import type { Decision } from '../src/decision/decision.ts'
import type { ProofStatement } from '../src/decision/proofs.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { rulesOfTables } from '../src/proof/bundle-rules.ts'
import { rulesOfDocuments } from '../src/proof/documents-rules.ts'
import type { Law } from '../src/proof/law.ts'
import { LAWS } from '../src/proof/laws.ts'
import { meaning } from '../src/proof/meaning.ts'
import { prove } from '../src/proof/prove.ts'
import { smtFilesOf, smtSubjectOf, type ToExport } from '../src/proof/smt.ts'
import {
  ANSWER_PARTS,
  answerWidths,
  OUTCOME_BITS,
  scoreOf,
  unstated,
} from '../src/proof/smt-answer.ts'
import { NO_TAILORING, type Vocabulary } from '../src/proof/smt-names.ts'
import { type Numbers, type Sets, symbol } from '../src/proof/smt-text.ts'
import { Subject } from '../src/proof/subject.ts'
import { anyTrial } from './any-world.ts'
import { bundleOf, sha256 } from './bundle-of.ts'
import { programOf } from './debian-packages.ts'
import { EXAMPLE } from './example-world.ts'
import { FAULTS } from './planted-faults.ts'
import './runs.ts'

// Every law of a bundle, judged by two solvers that are not ours.

const IS_SOAK = process.env['PROVISO_SOAK'] !== undefined
const WORLDS = IS_SOAK ? 1_000 : 100

const SOLVERS = [[programOf('z3')], [programOf('cvc5'), '--bitblast=eager']] as const
type Solver = (typeof SOLVERS)[number]

const dir = mkdtempSync(join(tmpdir(), 'proviso-smt-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** What a solver prints of a file. */
function answersOf([command, ...options]: Solver, text: string): readonly string[] {
  const path = join(dir, 'law.smt2')
  writeFileSync(path, text)
  const { stdout, stderr, error } = spawnSync(command, [...options, path], { encoding: 'utf8' })
  expect([error, stderr]).toEqual([undefined, ''])
  return stdout.trim().split('\n')
}

function exportedOf(world: World, bundle: Bundle): ToExport {
  return { bundle, decided: rulesOfTables(bundle), meant: rulesOfDocuments(world) }
}

const STATEMENTS: readonly ProofStatement[] = [
  { id: 'no-weapons', never: { uses: ['weapons'] } },
  { id: 'nobody', never: { customers: ['ministry-of-assessment'], facts: { act: ['target'] } } },
]

test.each(SOLVERS)('%s finds no request that breaks a law of the example', (...solver) => {
  for (const { name, text } of smtFilesOf(exportedOf(EXAMPLE, bundleOf(EXAMPLE)), STATEMENTS)) {
    expect([name, ...answersOf(solver as unknown as Solver, text)]).toEqual([name, 'unsat'])
  }
})

test('a file without its claim that the law is broken is satisfied: nothing is proved from nothing', () => {
  for (const { name, text } of smtFilesOf(exportedOf(EXAMPLE, bundleOf(EXAMPLE)))) {
    const last = text.lastIndexOf('\n(assert ')
    const free = `${text.slice(0, last)}\n(check-sat)\n`
    expect([name, ...answersOf(SOLVERS[0], free)]).toEqual([name, 'sat'])
  }
})

test('z3 and cvc5 find no request that breaks a law of random worlds', () => {
  const property = fc.property(anyTrial, ({ world: { validUntil: _, ...world } }) => {
    const files = [...smtFilesOf(exportedOf(world, bundleOf(world)))]
    const allHold = files.map(({ name }) => [name, 'unsat'])
    // One process reads all files of a world, and forgets each before the next: starting one takes longer than most.
    const text = files.map((file) => file.text).join('(reset)\n')
    for (const solver of SOLVERS) {
      const answers = answersOf(solver, text)
      expect(answers.map((answer, i) => [files[i]?.name, answer])).toEqual(allHold)
    }
  })
  fc.assert(property, { numRuns: WORLDS })
})

/** A model's values by the names of its constants, as digits. */
function modelOf(exported: ToExport, names: Vocabulary): ReadonlyMap<string, string> | undefined {
  const [first] = smtFilesOf(exported)
  expect(first?.name).toBe('meaning.smt2')
  const asked = [
    ...['customer', 'deployment', 'model', 'at', 'stated', 'named', 'decided.answer'],
    ...[...names.valuesOf.keys()].map(unstated),
    ...names.nodes.ids.map((node) => scoreOf(node)),
  ]
  const [answer, ...lines] = answersOf(
    SOLVERS[0],
    `${first?.text}(get-value (${asked.map(symbol).join(' ')}))\n`,
  )
  if (answer === 'unsat') return undefined
  const pairs = lines
    .join('\n')
    .matchAll(/\((?:\|([^|]+)\||([^\s()|]+))\s+(#[bx][0-9a-f]+|true|false)\)/g)
  return new Map([...pairs].map(([, quoted, plain, value]) => [quoted ?? plain ?? '', value ?? '']))
}

function bitsOf(digits: string): string {
  const isHex = digits.startsWith('#x')
  const bits = [...digits.slice(2)].map((digit) =>
    isHex ? Number.parseInt(digit, 16).toString(2).padStart(4, '0') : digit,
  )
  return bits.join('')
}

function membersOf({ ids }: Sets, bits: string): readonly string[] {
  return ids.filter((_, i) => bits.at(-1 - i) === '1')
}

function nameOf({ ids }: Numbers, bits: string): string {
  return ids[Number.parseInt(bits, 2)] ?? 'somebody-else'
}

function requestOf(names: Vocabulary, model: ReadonlyMap<string, string>): Request {
  const digitsOf = (name: string): string => bitsOf(model.get(name) ?? '#b')
  const stated = membersOf(names.values, digitsOf('stated'))
  const facts = [...names.valuesOf].flatMap(([fact, ids]) =>
    model.get(unstated(fact)) === 'true'
      ? []
      : [[fact, ids.filter((id) => stated.includes(id)).map((id) => id.slice(fact.length + 1))]],
  )
  return {
    id: null,
    customer: nameOf(names.customers, digitsOf('customer')),
    deployment: nameOf(names.deployments, digitsOf('deployment')),
    model: nameOf(names.models, digitsOf('model')),
    uses: membersOf(names.nodes, digitsOf('named')),
    facts: Object.fromEntries(facts),
    signals: names.nodes.ids.flatMap((use) => {
      const level = Number.parseInt(digitsOf(scoreOf(use)), 2)
      const score = names.thresholds[level - 1]
      return score === undefined ? [] : [{ detector: 'any', use, score }]
    }),
    at: Number(BigInt.asIntN(64, BigInt(`0b${digitsOf('at')}`))),
  }
}

/** What a model says that is answered, as the parts of a decision that it speaks of. */
function answerOf(names: Vocabulary, model: ReadonlyMap<string, string>): object {
  const bits = bitsOf(model.get('decided.answer') ?? '')
  const widths = answerWidths(names)
  let from = 0
  const parts = ANSWER_PARTS.map((part) => {
    from += widths[part]
    return [part, bits.slice(from - widths[part], from)] as const
  })
  const part = Object.fromEntries(parts) as Record<(typeof ANSWER_PARTS)[number], string>
  const outcome = Object.entries(OUTCOME_BITS).find(([, of]) => of === `#b${part.outcome}`)
  const by = nameOf(names.tailorings, part.by)
  return {
    outcome: outcome?.[0],
    base: part.base === '0' ? 'permit' : 'deny',
    triggered: membersOf(names.restrictions, part.said),
    by: by === NO_TAILORING ? null : by,
    obligations: membersOf(names.obligations, part.owed),
  }
}

function decidedPart({
  outcome,
  base,
  triggered,
  contract,
  tailoring,
  obligations,
}: Decision): object {
  const by = contract === null ? null : `${contract}/${tailoring}`
  return { outcome, base, triggered, by, obligations }
}

/** In how many places of the example a fault is looked for that makes a difference. */
const PLACES = 60

/** The example's tables with a fault by which a law fails, as our own proof finds. */
function faultyBundle(name: string, law: Law = meaning): Bundle {
  const fault = FAULTS.find((planted) => planted.name === name)
  const all = [...(fault?.plant(bundleOf(EXAMPLE)) ?? [])]
  const step = Math.max(1, Math.floor(all.length / PLACES))
  const meant = rulesOfDocuments(EXAMPLE)
  const found = all.find((bundle, i) => {
    if (i % step !== 0) return false
    const subject = new Subject(rulesOfTables(bundle), meant)
    const proved = { subject, bundle, recompiled: [], sha256, catalogue: null }
    return prove(proved, [law]).proofs[0]?.violation !== undefined
  })
  if (found === undefined) throw new Error(`no place in which ${name} makes a difference`)
  return found
}

/** In the example a lift more never lets a tailoring permit more: none of its 2,128 places matters. */
const WITHOUT_EFFECT = 'a lift more'

const NAMES = FAULTS.map(({ name }) => name).filter((name) => name !== WITHOUT_EFFECT)

test.each(NAMES)('a model of tables with %s is a request that is decided so', (name) => {
  const bundle = faultyBundle(name)
  const exported = exportedOf(EXAMPLE, bundle)
  const { names } = smtSubjectOf(exported)
  const model = modelOf(exported, names)
  if (model === undefined) throw new Error('the file is not satisfied')
  const decided = decide(bundle, requestOf(names, model))
  expect(decided.ok && decidedPart(decided.value)).toEqual(answerOf(names, model))
})

test.each([
  ['L1', 'a use that a restriction does not prohibit any more'],
  ['L5', 'a value more in a scope'],
  ['L6', 'an interval that ends a day late'],
  ['L7', 'a snapshot that is not among the models'],
  ['L10', 'the tables of another customer'],
  ['L11', 'an excuse that obliges to less'],
])('z3 and cvc5 find a request that breaks %s where tables have %s', (id, name) => {
  const law = LAWS.find((one) => one.id === id)
  const exported = exportedOf(EXAMPLE, faultyBundle(name, law))
  const file = [...smtFilesOf(exported)].find((one) => one.name === `${id}.smt2`)
  for (const solver of SOLVERS) expect(answersOf(solver, file?.text ?? '')).toEqual(['sat'])
})

test('z3 and cvc5 find a request that breaks a statement that does not hold', () => {
  const exported = exportedOf(EXAMPLE, bundleOf(EXAMPLE))
  const wrong: readonly ProofStatement[] = [
    { id: 'never', never: { facts: { act: ['analyse'] } } },
    { id: 'only', only: { customers: ['nobody-else'], reach: 'surveillance.persons' } },
    {
      id: 'everything',
      everything: { 'permitted-to': 'ministry-of-assessment', 'is-permitted-to': 'nobody-else' },
    },
  ]
  const files = [...smtFilesOf(exported, wrong)].slice(-wrong.length)
  for (const { text } of files) {
    for (const solver of SOLVERS) expect(answersOf(solver, text)).toEqual(['sat'])
  }
})
