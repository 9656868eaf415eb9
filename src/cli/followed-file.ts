import { readFileSync, statSync } from 'node:fs'
import type { Log } from '../server/served.ts'
import { stampOf } from './directory.ts'
import { UsageError } from './usage-error.ts'

/** How often the file is looked at, in milliseconds. */
const LOOK_MS = 1_000

/** Longest file, in bytes. */
const FILE_BYTES_MAX = 1_048_576

/** A small file that may change while a server runs: read anew then, and left as it was when that is wrong. */
export class FollowedFile<T> {
  readonly #path: string
  readonly #read: () => T
  readonly #timer: NodeJS.Timeout
  #value: T
  #stamp: string

  /** Throws when the file is wrong at the start. */
  constructor(path: string, read: () => T, log: Log) {
    this.#path = path
    this.#read = read
    this.#stamp = stampAt(path)
    this.#value = this.#read()
    this.#timer = setInterval(() => this.#look(log), LOOK_MS)
    this.#timer.unref()
  }

  get value(): T {
    return this.#value
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(log: Log): void {
    const stamp = stampAt(this.#path)
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    try {
      this.#value = this.#read()
      log.info({ event: 'file-taken', file: this.#path }, 'took a changed file')
    } catch (error) {
      const fields = { event: 'file-refused', file: this.#path, error: (error as Error).message }
      log.error(fields, 'a changed file is refused; what was in use stays')
    }
  }
}

function stampAt(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? '' : stampOf(stats)
}

/** The text of a file of bounded length; one that is not there is wrong usage. */
export function readSmallFile(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw new UsageError(`no file ${path}`)
  if (stats.size > FILE_BYTES_MAX) throw new UsageError(`${path} is over ${FILE_BYTES_MAX} bytes`)
  return readFileSync(path, 'utf8')
}

/** Like `readSmallFile`, for what nobody but its owner may read. */
export function readSecretFile(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats && (stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8)
    throw new UsageError(`${path} may be read by others (mode ${mode}); run \`chmod 600 ${path}\``)
  }
  return readSmallFile(path)
}
