import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import { printBundle } from '../src/decision/bundle-file.ts'
import { printInstantShort } from '../src/time.ts'
import { bundleOf, sha256 } from './bundle-of.ts'
import { EXAMPLE } from './example-world.ts'
import { jsonLines, spawnProviso } from './proviso.ts'

// `proviso serve --log` as a process of its own, on a directory of logs that outlives it.

/** Files of the tests in one file. */
export const TEMP = mkdtempSync(join(tmpdir(), 'proviso-evidence-'))
afterAll(() => rmSync(TEMP, { recursive: true, force: true }))

/** The example as a bundle, which a server begins with sooner than with a directory. */
export const BUNDLE = join(TEMP, 'example.bundle')
writeFileSync(BUNDLE, [...printBundle(bundleOf(EXAMPLE), sha256)].join(''))

/** The folder of the first decision log. */
export const DECISIONS = 'decisions-main-1'

/** Longest wait for something to become so, in milliseconds. */
const WAIT_MS_MAX = 60_000

/** How often it is looked at, in milliseconds. */
const LOOK_MS = 20

type Child = ReturnType<typeof spawnProviso>
const running = new Set<Child>()
const kept = new Set<Child>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})
afterAll(() => {
  for (const child of kept) child.kill('SIGKILL')
})

interface Ended {
  readonly code: number | null
  readonly stderr: string
}

export interface RunningServer {
  readonly address: string
  readonly pid: number
  /** Log lines so far. */
  log(): readonly Record<string, unknown>[]
  readonly exit: Promise<Ended>
  /** Asks it to end, and waits until it has. */
  end(): Promise<Ended>
  /** Kills it as a power cut would, and waits until it is gone. */
  kill(): Promise<Ended>
}

/** What a test says about a server beyond its directory of logs. */
export interface Running {
  readonly args?: readonly string[]
  /** A program that it is run under. */
  readonly under?: readonly string[]
  /** What is served, in place of the unsigned example. */
  readonly served?: readonly string[]
  /** Whether it goes on beyond the test that is under way, to the end of the file. */
  readonly isKept?: boolean
}

/** When the first server's clock begins, while the example's contracts are in force. */
const BEGIN = Date.parse('2026-03-02T09:00:00Z')

/** How much later the clock of each further one begins, in milliseconds: no log is written by a clock that went back. */
const BETWEEN_MS = 600_000

let started = 0

export function nextClock(): readonly string[] {
  return ['--clock', printInstantShort(BEGIN + BETWEEN_MS * started++)]
}

/** Arguments of an unsigned server of the example that records in a directory. */
export function unsignedArgs(log: string): readonly string[] {
  return ['serve', BUNDLE, '--unsigned', ...nextClock(), '--log', log]
}

/** Starts a server on a free port, and comes back when it listens. */
export async function startServer(log: string, more: Running = {}): Promise<RunningServer> {
  const { args = [], under = [], served, isKept = false } = more
  const first = served ? ['serve', ...served, '--log', log] : unsignedArgs(log)
  const child = spawnProviso([...first, '--json', '--port', '0', ...args], under)
  if (isKept) kept.add(child)
  else running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }))
  let stdout = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    stdout += String(text)
    if (stdout.includes('\n')) break
  }
  if (stdout === '') throw new Error(`the server did not start: ${(await exit).stderr}`)
  const { address } = JSON.parse(stdout) as { readonly address: string }
  const stop = (signal: 'SIGTERM' | 'SIGKILL') => async (): Promise<Ended> => {
    child.kill(signal)
    return await exit
  }
  const whole = (): string => stderr.slice(0, stderr.lastIndexOf('\n') + 1)
  return {
    address,
    pid: child.pid ?? 0,
    log: () => jsonLines(whole().replaceAll(/^[^{].*\n/gm, '')),
    exit,
    end: stop('SIGTERM'),
    kill: stop('SIGKILL'),
  }
}

/** Waits until something is so, or fails. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it never became so')
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** What `/readyz` says. */
export interface Readiness {
  readonly status: string
  readonly bundle: string
  readonly serial: number
  readonly current: boolean
  readonly stale: boolean
  readonly control?: string
  readonly exceptions: string
  readonly logs: {
    readonly decisions: string
    readonly size: number
    readonly published: number
    readonly governance: number
  }
}

export async function ready({ address }: RunningServer): Promise<Readiness> {
  return (await (await fetch(`${address}/readyz`)).json()) as Readiness
}

/** Waits until all that was acknowledged is in tiles, and a published checkpoint covers it. */
export async function untilPublished(server: RunningServer): Promise<void> {
  await until(async () => {
    const { logs } = await ready(server)
    return logs.published === logs.size
  })
}

/** Limits how long files may be that a running server writes to (setrlimit(2)); what goes beyond fails with EFBIG. */
export function limitFiles({ pid }: Pick<RunningServer, 'pid'>, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:`])
}

/** All files below a directory, by their names. A server that runs may take one away meanwhile. */
export function filesIn(directory: string): Map<string, Buffer> {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.endsWith('.part') && existsSync(path))
  return new Map(found.map((path) => [path.slice(directory.length + 1), readFileSync(path)]))
}
