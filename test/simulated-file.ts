import type { Random } from '../bench/example.ts'
import { below, isLucky, oneOf } from './chance.ts'

// One file of a simulated disk: what a process sees of it, what is on the disk, and what may be.

/** What a disk writes whole or not at all, in bytes. */
export const BLOCK_BYTES = 512

/** Never changed once it is made, so that copies of a file share it. */
type Block = Uint8Array

/** Blocks that are missing read as zeros. */
interface Content {
  readonly blocks: (Block | undefined)[]
  length: number
}

/** What a block was after a write since it was last on the disk. */
interface Version {
  /** Which write, from 0. */
  readonly write: number
  readonly block: Block
}

export interface SimulatedFile {
  readonly kind: 'file'
  readonly seen: Content
  readonly disk: Content
  /** By block, oldest first: any of them may be on the disk. */
  readonly versions: Map<number, Version[]>
  /** Of the file after each write since its length was last on the disk. */
  readonly lengths: number[]
  /** Blocks that the next sync puts on the disk. */
  readonly dirty: Set<number>
}

export function emptyFile(): SimulatedFile {
  return {
    kind: 'file',
    seen: { blocks: [], length: 0 },
    disk: { blocks: [], length: 0 },
    versions: new Map(),
    lengths: [],
    dirty: new Set(),
  }
}

export function copyFile({ seen, disk, versions, lengths, dirty }: SimulatedFile): SimulatedFile {
  return {
    kind: 'file',
    seen: copyContent(seen),
    disk: copyContent(disk),
    versions: new Map([...versions].map(([index, list]) => [index, [...list]])),
    lengths: [...lengths],
    dirty: new Set(dirty),
  }
}

function copyContent({ blocks, length }: Content): Content {
  return { blocks: blocks.slice(), length }
}

export function readFrom({ seen }: SimulatedFile, at: number, length = seen.length): Uint8Array {
  const end = Math.min(at + length, seen.length)
  const bytes = new Uint8Array(Math.max(0, end - at))
  for (let index = Math.floor(at / BLOCK_BYTES); index * BLOCK_BYTES < end; index++) {
    const start = index * BLOCK_BYTES
    const block = seen.blocks[index]
    if (block === undefined) continue
    const from = Math.max(at, start)
    bytes.set(block.subarray(from - start, Math.min(BLOCK_BYTES, end - start)), from - at)
  }
  return bytes
}

export function writeTo(file: SimulatedFile, bytes: Uint8Array, at: number): void {
  const { seen, versions, lengths, dirty } = file
  const [first, end] = [Math.floor(at / BLOCK_BYTES), at + bytes.length]
  const write = lengths.length
  // One piece of memory for all blocks of a write: many small ones are dear.
  const memory = new Uint8Array((Math.ceil(end / BLOCK_BYTES) - first) * BLOCK_BYTES)
  for (let index = first; index * BLOCK_BYTES < end; index++) {
    const start = index * BLOCK_BYTES
    const block = memory.subarray(start - first * BLOCK_BYTES, start + BLOCK_BYTES * (1 - first))
    block.set(seen.blocks[index] ?? [])
    const from = Math.max(at, start)
    block.set(bytes.subarray(from - at, Math.min(end, start + BLOCK_BYTES) - at), from - start)
    seen.blocks[index] = block
    const list = versions.get(index) ?? []
    list.push({ write, block })
    versions.set(index, list)
    dirty.add(index)
  }
  seen.length = Math.max(seen.length, end)
  lengths.push(seen.length)
}

export function syncFile({ seen, disk, versions, lengths, dirty }: SimulatedFile): void {
  for (const index of dirty) {
    disk.blocks[index] = seen.blocks[index]
    versions.delete(index)
  }
  dirty.clear()
  disk.length = seen.length
  // What is left was lost to a sync that failed: it keeps its place before all that is to come.
  lengths.length = 0
  for (const [index, list] of versions) {
    versions.set(
      index,
      list.map(({ block }) => ({ write: 0, block })),
    )
  }
  if (versions.size > 0) lengths.push(seen.length)
}

/** A sync that failed: the system takes what was to be written for written, whether it is on the disk or not. */
export function forgetDirty({ dirty }: SimulatedFile): void {
  dirty.clear()
}

/** Which version of a block a power loss leaves; undefined: the one that was on the disk. */
type Choose = (versions: readonly Version[]) => Version | undefined

/** The file as a power loss may leave it. */
export function fileAfterCrash(file: SimulatedFile, random: Random): SimulatedFile {
  if (file.lengths.length === 0 && file.versions.size === 0) return file
  const { choose, length } = chooserOf(file, random)
  const blocks = file.disk.blocks.slice()
  for (const [index, list] of file.versions) {
    const version = choose(list)
    if (version) blocks[index] = version.block
  }
  const content = cut({ blocks, length })
  return { ...emptyFile(), seen: content, disk: copyContent(content) }
}

/**
 * How the blocks of one file fare: all are lost, all are kept, the writes were under way in their order, or each block
 * for itself. The length is kept apart from them, as file systems do.
 */
function chooserOf(
  { lengths, disk }: SimulatedFile,
  random: Random,
): { readonly choose: Choose; readonly length: number } {
  const length = oneOf(random, [disk.length, ...lengths, lengths.at(-1) ?? disk.length])
  const anyVersion: Choose = (list) => list[below(random, list.length + 1) - 1]
  const style = below(random, 4)
  if (style === 0) return { choose: () => undefined, length }
  if (style === 1) return { choose: (list) => list.at(-1), length }
  if (style === 2) return { choose: anyVersion, length }
  const torn = below(random, lengths.length + 1)
  const reached = (write: number): boolean => write < torn || (write === torn && random() < 0.5)
  return {
    choose: (list) => list.findLast(({ write }) => reached(write)),
    length: (isLucky(random, 0.5) ? lengths[torn] : undefined) ?? lengths[torn - 1] ?? disk.length,
  }
}

/** Nothing is left beyond the length: a file that grows again holds zeros there. */
function cut({ blocks, length }: Content): Content {
  const kept = blocks.slice(0, Math.ceil(length / BLOCK_BYTES))
  const last = kept.at(-1)
  const end = length % BLOCK_BYTES
  if (last === undefined || end === 0 || kept.length * BLOCK_BYTES < length)
    return { blocks: kept, length }
  const block = last.slice()
  block.fill(0, end)
  kept[kept.length - 1] = block
  return { blocks: kept, length }
}
