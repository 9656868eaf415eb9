import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  DECISIONS_KEY,
  decisionLog,
  LogWorld,
  openSequencer,
  overwrite,
  recordItem,
  signerNamed,
} from '../../test/log-world.ts'
import { SimulatedFiles } from '../../test/simulated-files.ts'
import { equalBytes, hexOf } from '../bytes.ts'
import type { Checkpoint } from './checkpoint.ts'
import { diskFiles } from './disk-files.ts'
import { leafOf } from './edge.ts'
import { type Fault, FaultyLog } from './fault.ts'
import { printVerifier } from './key.ts'
import { isConsistent, rootOfInclusion } from './merkle.ts'
import { printSignature } from './note.ts'
import { LogReader, type Seen } from './reader.ts'
import { sha256Now } from './sha256.ts'
import { cosign, signerOf } from './signer.ts'
import type { LogSource } from './source.ts'
import { parseTrust } from './trust.ts'

const LOG = { origin: DECISIONS_KEY.verifier.name, keys: [DECISIONS_KEY.verifier] }

function readerOf(source: LogSource, seen?: Seen): LogReader {
  return new LogReader({ source, log: LOG, trust: null, seen })
}

/** The fault that reading ends in. */
async function faultOf(reading: Promise<unknown>): Promise<Fault> {
  try {
    await reading
  } catch (error) {
    if (error instanceof FaultyLog) return error.fault
    throw error
  }
  throw new Error('there was no fault')
}

async function read(reader: LogReader, from: number, to: number): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = []
  for await (const { index, entry } of reader.entries(from, to)) {
    expect(index).toBe(from + entries.length)
    entries.push(entry)
  }
  return entries
}

function entry(index: number): Uint8Array {
  return recordItem(index).entry(index)
}

const items = (count: number): ReturnType<typeof recordItem>[] =>
  Array.from({ length: count }, (_, i) => recordItem(i))

describe('a log that is written while it is read', () => {
  test('shows at each size what was logged, and that it goes on', async () => {
    const files = new SimulatedFiles()
    const sequencer = await openSequencer(files, DECISIONS_KEY)
    const reader = readerOf(files)
    for (const size of [0, 1, 2, 255, 256, 257, 300, 511, 512, 513, 700]) {
      const first = sequencer.size
      await sequencer.append(items(size).slice(first))
      await sequencer.integrate()
      const before = reader.seen
      const now = await reader.advance()
      expect(now.size).toBe(size)
      expect(await read(reader, first, size)).toEqual(
        items(size)
          .slice(first)
          .map((_, i) => entry(first + i)),
      )
      if (before) await expectConsistent(reader, before, now)
      for (const index of [0, first, size - 1].filter((i) => i >= 0 && i < size)) {
        await expectIncluded(reader, index, now)
      }
    }
  })

  test('is read without a fault whenever the reader looks', async () => {
    const top = mkdtempSync(join(tmpdir(), 'proviso-reader-'))
    const files = diskFiles(top)
    const sequencer = await openSequencer(files, DECISIONS_KEY)
    await sequencer.integrate()
    const end = 3_000
    const writing = (async (): Promise<void> => {
      while (sequencer.size < end) {
        const first = sequencer.size
        const length = Math.min(1 + ((first * 7) % 150), end - first)
        await sequencer.append(items(first + length).slice(first))
        await sequencer.integrate()
      }
    })()
    const reader = readerOf(files)
    let done = 0
    let looks = 0
    while (done < end) {
      const { size } = await reader.advance()
      for (const found of await read(reader, done, size))
        expect(equalBytes(found, entry(done++))).toBe(true)
      looks += 1
    }
    await writing
    await sequencer.close()
    expect(looks).toBeGreaterThan(3)
    rmSync(top, { recursive: true })
  })

  test('is read across the border of a tile of tiles', async () => {
    const files = new SimulatedFiles()
    const sequencer = await openSequencer(files, DECISIONS_KEY)
    const small = (index: number): ReturnType<typeof recordItem> => {
      const bytes = Uint8Array.of(index >>> 16, index >>> 8, index)
      return { entry: () => bytes, entryBytes: 3, sidecar: new Uint8Array() }
    }
    const reader = readerOf(files)
    for (const size of [65_535, 65_536, 65_537]) {
      const first = sequencer.size
      const missing = Array.from({ length: size - first }, (_, i) => small(first + i))
      for (let from = 0; from < missing.length; from += 8_192) {
        await sequencer.append(missing.slice(from, from + 8_192))
      }
      await sequencer.integrate()
      const before = reader.seen
      const now = await reader.advance()
      expect(now.size).toBe(size)
      const [last] = await read(reader, size - 1, size)
      expect(last).toEqual(small(size - 1).entry(0))
      if (before) await expectConsistent(reader, before, now)
      await expectIncluded(reader, 0, now, small(0).entry(0))
      await expectIncluded(reader, size - 1, now, small(size - 1).entry(0))
    }
  })
})

async function expectConsistent(reader: LogReader, from: Seen, to: Checkpoint): Promise<void> {
  const path = await reader.consistencyProof(from.size)
  expect(await isConsistent(sha256Now, { from, to, path })).toBe(true)
}

