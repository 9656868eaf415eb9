import { isMainThread, type MessagePort, parentPort, Worker } from 'node:worker_threads'

// The floor of a replay: as many threads parse the same lines with `JSON.parse`, and do nothing else. They get the same
// pieces in the same way.

/** Threads that parse pieces; each answers how many records there were. */
export class ParsingThreads {
  readonly #threads: readonly Worker[]
  #next = 0

  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => new Worker(new URL(import.meta.url)))
    for (const thread of this.#threads) thread.setMaxListeners(0)
  }

  parse(chunk: Uint8Array<ArrayBuffer>): Promise<number> {
    const thread = this.#threads[this.#next] as Worker
    this.#next = (this.#next + 1) % this.#threads.length
    const answer = Promise.withResolvers<number>()
    const { port1, port2 } = new MessageChannel()
    port1.once('message', (count: number) => {
      port1.close()
      answer.resolve(count)
    })
    thread.postMessage({ chunk, port: port2 }, [chunk.buffer, port2])
    return answer.promise
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }
}

interface Task {
  readonly chunk: Uint8Array<ArrayBuffer>
  readonly port: MessagePort
}

if (!isMainThread) {
  parentPort?.on('message', ({ chunk, port }: Task) => {
    const lines = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      .toString()
      .split('\n')
    let count = 0
    for (const line of lines) {
      if (line === '') continue
      const { request } = JSON.parse(line) as { readonly request: { readonly uses: unknown } }
      if (request.uses !== undefined) count++
    }
    port.postMessage(count)
  })
}
