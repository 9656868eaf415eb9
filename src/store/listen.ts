import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { CHANNEL } from './change.ts'
import type { Database } from './database.ts'
import { lastSeq } from './events.ts'

/** How often it is looked whether there are new events, in milliseconds: what is announced may not arrive. */
const LOOK_MS = 1_000

/** Pause before the connection that listens is made again, in milliseconds. */
const RECONNECT_MS = 200

type Source = Pick<Database, 'db' | 'client'>

export interface Listening {
  stop(): Promise<void>
}

/**
 * Tells of the last event's number when there are new events: within milliseconds as a rule, and after a second or so if that
 * fails. It begins with events after `seq`; each number that is told is greater than the one before. What is told must not
 * throw.
 */
export function listen(source: Source, seq: number, onSeq: (seq: number) => void): Listening {
  const stopping = new AbortController()
  let told = seq
  const tell = (last: number): void => {
    if (!Number.isSafeInteger(last) || last <= told || stopping.signal.aborted) return
    told = last
    onSeq(last)
  }
  const both = Promise.all([
    hear(source, stopping.signal, tell),
    look(source, stopping.signal, tell),
  ])
  const stop = async (): Promise<void> => {
    stopping.abort()
    await both
  }
  return { stop }
}

type Tell = (last: number) => void

async function hear(source: Source, signal: AbortSignal, tell: Tell): Promise<void> {
  while (!signal.aborted) {
    // A database that is away now is tried again, and `look` tells meanwhile.
    await heard(source, signal, tell).catch(() => undefined)
    await rest(RECONNECT_MS, signal)
  }
}

/** Listens on one connection until it ends. */
async function heard({ db, client }: Source, signal: AbortSignal, tell: Tell): Promise<void> {
  const connection = new Client({ ...client, keepAlive: true })
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  connection
    .on('error', () => end())
    .on('end', () => end())
    .on('notification', ({ payload }) => tell(Number(payload)))
  const stop = (): void => end()
  signal.addEventListener('abort', stop)
  try {
    await connection.connect()
    await connection.query(`listen ${CHANNEL}`)
    // What came while nobody listened.
    tell(await lastSeq(db))
    await ended
  } finally {
    signal.removeEventListener('abort', stop)
    await connection.end()
  }
}

async function look({ db }: Source, signal: AbortSignal, tell: Tell): Promise<void> {
  while (!signal.aborted) {
    // A database that is away now has its events when it is back.
    await lastSeq(db)
      .then(tell)
      .catch(() => undefined)
    await rest(LOOK_MS, signal)
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return pause(ms, undefined, { signal }).catch(() => undefined)
}
