import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const PARTS = ['bin', 'docs', 'examples', 'schemas', 'src', 'test/any-world.ts', 'package.json']
const CONFIGS = ['tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE', 'CHANGELOG.md']

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, [...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

test('the package that npm packs runs from another directory, and leaves the Node runtime out', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'proviso-pack-'))
  for (const part of [...PARTS, ...CONFIGS]) {
    cpSync(join(ROOT, part), join(checkout, part), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  const before = readFileSync(join(checkout, 'package.json'), 'utf8')
  run('npm', ['pack', '--silent'], checkout)
  expect(readFileSync(join(checkout, 'package.json'), 'utf8')).toBe(before)

  const user = mkdtempSync(join(tmpdir(), 'proviso-user-'))
  run('tar', ['xzf', join(checkout, 'proviso-0.1.0.tgz')], user)
  const manifest = JSON.parse(readFileSync(join(user, 'package/package.json'), 'utf8')) as object
  expect(Object.keys(manifest)).not.toContain('optionalDependencies')
  // The packages that it depends on, as an installation would put them beside it.
  symlinkSync(join(ROOT, 'node_modules'), join(user, 'node_modules'))
  const proviso = (...args: readonly string[]): string => run('package/bin/proviso', args, user)
  expect(proviso('init', 'policy')).toContain('policy: written')
  expect(proviso('check', 'policy')).toContain('0 errors, 0 warnings')
  expect(proviso('test', 'policy')).toContain('5 cases passed, 0 failed')
})