async function expectIncluded(
  reader: LogReader,
  index: number,
  { size, root }: Checkpoint,
  logged = entry(index),
): Promise<void> {
  const path = await reader.inclusionProof(index)
  const led = await rootOfInclusion(sha256Now, { index, size, leaf: leafOf(logged), path })
  expect(hexOf(led ?? new Uint8Array())).toBe(hexOf(root))
}

describe('what a reader does not believe', () => {
  test('a tile that does not lead to the root, and the entries below it', async () => {
    const files = await decisionLog(items(700))
    await overwrite(files, 'tile/0/001', new Uint8Array(8_192))
    const reader = readerOf(files)
    await reader.advance()
    expect(await read(reader, 0, 256)).toHaveLength(256)
    expect(await faultOf(read(reader, 256, 300))).toMatchObject({
      code: 'wrong-file',
      where: 'tile/0/001',
      message: 'it is not of the tree that was signed for',
    })
  })

  test('a bundle with an entry that is not in the tree', async () => {
    const files = await decisionLog(items(300))
    const bytes = Uint8Array.from((await files.read('tile/entries/000')) ?? [])
    bytes[117 * 9 + 50] = 1
    await overwrite(files, 'tile/entries/000', bytes)
    const reader = readerOf(files)
    await reader.advance()
    expect(await faultOf(read(reader, 0, 5))).toMatchObject({
      where: 'tile/entries/000',
      message: 'its entry 9 is not the one that was signed for',
    })
  })

  test('a right edge of another tree', async () => {
    const files = await decisionLog(items(300))
    await overwrite(files, 'tile/0/001.p/44', new Uint8Array(44 * 32))
    expect(await faultOf(readerOf(files).advance())).toMatchObject({ code: 'wrong-root' })
  })

  test('a checkpoint that is not there, or of somebody else', async () => {
    const files = await decisionLog(items(3))
    const stranger = { ...LOG, keys: [signerNamed(LOG.origin, 77).verifier] }
    const reading = new LogReader({ source: files, log: stranger, trust: null }).advance()
    expect(await faultOf(reading)).toMatchObject({ code: 'unknown-signer', where: 'checkpoint' })
    const keyless = new LogReader({ source: files, log: { ...LOG, keys: [] }, trust: null })
    expect(await faultOf(keyless.advance())).toMatchObject({ code: 'unknown-log' })
    await files.remove('checkpoint')
    expect(await faultOf(readerOf(files).advance())).toMatchObject({ code: 'no-checkpoint' })
  })

  test('a checkpoint without the cosignatures that the trust file asks for', async () => {
    const files = await decisionLog(items(3))
    const key = signerOf('witness.example', new Uint8Array(32).fill(5), 'cosignature')
    const text = [
      `log ${printVerifier(DECISIONS_KEY.verifier)}`,
      `witness w ${printVerifier(key.verifier)}`,
      'quorum w',
      '',
    ].join('\n')
    const parsed = await parseTrust(text)
    const trust = parsed.ok ? parsed.value : null
    const reader = new LogReader({ source: files, log: LOG, trust })
    expect(await faultOf(reader.advance())).toMatchObject({ code: 'no-quorum' })
    const note = Buffer.from((await files.read('checkpoint')) ?? []).toString()
    const signed = note.slice(0, note.lastIndexOf('\n\n') + 1)
    const cosigned = note + printSignature(cosign(key, signed, 1_772_442_000))
    await overwrite(files, 'checkpoint', Buffer.from(cosigned))
    expect(await reader.advance()).toMatchObject({ size: 3 })
  })
})

describe('a log that takes back what it has shown', () => {
  /** A reader that has seen 700 entries, and then finds other files. */
  async function moved(files: SimulatedFiles): Promise<Fault> {
    const world = await LogWorld.create(new SimulatedFiles(), await decisionLog(items(700)))
    let source: LogSource = world.decisionFiles
    const reader = readerOf({ read: (path) => source.read(path) })
    await reader.advance()
    const before = reader.seen
    source = files
    const fault = await faultOf(reader.advance())
    expect(reader.seen).toEqual(before)
    expect(fault.notes).toHaveLength(2)
    expect(fault.notes?.[0]).toBe(before?.note)
    // Someone who has only the note from an earlier run finds the same.
    expect((await faultOf(readerOf(files, before).advance())).code).toBe(fault.code)
    return fault
  }

  test('by showing fewer entries', async () => {
    expect(await moved(await decisionLog(items(600)))).toMatchObject({
      code: 'rolled-back',
      message: 'it shows 600 entries, and has shown 700 before',
    })
  })

  test('by showing another tree of the same size', async () => {
    const other = items(700).with(3, recordItem(3, { at: 1 }))
    expect(await moved(await decisionLog(other))).toMatchObject({
      code: 'split-view',
      message: 'it has shown two trees of 700 entries, and they differ',
    })
  })

  test('by showing a larger tree with another beginning', async () => {
    const other = items(900).with(3, recordItem(3, { at: 1 }))
    expect(await moved(await decisionLog(other))).toMatchObject({
      code: 'inconsistent',
      message: 'its 900 entries do not begin with the 700 that it has shown before',
    })
  })
})
