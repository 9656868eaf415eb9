import { execFile } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../src/canonical-json.ts'
import type { Command } from '../src/cli/command.ts'
import { compileDirectory, sha256 } from '../src/cli/load.ts'
import { printBundle } from '../src/decision/bundle-file.ts'
import { type DocumentKind, SHAPES, schemaOf } from '../src/decision/documents.ts'
import * as engine from '../src/decision/engine.ts'
import { REQUEST_ERROR_CODES } from '../src/decision/request.ts'
import { STEPS } from '../src/log/verification.ts'
import * as verify from '../src/log/verify.ts'
import { builtPackage } from './built-package.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: ROOT }).sort()
const BUILT = builtPackage()
const SOURCES = globSync('src/**/*.ts', { cwd: ROOT }).filter((name) => !name.endsWith('.test.ts'))

function read(name: string): string {
  return readFileSync(join(ROOT, name), 'utf8')
}

const source = SOURCES.map(read).join('\n')
const formats = read('docs/formats.md')

/** Everything that a pattern's first group finds, each once. */
function found(pattern: RegExp, text: string): string[] {
  return [...new Set([...text.matchAll(pattern)].flatMap(([, group]) => group ?? []))].sort()
}

/** What of a list a text does not hold in backticks. */
function unlisted(words: readonly string[], text: string): string[] {
  return words.filter((word) => !text.includes(`\`${word}\``))
}

describe('what the documents show of commands is what they print', () => {
  test.each(PAGES.filter((page) => /^```console$/m.test(read(page))))('%s', async (page) => {
    const shown = read(page)
    const programs = shown.matchAll(/^```js (?<name>\S+)\n(?<text>.*?)^```$/gms)
    const files = [...programs].map(({ groups }) => groups as unknown as Program)
    const split = shown.split(/^```console\n(.*?)^```$/ms)
    const parts = await Promise.all(split.map((part, i) => partOf(part, i, files)))
    const printed = parts.join('')
    // A command that breaks names our files; no document may learn to show that.
    expect(printed).not.toContain(ROOT)
    if (process.env['PROVISO_GOLDEN'] === 'write') writeFileSync(join(ROOT, page), printed)
    else expect(printed).toBe(shown)
  })

  /** A block of JavaScript that has a name: a file where the page's commands run. */
  interface Program {
    readonly name: string
    readonly text: string
  }

  type Programs = readonly Program[]

  /** Of a page split by its blocks: prose, and every other time the inside of a block, run anew. */
  async function partOf(part: string, index: number, programs: Programs): Promise<string> {
    return index % 2 === 0 ? part : `\`\`\`console\n${await transcript(part, programs)}\`\`\``
  }

  /** What a terminal shows of a block's commands. They run where they can write and see what the project ships. */
  async function transcript(block: string, programs: Programs): Promise<string> {
    const cwd = mkdtempSync(join(tmpdir(), 'proviso-docs-'))
    for (const name of ['bin', 'docs', 'examples']) symlinkSync(join(ROOT, name), join(cwd, name))
    mkdirSync(join(cwd, 'node_modules'))
    symlinkSync(BUILT, join(cwd, 'node_modules/proviso'))
    for (const program of programs) writeFileSync(join(cwd, program.name), program.text)
    let text = ''
    for (const [line, command = ''] of block.matchAll(/^\$ (.*)$/gm)) {
      text += `${line}\n${await outputOf(command, cwd)}`
    }
    rmSync(cwd, { recursive: true })
    return text
  }

  function outputOf(command: string, cwd: string): Promise<string> {
    return new Promise((done) => {
      execFile('sh', ['-c', `exec 2>&1\n${command}`], { cwd }, (_, output) => done(output))
    })
  }
})

describe('links lead somewhere', () => {
  test.each(PAGES)('%s', (page) => {
    const prose = withoutCode(read(page))
    const broken = found(/\]\(([^)\s]+)\)/g, prose).filter((link) => !leads(page, link))
    expect(broken).toEqual([])
  })

  function leads(page: string, link: string): boolean {
    if (/^(https?|mailto):/.test(link)) return true
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : relative(ROOT, resolve(ROOT, dirname(page), path))
    if (!existsSync(join(ROOT, target))) return false
    return anchor === undefined || anchorsOf(read(target)).includes(anchor)
  }

  function anchorsOf(page: string): string[] {
    return found(/^#+ (.*)$/gm, withoutCode(page)).map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )
  }

  function withoutCode(page: string): string {
    return page.replace(/^```.*?^```$/gms, '')
  }
})

