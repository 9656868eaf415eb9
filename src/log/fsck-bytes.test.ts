import { beforeAll, expect, test } from 'vitest'
import { randomOf } from '../../bench/example.ts'
import { below } from '../../test/chance.ts'
import {
  DECISIONS_KEY,
  faultsOf,
  type LogWorld,
  openSequencer,
  overwrite,
  pathsBelow,
  recordItem,
  thousandDecisions,
} from '../../test/log-world.ts'
import { SimulatedFiles } from '../../test/simulated-files.ts'
import { at } from '../assert.ts'
import { textOf } from '../bytes.ts'
import { growLeaves, leafOf, NO_LEAVES } from './edge.ts'
import type { LogFiles } from './files.ts'
import { fsck } from './fsck.ts'
import { misfitOfBundle, misfitOfHashes } from './fsck-files.ts'
import { knownLogs, openTrusted } from './known-log.ts'
import { printTile } from './tile.ts'

let original: LogWorld

beforeAll(async () => {
  original = await thousandDecisions()
})

const random = randomOf(7)

/** A copy with one byte changed, to any other. */
function changed(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[offset] = at(copy, offset) ^ (1 + below(random, 255))
  return copy
}

/** Offsets whose change is not noticed. */
function missed(bytes: Uint8Array, misfit: (bytes: Uint8Array) => string | undefined): number[] {
  return Array.from(bytes.keys()).filter((offset) => misfit(changed(bytes, offset)) === undefined)
}

/** Entries of a bundle that are looked at together: a bundle of so many is one too, and is checked sooner. */
const PART = 16

test('a changed byte is found wherever it is in the tiles and bundles of 1,000 entries', async () => {
  const files = new SimulatedFiles()
  const sequencer = await openSequencer(files, DECISIONS_KEY)
  const items = Array.from({ length: 1_000 }, (_, i) => recordItem(i))
  await sequencer.append(items)
  await sequencer.integrate()
  // By what was logged, not by what is there.
  const leaves = items.map((item, i) => leafOf(item.entry(i)))
  const { tiles } = growLeaves(NO_LEAVES, leaves)
  let looked = 0
  const look = (bytes: Uint8Array, misfit: (bytes: Uint8Array) => string | undefined): void => {
    expect(misfit(bytes)).toBeUndefined()
    expect(missed(bytes, misfit)).toEqual([])
    looked += bytes.length
  }
  for (const [tile, expected] of tiles) {
    const bytes = (await files.read(printTile(tile))) ?? new Uint8Array()
    look(bytes, (some) => misfitOfHashes(some, tile.width, expected))
    if (tile.level !== 0) continue
    const bundle = (await files.read(printTile({ ...tile, level: 'entries' }))) ?? new Uint8Array()
    const entryBytes = 2 + 115
    for (let from = 0; from < tile.width; from += PART) {
      const own = leaves.slice(tile.index * 256 + from, tile.index * 256 + from + PART)
      const part = bundle.subarray(from * entryBytes, (from + PART) * entryBytes)
      look(part, (some) => misfitOfBundle(some, own.length, own))
    }
  }
  const stored = await Promise.all(
    (await pathsBelow(files, 'tile')).map((path) => files.read(path)),
  )
  expect(looked).toBe(stored.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0))
})

test('a changed byte is found wherever it is in a checkpoint', async () => {
  const logs = knownLogs([DECISIONS_KEY.verifier])
  const note = (await original.decisionFiles.read('signed')) ?? new Uint8Array()
  for (const offset of note.keys()) {
    const opened = await openTrusted(textOf(changed(note, offset)) ?? '', at(logs, 0), null)
    expect(opened.ok, `byte ${offset}`).toBe(false)
  }
})

test('a changed byte is found by the whole check in 300 places of all files, in the very file', async () => {
  const places = await Promise.all(
    (['governance', 'decisions-main-1'] as const).map(async (folder) => {
      const { files } = original.options.open(folder)
      const paths = ['checkpoint', 'signed', ...(await pathsBelow(files as LogFiles, 'tile'))]
      return paths.map((path) => ({ folder, path }))
    }),
  )
  const all = places.flat()
  const wrong: string[] = []
  for (let i = 0; i < 300; i++) {
    const { folder, path } = at(all, i < all.length ? i : below(random, all.length))
    const { files } = original.options.open(folder)
    const bytes = (await files?.read(path)) ?? new Uint8Array()
    const offset = below(random, bytes.length)
    await overwrite(files as LogFiles, path, changed(bytes, offset))
    const { findings } = await fsck(original.options)
    await overwrite(files as LogFiles, path, bytes)
    const first = findings.faults[0]?.where
    if (first !== `${folder}/${path}`) wrong.push(`${folder}/${path} byte ${offset}: ${first}`)
  }
  expect(wrong).toEqual([])
  expect(await faultsOf(original)).toEqual([])
})

test('a changed byte is found in the journal, in the entry or in what is kept beside it', async () => {
  const path = 'journal/0000000000000000.segment'
  const world = await original.copy()
  const bytes = (await world.decisionFiles.read(path)) ?? new Uint8Array()
  const end = bytes.findLastIndex((byte) => byte !== 0)
  const missedAt: number[] = []
  for (let i = 0; i < 60; i++) {
    const offset = below(random, end)
    await overwrite(world.decisionFiles, path, changed(bytes, offset))
    if ((await faultsOf(world)).length === 0) missedAt.push(offset)
  }
  // Up to 7 bytes at the end of each batch are there to round it up.
  expect(missedAt.length).toBeLessThanOrEqual(1)
})
