import { copyFileSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { kill } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { StoreFailure } from './failure.ts'
import { type Cluster, forgetEnded, LOG, postmasterOf, spawnPostmaster } from './postmaster.ts'

/** How often a postmaster is looked at while it starts or stops, in milliseconds. */
const LOOK_MS = 5

/** Longest wait for one start, in milliseconds: after a crash it reads what was written since the last checkpoint. */
const START_MS_MAX = 120_000

/**
 * Pauses between starts, in milliseconds; each is twice the one before. After a postmaster was killed its processes take
 * a moment to notice, and until then a start fails.
 */
const PAUSE_MS = { least: 25, most: 2_000 } as const

/** Longest that those who are connected have to end, in milliseconds, before they are cut off. */
const STOP_MS_MAX = 20_000

/** Largest log, in bytes; as much again is kept of what came before. */
const LOG_BYTES_MAX = 4_194_304

export interface Patience {
  /** How often a start may fail. */
  readonly triesMax: number
  /** Whether it is no longer wanted. */
  isOver(): boolean
}

/** Returns when a postmaster takes connections: the one that runs, or one that it starts. */
export async function ensureReady(cluster: Cluster, { triesMax, isOver }: Patience): Promise<void> {
  for (let tries = 1; !(await becomesReady(cluster)); tries++) {
    if (isOver()) return
    if (tries >= triesMax) throw notStarted(cluster)
    await pause(Math.min(PAUSE_MS.least * 2 ** (tries - 1), PAUSE_MS.most))
  }
}

/** False when it ends before it is ready, or takes too long. */
async function becomesReady(cluster: Cluster): Promise<boolean> {
  const found = postmasterOf(cluster)
  // Of another version of Proviso, which may have other settings.
  if (found?.isCurrent === false) await stopPostmaster(cluster)
  const isStarted = found?.isCurrent !== true
  let hasEnded = false
  if (isStarted) {
    const end = (): void => {
      hasEnded = true
    }
    forgetEnded(cluster)
    spawnPostmaster(cluster).once('exit', end).once('error', end)
  }
  return await until(START_MS_MAX, () => {
    const postmaster = postmasterOf(cluster)
    if (postmaster?.state === 'ready') return true
    return hasEnded || (!isStarted && postmaster === undefined) ? false : undefined
  })
}

/** Asks for an answer until there is one; false when there is none in time. */
async function until(msMax: number, ask: () => boolean | undefined): Promise<boolean> {
  const last = performance.now() + msMax
  for (;;) {
    const answer = ask()
    if (answer !== undefined) return answer
    if (performance.now() > last) return false
    await pause(LOOK_MS)
  }
}

function notStarted({ directory }: Cluster): StoreFailure {
  const log = join(directory, LOG)
  const last = readFileSync(log, 'utf8').trim().split('\n').at(-1)
  return new StoreFailure(
    'not-started',
    `PostgreSQL does not start in ${directory} (${last}): mend what ${log} says, or name another directory`,
  )
}

/** Ends the postmaster of a cluster: at once, with all that was acknowledged on the disk. */
export async function stopPostmaster(cluster: Cluster): Promise<void> {
  const found = postmasterOf(cluster)
  if (found === undefined) return
  const isGone = (): true | undefined => postmasterOf(cluster)?.pid !== found.pid || undefined
  // Fast shutdown, then immediate: it is as a crash is, and the next start reads what the disk has.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    signalTo(found.pid, signal)
    if (await until(STOP_MS_MAX, isGone)) return
  }
  const message = `PostgreSQL does not stop in ${cluster.directory}: end process ${found.pid} yourself`
  throw new StoreFailure('not-stopped', message)
}

function signalTo(pid: number, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Keeps the log bounded. Who writes it appends, so that it goes on at the beginning. */
export function boundLog({ directory }: Cluster): void {
  const log = join(directory, LOG)
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) <= LOG_BYTES_MAX) return
  copyFileSync(log, `${log}.old`)
  truncateSync(log)
}
