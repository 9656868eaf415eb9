import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Bundle } from '../decision/bundle.ts'
import { readBundle } from '../decision/bundle-file.ts'
import { kindOfFile } from '../decision/documents.ts'
import { type FileChange, LiveDocuments } from '../decision/live-documents.ts'
import type { Verifier } from '../log/key.ts'
import { oddFile, readSourceFile, stampOf } from './directory.ts'
import { isFile, RefusedDirectory, readBundleFile, sha256 } from './load.ts'
import type { Loaded } from './load-worker.ts'
import {
  BUNDLE_NAME,
  DIRECTORY_SIGNATURE,
  listingDigest,
  openPublication,
  type Publication,
} from './publication.ts'
import { UsageError } from './usage-error.ts'

/** Longest signature file, in bytes. */
const SIGNATURE_BYTES_MAX = 65_536

/** Where documents come from, and whose they have to be. */
export interface Source {
  /** A policy directory or a bundle file. */
  readonly path: string
  /** Null: whoever can write the documents grants exceptions. */
  readonly publisher: Verifier | null
  /** The serial of what was taken last, before this process began. */
  readonly lastSerial: number
}

/** What is served, and the files that it was made of. */
export interface Taken {
  readonly bundle: Bundle
  /** Null for a bundle file, which is always taken whole. */
  readonly documents: LiveDocuments | null
  /** By name of the file, of its bytes. */
  readonly sha256s: ReadonlyMap<string, string>
  readonly stamps: ReadonlyMap<string, string>
}

/** Loads all of a directory or a bundle file; throws when it is refused, or older than what was taken before. */
export function loadWhole(source: Source, before: Taken | null): Promise<Taken> {
  return isFile(source.path) ? takeBundle(source, before) : takeDirectory(source, before)
}

async function takeBundle(source: Source, before: Taken | null): Promise<Taken> {
  const { path } = source
  const signature = `${path}.sig`
  const stamps = new Map(
    [path, signature].map((file) => [basename(file), stampAt(dirname(path), basename(file))]),
  )
  const note = readSignature(source, signature)
  const loaded = readBundleFile(path)
  if (!loaded.ok) throw new UsageError(`${path}: ${loaded.error.code}: ${loaded.error.message}`)
  const sha256s = new Map([[BUNDLE_NAME, loaded.value.sha256]])
  const publication = await publicationOf(source, signature, note, sha256s)
  const bundle = underPublication(loaded.value.bundle, publication)
  refuseOlder(source, bundle, before)
  return { bundle, documents: null, sha256s, stamps }
}

async function takeDirectory(source: Source, before: Taken | null): Promise<Taken> {
  const { path } = source
  const signature = join(path, DIRECTORY_SIGNATURE)
  const signatureStamp = stampAt(path, DIRECTORY_SIGNATURE)
  const note = readSignature(source, signature)
  const loaded = await loadBeside(path)
  if (loaded.kind === 'unreadable') throw new UsageError(loaded.message)
  if (loaded.kind === 'refused') throw new RefusedDirectory(path, loaded.problems)
  const { provider, contracts, files } = loaded
  const sha256s = new Map(files.map(([name, , digest]) => [name, digest]))
  const publication = await publicationOf(source, signature, note, sha256s)
  const read = readBundle(Buffer.from(loaded.bundle).toString(), sha256)
  if (!read.ok) throw refusal(path, read.error)
  const bundle = underPublication(read.value, publication)
  refuseOlder(source, bundle, before)
  return {
    bundle,
    documents: new LiveDocuments({ bundle, provider, contracts }),
    sha256s,
    stamps: new Map([
      [DIRECTORY_SIGNATURE, signatureStamp],
      ...files.map(([name, stamp]) => [name, stamp] as const),
    ]),
  }
}

