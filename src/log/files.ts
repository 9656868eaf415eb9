import { assert } from '../assert.ts'
import { equalBytes } from '../bytes.ts'

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

/** Makes a directory and those above it, each on the disk. */
export async function makeDirectories(files: LogFiles, path: string): Promise<void> {
  if (path === TOP) return
  const parent = parentOf(path)
  await makeDirectories(files, parent)
  await files.makeDirectory(path)
  await files.syncDirectory(parent)
}

async function writePart(files: LogFiles, path: string, bytes: Uint8Array): Promise<string> {
  const part = `${path}.part`
  await files.remove(part)
  const file = await files.open(part, 'create')
  try {
    await writeAll(file, bytes, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  return part
}

/**
 * Makes a file that never changes again: whole, on the disk when this returns, and never in place of another. One
 * that is there with the same bytes is as good; one with others throws.
 */
export async function publishFile(files: LogFiles, path: string, bytes: Uint8Array): Promise<void> {
  const part = await writePart(files, path, bytes)
  try {
    await files.link(part, path)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    const there = await files.read(path)
    assert(there !== undefined && equalBytes(there, bytes), `${path} is there with other bytes`)
  }
  await files.remove(part)
  await files.syncDirectory(parentOf(path))
}

/** Puts a file in the place of another: whole, and on the disk when this returns. */
export async function replaceFile(files: LogFiles, path: string, bytes: Uint8Array): Promise<void> {
  const part = await writePart(files, path, bytes)
  await files.rename(part, path)
  await files.syncDirectory(parentOf(path))
}
