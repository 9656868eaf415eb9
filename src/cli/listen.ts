import type { FastifyInstance } from 'fastify'
import type { Arguments } from './command.ts'
import { UsageError } from './usage-error.ts'

// What commands that listen have in common.

/** Hosts that only this machine reaches. */
export const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** Longest that open requests are waited for at the end, in milliseconds. */
const END_MS_MAX = 10_000

/** How often connections that have become idle are closed at the end, in milliseconds. */
const IDLE_MS = 50

export interface Place {
  readonly host: string
  readonly port: number
}

/** Where `--host` and `--port` say to listen. */
export function listenAt(args: Arguments, usualPort: number): Place {
  const host = args.text('host') ?? '127.0.0.1'
  const port = args.count('port') ?? usualPort
  if (port > 65_535) throw new UsageError(`--port ${port} is over 65535`)
  return { host, port }
}

/** Listens, and comes back with the address. */
export async function listening(app: FastifyInstance, { host, port }: Place): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new UsageError(`port ${port} of ${host} is taken; say another one with --port`)
  }
}

/** Answers what has been accepted, and closes whatever is still open when that takes too long. */
export async function ended(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), END_MS_MAX)
  const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_MS)
  await app.close()
  clearTimeout(timer)
  clearInterval(idle)
}

export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
}