test('every section that code cites is in the semantics', () => {
  const semantics = read('docs/semantics.md')
  const lines = source.split('\n').filter((line) => !/RFC|AuthZEN/.test(line))
  const cited = found(/§(\d+(?:\.\d+)?)/g, lines.join('\n'))
  const sections = found(/^(?:## )?(\d+(?:\.\d+)?)\.? /gm, semantics)
  expect(cited.length).toBeGreaterThan(20)
  expect(cited.filter((section) => !sections.includes(section))).toEqual([])
})

test('every law is there once, in order', () => {
  const laws = [...read('docs/semantics.md').matchAll(/^- (L\d+) /gm)].map(([, law]) => law)
  expect(laws).toEqual(Array.from({ length: 11 }, (_, i) => `L${i + 1}`))
})

/** A command in the table of commands. */
const COMMAND = /(\w+)(?:: \w+)?,/g

describe('every command has a section with its usage and options', () => {
  const table = /const COMMANDS[^{]*\{([^}]*)\}/.exec(read('src/cli/main.ts'))?.[1] ?? ''
  const sections = read('docs/commands.md').split(/^## /m)

  test.each(found(COMMAND, table))('%s', async (name) => {
    const module = (await import(`../src/cli/${name}.ts`)) as Record<string, Command>
    const command = module[name]
    const section = sections.find((text) =>
      text.startsWith(`\`proviso ${name} ${command?.usage}\``),
    )
    expect(section).toBeDefined()
    const options = Object.keys(command?.options ?? {}).map((option) => `--${option}`)
    expect(options.filter((option) => !section?.includes(option))).toEqual([])
  })

  test('and no other does', () => {
    const described = found(/^## `proviso (\w+)/gm, read('docs/commands.md'))
    expect(described).toEqual(found(COMMAND, table))
  })
})

test('every export of each library has a row, and nothing else has', () => {
  const [, ...sections] = read('docs/library.md').split(/^## `proviso/m)
  const rows = sections.map((section) => found(/^\| `(\w+)\(/gm, section))
  expect(rows).toEqual([engine, verify].map((library) => Object.keys(library).sort()))
})

describe('every code that code gives is listed', () => {
  test('of documents and bundles', () => {
    const reported = found(
      /\b(?:error|errorAtKey|warning|unreadable|textual|refuse)\(\s*'([a-z-]+)'/g,
      source,
    )
    expect(reported.length).toBeGreaterThan(50)
    expect(
      unlisted([...reported, ...literalCodes('src/{*,policy/*,contract/*}.ts')], formats),
    ).toEqual([])
    expect(unlisted(literalCodes('src/{decision,cli}/*.ts'), formats)).toEqual([])
  })

  test('of names that stand for nothing', () => {
    const kinds = found(/\bknown\('([a-z-]+)'/g, source)
    const inline = found(/^ +kind: '([a-z-]+)',$/gm, read('src/policy/check-policy.ts'))
    expect(kinds.length).toBeGreaterThan(8)
    expect(
      unlisted(
        [...kinds, ...inline].map((kind) => `unknown-${kind}`),
        formats,
      ),
    ).toEqual([])
  })

  test('of fields with few values', () => {
    const fields = (Object.keys(SHAPES) as DocumentKind[]).flatMap((kind) => chosen(schemaOf(kind)))
    // A stop's scope may also be a map, so text that it may not be is of the wrong type.
    const codes = [...new Set(fields)].filter((field) => field !== 'scope')
    expect(
      unlisted(
        codes.map((field) => `unknown-${field}`),
        formats,
      ),
    ).toEqual([])
  })

  test('of requests', () => {
    const section = formats.split('## Error codes of requests')[1] ?? ''
    expect(unlisted([...REQUEST_ERROR_CODES], section)).toEqual([])
    expect(unlisted(literalCodes('src/json.ts'), section)).toEqual([])
  })

  test('of questions over HTTP', () => {
    const listed = formats + read('docs/authzen.md')
    expect(unlisted(literalCodes('src/server/*.ts'), listed)).toEqual([])
  })

  test('of what is checked of a receipt, in order', () => {
    const section = formats.split('## Receipt')[1] ?? ''
    expect(
      [...section.matchAll(/^\| `([a-z-]+)` \| .* \| .*\|$/gm)].map(([, step]) => step),
    ).toEqual([...STEPS])
  })

  /** Texts that stand after `code:`, in types and in values; of more than one word, so no type's name. */
  function literalCodes(files: string): string[] {
    const texts = globSync(files, { cwd: ROOT }).filter((name) => !name.endsWith('.test.ts'))
    const after = found(/\bcode:((?:[^,;{}]|\n)*)/g, texts.map(read).join('\n'))
    return found(/'([a-z]+(?:-[a-z]+)+)'/g, after.join('\n'))
  }

  /** Names of the fields whose values are listed in a JSON Schema. */
  function chosen(schema: unknown, field = ''): string[] {
    if (typeof schema !== 'object' || schema === null) return []
    if ('enum' in schema || 'const' in schema) return [field]
    return Object.entries(schema).flatMap(([key, below]) => {
      if (key !== 'properties') return chosen(below, field)
      return Object.entries(below as object).flatMap(([name, inner]) => chosen(inner, name))
    })
  }
})

test('the changelog and the formats state every format in force', () => {
  const inForce = found(/'(proviso\/[a-z]+@\d+)'/g, source)
  expect(inForce).toHaveLength(14)
  expect(unlisted(inForce, read('CHANGELOG.md'))).toEqual([])
  expect(inForce.filter((format) => !formats.includes(format))).toEqual([])
})

test('every npm script that the documents name exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = found(/npm run ([a-z]+)/g, PAGES.map(read).join('\n'))
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
})

test('a digest is computed as docs/formats.md says, from the lines of the file alone', () => {
  const bundle = compileDirectory(join(ROOT, 'examples/example-ai'))
  const file = [...printBundle(bundle, sha256)].join('')
  const [header = '', policy = '', ...customers] = file.split('\n').slice(0, -1)

  const idOf = (line: string): string => (JSON.parse(line) as { id: string }).id
  const shards = Array.from({ length: 256 }, (_, n) =>
    customers
      .filter((line) => sha256(idOf(line)).startsWith(n.toString(16).padStart(2, '0')))
      .map((line) => [idOf(line), sha256(line)]),
  )
  const content = {
    format: 'proviso/bundle@1',
    policy: sha256(policy),
    customers: shards.map((shard) => sha256(canonicalJson(shard))),
  }
  const { digest, seal, ...others } = JSON.parse(header) as Record<string, unknown>
  expect(digest).toBe(`sha256:${sha256(canonicalJson(content))}`)
  expect(seal).toBe(`sha256:${sha256(canonicalJson({ digest, ...others }))}`)
  expect(others['customers']).toBe(customers.length)
})
