import { expect, test } from 'vitest'
import { GOVERNANCE_KEY, openSequencer, recordItem } from '../../test/log-world.ts'
import { type Call, type Fault, SimulatedFiles } from '../../test/simulated-files.ts'
import { textOf } from '../bytes.ts'
import { LogFailure } from './failure.ts'
import { Sequencer } from './sequencer.ts'

const { verifier } = GOVERNANCE_KEY

async function logOf(entries: number): Promise<SimulatedFiles> {
  const files = new SimulatedFiles()
  const sequencer = await openSequencer(files, GOVERNANCE_KEY)
  await sequencer.append(Array.from({ length: entries }, (_, i) => recordItem(i)))
  await sequencer.close()
  return files
}

test('an older copy is refused when it is opened, before anything is signed with it', async () => {
  const files = await logOf(3)
  const before = textOf((await files.read('signed')) ?? new Uint8Array())
  const asked: number[] = []
  const opening = Sequencer.open({
    files,
    origin: verifier.name,
    signers: () => [GOVERNANCE_KEY],
    verifiers: [verifier],
    isHeld: () => true,
    cosign: (_note, { size }) => {
      asked.push(size)
      return Promise.reject(new LogFailure('rolled-back', 'a witness has seen 5 entries'))
    },
  })
  await expect(opening).rejects.toMatchObject({ code: 'rolled-back' })
  expect(asked).toEqual([3])
  expect(textOf((await files.read('signed')) ?? new Uint8Array())).toBe(before)
})

test.each(['sync', 'syncDirectory'] as const)(
  'a %s that fails while room is taken ahead of need stops the log, and is not asked for again',
  async (failing) => {
    const files = new SimulatedFiles()
    const sequencer = await openSequencer(files, GOVERNANCE_KEY)
    files.onCall = ({ kind }: Call): Fault | undefined =>
      kind === failing ? { kind: 'error', code: 'EIO', when: 'before' } : undefined
    await expect(sequencer.reserve()).rejects.toMatchObject({ code: 'sync-failed' })
    files.onCall = undefined
    expect(sequencer.stopped?.message).toContain('EIO')
    await expect(sequencer.append([recordItem(0)])).rejects.toMatchObject({ code: 'stopped' })
  },
)

test('nothing is acknowledged after a sync that fails beside it, while the next segment is made', async () => {
  const files = new SimulatedFiles()
  const sequencer = await openSequencer(files, GOVERNANCE_KEY)
  let hasFailed = false
  files.onCall = ({ kind, path }: Call): Fault | undefined => {
    // What is appended gets to the disk last of all.
    files.turns = (): number => (kind === 'sync' && path.endsWith('.segment') ? 10_000 : 1)
    if (kind !== 'sync' || path !== 'journal/next.part' || sequencer.size === 0) return undefined
    hasFailed = true
    return { kind: 'error', code: 'EIO', when: 'before' }
  }
  expect(await sequencer.append([recordItem(0)])).toBe(0)
  await expect(sequencer.append([recordItem(1)])).rejects.toMatchObject({ code: 'stopped' })
  expect(hasFailed).toBe(true)
})

test('a disk that is full while room is taken ahead of need does not stop the log', async () => {
  const files = new SimulatedFiles()
  const sequencer = await openSequencer(files, GOVERNANCE_KEY)
  files.onCall = ({ kind }: Call): Fault | undefined =>
    kind === 'write' ? { kind: 'error', code: 'ENOSPC', when: 'before' } : undefined
  await expect(sequencer.reserve()).rejects.toThrow('ENOSPC')
  files.onCall = undefined
  expect(await sequencer.append([recordItem(0)])).toBe(0)
})

test('what is written together is in the log whole or not at all', async () => {
  const files = new SimulatedFiles()
  const sequencer = await openSequencer(files, GOVERNANCE_KEY)
  await sequencer.append([recordItem(0)])
  let writes = 0
  files.onCall = ({ kind, path }: Call): Fault | undefined =>
    kind === 'write' && path.endsWith('.segment') && ++writes > 1
      ? { kind: 'error', code: 'ENOSPC', when: 'before' }
      : undefined
  // Together they have less than a batch may have, but not with what stands before each in it.
  const item = recordItem(1)
  const each = item.entryBytes + item.sidecar.length
  const fitting = Math.floor(1_048_576 / each)
  const groups = [1, fitting - 1].map((length) => Array.from({ length }, () => item))
  const answers = await Promise.allSettled(groups.map((items) => sequencer.append(items)))
  files.onCall = undefined
  const answered = groups.filter((_, i) => answers[i]?.status === 'fulfilled').flat().length
  expect(sequencer.size).toBe(1 + answered)
})
