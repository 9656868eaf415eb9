import { expect, test } from 'vitest'
import { DECISIONS_KEY, openSequencer, START } from '../../test/log-world.ts'
import { type Fault, SimulatedFiles } from '../../test/simulated-files.ts'
import { textOf } from '../bytes.ts'
import type { PermitCounts } from '../decision/payload.ts'
import type { Request } from '../decision/request.ts'
import { digestOf } from '../digest.ts'
import { COMMITMENT_KEY_BYTES, DecisionLog } from './decision-log.ts'
import { sidecarsFrom } from './journal.ts'
import type { Sequencer } from './sequencer.ts'

const BUNDLE = digestOf('ab'.repeat(32))

interface Opened {
  readonly log: DecisionLog
  readonly sequencer: Sequencer
}

async function opened(files: SimulatedFiles): Promise<Opened> {
  const sequencer = await openSequencer(files, DECISIONS_KEY)
  await sequencer.integrate()
  const pseudonymKey = new Uint8Array(32)
  const log = await DecisionLog.open({ files, sequencer, name: 'main', epoch: 1, pseudonymKey })
  return { log, sequencer }
}

function requestOf(deployment: string, ...uses: readonly string[]): Request {
  const parties = { id: null, customer: 'ministry', deployment, model: 'example-1' }
  return { ...parties, uses, facts: {}, signals: [], at: START }
}

function countMany({ log }: Opened, count: number, name = 'desk'): void {
  for (let i = 0; i < count; i++) log.count(requestOf(`${name}-${i}`, 'general'), START)
}

/** All counts that were logged, one list an entry. */
async function counted(files: SimulatedFiles): Promise<readonly PermitCounts['counts'][]> {
  const all: PermitCounts['counts'][] = []
  for await (const { frame } of sidecarsFrom(files, 0)) {
    const text = textOf(frame.sidecar.subarray(COMMITMENT_KEY_BYTES)) ?? ''
    all.push((JSON.parse(text) as PermitCounts).counts)
  }
  return all
}

function sumOf(all: readonly PermitCounts['counts'][]): number {
  return all.flat().reduce((sum, { count }) => sum + count, 0)
}

test('a permit is logged once, though the sum of all cannot be kept', async () => {
  const files = new SimulatedFiles()
  const one = await opened(files)
  countMany(one, 5)
  files.onCall = ({ kind, path }): Fault | undefined =>
    kind === 'rename' && path.startsWith('permits')
      ? { kind: 'error', code: 'ENOSPC', when: 'before' }
      : undefined
  await expect(one.log.logCounts(START + 1, BUNDLE)).rejects.toThrow('ENOSPC')
  files.onCall = undefined
  await one.log.logCounts(START + 2, BUNDLE)
  expect(sumOf(await counted(files))).toBe(5)
  await one.sequencer.integrate()
  expect(one.log.permitsAt(one.sequencer.size)).toBe(5)
})

test('a permit is logged later when it could not be', async () => {
  const files = new SimulatedFiles()
  const one = await opened(files)
  countMany(one, 5)
  files.onCall = ({ kind }): Fault | undefined =>
    kind === 'write' ? { kind: 'error', code: 'ENOSPC', when: 'before' } : undefined
  await expect(one.log.logCounts(START + 1, BUNDLE)).rejects.toThrow('ENOSPC')
  files.onCall = undefined
  countMany(one, 1)
  await one.log.logCounts(START + 2, BUNDLE)
  expect(sumOf(await counted(files))).toBe(6)
})

test('counts that are logged at once are all in the sum that the next start begins with', async () => {
  const files = new SimulatedFiles()
  const one = await opened(files)
  const logged = [3, 5, 7].map((count) => {
    countMany(one, count)
    return one.log.logCounts(START + 1, BUNDLE)
  })
  await Promise.all(logged)
  const { size } = one.sequencer
  await one.sequencer.close()
  const next = await opened(files)
  expect(next.sequencer.size).toBe(size)
  expect(next.log.permitsAt(size)).toBe(15)
})

test('uses are counted as a set, in whatever order and however often they are named', async () => {
  const files = new SimulatedFiles()
  const one = await opened(files)
  one.log.count(requestOf('desk', 'general', 'coding'), START)
  one.log.count(requestOf('desk', 'coding', 'general'), START)
  one.log.count(requestOf('desk', 'coding', 'general', 'coding'), START)
  one.log.count(requestOf('desk', 'coding', 'coding'), START)
  one.log.count(requestOf('desk', 'coding'), START)
  await one.log.logCounts(START + 1, BUNDLE)
  const [rows] = await counted(files)
  expect(rows?.map(({ uses, count }) => [uses, count])).toEqual([
    [['coding', 'general'], 3],
    [['coding'], 2],
  ])
})

test('counts that have waited for long go into entries that one may have', async () => {
  const files = new SimulatedFiles()
  const one = await opened(files)
  countMany(one, 2_500)
  await one.log.logCounts(START + 1, BUNDLE)
  const all = await counted(files)
  expect(all.map((rows) => rows.length)).toEqual([1_000, 1_000, 500])
})

test('what waits is bounded: permits of more names are counted in one row', async () => {
  const files = new SimulatedFiles()
  const one = await opened(files)
  countMany(one, 20_000)
  countMany(one, 10)
  await one.log.logCounts(START + 1, BUNDLE)
  const all = await counted(files)
  expect(sumOf(all)).toBe(20_010)
  const rows = all.flat()
  expect(rows).toHaveLength(16_385)
  const other = { customer: 'other', deployment: 'other', uses: [], count: 20_000 - 16_384 }
  expect(rows).toContainEqual(other)
})
