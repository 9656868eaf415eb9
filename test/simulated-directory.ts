import type { Random } from '../bench/example.ts'
import { below, isLucky } from './chance.ts'

// One directory of a simulated disk: the names that a process sees, those on the disk, and what may be.

/** A name and the node that it now stands for; undefined when it is gone. */
export type Change = readonly [name: string, node: number | undefined]

export interface SimulatedDirectory {
  readonly kind: 'directory'
  readonly seen: Map<string, number>
  readonly disk: Map<string, number>
  /** Operations that are not on the disk, oldest first; all the changes of one happen or none. */
  readonly pending: (readonly Change[])[]
}

/**
 * What a power loss leaves of operations on one directory: the first few, as a journal keeps them, or any of them, as
 * POSIX has it.
 */
export type MetadataOrder = 'ordered' | 'any'

export function emptyDirectory(): SimulatedDirectory {
  return { kind: 'directory', seen: new Map(), disk: new Map(), pending: [] }
}

export function copyDirectory({ seen, disk, pending }: SimulatedDirectory): SimulatedDirectory {
  return { kind: 'directory', seen: new Map(seen), disk: new Map(disk), pending: [...pending] }
}

export function changeNames(
  { seen, pending }: SimulatedDirectory,
  ...changes: readonly Change[]
): void {
  apply(seen, changes)
  pending.push(changes)
}

function apply(names: Map<string, number>, changes: readonly Change[]): void {
  for (const [name, node] of changes) {
    if (node === undefined) names.delete(name)
    else names.set(name, node)
  }
}

export function syncNames({ disk, pending }: SimulatedDirectory): void {
  for (const changes of pending) apply(disk, changes)
  pending.length = 0
}

/** The directory as a power loss may leave it. */
export function directoryAfterCrash(
  directory: SimulatedDirectory,
  random: Random,
  order: MetadataOrder,
): SimulatedDirectory {
  const { disk, pending } = directory
  if (pending.length === 0) return directory
  const kept =
    order === 'ordered'
      ? pending.slice(0, below(random, pending.length + 1))
      : pending.filter(() => isLucky(random, 0.5))
  const names = new Map(disk)
  for (const changes of kept) apply(names, changes)
  return { kind: 'directory', seen: names, disk: new Map(names), pending: [] }
}
