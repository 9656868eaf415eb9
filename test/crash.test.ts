import { beforeAll, expect, test } from 'vitest'
import { below } from './chance.ts'
import { anyPlan } from './fault-plan.ts'
import { LogHistory } from './log-history.ts'
import { type Prebuilt, prebuiltLogs } from './prebuilt-logs.ts'

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
