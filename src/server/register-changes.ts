import type { Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseWholeNumber } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Database } from '../store/database.ts'
import { type Change, changesAfter } from '../store/events.ts'
import { type Listening, listen } from '../store/listen.ts'
import { printInstant } from '../time.ts'
import type { Refused } from './register.ts'
import { refuseAct } from './register-problem.ts'

// What changes, told to whoever listens, as server-sent events. A listener who falls behind or goes away goes on later
// from the number that it heard last.

/** How often a listener hears that nothing has happened, in milliseconds. One who takes nothing between two is ended. */
export const BEAT_MS = 15_000

/** Longest that one stream goes on, in milliseconds: then the listener comes again, and its key is looked at anew. */
const STREAM_MS_MAX = 900_000

const LISTENERS_MAX = 256

/** Changes that are read, and so kept for a listener, at a time. */
const PAGE = 256

/** How soon a listener whose stream has ended shall come again, in milliseconds. */
const RETRY_MS = 1_000

interface Listener {
  readonly to: Writable
  /** By the clock that never goes back, in milliseconds. */
  readonly since: number
  /** Of the last change that was told. */
  seq: number
  isTelling: boolean
  /** Whether it had not taken what it was told when the last beat came. */
  isBehind: boolean
}

/** All who listen to one process. */
export class Changes {
  readonly #database: Database
  readonly #beatMs: number
  readonly #listeners = new Set<Listener>()
  #listening: Listening | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosing = false
  /** Number of the last change of all. */
  #last = 0
  /** What was read last: most listeners are at the same change. */
  #page: { after: number; last: number; changes: Promise<readonly Change[]> } | undefined

  constructor(database: Database, beatMs: number) {
    this.#database = database
    this.#beatMs = beatMs
  }

  get hasRoom(): boolean {
    return !this.#isClosing && this.#listeners.size < LISTENERS_MAX
  }

  /** Tells all changes after one, until the listener or this process ends it. */
  tell(to: Writable, after: number): void {
    const since = performance.now()
    const listener = { to, since, seq: after, isTelling: false, isBehind: false }
    this.#listeners.add(listener)
    to.on('close', () => this.#listeners.delete(listener))
    // Whoever goes away in the middle of it is told nothing more.
    to.on('error', () => undefined)
    to.on('drain', () => {
      listener.isBehind = false
      void this.#goOn(listener)
    })
    to.write(`retry: ${RETRY_MS}\n\n`)
    this.#begin()
    void this.#goOn(listener)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#timer)
    for (const { to } of this.#listeners) end(to)
    await this.#listening?.stop()
  }

  #begin(): void {
    this.#timer ??= setInterval(() => this.#beat(), this.#beatMs)
    this.#listening ??= listen(this.#database, this.#last, (seq) => {
      this.#last = seq
      for (const listener of this.#listeners) void this.#goOn(listener)
    })
  }

  #beat(): void {
    for (const listener of this.#listeners) {
      const { to, since, isBehind } = listener
      if (isBehind) to.destroy()
      else if (performance.now() - since >= STREAM_MS_MAX) end(to)
      else if (to.writableNeedDrain) listener.isBehind = true
      else to.write(': \n\n')
    }
  }

  /** Tells a listener what it has not heard, as far as it takes it. */
  async #goOn(listener: Listener): Promise<void> {
    const { to } = listener
    if (listener.isTelling) return
    listener.isTelling = true
    try {
      while (listener.seq < this.#last && to.writable && !to.writableNeedDrain) {
        const changes = await this.#after(listener.seq)
        listener.seq = changes.at(-1)?.seq ?? this.#last
        if (to.writable) to.write(changes.map(printChange).join(''))
      }
    } catch {
      // The database is away: the listener comes again, when it may be back.
      end(to)
    }
    listener.isTelling = false
  }

  #after(after: number): Promise<readonly Change[]> {
    const last = this.#last
    if (this.#page?.after !== after || this.#page.last !== last) {
      this.#page = { after, last, changes: changesAfter(this.#database.db, after, PAGE) }
    }
    return this.#page.changes
  }
}

/** Ends a stream, and with it the connection, whatever the listener does. */
function end(to: Writable): void {
  if (to.writableNeedDrain) to.destroy()
  else to.end(() => to.destroy())
}

function printChange({ at, ...change }: Change): string {
  const data = JSON.stringify({ ...change, at: printInstant(at) })
  return `id: ${change.seq}\ndata: ${data}\n\n`
}

/** Answers with a stream of changes. */
export function hearChanges(
  request: FastifyRequest,
  reply: FastifyReply,
  changes: Changes,
): FastifyReply {
  const after = afterIn(request)
  if (!after.ok) return refuseAct(reply, after.error)
  if (!changes.hasRoom) {
    reply.header('retry-after', 1)
    return refuseAct(reply, { code: 'busy', message: 'as many as may listen; try again soon' })
  }
  reply.hijack()
  const type = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
  // A connection that is kept would keep the server from ending.
  const own = { ...type, connection: 'close' }
  reply.raw.writeHead(200, { ...reply.getHeaders(), ...own } as Record<string, string>)
  changes.tell(reply.raw, after.value)
  return reply
}

/** The change after which to begin: where the stream before ended, otherwise what is asked for, otherwise the first. */
function afterIn({ headers, query }: FastifyRequest): Result<number, Refused> {
  const { after = '0' } = query as Readonly<Record<string, unknown>>
  const asked = headers['last-event-id'] ?? after
  const seq = typeof asked === 'string' ? parseWholeNumber(asked) : undefined
  if (seq !== undefined) return ok(seq)
  const message = '`after` and Last-Event-ID are the number of a change, such as 17'
  return fail({ code: 'malformed-query', message })
}
