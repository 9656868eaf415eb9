import { hash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../assert.ts'
import { readBundle } from '../decision/bundle-file.ts'
import type { Instant } from '../time.ts'
import { RecordTexts } from './record-text.ts'
import { judgeChunk } from './replay-judge.ts'
import type { Tally } from './replay-tally.ts'

// Judges pieces of a file of records, one after another, each as it comes.

/** What a worker is started with. */
export interface ReplayData {
  /** The text of a bundle file, which the threads share. */
  readonly bundle: Uint8Array<SharedArrayBuffer>
  readonly asOf: Instant | null
}

/** What a worker answers on each piece, whose memory it gives back. */
export interface Replied {
  readonly tally: Tally
  readonly chunk: Uint8Array<ArrayBuffer>
}

const { bundle: bytes, asOf } = workerData as ReplayData
const read = readBundle(Buffer.from(bytes).toString(), (text) => hash('sha256', text, 'hex'))
assert(read.ok, 'a bundle that was printed here can be read')
const judge = { bundle: read.value, asOf, texts: new RecordTexts() }

parentPort?.on('message', (chunk: Uint8Array<ArrayBuffer>) => {
  const replied: Replied = { tally: judgeChunk(judge, chunk), chunk }
  parentPort?.postMessage(replied, [chunk.buffer])
})
