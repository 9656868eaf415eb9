import { beforeAll, expect, test } from 'vitest'
import { bytesOf } from '../src/bytes.ts'
import { replaceFile } from '../src/log/files.ts'
import { Sequencer } from '../src/log/sequencer.ts'
import { PUBLISHED, SIGNED } from '../src/log/shown-head.ts'
import { below } from './chance.ts'
import { anyPlan, FAULTS } from './fault-plan.ts'
import { submissionOf } from './log-account.ts'
import { LogHistory } from './log-history.ts'
import { optionsOf, type Prebuilt, prebuiltLogs } from './prebuilt-logs.ts'
import type { Fault, SimulatedFiles } from './simulated-files.ts'

// A log through losses of power, kills and failing disks: it keeps what it has acknowledged and agrees with every
// checkpoint that it has shown, or it says why it does not go on.

const IS_SOAK = process.env['PROVISO_SOAK'] !== undefined

/** How many histories are drawn: 1,000 in CI, 10,000 in `npm run soak`. */
const HISTORIES = Number(process.env['PROVISO_RUNS'] ?? (IS_SOAK ? 10_000 : 1_000))
const SEED = Number(process.env['PROVISO_SEED'] ?? Date.now() % 2 ** 31)

/** How often a log is opened before it is compared with what is remembered of it. */
const LIVES_MAX = 6

let prebuilt: Prebuilt
beforeAll(async () => {
  prebuilt = await prebuiltLogs()
})

async function violationsOf(seed: number): Promise<readonly string[]> {
  const history = new LogHistory(prebuilt, seed)
  for (let lives = 1 + below(history.random, LIVES_MAX); lives > 0; lives--) {
    await history.live(anyPlan(history.random))
    if (history.account.violations.length > 0) break
  }
  return await history.check()
}

test('a log keeps what it acknowledged and agrees with what it showed, whatever its disk does', async () => {
  for (let i = 0; i < HISTORIES; i++) {
    const seed = SEED + i
    expect(await violationsOf(seed), `PROVISO_SEED=${seed} PROVISO_RUNS=1`).toEqual([])
  }
})

/** How many processes are gone through call by call. */
const PROCESSES = IS_SOAK ? 40 : 3

test('a log keeps what it acknowledged whichever one call of a process goes wrong', async () => {
  for (let seed = SEED; seed < SEED + PROCESSES; seed++) {
    let calls = 0
    const whole = new LogHistory(prebuilt, seed, 255)
    await whole.live({
      faultOf: (): undefined => {
        calls += 1
      },
    })
    expect(await whole.check(), `PROVISO_SEED=${seed}`).toEqual([])
    for (let at = 1; at <= calls; at++) for (const fault of FAULTS) await tryFault(seed, at, fault)
  }
})

async function tryFault(seed: number, at: number, fault: Fault): Promise<void> {
  const history = new LogHistory(prebuilt, seed, 255)
  await history.live({
    faultOf: ({ count }): Fault | undefined => (count === at ? fault : undefined),
  })
  const label = `PROVISO_SEED=${seed}: call ${at}, ${JSON.stringify(fault)}`
  expect(await history.check(), label).toEqual([])
}

/** A copy of a prebuilt log. */
function logOf(size: number): SimulatedFiles {
  return (prebuilt.bySize.get(size) as SimulatedFiles).clone()
}

test('a full disk refuses entries, and takes them again when there is room', async () => {
  const files = logOf(257)
  const sequencer = await Sequencer.open(optionsOf(files))
  files.capacityBytes = 200_000
  let acknowledged = 0
  const append = async (): Promise<void> => {
    const first = await sequencer.append([submissionOf(1_000 + acknowledged, 9_000, 0)])
    expect(first).toBe(257 + acknowledged)
    acknowledged += 1
  }
  const fill = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) await append()
  }
  await expect(fill()).rejects.toMatchObject({ code: 'ENOSPC' })
  expect(acknowledged).toBeGreaterThan(3)
  files.capacityBytes = Number.POSITIVE_INFINITY
  await append()
  await sequencer.close()
  const reopened = await Sequencer.open(optionsOf(files))
  expect([reopened.size, reopened.published.size]).toEqual([257 + acknowledged, 257 + acknowledged])
})

type Act = (files: SimulatedFiles) => Promise<void>

/** Turns over one byte of a file. */
function damaging(path: string, at: number): Act {
  return async (files): Promise<void> => {
    const file = await files.open(path, 'existing')
    const [byte = 0] = await file.read(at, 1)
    await file.write(Uint8Array.of(byte ^ 1), at)
    await file.close()
  }
}

function removing(path: string): Act {
  return (files): Promise<void> => files.remove(path)
}

/** Puts a file of a log of another size in its place. */
function replacing(path: string, size: number): Act {
  return (files): Promise<void> => replaceFile(files, path, logOf(size).peek(path) ?? bytesOf(''))
}

/** What is done to a log of 511 entries, and the code that it is refused with. */
const DAMAGES: readonly (readonly [what: string, code: string, act: Act])[] = [
  ['an older signed checkpoint', 'rolled-back', replacing(SIGNED, 257)],
  ['a newer published one', 'rolled-back', replacing(PUBLISHED, 512)],
  ['no signed checkpoint', 'rolled-back', removing(SIGNED)],
  ['a signed checkpoint turned over', 'corrupt-log', damaging(SIGNED, 40)],
  ['no journal', 'corrupt-journal', removing('journal')],
  ['a damaged journal', 'corrupt-journal', damaging('journal/0000000000000000.segment', 400)],
  ['no tile at the edge', 'corrupt-log', removing('tile/0/001.p/255')],
  ['a tile turned over', 'corrupt-log', damaging('tile/0/001.p/255', 8_000)],
  ['entries turned over', 'corrupt-log', damaging('tile/entries/001.p/255', 900)],
]

test('a log that is not as it was left is not opened', async () => {
  for (const [what, code, act] of DAMAGES) {
    const files = logOf(511)
    await act(files)
    await expect(Sequencer.open(optionsOf(files)), what).rejects.toMatchObject({ code })
  }
})
