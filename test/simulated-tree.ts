import type { Random } from '../bench/example.ts'
import { TOP } from '../src/log/files.ts'
import {
  type Change,
  changeNames,
  copyDirectory,
  directoryAfterCrash,
  emptyDirectory,
  type MetadataOrder,
  type SimulatedDirectory,
} from './simulated-directory.ts'
import { copyFile, emptyFile, fileAfterCrash, type SimulatedFile } from './simulated-file.ts'

// Files and directories of a simulated disk, by number, as inodes are. Copies share what neither has changed.

type Node = SimulatedFile | SimulatedDirectory

const ROOT = 0

/** An error as the platform's file system throws it. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly code: string

  constructor(code: string, path: string) {
    super(`${code}: ${path}`)
    this.code = code
  }
}

export class SimulatedTree {
  #nodes = new Map<number, Node>([[ROOT, emptyDirectory()]])
  /** Nodes that no copy shares. */
  readonly #owned = new Set<number>([ROOT])
  #next = ROOT + 1

  copy(): SimulatedTree {
    this.#owned.clear()
    return this.#holding(new Map(this.#nodes))
  }

  /** As a loss of power may leave it. */
  afterCrash(random: Random, order: MetadataOrder): SimulatedTree {
    this.#owned.clear()
    const nodes = new Map<number, Node>()
    for (const [id, node] of this.#nodes) {
      const isFile = node.kind === 'file'
      nodes.set(
        id,
        isFile ? fileAfterCrash(node, random) : directoryAfterCrash(node, random, order),
      )
    }
    return this.#holding(nodes)
  }

  /** Without what no name leads to: no process has it open. */
  #holding(nodes: Map<number, Node>): SimulatedTree {
    const tree = new SimulatedTree()
    tree.#nodes = nodes
    tree.#owned.clear()
    tree.#next = this.#next
    const named = tree.#reached((directory) => [
      ...directory.seen.values(),
      ...directory.disk.values(),
      ...directory.pending.flatMap((changes) => changes.flatMap(([, id]) => id ?? [])),
    ])
    for (const id of nodes.keys()) if (!named.has(id)) nodes.delete(id)
    return tree
  }

  #reached(namesOf: (directory: SimulatedDirectory) => Iterable<number>): ReadonlySet<number> {
    const reached = new Set([ROOT])
    // What is added while the set is gone through is gone through as well.
    for (const id of reached) {
      const node = this.#nodes.get(id)
      if (node?.kind !== 'directory') continue
      for (const child of namesOf(node)) reached.add(child)
    }
    return reached
  }

  /** Bytes of all files that have a name, and of those that are open without one. */
  usedBytes(opened: Iterable<number>): number {
    const named = this.#reached(({ seen }) => seen.values())
    let used = 0
    for (const id of new Set([...named, ...opened])) {
      const node = this.#nodes.get(id)
      if (node?.kind === 'file') used += node.seen.length
    }
    return used
  }

  /** The node of a path; undefined when there is none. */
  find(path: string): number | undefined {
    if (path === TOP) return ROOT
    let id: number | undefined = ROOT
    for (const name of path.split('/')) {
      if (id === undefined) return undefined
      id = this.directory(id, path).seen.get(name)
    }
    return id
  }

  found(path: string): number {
    const id = this.find(path)
    if (id === undefined) throw new FileError('ENOENT', path)
    return id
  }

  file(id: number, path: string): SimulatedFile {
    const node = this.#nodes.get(id)
    if (node?.kind !== 'file') throw new FileError('EISDIR', path)
    return node
  }

  directory(id: number, path: string): SimulatedDirectory {
    const node = this.#nodes.get(id)
    if (node?.kind !== 'directory') throw new FileError('ENOTDIR', path)
    return node
  }

  /** A file to change. */
  ownFile(id: number, path: string): SimulatedFile {
    const file = this.file(id, path)
    return this.#owned.has(id) ? file : this.#add(id, copyFile(file))
  }

  /** A directory to change. */
  ownDirectory(path: string): SimulatedDirectory {
    const id = this.found(path)
    const directory = this.directory(id, path)
    return this.#owned.has(id) ? directory : this.#add(id, copyDirectory(directory))
  }

  #add<N extends Node>(id: number, node: N): N {
    this.#owned.add(id)
    this.#nodes.set(id, node)
    return node
  }

  make(path: string, kind: Node['kind']): number {
    const id = this.#next
    this.change(path, [lastOf(path), id])
    this.#add(id, kind === 'file' ? emptyFile() : emptyDirectory())
    this.#next += 1
    return id
  }

  /** Changes names in the directory that a path is in. */
  change(path: string, ...changes: readonly Change[]): void {
    changeNames(this.ownDirectory(parentOf(path)), ...changes)
  }

  /** Nothing when there is none; of a directory, all that is in it too. */
  remove(path: string): void {
    const id = this.find(path)
    if (id === undefined) return
    const node = this.#nodes.get(id)
    if (node?.kind === 'directory') {
      for (const name of [...node.seen.keys()]) this.remove(`${path}/${name}`)
    }
    this.change(path, [lastOf(path), undefined])
  }
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? TOP : path.slice(0, slash)
}

export function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
