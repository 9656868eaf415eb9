import { readFileSync } from 'node:fs'

/** How long one call takes, over many batches, in nanoseconds: of the means of the batches. */
export interface Spread {
  readonly median: number
  /** 5th and 95th percentile. */
  readonly low: number
  readonly high: number
  readonly batches: number
}

export interface Trial<T> {
  readonly batches: number
  /** Makes a batch's inputs anew, which is not timed. */
  readonly prepare: (batch: number) => readonly T[]
  /** Puts every input to the engine and counts the answers that allow, so that none can be left out. */
  readonly run: (inputs: readonly T[]) => number
}

/** A fifth of the batches more come first and are not counted: they warm caches and compilers up. */
export function measure<T>({ batches, prepare, run }: Trial<T>): Spread {
  const warmUp = Math.ceil(batches / 5)
  const means: number[] = []
  let allowed = 0
  let asked = 0
  for (let batch = -warmUp; batch < batches; batch++) {
    const inputs = prepare(batch + warmUp)
    const start = performance.now()
    allowed += run(inputs)
    const spent = performance.now() - start
    asked += inputs.length
    if (batch >= 0) means.push((spent * 1e6) / inputs.length)
  }
  if (allowed === 0 || allowed > asked) throw new Error('an engine allows nothing, or miscounts')
  return spreadOf(means)
}

export function spreadOf(values: readonly number[]): Spread {
  const [median = Number.NaN, low = Number.NaN, high = Number.NaN] = quantilesOf(
    values,
    [0.5, 0.05, 0.95],
  )
  return { median, low, high, batches: values.length }
}

/** The values below which such parts of all lie. */
export function quantilesOf(values: readonly number[], parts: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  return parts.map((part) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN)
}

/** How long something took by the wall's clock and by the processor's. */
export interface Lap {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Of several times: the spread by the wall's clock, and the median of the processor's time. */
export interface Cost {
  readonly seconds: Spread
  readonly cpuSeconds: number
}

/** Does something once; the processor's time is as the given clock counts it. */
export function timed(run: () => void, cpuSecondsNow: () => number): Lap {
  const [begun, cpuBegun] = [performance.now(), cpuSecondsNow()]
  run()
  const seconds = (performance.now() - begun) / 1_000
  return { seconds, cpuSeconds: cpuSecondsNow() - cpuBegun }
}

export function costOf(laps: readonly Lap[]): Cost {
  const seconds = spreadOf(laps.map((lap) => lap.seconds))
  return { seconds, cpuSeconds: spreadOf(laps.map((lap) => lap.cpuSeconds)).median }
}

/** Processor time of this process. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Processor time of the processes that this one has started and seen the end of; Linux counts hundredths of a second. */
export function childrenCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  // The name of the program, in brackets, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

/** How long something takes, half of the times and 99 of 100 times at most, in milliseconds. */
export interface Waits {
  readonly p50: number
  readonly p99: number
}

export function waitsOf(ms: readonly number[]): Waits {
  const [p50 = Number.NaN, p99 = Number.NaN] = quantilesOf(ms, [0.5, 0.99])
  return { p50, p99 }
}

/** Rounds of fixed work, of about a tenth of a millisecond each. */
const ROUNDS = 2_000

/**
 * How many times longer the same work mostly takes than at best: 1 on a core that nobody shares. On a rented one it is
 * more, and medians are that much worse than the code's own.
 */
export function slowdown(): number {
  let kept = 0
  const round = (): number => {
    const start = performance.now()
    kept += fixedWork()
    return performance.now() - start
  }
  for (let i = 0; i < ROUNDS; i++) round()
  const sorted = Array.from({ length: ROUNDS }, round).sort((a, b) => a - b)
  const [best = 1, usual = Number.NaN] = [sorted[ROUNDS / 100], sorted[ROUNDS / 2]]
  return Number.isNaN(kept) ? kept : usual / best
}

/** Many sums side by side, since it is in such work that two threads of a core hinder each other. */
function fixedWork(): number {
  let a = 1
  let b = 2
  let c = 3
  let d = 4
  let e = 5
  let f = 6
  for (let i = 0; i < 100_000; i++) {
    a = (a + i) | 0
    b = (b ^ i) | 0
    c = (c + (i << 1)) | 0
    d = (d ^ (i + 3)) | 0
    e = (e + a) | 0
    f = (f ^ b) | 0
  }
  return a + b + c + d + e + f
}
