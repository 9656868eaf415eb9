import { beforeAll, expect, test } from 'vitest'
import {
  DECISIONS,
  DECISIONS_KEY,
  decisionLog,
  faultsOf,
  GOVERNANCE_KEY,
  LogWorld,
  overwrite,
  pathsBelow,
  permitsOf,
  recordItem,
  START,
  STATEMENTS_KEY,
  signerNamed,
  thousandDecisions,
} from '../../test/log-world.ts'
import { at } from '../assert.ts'
import { bytesOf } from '../bytes.ts'
import { printCheckpoint } from './checkpoint.ts'
import { fsck } from './fsck.ts'
import { knownLogs } from './known-log.ts'
import type { Item } from './sequencer.ts'
import { signNote } from './signer.ts'

let original: LogWorld

beforeAll(async () => {
  original = await thousandDecisions()
})

const honest = Array.from({ length: 1_000 }, (_, i) => recordItem(i))

/** The anchors as they were, and a decision log that was made anew, with tiles, root and signature. */
async function remade(
  items: readonly Item[],
  journalOf: readonly Item[] = items,
): Promise<LogWorld> {
  const files = await decisionLog(items)
  if (journalOf !== items) {
    const other = await decisionLog(journalOf)
    for (const path of await pathsBelow(files, 'journal')) await files.remove(path)
    for (const path of await pathsBelow(other, 'journal')) {
      await overwrite(files, path, (await other.read(path)) ?? new Uint8Array())
    }
  }
  return await LogWorld.create(original.governanceFiles.clone(), files, original.now)
}

test('one rewritten entry, all made anew, shows by its journal and by each anchor', async () => {
  const items = honest.with(700, recordItem(700, { at: START }))
  const world = await remade(items, honest)
  const faults = await faultsOf(world)
  expect(faults).toContain('decisions-main-1 entry 700: the journal has another entry in its place')
  expect(faults).toContain(
    'governance entry 3: it states another tree of 800 entries than the one that is there',
  )
  expect(faults).not.toContain(
    'governance entry 2: it states another tree of 600 entries than the one that is there',
  )
})

test('one rewritten entry, the journal too, shows by the anchors alone', async () => {
  const world = await remade(honest.with(700, recordItem(700, { at: START + 6_999 })))
  expect(await faultsOf(world)).toEqual([
    'governance entry 3: it states another tree of 800 entries than the one that is there',
    'governance entry 4: it states another tree of 1000 entries than the one that is there',
  ])
})

test('a dropped entry shows by the anchors, and by the size that they state', async () => {
  const world = await remade(honest.slice(0, 999))
  expect(await faultsOf(world)).toEqual([
    'governance entry 4: it states 1000 entries of `proviso.example/decisions/main/1`, which has 999',
  ])
})

test('two reordered entries show by their sequence numbers and by the anchors', async () => {
  const world = await remade(honest.with(10, at(honest, 11)).with(11, at(honest, 10)))
  const faults = await faultsOf(world)
  expect(faults).toContain('decisions-main-1 entry 10: its sequence number is 11')
  expect(faults).toContain(
    'governance entry 0: it states another tree of 200 entries than the one that is there',
  )
})

test('a log that is gone shows by its anchors', async () => {
  const world = await LogWorld.create(original.governanceFiles.clone())
  await world.decisionFiles.remove('signed')
  await world.decisionFiles.remove('checkpoint')
  expect((await faultsOf(world)).at(-1)).toBe(
    'decisions-main-1: it is anchored with 1000 entries, and has no checkpoint that can be believed',
  )
})

test('an anchor that lies about a count of permits is told', async () => {
  const world = await original.copy()
  await world.decide(100)
  await world.anchor({ permits: permitsOf(1_100) + 1 })
  expect(await faultsOf(world)).toEqual([
    'governance entry 5: it counts 155 permits in 1100 entries, and they add up to 154',
  ])
})

test('permits that fall from one anchor to the next are told', async () => {
  const world = await original.copy()
  await world.decide(100)
  await world.anchor({ permits: 3 })
  expect((await faultsOf(world))[0]).toBe(
    'governance entry 5: `proviso.example/decisions/main/1` counts 3 permits, and counted 140 in the anchor before',
  )
})

