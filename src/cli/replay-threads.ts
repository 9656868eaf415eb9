import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Bundle } from '../decision/bundle.ts'
import { BUNDLE_CHARS_MAX, printBundle } from '../decision/bundle-file.ts'
import type { Instant } from '../time.ts'
import { sha256 } from './load.ts'
import type { Tally } from './replay-tally.ts'
import type { ReplayData, Replied } from './replay-worker.ts'
import { UsageError } from './usage-error.ts'

/** Most threads that judge. */
const THREADS_MAX = 64

/** Pieces that a thread has been given and not answered yet, so that it never waits for the next one. */
const PIECES_PER_THREAD = 3

type Bytes = Uint8Array<ArrayBuffer>

/** Threads that judge pieces of a file again, each started when there is a piece for it. */
export class ReplayThreads {
  readonly #count = Math.min(availableParallelism(), THREADS_MAX)
  readonly #data: ReplayData
  readonly #threads: Thread[] = []
  readonly #spare: Bytes[] = []
  #next = 0

  constructor(bundle: Bundle, asOf: Instant | null) {
    this.#data = { bundle: sharedBytesOf(bundle), asOf }
  }

  /** Most pieces that are to be judged at a time. */
  get underWayMax(): number {
    return this.#count * PIECES_PER_THREAD
  }

  /** Takes the memory of the piece too. */
  async judge(chunk: Bytes): Promise<Tally> {
    const index = this.#next
    this.#next = index + 1 === this.#count ? 0 : index + 1
    this.#threads[index] ??= new Thread(this.#data)
    const replied = await this.#threads[index].judge(chunk)
    this.#spare.push(new Uint8Array(replied.chunk.buffer))
    return replied.tally
  }

  /** Memory of a piece that has been judged. */
  takeSpare(): Bytes | undefined {
    return this.#spare.pop()
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }
}

class Thread {
  readonly #worker: Worker
  /** One for each piece that has not been answered; answers come in order. */
  readonly #waiting: PromiseWithResolvers<Replied>[] = []

  constructor(workerData: ReplayData) {
    // The sources run as they are in a checkout, and as JavaScript where the package is installed.
    const { url } = import.meta
    const file = `./replay-worker${url.slice(url.lastIndexOf('.'))}`
    this.#worker = new Worker(new URL(file, url), { workerData })
    this.#worker.on('message', (replied: Replied) => this.#waiting.shift()?.resolve(replied))
    this.#worker.on('error', (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
  }

  judge(chunk: Bytes): Promise<Replied> {
    const answer = Promise.withResolvers<Replied>()
    this.#waiting.push(answer)
    this.#worker.postMessage(chunk, [chunk.buffer])
    return answer.promise
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}

function sharedBytesOf(bundle: Bundle): Uint8Array<SharedArrayBuffer> {
  const lines = [...printBundle(bundle, sha256)].map((line) => Buffer.from(line))
  const length = lines.reduce((sum, line) => sum + line.length, 0)
  if (length > BUNDLE_CHARS_MAX) {
    throw new UsageError(`a bundle has at most ${BUNDLE_CHARS_MAX} bytes; split it`)
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(length))
  let offset = 0
  for (const line of lines) {
    bytes.set(line, offset)
    offset += line.length
  }
  return bytes
}
