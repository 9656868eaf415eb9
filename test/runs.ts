/** How many random cases a property is tried on: a few hundred in CI, ten thousand in `npm run soak`. */
export const RUNS = Number(process.env['PROVISO_RUNS'] ?? 300)
