import { spawnSync } from 'node:child_process'

// `npm run soak`: the tests on random worlds run long, on a seed that is printed.

const seed = process.env['PROVISO_SEED'] ?? String(Date.now() % 2 ** 31)
const runs = process.env['PROVISO_RUNS'] ?? '10000'

process.stdout.write(`soak: ${runs} worlds, PROVISO_SEED=${seed}\n`)
const { status } = spawnSync('vitest', ['run', '--testTimeout', '7200000'], {
  stdio: 'inherit',
  env: { ...process.env, PROVISO_RUNS: runs, PROVISO_SEED: seed, PROVISO_SOAK: '1' },
})
process.exitCode = status ?? 1
