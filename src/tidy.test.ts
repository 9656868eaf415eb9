import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

// The rules of the house that a machine can check (ARCHITECTURE.md, CONTRIBUTING.md).

const SRC = import.meta.dirname

/** The one order of folders: each imports only itself and those before it; root files come first. */
const LAYERS = [
  '.',
  'policy',
  'contract',
  'review',
  'decision',
  'proof',
  'log',
  'store',
  'gateway',
  'server',
  'cli',
]

/** Side by side: neither imports the other. */
const APART = [['gateway', 'server']] as const

/** Folders without input or output: no platform module, no clock, no chance. */
const PURE = ['policy', 'contract', 'review', 'decision']

/** What runs wherever JavaScript does, with all that it loads and no package. */
const ENTRIES = ['decision/engine.ts', 'log/verify.ts']

const FILE_LINES_MAX = 400
const DEFINITION_LINES_MAX = 200
const BANNED_NAMES = /^(utils?|helpers?|common|shared|types|services?|managers?|misc|lib|index)$/

interface Source {
  readonly name: string
  readonly text: string
}

const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), 'utf8') }))

function importsOf({ text }: Source): string[] {
  return [...text.matchAll(/(?:from|import) '([^']+)'|import\('([^']+)'\)/g)].map(
    ([, from, dynamic]) => from ?? dynamic ?? '',
  )
}

/** What a relative import names, from the top of the sources; undefined outside them. */
function targetOf({ name }: Source, specifier: string): string | undefined {
  const target = relative(SRC, join(SRC, dirname(name), specifier))
  return target.startsWith('..') ? undefined : target
}

function layerOf(name: string): string {
  const [folder = '.'] = name.includes('/') ? name.split('/') : ['.']
  return folder
}

function isTest({ name }: Source): boolean {
  return name.endsWith('.test.ts')
}

test('every folder is in the order of layers', () => {
  for (const { name } of sources) expect(LAYERS, name).toContain(layerOf(name))
})

test('a folder imports only itself and folders before it', () => {
  const wrong = sources.flatMap((source) =>
    importsOf(source)
      .filter((specifier) => specifier.startsWith('.'))
      .flatMap((specifier) => targetOf(source, specifier) ?? [])
      .filter((target) => !mayImport(layerOf(source.name), layerOf(target)))
      .map((target) => `${source.name} imports ${target}`),
  )
  expect(wrong).toEqual([])
})

function mayImport(from: string, to: string): boolean {
  const isApart = APART.some(([a, b]) => (from === a && to === b) || (from === b && to === a))
  return LAYERS.indexOf(to) <= LAYERS.indexOf(from) && !isApart
}

test('pure folders touch no platform', () => {
  const wrong = sources
    .filter((source) => PURE.includes(layerOf(source.name)) && !isTest(source))
    .filter((source) => {
      const isPlatform = importsOf(source).some((specifier) => specifier.startsWith('node:'))
      return (
        isPlatform || /\b(Date\.now|new Date|Math\.random|process|fetch)\b(?!\.)/.test(code(source))
      )
    })
  expect(wrong.map(({ name }) => name)).toEqual([])
})

test('one pure file takes its hash from the platform', () => {
  const users = sources.filter(
    (source) =>
      PURE.includes(layerOf(source.name)) && !isTest(source) && /\bcrypto\b/.test(code(source)),
  )
  expect(users.map(({ name }) => name)).toEqual(['decision/open-bundle.ts'])
})

test('the environment is read only in cli', () => {
  const wrong = sources.filter(
    (source) =>
      layerOf(source.name) !== 'cli' && !isTest(source) && /\bprocess\./.test(code(source)),
  )
  expect(wrong.map(({ name }) => name)).toEqual([])
})

/** Source without comments and strings, roughly. */
function code({ text }: Source): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$|'[^'\n]*'|`[^`]*`/gm, '')
}

test.each(ENTRIES)('%s and what it loads import no package', (entry) => {
  const seen = new Set<string>()
  const packages: string[] = []
  const follow = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const source = sources.find((candidate) => candidate.name === name)
    if (!source) throw new Error(`no ${name}`)
    // Types are gone when it runs.
    const text = source.text.replaceAll(/^(?:import|export) type [^']+'[^']+'$/gm, '')
    for (const specifier of importsOf({ name, text })) {
      if (specifier.startsWith('.')) follow(targetOf(source, specifier) ?? '')
      else packages.push(`${name} imports ${specifier}`)
    }
  }
  follow(entry)
  expect(packages).toEqual([])
})

test('no file is longer than a person reads in one sitting', () => {
  const long = sources.filter(({ text }) => text.split('\n').length - 1 > FILE_LINES_MAX)
  expect(long.map(({ name }) => name)).toEqual([])
  const definition = sources.find(({ name }) => name === 'decision/definition.ts')
  expect(definition?.text.split('\n').length).toBeLessThanOrEqual(DEFINITION_LINES_MAX + 1)
})

test('names say what a thing is, not what kind of code it is', () => {
  const parts = sources.flatMap(({ name }) => name.replace(/(\.test)?\.ts$/, '').split('/'))
  expect(parts.filter((part) => BANNED_NAMES.test(part))).toEqual([])
})

test('nothing is exported that no other file uses', () => {
  const everywhere = [...sources, ...outside()]
  const unused = sources
    .filter((source) => !isTest(source))
    .flatMap((source) => exportsOf(source).map((name) => ({ source, name })))
    .filter(({ source, name }) => {
      const word = new RegExp(`\\b${name}\\b`)
      return !everywhere.some((other) => other.name !== source.name && word.test(other.text))
    })
  expect(unused.map(({ source, name }) => `${source.name}: ${name}`)).toEqual([])
})

/** Tests and benchmarks outside the sources, which may use an export too. */
function outside(): Source[] {
  return ['test', 'bench'].flatMap((folder) =>
    readdirSync(join(SRC, '..', folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({
        name: `../${folder}/${name}`,
        text: readFileSync(join(SRC, '..', folder, name), 'utf8'),
      })),
  )
}

/** Exported values; an exported type may be there only to give a signature its name. */
function exportsOf({ text }: Source): string[] {
  const declared = text.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)
  return [...declared].flatMap(([, name]) => name ?? [])
}

test('what is left to do has an issue', () => {
  const wrong = sources.filter(
    (source) => source.name !== 'tidy.test.ts' && /\b(TODO|FIXME|XXX)\b(?! #\d)/.test(source.text),
  )
  expect(wrong.map(({ name }) => name)).toEqual([])
})
