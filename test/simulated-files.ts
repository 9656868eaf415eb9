import type { Random } from '../bench/example.ts'
import type { LogFile, LogFiles } from '../src/log/files.ts'
import { type MetadataOrder, syncNames } from './simulated-directory.ts'
import { forgetDirty, readFrom, syncFile, writeTo } from './simulated-file.ts'
import { FileError, lastOf, parentOf, SimulatedTree } from './simulated-tree.ts'

// Files in memory that behave as on a disk which can lose power, fill up and fail.

export type CallKind =
  | 'read-file'
  | 'read-part'
  | Exclude<keyof LogFiles, 'read'>
  | Exclude<keyof LogFile, 'read'>

/** A call that a process makes. */
export interface Call {
  readonly kind: CallKind
  readonly path: string
  /** Calls so far, this one among them. */
  readonly count: number
  readonly countOfKind: number
}

/** What becomes of a call. A write has a middle, half its bytes; any other call has not happened by then. */
export type Fault =
  | {
      readonly kind: 'error'
      readonly code: 'ENOSPC' | 'EIO' | 'EACCES' | 'EROFS'
      readonly when: 'before' | 'after'
    }
  /** A write that takes so many bytes and says so. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The power goes, or the process is killed: this call and all later ones throw `PoweredOff`. */
  | { readonly kind: 'off'; readonly when: 'before' | 'middle' | 'after' }

/** A call of a process that has been killed or has lost its power. */
export class PoweredOff extends Error {
  override readonly name = 'PoweredOff'
  readonly code = 'POWERED-OFF'
}

interface Effect<T> {
  readonly kind: CallKind
  readonly path: string
  /** Does it, or only so many bytes of it. */
  readonly apply: (bytes?: number) => T
  /** What it leaves when it fails before it took effect. */
  readonly failed?: () => void
  /** How many bytes it writes. */
  readonly bytes?: number
}

export class SimulatedFiles implements LogFiles {
  /** Asked of each call before it takes effect. */
  onCall: ((call: Call) => Fault | undefined) | undefined
  /** How many microtasks pass before a call takes effect. */
  turns: () => number = () => 1
  capacityBytes = Number.POSITIVE_INFINITY

  readonly #tree: SimulatedTree
  /** How often each file is open. */
  readonly #opened = new Map<number, number>()
  readonly #counts = new Map<CallKind, number>()
  #count = 0
  #isOff = false

  constructor(tree = new SimulatedTree()) {
    this.#tree = tree
  }

  /** How many calls have been made. */
  get calls(): number {
    return this.#count
  }

  /** An independent copy that no process has files of open. What is not synced may still get lost. */
  clone(): SimulatedFiles {
    return this.#with(this.#tree.copy())
  }

  /** As kill -9 leaves it: all that was written is seen, and what is not synced may still get lost. */
  kill(): SimulatedFiles {
    this.#isOff = true
    return this.clone()
  }

  /** As it may be found after a loss of power. */
  crash(random: Random, order: MetadataOrder): SimulatedFiles {
    this.#isOff = true
    return this.#with(this.#tree.afterCrash(random, order))
  }

