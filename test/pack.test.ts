import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ROOT } from './example-world.ts'

// The package that npm packs, as somebody else has it: unpacked elsewhere, away from the checkout.

const PARTS = ['bin', 'docs', 'examples', 'schemas', 'src', 'test/any-world.ts', 'package.json']
const CONFIGS = ['tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE', 'CHANGELOG.md']

const CHECKOUT = mkdtempSync(join(tmpdir(), 'proviso-pack-'))

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, [...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<'./decision' | './verify', Readonly<Record<string, string>>>>
}

beforeAll(() => {
  for (const part of [...PARTS, ...CONFIGS]) {
    cpSync(join(ROOT, part), join(CHECKOUT, part), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(CHECKOUT, 'node_modules'))
  const before = readFileSync(join(CHECKOUT, 'package.json'), 'utf8')
  run('npm', ['pack', '--silent'], CHECKOUT)
  expect(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')).toBe(before)
})

/** A new project with the package installed, and the named packages that it depends on. */
function userOf(packages: readonly string[]): string {
  const user = mkdtempSync(join(tmpdir(), 'proviso-user-'))
  const modules = join(user, 'node_modules')
  mkdirSync(modules)
  run('tar', ['xzf', join(CHECKOUT, 'proviso-0.1.0.tgz')], modules)
  renameSync(join(modules, 'package'), join(modules, 'proviso'))
  for (const name of packages) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  return user
}

test('the command runs from another directory, and the package leaves the Node runtime out', () => {
  const packed = readFileSync(join(userOf([]), 'node_modules/proviso/package.json'), 'utf8')
  const manifest = JSON.parse(packed) as Manifest
  expect(Object.keys(manifest)).not.toContain('optionalDependencies')
  const user = userOf(Object.keys(manifest.dependencies))
  const proviso = (...args: readonly string[]): string =>
    run('node_modules/proviso/bin/proviso', args, user)
  expect(proviso('init', 'policy')).toContain('policy: written')
  expect(proviso('check', 'policy')).toContain('0 errors, 0 warnings')
  expect(proviso('test', 'policy')).toContain('5 cases passed, 0 failed')
})

/** What somebody writes who decides in process: it runs as it is, and says its types. */
const CONSUMER = `import { type Bundle, type BundleError, openBundle, type Result } from 'proviso/decision'
const opened: Result<Bundle, BundleError> = await openBundle('no bundle')
export const code: BundleError['code'] | undefined = opened.ok ? undefined : opened.error.code
import { parseTrust, type Trust, type Verification, verifyReceipt } from 'proviso/verify'
const trust = (await parseTrust('quorum none')) as { ok: true; value: Trust }
const { steps }: Verification = await verifyReceipt('no receipt', trust.value)
export const step: string | undefined = steps[0]?.step
`

test('what the package exports is imported and type-checked where no other package is installed', () => {
  const user = userOf([])
  // TypeScript takes the module's neighbour for types that are not where the manifest says.
  const ours = join(user, 'node_modules/proviso')
  const { exports } = JSON.parse(readFileSync(join(ours, 'package.json'), 'utf8')) as Manifest
  for (const entry of [exports['./decision'], exports['./verify']]) {
    for (const path of Object.values(entry)) expect(existsSync(join(ours, path))).toBe(true)
  }
  writeFileSync(join(user, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(user, 'consumer.ts'), CONSUMER)
  const print = "const { code, step } = await import('./consumer.ts'); console.log(code, step)"
  expect(run('node', ['-e', print], user)).toBe('bundle-format receipt\n')
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  const flags = ['--noEmit', '--strict', '--target', 'es2024', '--lib', 'es2024', '--types', '']
  for (const module of ['nodenext', 'preserve']) {
    expect(run(tsc, [...flags, '--module', module, 'consumer.ts'], user)).toBe('')
  }
})