/** Loads a directory in a thread of its own, so that others are answered meanwhile. */
function loadBeside(dir: string): Promise<Loaded> {
  // The sources run as they are in a checkout, and as JavaScript where the package is installed.
  const { url } = import.meta
  const worker = new Worker(new URL(`./load-worker${url.slice(url.lastIndexOf('.'))}`, url), {
    workerData: dir,
  })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

/** Takes a set of changed contracts, test cases and signature, without loading the rest again. */
export async function patched(
  source: Source,
  before: Taken,
  documents: LiveDocuments,
  names: ReadonlySet<string>,
): Promise<Taken> {
  const { path } = source
  const signature = join(path, DIRECTORY_SIGNATURE)
  const note = readSignature(source, signature)
  const sha256s = new Map(before.sha256s)
  const changes = changesAt(path, names, sha256s)
  const publication = await publicationOf(source, signature, note, sha256s)
  const lease = underPublication(before.bundle, publication)
  refuseOlder(source, lease, before)
  if (changes.length === 0) return { ...before, bundle: leased(before.bundle, lease) }
  const changed = documents.change(changes, sha256)
  if (!changed.bundle) throw new RefusedDirectory(path, changed.problems)
  return { ...before, bundle: leased(changed.bundle, lease), sha256s }
}

/** What of some files is otherwise than the digests say, which are brought up to date. */
function changesAt(
  dir: string,
  names: ReadonlySet<string>,
  sha256s: Map<string, string>,
): readonly FileChange[] {
  const changes: FileChange[] = []
  for (const name of names) {
    if (name === DIRECTORY_SIGNATURE) continue
    const file = stampAt(dir, name) === GONE ? undefined : readSourceFile(dir, name)
    if (file && kindOfFile(name) === undefined) throw new RefusedDirectory(dir, [oddFile(name)])
    if (file?.sha256 === sha256s.get(name)) continue
    changes.push({ name, text: file?.text ?? null })
    if (file) sha256s.set(name, file.sha256)
    else sha256s.delete(name)
  }
  return changes
}

function leased(bundle: Bundle, { serial, issuedAt, validUntil }: Bundle): Bundle {
  const isSame = bundle.serial === serial && bundle.validUntil === validUntil
  return isSame ? bundle : { ...bundle, serial, issuedAt, validUntil }
}

const GONE = ''

function stampAt(dir: string, name: string): string {
  const stats = statSync(join(dir, name), { throwIfNoEntry: false })
  return stats === undefined ? GONE : stampOf(stats)
}

/** The text of the publisher's signature; null when none is asked for. */
function readSignature({ publisher, path }: Source, file: string): string | null {
  if (publisher === null) return null
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats) {
    const message = `there is no ${basename(file)}; sign with \`proviso sign ${path} --key FILE\``
    throw refusal(file, { code: 'unsigned', message })
  }
  if (stats.size <= SIGNATURE_BYTES_MAX) return readFileSync(file, 'utf8')
  const message = `a signature has at most ${SIGNATURE_BYTES_MAX} bytes; sign again`
  throw refusal(file, { code: 'malformed-note', message })
}

/** What the publisher says of these files; null when no publisher is asked for. */
async function publicationOf(
  { publisher }: Source,
  file: string,
  note: string | null,
  sha256s: ReadonlyMap<string, string>,
): Promise<Publication | null> {
  if (publisher === null || note === null) return null
  const opened = await openPublication(note, publisher)
  if (!opened.ok) throw refusal(file, opened.error)
  if (opened.value.digest === listingDigest(sha256s)) return opened.value
  const message = 'the files are not those that were signed; sign again'
  throw refusal(file, { code: 'signature-of-others', message })
}

/** A bundle under the serial and the lease of a publication; of two leases the one that ends first. */
function underPublication(bundle: Bundle, publication: Publication | null): Bundle {
  if (publication === null) return bundle
  const { serial, issuedAt, validUntil } = publication
  const ends = [bundle.validUntil, validUntil].filter((end) => end !== null)
  return { ...bundle, serial, issuedAt, validUntil: ends.length === 0 ? null : Math.min(...ends) }
}

/** An older signed state put back would grant again what has been taken away. */
function refuseOlder({ path, lastSerial }: Source, { serial }: Bundle, before: Taken | null): void {
  const last = before?.bundle.serial ?? lastSerial
  if (serial >= last) return
  const message = `serial ${serial} is older than ${last}, which was taken before; sign again`
  throw refusal(path, { code: 'older-serial', message })
}

function refusal(
  file: string,
  { code, message }: { readonly code: string; readonly message: string },
): RefusedDirectory {
  const place = { severity: 'error', line: 1, column: 1, frame: '' } as const
  return new RefusedDirectory(file, [{ ...place, file, code, message }])
}
