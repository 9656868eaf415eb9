import { hash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Documents, kindOfFile, parseDocuments } from '../decision/documents.ts'
import { DOCUMENT_CHARS_MAX, type LocatedProblem, type SourceFile } from '../document.ts'
import { UsageError } from './usage-error.ts'

/** Most files of a policy directory. */
const FILES_MAX = 200_000

/** Longest file that is read at all, in bytes: UTF-8 takes at most 3 a code unit. */
const FILE_BYTES_MAX = 3 * DOCUMENT_CHARS_MAX + 1

/** A file as it was read. */
export interface ReadFile extends SourceFile {
  /** Of its bytes, in hexadecimal. */
  readonly sha256: string
  readonly stamp: string
}

/** Reads and checks a policy directory. A directory that cannot be read is wrong usage. */
export function readDirectory(dir: string): Documents & { readonly files: readonly ReadFile[] } {
  const names = listDirectory(dir)
  const files = names
    .filter((name) => kindOfFile(name) !== undefined)
    .map((name) => readSourceFile(dir, name))
  const documents = { ...parseDocuments(files), files }
  const odd = names.filter((name) => kindOfFile(name) === undefined).map(oddFile)
  if (odd.length === 0) return documents
  return { ...documents, problems: [...odd, ...documents.problems], world: undefined }
}

/** Names of the documents of a directory, and of what does not belong among them. */
export function listDirectory(dir: string): readonly string[] {
  if (!existsSync(dir)) {
    throw new UsageError(`no directory ${dir}; make one with \`proviso init ${dir}\``)
  }
  if (!statSync(dir).isDirectory()) throw new UsageError(`${dir} is no directory`)
  const names = [
    ...readdirSync(dir).filter((name) => kindOfFile(name) !== undefined),
    ...listFolder(dir, 'contracts'),
    ...listFolder(dir, 'tests'),
  ]
  if (names.length > FILES_MAX) throw new UsageError(`${dir} has over ${FILES_MAX} files; split it`)
  return names
}

/** What tells two versions of a file apart without reading it: time, size and place. */
export function stampOf({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return `${mtimeMs} ${ctimeMs} ${size} ${ino}`
}

/** Files of a folder that holds documents of one kind; hidden ones are editors' and are left alone. */
function listFolder(dir: string, folder: string): string[] {
  const path = join(dir, folder)
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) throw new UsageError(`${path} is no directory`)
  return readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .map((name) => `${folder}/${name}`)
}

export function readSourceFile(dir: string, name: string): ReadFile {
  const path = join(dir, name)
  const stats = statSync(path)
  if (!lstatSync(path).isFile() && !stats.isFile()) throw new UsageError(`${path} is no file`)
  // Longer text is refused when it is parsed; one byte more than the longest shows that it is longer.
  const bytes = stats.size > FILE_BYTES_MAX ? Buffer.alloc(FILE_BYTES_MAX, ' ') : readFileSync(path)
  const sha256 = hash('sha256', bytes, 'hex')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { name, text, sha256, stamp: stampOf(stats) }
  } catch {
    throw new UsageError(`${path} is not UTF-8; save it as UTF-8`)
  }
}

export function oddFile(name: string): LocatedProblem {
  const message = 'documents here end in .yaml; rename it, or move it elsewhere'
  return {
    severity: 'error',
    code: 'unknown-file',
    file: name,
    line: 1,
    column: 1,
    message,
    frame: '',
  }
}
