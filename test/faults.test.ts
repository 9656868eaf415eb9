import { globSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { Arguments } from '../src/cli/command.ts'
import { readDirectory } from '../src/cli/directory.ts'
import { init } from '../src/cli/init.ts'
import { KINDS, printSchema } from '../src/cli/schema.ts'
import { kindOfFile, printDocument, SHAPES } from '../src/decision/documents.ts'
import { readSource } from '../src/document.ts'

const ROOT = join(import.meta.dirname, '..')

/** `file:line:column severity code`, one a problem. */
function problemsOf(dir: string): string[] {
  return readDirectory(dir).problems.map(
    ({ file, line, column, severity, code }) => `${file}:${line}:${column} ${severity} ${code}`,
  )
}

test('a directory with faults in every document has each named at its place', async () => {
  const found = problemsOf(join(import.meta.dirname, 'faults/harbour'))
  await expect(`${found.join('\n')}\n`).toMatchFileSnapshot('faults/harbour.txt')
  expect(found.length).toBeGreaterThan(40)
})

test.each(['example-ai', 'minimal'])('examples/%s has no errors', (name) => {
  expect(problemsOf(join(ROOT, 'examples', name)).filter((row) => row.includes(' error '))).toEqual(
    [],
  )
})

test('what init writes is valid, with the schemas beside it', async () => {
  const dir = join(mkdtempSync(join(tmpdir(), 'proviso-')), 'new')
  await init.run(new Arguments([dir], { json: true }))
  expect(problemsOf(dir)).toEqual([])
  for (const kind of KINDS) {
    expect(readFileSync(join(dir, 'schemas', `${kind}.schema.json`), 'utf8')).toBe(
      printSchema(kind),
    )
  }
})

test.each(KINDS)('the schema of %s in the repository is current', (kind) => {
  const text = readFileSync(join(ROOT, 'schemas', `${kind}.schema.json`), 'utf8')
  expect(text, 'write it with `bin/proviso schema -o schemas`').toBe(printSchema(kind))
})

const DOCUMENTS = [
  'policy.yaml',
  'exceptions.yaml',
  'models.yaml',
  'contracts/osint-2026.yaml',
  'contracts/maritime-2025.yaml',
  'contracts/joint-cell-2026.yaml',
]

test.each(DOCUMENTS)(
  'printing %s gives a text that parses to the same value, and prints the same',
  (name) => {
    const kind = kindOfFile(name)
    if (kind === undefined) throw new Error(name)
    const parse = (text: string): unknown => SHAPES[kind].parse(readSource({ name, text }).raw)
    const value = parse(readFileSync(join(ROOT, 'examples/example-ai', name), 'utf8'))
    const printed = printDocument(kind, value as never)
    expect(parse(printed)).toEqual(value)
    expect(printDocument(kind, parse(printed) as never)).toBe(printed)
  },
)

test('each document of the example names its schema, by which editors complete it', () => {
  const files = globSync('examples/example-ai/**/*.yaml', { cwd: ROOT })
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) {
    const [first = ''] = readFileSync(join(ROOT, file), 'utf8').split('\n', 1)
    const [, schema = ''] = /^# yaml-language-server: \$schema=(.+)$/.exec(first) ?? []
    const kind = kindOfFile(relative('examples/example-ai', file))
    expect(join(dirname(file), schema)).toBe(`schemas/${kind}.schema.json`)
  }
})
