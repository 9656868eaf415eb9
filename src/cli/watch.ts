import { type FSWatcher, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { stampOf } from './directory.ts'

/** How long nothing may change before a set of changes counts as whole, in milliseconds. */
const QUIET_MS = 50

/** Longest that changes are waited with when they never pause, in milliseconds. */
const WAIT_MS_MAX = 1_000

/** How often all files are looked at, whatever the platform said, in milliseconds: at least, and for each file. */
const SCAN_MS = { least: 2_000, perFile: 0.5 } as const

/** How many files are looked at before others get their turn. */
const SCAN_FILES = 250

/** What is watched. */
export interface Watched {
  /** The directory that names are relative to. */
  readonly dir: string
  /** Folders of it, of which the platform is asked to tell; `''` is the directory itself. */
  readonly folders: readonly string[]
  /** The files that count, as they are now. */
  names(): readonly string[]
}

/**
 * Tells of files that have changed: soon where the platform says so, and by looking at all of them now and then
 * to be sure, as links may be turned and notices lost. Names pile up while others are being dealt with.
 */
export class Watcher {
  readonly #watched: Watched
  readonly #tell: (names: readonly string[]) => Promise<void>
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #stamps: Map<string, string>
  readonly #changed = new Set<string>()
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #scanTimer: NodeJS.Timeout | undefined
  #isTelling = false
  #isClosed = false

  /** The stamps are those of the files as they were read: what has changed since then is told too. */
  constructor(
    watched: Watched,
    stamps: ReadonlyMap<string, string>,
    tell: (names: readonly string[]) => Promise<void>,
  ) {
    this.#watched = watched
    this.#stamps = new Map(stamps)
    this.#tell = tell
    this.#watch()
    this.#scanSoon()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#scanTimer)
    for (const watcher of this.#watchers.values()) watcher.close()
  }

  #watch(): void {
    for (const folder of this.#watched.folders) {
      if (this.#watchers.has(folder)) continue
      try {
        const watcher = watch(join(this.#watched.dir, folder), (_event, file) => {
          this.#notice(file === null ? undefined : join(folder, file))
        })
        watcher.on('error', () => this.#unwatch(folder))
        this.#watchers.set(folder, watcher)
      } catch {
        // A folder that is not there yet: scans find what comes into it.
      }
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  /** One file may have changed; without a name, or with one that is none of ours, any may. */
  #notice(name: string | undefined): void {
    if (name === undefined || !this.#stamps.has(name)) return this.#scanSoon()
    this.#compare(name)
  }

  #compare(name: string): void {
    const stamp = this.#stamp(name)
    if (stamp === this.#stamps.get(name)) return
    if (stamp === GONE) this.#stamps.delete(name)
    else this.#stamps.set(name, stamp)
    this.#changed.add(name)
    this.#tellSoon()
  }

  #stamp(name: string): string {
    try {
      return stampOf(statSync(join(this.#watched.dir, name)))
    } catch {
      return GONE
    }
  }

  #tellSoon(): void {
    if (this.#isClosed || this.#isTelling) return
    const now = performance.now()
    if (this.#timer === undefined) this.#since = now
    clearTimeout(this.#timer)
    const wait = Math.max(0, Math.min(QUIET_MS, this.#since + WAIT_MS_MAX - now))
    this.#timer = setTimeout(() => void this.#tellNow(), wait)
  }

  async #tellNow(): Promise<void> {
    this.#timer = undefined
    const names = [...this.#changed]
    this.#changed.clear()
    this.#isTelling = true
    try {
      await this.#tell(names)
    } finally {
      this.#isTelling = false
      if (this.#changed.size > 0) this.#tellSoon()
    }
  }

  #scanSoon(): void {
    if (this.#isClosed) return
    clearTimeout(this.#scanTimer)
    this.#scanTimer = setTimeout(() => void this.#scan(), QUIET_MS)
  }

  #scanLater(): void {
    if (this.#isClosed) return
    clearTimeout(this.#scanTimer)
    const wait = SCAN_MS.least + this.#stamps.size * SCAN_MS.perFile
    this.#scanTimer = setTimeout(() => void this.#scan(), wait)
  }

  async #scan(): Promise<void> {
    this.#watch()
    const names = new Set([...this.#names(), ...this.#stamps.keys()])
    let looked = 0
    for (const name of names) {
      this.#compare(name)
      looked++
      if (looked % SCAN_FILES === 0) await setImmediate()
    }
    this.#scanLater()
  }

  #names(): readonly string[] {
    try {
      return this.#watched.names()
    } catch {
      // The directory is gone, or is none: then so are its files, which is told as their change.
      for (const folder of this.#watched.folders) this.#unwatch(folder)
      return []
    }
  }
}

const GONE = ''
