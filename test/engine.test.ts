import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readDirectory } from '../src/cli/directory.ts'
import { builtPackage, graphOf } from './built-package.ts'
import { openPage } from './chromium.ts'
import { EXAMPLE_DIR, ROOT } from './example-world.ts'
import { jsonLines, proviso } from './proviso.ts'

// The engine as it ships: the modules behind `proviso/decision`, and the same in a browser.

const BUILT = builtPackage()
const ENTRY = '/dist/decision/engine.js'

function built(path: string): string {
  return readFileSync(join(BUILT, path), 'utf8')
}

test('`proviso/decision` loads no package and no module of Node', () => {
  const { modules, foreign } = graphOf(BUILT, ENTRY)
  expect(foreign).toEqual([])
  expect(modules).toContain('/dist/decision/decide.js')
  // The same walk does find packages where there are some.
  expect(graphOf(BUILT, '/dist/decision/documents.js').foreign.join()).toMatch(
    /imports zod.*imports yaml/,
  )
})

test('the modules together are as small as the README says', () => {
  const [, kilobytes] =
    /under (\d+) kB gzipped/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? []
  const sizes = graphOf(BUILT, ENTRY).modules.map((module) => gzipSync(built(module)).length)
  const size = sizes.reduce((sum, bytes) => sum + bytes, 0) / 1_000
  expect(size).toBeLessThan(Number(kilobytes))
  expect(size).toBeGreaterThan(Number(kilobytes) - 5)
})

test('Chromium decides every request of the example as the command line does', async () => {
  const bundle = join(mkdtempSync(join(tmpdir(), 'proviso-engine-')), 'example.bundle')
  await proviso(['compile', EXAMPLE_DIR, '-o', bundle])
  const requests = readDirectory(EXAMPLE_DIR).cases.map((placed) => placed.case.request)
  const lines = requests.map((request) => JSON.stringify(request)).join('\n')
  const { stdout } = await proviso(['decide', EXAMPLE_DIR, '--nearest'], lines)
  // A line that is in error says besides which line it is.
  const expected = jsonLines(stdout).map((line) =>
    'error' in line ? { error: line['error'] } : line,
  )

  const page = await openPage((path) => {
    if (path === '/') return readFileSync(join(ROOT, 'test/engine-page.html'), 'utf8')
    if (path === '/example.bundle') return readFileSync(bundle, 'utf8')
    if (path === '/requests.json') return JSON.stringify(requests)
    return path.startsWith('/dist/') && existsSync(join(BUILT, path)) ? built(path) : undefined
  })
  expect(JSON.parse(page.text)).toEqual({ answers: expected, altered: 'bundle-altered' })
  expect(expected.length).toBeGreaterThan(100)
  const modules = page.loaded.filter((path) => path.startsWith('/dist/'))
  expect(modules.sort()).toEqual(graphOf(BUILT, ENTRY).modules)
})
