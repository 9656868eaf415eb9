import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'

/** A server in a process of its own. */
export interface Server {
  readonly port: number
  readonly pid: number
  readonly stop: () => Promise<void>
}

export interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Written to its standard input. */
  readonly input?: string
  readonly port: number
  /** Asked until it answers. */
  readonly probe: string
}

/** Longest that a server may take to start, in milliseconds. */
const START_MS_MAX = 30_000

/** Of what a server says of itself, how many characters are kept for the case that it does not start. */
const SAID_CHARS_MAX = 10_000

/** Starts a server on the first core; whoever asks it runs on the others. */
export async function startServer(start: Start): Promise<Server> {
  const [command = '', ...args] = [...onCores('0'), start.command, ...start.args]
  const child = spawn(command, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, ...start.environment },
  })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.stdin.end(start.input ?? '')
  let said = ''
  child.stderr.on('data', (data: Buffer) => {
    if (said.length < SAID_CHARS_MAX) said += data.toString()
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await gone
  }
  try {
    await answering(child, `http://127.0.0.1:${start.port}${start.probe}`)
  } catch (error) {
    await stop()
    throw new Error(`${start.command} did not start: ${said}`, { cause: error })
  }
  return { port: start.port, pid: child.pid ?? 0, stop }
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  const begun = performance.now()
  while (child.exitCode === null && performance.now() - begun < START_MS_MAX) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.bytes()
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing answers at ${url}`)
}

/** The beginning of a command line that keeps a process on some cores; nothing where there is one core. */
export function onCores(cores: string): readonly string[] {
  return availableParallelism() > 1 ? ['taskset', '-c', cores] : []
}

/** Processor time that a process has used, in milliseconds; Linux counts it in hundredths of a second. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program, in brackets, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}

/** Memory of a process that is not on the disk, in MiB. */
export function rssMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) / 1_024
}

/** A port that nothing listens on, below those that the system gives to clients. */
export async function freePort(from: number): Promise<number> {
  for (let port = from; ; port++) {
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
