import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  unlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import type { LogFile, LogFiles } from './files.ts'

/** Files that only their owner may read: payloads are among them. */
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** The files below a directory of the platform. */
export function diskFiles(top: string): LogFiles {
  const at = (path: string): string => join(top, path)
  return {
    read: (path) => absentIfMissing(readFile(at(path))),
    list: async (path) => (await absentIfMissing(readdir(at(path)))) ?? [],
    open: async (path, mode) => openFile(at(path), mode),
    link: (path, name) => link(at(path), at(name)),
    rename: (path, name) => rename(at(path), at(name)),
    remove: (path) => remove(at(path)),
    makeDirectory: (path) => makeDirectory(at(path)),
    syncDirectory: (path) => syncDirectory(at(path)),
  }
}

/** Tries for a file first: finding out what it is takes longer than removing it. */
async function remove(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    await rm(path, { force: true, recursive: true })
  }
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function absentIfMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function openFile(path: string, mode: 'create' | 'existing'): Promise<LogFile> {
  const file = await open(path, mode === 'create' ? 'wx+' : 'r+', FILE_MODE)
  return {
    read: (at, length) => readAt(file, at, length),
    write: async (bytes, at) => (await file.write(bytes, 0, bytes.length, at)).bytesWritten,
    sync: () => file.datasync(),
    size: async () => (await file.stat()).size,
    close: () => file.close(),
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}
