import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Owner } from './owner.ts'
import { environmentOf, type Programs } from './programs.ts'

// One postmaster, PostgreSQL's first process, on a data directory: found, or started.

/** Where an embedded PostgreSQL lives, what runs it, and who as. */
export interface Cluster {
  /** Holds the data directory and the log. Its one true path. */
  readonly directory: string
  readonly programs: Programs
  readonly owner: Owner | null
}

export const DATA = 'data'
export const LOG = 'postgres.log'

/** Only names the socket, which is in the data directory. */
export const PORT = 5432

/** In them PostgreSQL says which process is the postmaster. */
const PID_FILE = join(DATA, 'postmaster.pid')
const SOCKET_LOCK = join(DATA, `.s.PGSQL.${PORT}.lock`)

/**
 * How a program finds the data directory that it is given as its fourth file. By its path its user may not reach it: below
 * root's home nobody else does.
 */
export const DATA_AS_OPENED = '/proc/self/fd/3'

/**
 * Nothing is acknowledged before it is on the disk, and nobody but this machine's root and PostgreSQL's user is let in. After
 * a crash `syncfs` brings all files to the disk at once: one by one takes seconds, beside others who use the disk.
 */
const SETTINGS = {
  listen_addresses: '',
  port: String(PORT),
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  max_connections: '50',
  shared_buffers: '64MB',
  maintenance_work_mem: '32MB',
  max_wal_size: '256MB',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  recovery_init_sync_method: 'syncfs',
  deadlock_timeout: '200ms',
  jit: 'off',
  log_checkpoints: 'off',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_timezone: 'UTC',
  timezone: 'UTC',
} as const

/** The command that starts the postmaster. The directory's name in it is how the process is known again. */
function commandOf({ directory, programs }: Cluster): readonly string[] {
  const settings = { ...SETTINGS, 'proviso.directory': directory }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return [join(programs.bin, 'postgres'), '-D', DATA_AS_OPENED, ...options]
}

export interface Postmaster {
  readonly pid: number
  readonly state: 'starting' | 'ready' | 'stopping'
  /** Whether it was started by the command that would start it now. */
  readonly isCurrent: boolean
}

/** The postmaster that runs on a cluster's directory, whoever has started it. */
export function postmasterOf(cluster: Cluster): Postmaster | undefined {
  const lines = textOf(join(cluster.directory, PID_FILE))?.split('\n') ?? []
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined
  const command = textOf(`/proc/${pid}/cmdline`)?.split('\0') ?? []
  // Another process may have got its number since.
  if (!command.includes(`proviso.directory=${cluster.directory}`)) return undefined
  const isCurrent = commandOf(cluster).every((word, index) => word === command[index])
  return { pid, state: stateOf(lines[7]), isCurrent }
}

/**
 * Removes what names a postmaster that is over, when PostgreSQL would take it for one that runs: process 1 may be slow to
 * take note of an end, or another program may have got the number since. What a killed postmaster has left running is
 * noticed all the same, by the memory that it shares.
 */
export function forgetEnded({ directory }: Cluster): void {
  for (const name of [PID_FILE, SOCKET_LOCK]) {
    const file = join(directory, name)
    const pid = Number.parseInt(textOf(file) ?? '', 10)
    const [, program, state] = /^\d+ \((.*)\) (\S)/s.exec(textOf(`/proc/${pid}/stat`) ?? '') ?? []
    if (program !== undefined && (program !== 'postgres' || state === 'Z')) rmSync(file)
  }
}

/** What the eighth line of postmaster.pid says. */
function stateOf(line: string | undefined): Postmaster['state'] {
  const word = line?.trim()
  return word === 'ready' || word === 'stopping' ? word : 'starting'
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * Starts a postmaster that outlives this process: what it has acknowledged it keeps, and the next process takes it over. In a
 * session of its own, so that a terminal's Ctrl-C does not end it under those who use it.
 */
export function spawnPostmaster(cluster: Cluster): ChildProcess {
  const [program = '', ...args] = commandOf(cluster)
  const data = openSync(join(cluster.directory, DATA), 'r')
  const log = openSync(join(cluster.directory, LOG), 'a', 0o600)
  try {
    const child = spawn(program, args, {
      ...cluster.owner,
      cwd: '/',
      env: environmentOf(cluster.programs),
      stdio: ['ignore', log, log, data],
      detached: true,
    })
    child.unref()
    return child
  } finally {
    closeSync(data)
    closeSync(log)
  }
}
