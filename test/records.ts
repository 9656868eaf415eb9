import { join } from 'node:path'
import type { DecisionRecord } from '../src/decision/record.ts'
import { diskFiles } from '../src/log/disk-files.ts'
import { payloadsOf } from '../src/log/payloads.ts'
import { DECISIONS } from './running-server.ts'

// What the journal of a decision log holds, read while no server runs.

export interface KeptRecord {
  readonly record: DecisionRecord
  /** The payload's text. */
  readonly text: string
}

/** The records of a decision log whose payloads are there and fit, by their indices. */
export async function recordsIn(
  log: string,
  folder: string = DECISIONS,
): Promise<Map<number, KeptRecord>> {
  const records = new Map<number, KeptRecord>()
  const range = { from: 0, to: Number.POSITIVE_INFINITY }
  for await (const { index, payload } of payloadsOf(diskFiles(join(log, folder)), range)) {
    if (payload.state !== 'kept') continue
    records.set(index, { record: payload.record, text: payload.opening.text })
  }
  return records
}

/** Which entry an id of a record names. */
export function indexOf(id: string | undefined): number {
  const [, index] = /^main-\d+\/(\d+)$/.exec(id ?? '') ?? []
  return Number(index ?? Number.NaN)
}