test('an older copy of the decision log beside newer anchors is told', async () => {
  const world = await original.copy()
  const older = world.decisionFiles.clone()
  await world.decide(10)
  await world.anchor()
  const restored = await LogWorld.create(world.governanceFiles.clone(), older, world.now)
  expect(await faultsOf(restored)).toEqual([
    'governance entry 5: it states 1010 entries of `proviso.example/decisions/main/1`, which has 1000',
  ])
})

test('a checkpoint ahead of what is signed for is an older copy', async () => {
  const world = await original.copy()
  const older = (await world.decisionFiles.read('signed')) ?? new Uint8Array()
  await world.decide(10)
  await overwrite(world.decisionFiles, 'signed', older)
  expect(await faultsOf(world)).toEqual([
    'decisions-main-1/signed: 1010 entries were published, and 1000 are signed for: this is an older copy',
  ])
})

test('a key that is no longer trusted signs for nobody', async () => {
  const logs = knownLogs([
    GOVERNANCE_KEY.verifier,
    signerNamed(DECISIONS_KEY.verifier.name, 99).verifier,
  ])
  const { findings } = await fsck({ ...original.options, logs })
  expect(findings.faults.map(({ code, where }) => `${where} ${code}`)).toEqual(
    expect.arrayContaining([
      'governance entry 0 unknown-signer',
      'decisions-main-1/checkpoint unknown-signer',
      'decisions-main-1/signed unknown-signer',
    ]),
  )
})

test('a statement key that is no longer trusted signs for nobody', async () => {
  const statements = [signerNamed(STATEMENTS_KEY.verifier.name, 98).verifier]
  const { findings } = await fsck({ ...original.options, statements })
  expect(findings.faultCount).toBe(5)
  expect(findings.faults[0]).toMatchObject({
    code: 'unsigned-statement',
    where: 'governance entry 0',
  })
})

test('a checkpoint of a tree that was never there is told', async () => {
  const world = await original.copy()
  const root = new Uint8Array(32).fill(1)
  const note = signNote(printCheckpoint({ origin: DECISIONS, size: 1_000, root }), DECISIONS_KEY)
  await overwrite(world.decisionFiles, 'signed', bytesOf(note))
  await overwrite(world.decisionFiles, 'checkpoint', bytesOf(note))
  expect(await faultsOf(world)).toContain(
    'decisions-main-1: its 1000 entries do not lead to the root that was signed for',
  )
})

/** What is told of the next anchor when it holds this note. */
async function anchorFaults(note: string, entries: number, origin = DECISIONS): Promise<unknown> {
  const world = await original.copy()
  await world.anchor({ origin, checkpoint: note, entries })
  const { findings } = await fsck(world.options)
  return findings.faults.map(({ code, where, message }) => `${where}: ${code}: ${message}`)
}

test('two anchors of two trees of one size are told', async () => {
  const root = new Uint8Array(32).fill(1)
  const note = signNote(printCheckpoint({ origin: DECISIONS, size: 1_000, root }), DECISIONS_KEY)
  expect(await anchorFaults(note, 1_000)).toContain(
    `governance entry 5: split-view: \`${DECISIONS}\` has two trees of 1000 entries, and they differ`,
  )
})

test('an anchor of fewer entries than the one before is told', async () => {
  const root = new Uint8Array(32).fill(1)
  const note = signNote(printCheckpoint({ origin: DECISIONS, size: 999, root }), DECISIONS_KEY)
  expect(await anchorFaults(note, 999)).toEqual([
    `governance entry 5: rolled-back: \`${DECISIONS}\` has 999 entries, and had 1000 in the anchor before`,
  ])
})

test('an anchor of the decision log of another operator is told', async () => {
  const origin = 'elsewhere.example/decisions/main/1'
  const root = new Uint8Array(32).fill(1)
  const note = signNote(printCheckpoint({ origin, size: 9, root }), signerNamed(origin))
  expect(await anchorFaults(note, 9, origin)).toEqual([
    `governance entry 5: other-host: \`${origin}\` is no decision log of whoever runs \`proviso.example/governance\``,
  ])
})
