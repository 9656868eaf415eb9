import type { Writable } from 'node:stream'
import type { FastifyReply } from 'fastify'

// Server-sent events to whoever listens: so many at most, each for so long, and of each no more in memory than it takes.

/** How often a listener hears that nothing has happened, in milliseconds. One who takes nothing between two is ended. */
export const BEAT_MS = 15_000

/** Longest that one stream goes on, in milliseconds: then the listener comes again, and its key is looked at anew. */
const STREAM_MS_MAX = 900_000

const LISTENERS_MAX = 256

/** How soon a listener whose stream has ended shall come again, in milliseconds. */
const RETRY_MS = 1_000

interface Listener {
  readonly to: Writable
  /** By the clock that never goes back, in milliseconds. */
  readonly since: number
  /** Tells what there is, while the stream takes it. */
  readonly goOn: () => void
  /** Whether it had not taken what it was told when the last beat came. */
  isBehind: boolean
}

export class EventStreams {
  readonly #beatMs: number
  readonly #listeners = new Set<Listener>()
  #timer: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(beatMs: number) {
    this.#beatMs = beatMs
  }

  get hasRoom(): boolean {
    return !this.#isClosing && this.#listeners.size < LISTENERS_MAX
  }

  /** Lets somebody listen. `goOn` is called now, whenever all that it wrote is taken, and whenever all are told. */
  open(to: Writable, goOn: () => void): void {
    const listener = { to, since: performance.now(), goOn, isBehind: false }
    this.#listeners.add(listener)
    to.on('close', () => this.#listeners.delete(listener))
    // Whoever goes away in the middle of it is told nothing more.
    to.on('error', () => undefined)
    to.on('drain', () => {
      listener.isBehind = false
      goOn()
    })
    to.write(`retry: ${RETRY_MS}\n\n`)
    this.#timer ??= setInterval(() => this.#beat(), this.#beatMs)
    goOn()
  }

  tellAll(): void {
    for (const { goOn } of this.#listeners) goOn()
  }

  close(): void {
    this.#isClosing = true
    clearInterval(this.#timer)
    for (const { to } of this.#listeners) endStream(to)
  }

  #beat(): void {
    for (const listener of this.#listeners) {
      const { to, since, isBehind } = listener
      if (isBehind) to.destroy()
      else if (performance.now() - since >= STREAM_MS_MAX) endStream(to)
      else if (to.writableNeedDrain) listener.isBehind = true
      else to.write(': \n\n')
    }
  }
}

/** Ends a stream, and with it the connection, whatever the listener does. */
export function endStream(to: Writable): void {
  if (to.writableNeedDrain) to.destroy()
  else to.end(() => to.destroy())
}

/** Makes the answer a stream of events. */
export function streamOf(reply: FastifyReply): Writable {
  reply.hijack()
  const type = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
  // A connection that is kept would keep the server from ending.
  const own = { ...type, connection: 'close' }
  reply.raw.writeHead(200, { ...reply.getHeaders(), ...own } as Record<string, string>)
  return reply.raw
}
