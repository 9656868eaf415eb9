import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll } from 'vitest'
import { ROOT } from './example-world.ts'

const PROVISO = join(ROOT, 'bin/proviso')

/** How often a running command's memory is looked at, in milliseconds. */
const MEMORY_INTERVAL_MS = 25

/** What a command did. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Most memory that the process had resident, in bytes, as far as it was looked at. */
  readonly peakBytes: number
}

/** Where commands keep what they have compiled of themselves, so that a hundred of them start sooner. */
const COMPILED = join(tmpdir(), 'proviso-test-compiled')

/** Where servers keep the logs that are of no further use: a server that is killed does not remove its own. */
const LOGS = mkdtempSync(join(tmpdir(), 'proviso-test-logs-'))
afterAll(() => rmSync(LOGS, { recursive: true, force: true }))

/** Starts a command, or a program that starts it, such as `prlimit --fsize=0`. */
export function spawnProviso(
  args: readonly string[],
  under: readonly string[] = [],
): ChildProcessWithoutNullStreams {
  const env = { ...process.env, NO_COLOR: '1', NODE_COMPILE_CACHE: COMPILED, TMPDIR: LOGS }
  const [program = PROVISO, ...rest] = [...under, PROVISO, ...args]
  const child = spawn(program, rest, { env })
  // A command that refuses its arguments leaves before it has read what it is sent.
  child.stdin.on('error', () => undefined)
  return child
}

/** Runs `proviso` as a person would, to its end. */
export function proviso(
  args: readonly string[],
  input: string | Buffer | Iterable<string> = '',
  under: readonly string[] = [],
): Promise<Ran> {
  const child = spawnProviso(args, under)
  let stdout = ''
  let stderr = ''
  let peakBytes = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid))
  }, MEMORY_INTERVAL_MS)
  const isWhole = typeof input === 'string' || Buffer.isBuffer(input)
  Readable.from(isWhole ? [input] : input).pipe(child.stdin)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      resolve({ code, stdout, stderr, peakBytes })
    })
  })
}

/** The most memory that a process has had resident so far (proc(5), VmHWM); 0 when it is gone. */
function peakOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

/** The JSON values of lines. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
