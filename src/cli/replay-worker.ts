import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../assert.ts'
import { readBundle } from '../decision/bundle-file.ts'
import type { Instant } from '../time.ts'
import { sha256 } from './load.ts'
import { RecordTexts } from './record-text.ts'
import { judgeChunk } from './replay-judge.ts'

// Judges pieces of a file of records, one after another, each as it comes.

/** What a worker is started with. */
export interface ReplayData {
  /** The text of a bundle file, which the threads share. */
  readonly bundle: Uint8Array<SharedArrayBuffer>
  readonly asOf: Instant | null
}

const { bundle: bytes, asOf } = workerData as ReplayData
const read = readBundle(Buffer.from(bytes).toString(), sha256)
assert(read.ok, 'a bundle that was printed here can be read')
const judge = { bundle: read.value, asOf, texts: new RecordTexts() }

parentPort?.on('message', (chunk: Uint8Array<ArrayBuffer>) => {
  parentPort?.postMessage(judgeChunk(judge, chunk))
})
