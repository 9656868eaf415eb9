import fc from 'fast-check'

/** How many random cases a property is tried on: a few hundred in CI, ten thousand in `npm run soak`. */
export const RUNS = Number(process.env['PROVISO_RUNS'] ?? 200)

const seed = process.env['PROVISO_SEED']

fc.configureGlobal({
  // Without one each run draws its own, which fast-check prints when a property fails.
  ...(seed === undefined ? {} : { seed: Number(seed) }),
  // Whole worlds are drawn in one piece, which shrinking cannot take apart in any useful time.
  endOnFailure: true,
})
