import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, resolve } from 'node:path'

// Programs that tests need and npm does not bring. `npm test` runs this file before the tests: it installs
// those that are missing where it can, and otherwise says how and fails.

/**
 * What a test needs, by the Debian package that brings it: a program, looked up on the PATH, or the whole path of a
 * file.
 */
const PROGRAMS = {
  chromium: 'chromium',
  curl: 'curl',
  cvc5: 'cvc5',
  'golang-go': 'go',
  'golang-golang-x-mod-dev': '/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go',
  'postgresql-15': '/usr/lib/postgresql/15/bin/postgres',
  python3: 'python3',
  'python3-icalendar': '/usr/lib/python3/dist-packages/icalendar/__init__.py',
  z3: 'z3',
} as const

type DebianPackage = keyof typeof PROGRAMS

const ALL = Object.keys(PROGRAMS) as DebianPackage[]

/** Longest that an installation may take, in milliseconds: it leaves CI its time for the tests. */
const INSTALL_MS_MAX = 480_000

/** Longest wait for another `apt-get` that is under way, in seconds. */
const LOCK_S_MAX = 300

/** Pause before a lock is tried again, in seconds. */
const LOCK_PAUSE_S = 3

const APT = ['-q', '-o', `DPkg::Lock::Timeout=${LOCK_S_MAX}`, '-o', 'Acquire::Retries=3']

/** Where the program or file of a package is. A test that needs it fails here, and says how to get it. */
export function programOf(name: DebianPackage): string {
  const program = find(PROGRAMS[name])
  if (program !== undefined) return program
  throw new Error(`${PROGRAMS[name]} is missing: ${howTo([name])}`)
}

function find(program: string): string | undefined {
  if (isAbsolute(program)) return isFile(program) ? program : undefined
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => resolve(folder, program)).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return isFile(path)
  } catch {
    return false
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function missing(): DebianPackage[] {
  return ALL.filter((name) => find(PROGRAMS[name]) === undefined)
}

function howTo(names: readonly DebianPackage[]): string {
  const programs = names.map((name) => PROGRAMS[name]).filter((program) => !isAbsolute(program))
  const otherwise = programs.length === 0 ? '' : `, or put ${programs.join(', ')} on the PATH`
  return `run \`apt-get install --no-install-recommends ${names.join(' ')}\` as root${otherwise}`
}

function say(text: string): void {
  process.stderr.write(`tests need programs that npm does not bring: ${text}\n`)
}

function install(names: readonly DebianPackage[]): void {
  say(`installing ${names.join(', ')} with apt-get`)
  const until = performance.now() + INSTALL_MS_MAX
  // When the lists cannot be had anew, those that are there may do.
  apt(['update'], until)
  apt(['install', '-y', '--no-install-recommends', ...names], until)
}

/** Runs `apt-get`, and again while another one holds a lock: for some it waits itself, for others not. */
function apt(args: readonly string[], until: number): void {
  const lockedUntil = Math.min(until, performance.now() + LOCK_S_MAX * 1_000)
  let ran = aptOnce(args, until)
  while (/Could not get lock/.test(ran.stderr) && performance.now() < lockedUntil) {
    spawnSync('sleep', [String(LOCK_PAUSE_S)])
    ran = aptOnce(args, until)
  }
  process.stderr.write(ran.stderr)
}

function aptOnce(args: readonly string[], until: number): SpawnSyncReturns<string> {
  return spawnSync('apt-get', [...APT, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: Math.ceil(Math.max(1, until - performance.now())),
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  })
}

function main(): void {
  const before = missing()
  if (before.length === 0) return
  const canInstall = process.getuid?.() === 0 && find('apt-get') !== undefined
  if (canInstall) install(before)
  const after = missing()
  if (after.length === 0) return
  const why = canInstall ? 'apt-get did not bring it' : 'only root can install it, with apt-get'
  say(`${after.join(', ')} is missing, and ${why}; ${howTo(after)}`)
  process.exitCode = 1
}

if (import.meta.main) main()
