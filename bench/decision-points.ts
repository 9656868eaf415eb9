import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answered, PointsReport } from './decision-points-report.ts'
import { quantilesOf } from './measure.ts'
import { CLOCK, isPermitted, Officers, type Running, start, stop } from './serving.ts'

// How long it takes from a suspension that is sent to the register until each of many decision points, a process each on
// this machine, decides by it. Each says when that is in its log, which costs it less than to be asked over and over.
// `node bench/decision-points.ts EXAMPLE FOLDER POINTS ROUNDS` prints JSON.

const CONTRACT = 'osint-2026'
const CUSTOMER = 'ministry-of-assessment'

/** How often something is asked that is waited for, and how long a quiet between two rounds is, in milliseconds. */
const ASK_MS = 50
const QUIET_MS = 1_000

/** Longest that anything is waited for, in milliseconds. */
const WAIT_MS_MAX = 60_000

async function untilAnswered({ address }: Running, decision: boolean): Promise<void> {
  for (const until = performance.now() + WAIT_MS_MAX; performance.now() < until; ) {
    if ((await isPermitted(address, CUSTOMER)) === decision) return
    await pause(ASK_MS)
  }
  throw new Error(`${address} does not come to answer ${decision}`)
}

/** When a decision point first decides by another bundle. */
async function untilOther({ address, taken }: Running, before: string): Promise<number> {
  for (const until = performance.now() + WAIT_MS_MAX; performance.now() < until; ) {
    const other = taken[taken.findLastIndex(({ bundle }) => bundle === before) + 1]
    if (other) return other.at
    await pause(ASK_MS)
  }
  throw new Error(`${address} does not come to decide by another bundle`)
}

/** How long a suspension takes to each of some decision points, round after round, in milliseconds. */
async function timedRounds(
  points: readonly Running[],
  officers: Officers,
  rounds: number,
): Promise<Answered> {
  const [acted, effects]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    await Promise.all(points.map((point) => untilAnswered(point, true)))
    await pause(QUIET_MS)
    const before = points[0]?.taken.at(-1)?.bundle ?? ''
    const begun = Date.now()
    await officers.suspend(CONTRACT)
    acted.push(Date.now() - begun)
    for (const point of points) effects.push((await untilOther(point, before)) - begun)
    for (const point of points) await untilAnswered(point, false)
    await officers.reinstate(CONTRACT)
  }
  return {
    acted: quantilesOf(acted, [0.5, 0.99]),
    effects: quantilesOf(effects, [0.5, 0.95, 0.99]),
  }
}

async function report(example: string, folder: string, sizes: Sizes): Promise<PointsReport> {
  const data = join(folder, 'register')
  const register = await start(['--story', example, '--data', data, ...CLOCK])
  const running = [register]
  try {
    const publisher = ['--publisher', join(data, 'publisher.key.pub')]
    const believed = [...publisher, '--trust', join(data, 'log/trust')]
    for (let i = 0; i < sizes.points; i++) {
      const log = ['--log', join(folder, `point-${i}`)]
      running.push(await start(['--control', register.address, ...believed, ...log, ...CLOCK]))
    }
    const points = running.slice(1)
    const officers = new Officers(register.address, join(data, 'people'))
    const one = await timedRounds(points.slice(0, 1), officers, sizes.rounds)
    return { ...sizes, one, all: await timedRounds(points, officers, sizes.rounds) }
  } finally {
    await Promise.all(running.map(stop))
  }
}

interface Sizes {
  readonly points: number
  readonly rounds: number
}

const [, , example = '', parent = '', points = '50', rounds = '10'] = process.argv
const folder = mkdtempSync(join(parent, 'points-'))
try {
  const sizes = { points: Number(points), rounds: Number(rounds) }
  process.stdout.write(JSON.stringify(await report(example, folder, sizes)))
} finally {
  rmSync(folder, { recursive: true })
}
