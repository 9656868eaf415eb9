import { hash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { type Bundle, type Lease, NO_LEASE } from '../decision/bundle.ts'
import { BUNDLE_CHARS_MAX, readBundle } from '../decision/bundle-file.ts'
import { compile } from '../decision/compile.ts'
import type { World } from '../decision/world.ts'
import { readDirectory } from './directory.ts'
import { counted, printProblem, warn } from './output.ts'
import { UsageError } from './usage-error.ts'

export function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}

/** The documents of a directory were checked and have errors, which have been printed: exit 1. */
export class RefusedDirectory extends Error {
  override readonly name = 'RefusedDirectory'
}

/** Loads what a command decides with: a policy directory, or a bundle file. */
export function loadBundle(path: string): Bundle {
  return isFile(path) ? loadBundleFile(path) : compileDirectory(path)
}

export function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

export function loadBundleFile(path: string): Bundle {
  if (statSync(path).size > BUNDLE_CHARS_MAX) {
    throw new UsageError(`${path}: a bundle has at most ${BUNDLE_CHARS_MAX} bytes; split it`)
  }
  const loaded = readBundle(readFileSync(path, 'utf8'), sha256)
  if (!loaded.ok) throw new UsageError(`${path}: ${loaded.error.code}: ${loaded.error.message}`)
  return loaded.value
}

export function compileDirectory(dir: string, lease: Lease = NO_LEASE): Bundle {
  return compile(loadWorld(dir), sha256, lease)
}

/** The documents of a directory without errors; otherwise prints them and refuses it whole. */
export function loadWorld(dir: string): World {
  const { problems, world } = readDirectory(dir)
  if (world !== undefined) return world
  const errors = problems.filter(({ severity }) => severity === 'error')
  for (const error of errors) warn(printProblem(error))
  throw new RefusedDirectory(`${dir} is refused: ${counted(errors.length, 'error')}`)
}
