import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { type Bundle, type Lease, NO_LEASE } from '../decision/bundle.ts'
import { BUNDLE_CHARS_MAX, type BundleError, readBundle } from '../decision/bundle-file.ts'
import { compile } from '../decision/compile.ts'
import type { Documents } from '../decision/documents.ts'
import type { World } from '../decision/world.ts'
import type { LocatedProblem } from '../document.ts'
import { fail, ok, type Result } from '../result.ts'
import { readDirectory } from './directory.ts'
import { counted } from './output.ts'
import { UsageError } from './usage-error.ts'

export function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}

/** The documents of a directory were checked and have errors: exit 1. */
export class RefusedDirectory extends Error {
  override readonly name = 'RefusedDirectory'
  readonly problems: readonly LocatedProblem[]

  constructor(dir: string, problems: readonly LocatedProblem[]) {
    const errors = problems.filter(({ severity }) => severity === 'error')
    super(`${dir} is refused: ${counted(errors.length, 'error')}`)
    this.problems = errors
  }
}

/** Loads what a command decides with: a policy directory, or a bundle file. */
export function loadBundle(path: string): Bundle {
  return isFile(path) ? loadBundleFile(path) : compileDirectory(path)
}

export function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

function loadBundleFile(path: string): Bundle {
  const loaded = readBundleFile(path)
  if (loaded.ok) return loaded.value.bundle
  throw new UsageError(`${path}: ${loaded.error.code}: ${loaded.error.message}`)
}

/** A bundle, and the SHA-256 of its file's bytes in hexadecimal. */
interface BundleFile {
  readonly bundle: Bundle
  readonly sha256: string
}

export function readBundleFile(path: string): Result<BundleFile, BundleError> {
  if (statSync(path).size > BUNDLE_CHARS_MAX) {
    const message = `a bundle has at most ${BUNDLE_CHARS_MAX} bytes; split it`
    return fail({ code: 'bundle-too-large', message })
  }
  const bytes = readFileSync(path)
  // Decoding would put the same sign for different bytes that are not UTF-8, and hide the difference.
  if (!isUtf8(bytes)) {
    return fail({ code: 'bundle-altered', message: 'the file is not UTF-8; copy it again' })
  }
  const read = readBundle(bytes.toString('utf8'), sha256)
  return read.ok ? ok({ bundle: read.value, sha256: hash('sha256', bytes, 'hex') }) : read
}

export function compileDirectory(dir: string, lease: Lease = NO_LEASE): Bundle {
  return compile(loadDocuments(dir).world, sha256, lease)
}

/** The documents of a directory without errors; otherwise refuses it whole. */
export function loadDocuments(dir: string): Documents & { readonly world: World } {
  const documents = readDirectory(dir)
  const { problems, world } = documents
  if (world !== undefined) return { ...documents, world }
  throw new RefusedDirectory(dir, problems)
}
