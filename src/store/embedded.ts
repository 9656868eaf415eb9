import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { LogFailure } from '../log/failure.ts'
import { type Lock, lockDirectory } from '../log/lock.ts'
import { clusterIn, USER } from './cluster.ts'
import { StoreFailure } from './failure.ts'
import { type Cluster, DATA, PORT, postmasterOf } from './postmaster.ts'
import type { Programs } from './programs.ts'
import { boundLog, ensureReady, stopPostmaster } from './ready.ts'

/** How often the postmaster is looked at, in milliseconds. */
const WATCH_MS = 100

/** How often the first start may fail. Later ones are tried for as long as it takes. */
const FIRST_TRIES_MAX = 6

/** How to connect to the server of this machine. */
interface Connection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/**
 * PostgreSQL on a directory of its own, kept running until it is closed. A process that ends without closing leaves it
 * running, and the next one takes it over. Linux only.
 */
export class Embedded {
  readonly connection: Connection
  readonly #cluster: Cluster
  readonly #lock: Lock
  readonly #socket: number
  readonly #watching: Promise<void>
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  /** Throws a `StoreFailure`. */
  static async start(path: string, programs?: Programs): Promise<Embedded> {
    const lock = await locked(path)
    try {
      const cluster = await clusterIn(path, programs)
      await ensureReady(cluster, { triesMax: FIRST_TRIES_MAX, isOver: () => false })
      return new Embedded(cluster, lock)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  private constructor(cluster: Cluster, lock: Lock) {
    this.#cluster = cluster
    this.#lock = lock
    this.#socket = openSync(join(cluster.directory, DATA), 'r')
    // The socket is in the data directory, and a socket's path has at most 107 bytes: this one is never longer.
    const host = `/proc/self/fd/${this.#socket}`
    this.connection = { host, port: PORT, user: USER, database: 'postgres' }
    this.#watching = this.#watch()
  }

  /** The number of the postmaster's process, while there is one. */
  get pid(): number | undefined {
    return postmasterOf(this.#cluster)?.pid
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    try {
      await this.#watching
      await stopPostmaster(this.#cluster)
    } finally {
      closeSync(this.#socket)
      await this.#lock.release()
    }
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      // What fails now is tried again: whoever needs the database is told by their own connection.
      await this.#look().catch(() => undefined)
      await pause(WATCH_MS, undefined, { ref: false, signal }).catch(() => undefined)
    }
  }

  async #look(): Promise<void> {
    const isOver = (): boolean => this.#closing.signal.aborted
    if (postmasterOf(this.#cluster)?.state !== 'ready') {
      await ensureReady(this.#cluster, { triesMax: Number.POSITIVE_INFINITY, isOver })
    }
    boundLog(this.#cluster)
  }
}

async function locked(path: string): Promise<Lock> {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  try {
    return await lockDirectory(path)
  } catch (error) {
    if (!(error instanceof LogFailure)) throw error
    throw new StoreFailure('locked', error.message, error)
  }
}
