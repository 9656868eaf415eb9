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
  | { readonly state: 'damaged' }

/** What is kept beside the entries from one index to before another, in order. */
export async function* payloadsOf(
  files: LogFiles,
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<{ readonly index: number; readonly payload: KeptPayload }> {
  if (from >= to) return
  for await (const { index, frame } of sidecarsFrom(files, from)) {
    if (index >= to) return
    yield { index, payload: payloadOf(frame) }
  }
}

/** Opens what stands beside an entry: it has to fit the entry's commitment, and say what the record says. */
function payloadOf({ entry, sidecar, state }: FoundFrame): KeptPayload {
  if (state !== 'whole') return { state }
  const record = parseRecord(entry)
  const key = Uint8Array.from(sidecar.subarray(0, COMMITMENT_KEY_BYTES))
  const bytes = sidecar.subarray(COMMITMENT_KEY_BYTES)
  const text = textOf(bytes)
  const isIts =
    record.ok &&
    text !== undefined &&
    equalBytes(hmacNow(key, bytes), record.value.commitment) &&
    checkPayload(text, record.value).ok
  return isIts
    ? { state: 'kept', opening: { key, text }, record: record.value }
    : { state: 'damaged' }
}