  #with(tree: SimulatedTree): SimulatedFiles {
    const files = new SimulatedFiles(tree)
    files.capacityBytes = this.capacityBytes
    return files
  }

  /** What is in a file for whoever looks now. It is no call. */
  peek(path: string): Uint8Array | undefined {
    const id = this.#tree.find(path)
    return id === undefined ? undefined : readFrom(this.#tree.file(id, path), 0)
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#call({ kind: 'read-file', path, apply: () => this.peek(path) })
  }

  list(path: string): Promise<readonly string[]> {
    const apply = (): readonly string[] => {
      const id = this.#tree.find(path)
      // The newest first: whoever needs an order has to make it.
      return id === undefined ? [] : [...this.#tree.directory(id, path).seen.keys()].reverse()
    }
    return this.#call({ kind: 'list', path, apply })
  }

  open(path: string, mode: 'create' | 'existing'): Promise<LogFile> {
    const apply = (): LogFile => {
      const there = this.#tree.find(path)
      if (mode === 'create' && there !== undefined) throw new FileError('EEXIST', path)
      if (mode === 'existing' && there === undefined) throw new FileError('ENOENT', path)
      const id = there ?? this.#tree.make(path, 'file')
      this.#tree.file(id, path)
      return this.#handle(id, path)
    }
    return this.#call({ kind: 'open', path, apply })
  }

  link(path: string, name: string): Promise<void> {
    const apply = (): void => {
      const id = this.#tree.found(path)
      this.#tree.file(id, path)
      if (this.#tree.find(name) !== undefined) throw new FileError('EEXIST', name)
      this.#tree.change(name, [lastOf(name), id])
    }
    return this.#call({ kind: 'link', path: name, apply })
  }

  rename(path: string, name: string): Promise<void> {
    const apply = (): void => {
      // Both names are in one directory, so that one operation on it is the whole of a rename.
      if (parentOf(path) !== parentOf(name)) throw new FileError('EXDEV', name)
      const id = this.#tree.found(path)
      if (path !== name) this.#tree.change(name, [lastOf(path), undefined], [lastOf(name), id])
    }
    return this.#call({ kind: 'rename', path: name, apply })
  }

  /** Nothing when there is none; of a directory, all that is in it too. */
  remove(path: string): Promise<void> {
    return this.#call({ kind: 'remove', path, apply: () => this.#tree.remove(path) })
  }

  makeDirectory(path: string): Promise<void> {
    const apply = (): void => {
      const id = this.#tree.find(path)
      if (id === undefined) this.#tree.make(path, 'directory')
      else this.#tree.directory(id, path)
    }
    return this.#call({ kind: 'makeDirectory', path, apply })
  }

  syncDirectory(path: string): Promise<void> {
    const apply = (): void => syncNames(this.#tree.ownDirectory(path))
    return this.#call({ kind: 'syncDirectory', path, apply })
  }

  #handle(id: number, path: string): LogFile {
    this.#opened.set(id, (this.#opened.get(id) ?? 0) + 1)
    const tree = this.#tree
    let isOpen = true
    // A process that uses a file after it closed it may reach another one.
    const live = (): number => {
      if (!isOpen) throw new FileError('EBADF', path)
      return id
    }
    const close = (): void => {
      live()
      isOpen = false
      const opened = (this.#opened.get(id) ?? 0) - 1
      if (opened > 0) this.#opened.set(id, opened)
      else this.#opened.delete(id)
    }
    return {
      read: (at: number, length: number): Promise<Uint8Array> =>
        this.#call({
          kind: 'read-part',
          path,
          apply: () => readFrom(tree.file(live(), path), at, length),
        }),
      write: (bytes: Uint8Array, at: number): Promise<number> =>
        this.#call({
          kind: 'write',
          path,
          bytes: bytes.length,
          apply: (limit = bytes.length) => this.#write(live(), bytes.subarray(0, limit), at),
        }),
      sync: (): Promise<void> =>
        this.#call({
          kind: 'sync',
          path,
          apply: () => syncFile(tree.ownFile(live(), path)),
          failed: () => forgetDirty(tree.ownFile(live(), path)),
        }),
      size: (): Promise<number> =>
        this.#call({ kind: 'size', path, apply: () => tree.file(live(), path).seen.length }),
      close: (): Promise<void> => this.#call({ kind: 'close', path, apply: close }),
    }
  }

  #write(id: number, bytes: Uint8Array, at: number): number {
    const file = this.#tree.ownFile(id, 'a file')
    const taken = bytes.subarray(0, Math.max(0, file.seen.length + this.#freeBytes() - at))
    if (taken.length === 0 && bytes.length > 0) throw new FileError('ENOSPC', 'a write')
    writeTo(file, taken, at)
    return taken.length
  }

  #freeBytes(): number {
    if (this.capacityBytes === Number.POSITIVE_INFINITY) return this.capacityBytes
    return Math.max(0, this.capacityBytes - this.#tree.usedBytes(this.#opened.keys()))
  }

  async #call<T>(effect: Effect<T>): Promise<T> {
    const { kind, path, apply } = effect
    if (this.#isOff) throw new PoweredOff(path)
    this.#count += 1
    const countOfKind = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, countOfKind)
    const fault = this.onCall?.({ kind, path, count: this.#count, countOfKind })
    for (let turn = this.turns(); turn > 0; turn--) await undefined
    if (this.#isOff) throw new PoweredOff(path)
    return fault === undefined ? apply() : this.#faulty(effect, fault)
  }

  #faulty<T>({ path, apply, failed, bytes }: Effect<T>, fault: Fault): T {
    if (fault.kind === 'short') return apply(bytes === undefined ? undefined : fault.bytes)
    if (fault.when === 'after') apply()
    if (fault.kind === 'error') {
      if (fault.when === 'before') failed?.()
      throw new FileError(fault.code, path)
    }
    if (fault.when === 'middle' && bytes !== undefined) apply(Math.floor(bytes / 2))
    this.#isOff = true
    throw new PoweredOff(path)
  }
}
