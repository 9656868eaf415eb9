import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE_DIR } from '../../test/example-world.ts'
import { RUNS } from '../../test/runs.ts'
import type { SourceFile } from '../document.ts'
import { compile } from './compile.ts'
import { kindOfFile, parseDocuments } from './documents.ts'
import { canChangeAlone, LiveDocuments } from './live-documents.ts'

// The cases are left out, save for one file: they decide nothing, and take long to read again each time.
const FILES: readonly SourceFile[] = readdirSync(EXAMPLE_DIR, { recursive: true, encoding: 'utf8' })
  .filter((name) => kindOfFile(name) !== undefined)
  .filter((name) => !name.startsWith('tests/') || name === 'tests/parties.yaml')
  .map((name) => ({ name, text: readFileSync(join(EXAMPLE_DIR, name), 'utf8') }))
const CHANGEABLE = FILES.filter(({ name }) => canChangeAlone(name))

/** The documents as they are at first, and how they begin to be live. */
function begin(files: readonly SourceFile[]): LiveDocuments {
  const { world, contracts } = parseDocuments(files)
  if (!world) throw new Error('the example has errors')
  const entries = contracts.map(({ file, contract: { id, customer, terms } }) => {
    return [file, { id, customer, tailorings: terms.tailorings.length }] as const
  })
  return new LiveDocuments({ bundle: compile(world, sha256), provider: world, contracts: entries })
}

/** What becomes of a text. */
const EDITS: readonly (readonly [what: RegExp, by: string])[] = [
  [/$/, '\n# A comment.\n'],
  [/^title: .*$/m, 'title: Another title'],
  [/^customer: .*$/m, 'customer: another-customer'],
  [/^id: .*$/m, 'id: another-contract'],
  [/state: in_force/, 'state: terminated'],
  [/state: in_force/, 'state: inforce'],
  [/until: 2026/, 'until: 2025'],
  [/^format: .*$/m, ''],
]

type Change = readonly [name: string, text: string | null]

const anyChange = fc
  .record({
    index: fc.nat({ max: CHANGEABLE.length - 1 }),
    edit: fc.constantFrom(...EDITS, null),
    /** Whether the text goes to another file, beside the one that it came from. */
    isCopied: fc.boolean(),
  })
  .map(({ index, edit, isCopied }): Change => {
    const { name, text } = CHANGEABLE[index] as SourceFile
    const to = isCopied ? name.replace('.yaml', '-copy.yaml') : name
    return [to, edit && text.replace(edit[0], edit[1])]
  })

const anySets = fc.array(fc.array(anyChange, { minLength: 1, maxLength: 3 }), { minLength: 1 })

function changed(files: ReadonlyMap<string, string>, set: readonly Change[]): Map<string, string> {
  const after = new Map<string, string | null>([...files, ...set])
  return new Map([...after].flatMap(([name, text]) => (text === null ? [] : [[name, text]])))
}

test('sets of changes are taken or refused as the whole directory would be', () => {
  let taken = 0
  let refused = 0
  fc.assert(
    fc.property(anySets, (sets) => {
      const live = begin(FILES)
      let accepted = new Map(FILES.map(({ name, text }) => [name, text]))
      for (const set of sets) {
        const proposed = changed(accepted, set)
        const { world } = parseDocuments([...proposed].map(([name, text]) => ({ name, text })))
        const files = [...new Map(set)].map(([name, text]) => ({ name, text }))
        const { bundle, problems } = live.change(files, sha256)
        expect(bundle?.digest).toBe(world && compile(world, sha256).digest)
        expect(problems.some(({ severity }) => severity === 'error')).toBe(world === undefined)
        if (world) accepted = proposed
        if (world) taken++
        else refused++
      }
    }),
    { numRuns: Math.ceil(RUNS / 20) },
  )
  expect(taken).toBeGreaterThan(RUNS / 40)
  expect(refused).toBeGreaterThan(RUNS / 40)
})

test('a refused set leaves everything as it was', () => {
  const live = begin(FILES)
  const [first, second] = CHANGEABLE as [SourceFile, SourceFile]
  const before = live.change([], sha256).bundle?.digest
  const wrong = { name: second.name, text: `${second.text}\nnonsense: true\n` }
  const { bundle, problems } = live.change([{ name: first.name, text: null }, wrong], sha256)
  expect(bundle).toBe(undefined)
  expect(problems.map(({ file, code }) => [file, code])).toEqual([[second.name, 'unknown-key']])
  expect(live.change([], sha256).bundle?.digest).toBe(before)
})

test('a copy of a contract is refused however often it is tried', () => {
  const live = begin(FILES)
  const [{ text }] = CHANGEABLE as [SourceFile]
  const copy = [{ name: 'contracts/copy.yaml', text }]
  for (let i = 0; i < 3; i++) {
    const { bundle, problems } = live.change(copy, sha256)
    expect([bundle, problems.map(({ code }) => code)]).toEqual([undefined, ['duplicate-id']])
  }
})
