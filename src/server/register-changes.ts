import type { Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseWholeNumber } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Database } from '../store/database.ts'
import { type Change, changesAfter } from '../store/events.ts'
import { type Listening, listen } from '../store/listen.ts'
import { printInstant } from '../time.ts'
import { EventStreams, endStream, streamOf } from './event-streams.ts'
import type { Refused } from './register.ts'
import { refuseAct } from './register-problem.ts'

// What changes, told to whoever listens, as server-sent events. A listener who falls behind or goes away goes on later
// from the number that it heard last.

/** Changes that are read, and so kept for a listener, at a time. */
const PAGE = 256

interface Listener {
  readonly to: Writable
  /** Of the last change that was told. */
  seq: number
  isTelling: boolean
}

/** All who listen to one process. */
export class Changes {
  readonly #database: Database
  readonly #streams: EventStreams
  #listening: Listening | undefined
  /** Number of the last change of all. */
  #last = 0
  /** What was read last: most listeners are at the same change. */
  #page: { after: number; last: number; changes: Promise<readonly Change[]> } | undefined

  constructor(database: Database, beatMs: number) {
    this.#database = database
    this.#streams = new EventStreams(beatMs)
  }

  get hasRoom(): boolean {
    return this.#streams.hasRoom
  }

  /** Tells all changes after one, until the listener or this process ends it. */
  tell(to: Writable, after: number): void {
    const listener = { to, seq: after, isTelling: false }
    this.#listening ??= listen(this.#database, this.#last, (seq) => {
      this.#last = seq
      this.#streams.tellAll()
    })
    this.#streams.open(to, () => void this.#goOn(listener))
  }

  async close(): Promise<void> {
    this.#streams.close()
    await this.#listening?.stop()
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
      endStream(to)
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
  if (!changes.hasRoom) return refuseListener(reply)
  changes.tell(streamOf(reply), after.value)
  return reply
}

export function refuseListener(reply: FastifyReply): FastifyReply {
  reply.header('retry-after', 1)
  return refuseAct(reply, { code: 'busy', message: 'as many as may listen; try again soon' })
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
