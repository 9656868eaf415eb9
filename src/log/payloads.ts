import { equalBytes, textOf } from '../bytes.ts'
import { checkPayload } from '../decision/payload.ts'
import { type DecisionRecord, parseRecord } from '../decision/record.ts'
import { COMMITMENT_KEY_BYTES } from './decision-log.ts'
import type { LogFiles } from './files.ts'
import { sidecarsFrom } from './journal.ts'
import type { FoundFrame } from './journal-batch.ts'
import type { Opening } from './receipt.ts'
import { hmacNow } from './sha256.ts'

// What stands beside the entries of a decision log, for those who may read it.

/** What is kept of an entry's payload. */
export type KeptPayload =
  | { readonly state: 'kept'; readonly opening: Opening; readonly record: DecisionRecord }
  | { readonly state: 'shredded' }
  /** Not as it was written; or not what the record commits to, or says. */
  | { readonly state: 'damaged' | 'wrong'; readonly message: string }

export interface FoundPayload {
  readonly index: number
  /** Undefined when the entry is no record. */
  readonly record: DecisionRecord | undefined
  readonly payload: KeptPayload
}

/** What is kept beside the entries from one index to before another, in order. */
export async function* payloadsOf(
  files: LogFiles,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<FoundPayload> {
  if (from >= to) return
  for await (const { index, frame } of sidecarsFrom(files, from)) {
    if (index >= to) return
    const read = parseRecord(frame.entry)
    const record = read.ok ? read.value : undefined
    const payload = read.ok ? payloadOf(frame, read.value) : wrong(read.error.message)
    yield { index, record, payload }
  }
}

/** Opens what stands beside a record: it has to fit the commitment, and say what the record says. */
export function payloadOf({ sidecar, state }: FoundFrame, record: DecisionRecord): KeptPayload {
  if (state === 'shredded') return { state }
  if (state === 'damaged') return { state, message: 'its payload in the journal is damaged' }
  const key = Uint8Array.from(sidecar.subarray(0, COMMITMENT_KEY_BYTES))
  const bytes = sidecar.subarray(COMMITMENT_KEY_BYTES)
  const isCommitted =
    key.length === COMMITMENT_KEY_BYTES && equalBytes(hmacNow(key, bytes), record.commitment)
  if (!isCommitted) return wrong('its payload is not what it commits to')
  const text = textOf(bytes)
  if (text === undefined) return wrong('its payload is not UTF-8')
  const agrees = checkPayload(text, record)
  return agrees.ok ? { state: 'kept', opening: { key, text }, record } : wrong(agrees.error.message)
}

function wrong(message: string): KeptPayload {
  return { state: 'wrong', message }
}
