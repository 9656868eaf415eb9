import { assert } from '../assert.ts'
import { equalBytes } from '../bytes.ts'
import { LogFailure } from './failure.ts'

// What a log asks of a file system, and how files of a log come to be on the disk whole or not at all.

/** Files below one directory. What fails throws an error with the platform's `code`, such as `ENOSPC`. */
export interface LogFiles {
  /** A file's bytes; undefined when there is none of that name. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Names in a directory, in no order; none when it is not there. */
  list(path: string): Promise<readonly string[]>
  /** Opens a file to read and write; `create` makes one, and fails with `EEXIST` when there is one. */
  open(path: string, mode: 'create' | 'existing'): Promise<LogFile>
  /** Gives a file a second name; fails with `EEXIST` when that is taken. */
  link(path: string, name: string): Promise<void>
  /** Gives a file another name, in place of whatever had it. */
  rename(path: string, name: string): Promise<void>
  /** Removes a file, or a directory with all that is in it; nothing when there is none of that name. */
  remove(path: string): Promise<void>
  /** Makes one directory; nothing when it is there. Its parent is there. */
  makeDirectory(path: string): Promise<void>
  /** Done when the names in a directory are on the disk. */
  syncDirectory(path: string): Promise<void>
}

export interface LogFile {
  /** Bytes from an offset on: fewer than asked for at the end of the file. */
  read(at: number, length: number): Promise<Uint8Array>
  /** Writes bytes at an offset, and answers how many were: some systems write fewer than they are given. */
  write(bytes: Uint8Array, at: number): Promise<number>
  /** Done when what has been written is on the disk. */
  sync(): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/** The directory itself. */
export const TOP = '.'

export async function writeAll(file: LogFile, bytes: Uint8Array, at: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const written = await file.write(bytes.subarray(done), at + done)
    assert(written > 0, 'a file took no byte and gave no reason')
    done += written
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? TOP : path.slice(0, slash)
}

/** Waits for an `fsync`. One that failed is never asked again: what the disk holds is not known from then on. */
export async function synced(sync: Promise<void>): Promise<void> {
  try {
    await sync
  } catch (error) {
    const message = `the disk did not take what was written: ${(error as Error).message}`
    throw new LogFailure('sync-failed', message, error)
  }
}

/** Makes a directory and those above it, each on the disk. Those that are known to be are passed over. */
export async function makeDirectories(
  files: LogFiles,
  path: string,
  known: Set<string> = new Set(),
): Promise<void> {
  if (path === TOP || known.has(path)) return
  const parent = parentOf(path)
  await makeDirectories(files, parent, known)
  await files.makeDirectory(path)
  await synced(files.syncDirectory(parent))
  known.add(path)
}

/** Does something with a file and closes it. When both fail, what failed first is thrown. */
export async function closing(file: LogFile, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    // INVARIANT: a sync that failed is known for one, even where closing the file fails too.
    await file.close().catch(() => undefined)
    throw error
  }
  await file.close()
}

async function writePart(files: LogFiles, path: string, bytes: Uint8Array): Promise<string> {
  const part = `${path}.part`
  await files.remove(part)
  const file = await files.open(part, 'create')
  await closing(file, async () => {
    await writeAll(file, bytes, 0)
    await synced(file.sync())
  })
  return part
}

/** How many files are written at once: fewer than the platform has threads for, of which the journal needs one. */
const FILES_AT_ONCE = 2

/**
 * Makes files that never change again: whole, on the disk when this returns, and never in place of another. One that is
 * there with the same bytes is as good; one with others throws. Directories in `known` are on the disk.
 */
export async function publishFiles(
  files: LogFiles,
  all: readonly (readonly [path: string, bytes: Uint8Array])[],
  known: Set<string>,
): Promise<void> {
  const parents = new Set(all.map(([path]) => parentOf(path)))
  for (const parent of parents) await makeDirectories(files, parent, known)
  for (let from = 0; from < all.length; from += FILES_AT_ONCE) {
    const some = all.slice(from, from + FILES_AT_ONCE)
    await settled(some.map(([path, bytes]) => publishFile(files, path, bytes)))
  }
  for (const parent of parents) await synced(files.syncDirectory(parent))
}

/**
 * Waits for all, so that nothing goes on behind the caller's back, then throws what the first to fail threw; a sync
 * that failed comes before anything else.
 */
async function settled(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  const failures = results.filter((result) => result.status === 'rejected')
  const [first] = failures
  const failure = failures.find(({ reason }) => reason instanceof LogFailure) ?? first
  if (failure) throw failure.reason
}

async function publishFile(files: LogFiles, path: string, bytes: Uint8Array): Promise<void> {
  const part = await writePart(files, path, bytes)
  try {
    await files.link(part, path)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    const there = await files.read(path)
    assert(there !== undefined && equalBytes(there, bytes), `${path} is there with other bytes`)
  }
  await files.remove(part)
}

/** Puts a file in the place of another: whole, and on the disk when this returns. */
export async function replaceFile(files: LogFiles, path: string, bytes: Uint8Array): Promise<void> {
  const part = await writePart(files, path, bytes)
  await files.rename(part, path)
  await synced(files.syncDirectory(parentOf(path)))
}
