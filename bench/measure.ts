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
  const sorted = values.toSorted((a, b) => a - b)
  const quantile = (q: number): number => sorted[Math.floor(sorted.length * q)] ?? Number.NaN
  return {
    median: quantile(0.5),
    low: quantile(0.05),
    high: quantile(0.95),
    batches: sorted.length,
  }
}
