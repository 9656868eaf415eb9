import {
  closeSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { SEGMENT_BYTES } from '../src/log/journal.ts'
import type { RecordBytes } from './durable-report.ts'

/** What a log mostly writes at a time, at least: a block of the file system. */
const WRITE_BYTES = 4_096

/** Time for the disk alone, as a part of the round that it is measured for. */
const DISK_PART = 0.3

/**
 * How long the disk takes, each time in milliseconds: blocks one after the other into a file that has its length
 * already, as a journal writes, each followed by `fdatasync`.
 */
export function timeDisk(directory: string, roundMs: number): readonly number[] {
  const path = join(directory, 'disk.part')
  const file = openSync(path, 'w')
  try {
    writeSync(file, Buffer.alloc(SEGMENT_BYTES))
    fdatasyncSync(file)
    const block = Buffer.alloc(WRITE_BYTES, 1)
    const waits: number[] = []
    const until = performance.now() + roundMs * DISK_PART
    for (let i = 0; performance.now() < until; i++) {
      const begun = performance.now()
      writeSync(file, block, 0, WRITE_BYTES, (i * WRITE_BYTES) % SEGMENT_BYTES)
      fdatasyncSync(file)
      waits.push(performance.now() - begun)
    }
    return waits
  } finally {
    closeSync(file)
    rmSync(path)
  }
}

/** What a log's files hold for each of its records; the room that a journal keeps ahead is left out. */
export function recordBytesOf(log: string, records: number): RecordBytes {
  const segments = readdirSync(join(log, 'journal'))
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .map((name) => join(log, 'journal', name))
  const [last = ''] = segments.slice(-1)
  const journal = (segments.length - 1) * SEGMENT_BYTES + usedOf(readFileSync(last))
  const tiles = readdirSync(join(log, 'tile'), { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(log, 'tile', name)))
    .filter((stats) => stats.isFile())
    .reduce((sum, { size }) => sum + size, 0)
  return { journal: journal / records, tiles: tiles / records }
}

/** Up to the last byte that is not zero. */
function usedOf(segment: Uint8Array): number {
  return segment.findLastIndex((byte) => byte !== 0) + 1
}
