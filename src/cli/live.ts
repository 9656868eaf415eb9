import { basename, dirname } from 'node:path'
import type { BundleStatus } from '../server/metrics.ts'
import type { Log } from '../server/served.ts'
import type { Instant } from '../time.ts'
import { listDirectory } from './directory.ts'
import { isFile, RefusedDirectory } from './load.ts'
import { DIRECTORY_SIGNATURE } from './publication.ts'
import { loadWhole, patched, type Source, type Taken } from './taken.ts'
import { type Watched, Watcher } from './watch.ts'

/** Most problems of a refused set that one log line holds. */
const LOGGED_PROBLEMS_MAX = 20

export interface LiveOptions extends Source {
  readonly clock: () => Instant
  readonly log: Log
  /** Done before documents are taken. */
  readonly publish: (taken: Taken) => Promise<void>
}

/** The documents that a server answers from, as they stand on the disk: checked, and taken whole or not at all. */
export class Live {
  readonly #options: LiveOptions
  readonly #watcher: Watcher
  #taken: Taken
  #loadedAt: Instant
  #reloadsRefused = 0
  /** Names of what differs from what was taken, because it was refused. */
  #refused: ReadonlySet<string> = new Set()

  /** Loads documents and goes on watching them. Refuses to begin with wrong ones. */
  static async open(options: LiveOptions): Promise<Live> {
    const taken = await loadWhole(options, null)
    await options.publish(taken)
    return new Live(options, taken)
  }

  private constructor(options: LiveOptions, taken: Taken) {
    this.#options = options
    this.#taken = taken
    this.#loadedAt = options.clock()
    this.#watcher = new Watcher(watchedAt(options.path), taken.stamps, (names) =>
      this.#change(new Set([...this.#refused, ...names])),
    )
  }

  get status(): BundleStatus {
    return {
      bundle: this.#taken.bundle,
      loadedAt: this.#loadedAt,
      reloadsRefused: this.#reloadsRefused,
      isCurrent: this.#refused.size === 0,
    }
  }

  close(): void {
    this.#watcher.close()
  }

  async #change(names: ReadonlySet<string>): Promise<void> {
    const start = performance.now()
    const { documents, bundle: before } = this.#taken
    try {
      const canPatch = documents !== null && [...names].every(isChangedAlone)
      const taken = canPatch
        ? await patched(this.#options, this.#taken, documents, names)
        : await loadWhole(this.#options, this.#taken)
      if (taken.bundle !== before) await this.#options.publish(taken)
      this.#taken = taken
      this.#refused = new Set()
      if (taken.bundle === before) return
      this.#loadedAt = this.#options.clock()
      const { digest, serial, customers } = taken.bundle
      const ms = Math.round(performance.now() - start)
      const fields = { event: 'bundle-taken', digest, serial, customers: customers.size, ms }
      this.#options.log.info(fields, `took ${names.size} changed files`)
    } catch (error) {
      this.#refused = names
      this.#reloadsRefused++
      this.#options.log.warn(
        { event: 'bundle-refused', ...whyRefused(error), digest: before.digest },
        'the changed documents are refused; what was in use stays',
      )
    }
  }
}

function whyRefused(error: unknown): object {
  if (!(error instanceof RefusedDirectory)) return { error: (error as Error).message }
  const shown = error.problems.slice(0, LOGGED_PROBLEMS_MAX)
  const problems = shown.map(({ frame: _, severity: __, ...problem }) => problem)
  return { errors: error.problems.length, problems }
}

function isChangedAlone(name: string): boolean {
  return name === DIRECTORY_SIGNATURE || name.includes('/')
}

function watchedAt(path: string): Watched {
  if (isFile(path)) {
    const name = basename(path)
    return { dir: dirname(path), folders: [''], names: () => [name, `${name}.sig`] }
  }
  return {
    dir: path,
    folders: ['', 'contracts', 'tests'],
    names: () => [...listDirectory(path), DIRECTORY_SIGNATURE],
  }
}
