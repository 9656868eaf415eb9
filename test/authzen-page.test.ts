import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programOf } from './debian-packages.ts'
import { ROOT } from './example-world.ts'
import { spawnProviso } from './proviso.ts'

// docs/authzen.md says how an enforcement point asks, and which test shows each requirement.

const PAGE = join(ROOT, 'docs/authzen.md')
const page = readFileSync(PAGE, 'utf8')

/** How `npm start` serves the example, on a port that is free. */
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: { start: string }
}
const SERVE = scripts.start
  .split(' ')
  .slice(1)
  .map((word) => (word.startsWith('examples/') ? join(ROOT, word) : word))

describe('what an enforcement point is shown to ask is answered as shown', () => {
  const data = mkdtempSync(join(tmpdir(), 'proviso-authzen-'))
  const server = spawnProviso([...SERVE, '--port', '0', '--json', '--data', data])
  afterAll(async () => {
    server.kill('SIGTERM')
    await once(server, 'close')
    rmSync(data, { recursive: true })
  })
  let address = ''
  beforeAll(async () => {
    const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
    ;({ address } = JSON.parse(line) as { address: string })
  })

  // A script, and after it what it prints.
  const SHOWN = /^```(sh|python)\n(.*?)^```\n\n```text\n(.*?)^```$/gms
  const examples = [...page.matchAll(SHOWN)].map(([whole, language, script = '', shown = '']) => {
    return { whole, language: language === 'python' ? 'python3' : 'curl', script, shown } as const
  })

  test.each(examples)('with $language', async ({ whole, language, script, shown }) => {
    expect(script).toContain('http://127.0.0.1:7420')
    const program = programOf(language)
    const printed = await outputOf(
      language === 'curl' ? 'sh' : program,
      script.replaceAll('http://127.0.0.1:7420', address),
    )
    if (process.env['PROVISO_GOLDEN'] !== 'write') return expect(printed).toBe(shown)
    const anew = `${whole.slice(0, whole.length - shown.length - 3)}${printed}\`\`\``
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(whole, () => anew),
    )
  })

  /** What a script prints, with one end of line at its end. */
  function outputOf(command: string, script: string): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(command, ['-c', script], (error, stdout, stderr) =>
        error ? reject(new Error(stderr, { cause: error })) : resolve(`${stdout.trimEnd()}\n`),
      )
    })
  }

  test('with both', () => {
    expect(examples.map(({ language }) => language)).toEqual(['curl', 'python3'])
  })
})

describe('every requirement names a test that there is', () => {
  const tests = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: ROOT })
    .map((name) => readFileSync(join(ROOT, name), 'utf8'))
    .join('\n')
  const [, section = ''] = page.split('## What the specification requires')
  const [tables = ''] = section.split('What the specification leaves open')
  const rows = tables.split('\n').filter((line) => /^\| \d/.test(line))

  test.each(rows.map((row) => row.split(' | ')))('%s %s', (...cells) => {
    const names = [...(cells.at(-1) ?? '').matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '')
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !isTitle(name))).toEqual([])
  })

  test('and every section that requires something of a decision point has a row', () => {
    const chapters = rows.map((row) => Number.parseInt(row.slice(2), 10))
    const ofProfile = chapters.lastIndexOf(11) + 1
    expect(new Set(chapters.slice(0, ofProfile))).toEqual(new Set([2, 4, 5, 6, 7, 8, 9, 10, 11]))
    expect(new Set(chapters.slice(ofProfile))).toEqual(new Set([3, 4, 5, 6, 7]))
  })

  function isTitle(name: string): boolean {
    return [`'${name}',`, `"${name}",`, `\`${name}\`,`].some((literal) => tests.includes(literal))
  }
})
