import { defineConfig } from 'vitest/config'

// The tests that must fail when a line of the definition, the engine or standing is broken.
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  test: {
    include: ['src/decision/*decide*.test.ts', 'src/contract/standing.test.ts'],
    testTimeout: 120_000,
    bail: 1,
  },
})
