import { parseRecord } from '../decision/record.ts'
import { fail, ok, type Result } from '../result.ts'
import { parseAnchor } from './anchor.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { parseEnvelope } from './dsse.ts'
import { FaultyLog } from './fault.ts'
import { parseNote } from './note.ts'
import type { LogReader } from './reader.ts'
import type { Opening, Receipt } from './receipt.ts'

// How the receipt of a record is made, from what the logs make known: whoever can read them can make it.

/** Most entries of the governance log that are looked through for an anchor, from the last one back. */
const ANCHORS_BACK_MAX = 65_536

export interface MakeReceiptError {
  readonly code: 'not-anchored' | 'faulty-log'
  readonly message: string
}

/** The logs that a receipt is made from. */
export interface ReceiptLogs {
  readonly decisions: LogReader
  readonly governance: LogReader
  /** The origin of the decision log. */
  readonly origin: string
}

type Made<T> = Result<T, MakeReceiptError>

/** The receipt of an entry of a decision log, once an anchor holds a checkpoint that covers it. */
export async function makeReceipt(
  logs: ReceiptLogs,
  index: number,
  payload: Opening | null,
): Promise<Made<Receipt>> {
  try {
    return await make(logs, index, payload)
  } catch (error) {
    if (!(error instanceof FaultyLog)) throw error
    const message = `${error.message}; \`proviso log fsck\` tells more`
    return fail({ code: 'faulty-log', message })
  }
}

async function make(
  logs: ReceiptLogs,
  index: number,
  payload: Opening | null,
): Promise<Made<Receipt>> {
  const { decisions, governance, origin } = logs
  await governance.advance()
  const anchor = await lastAnchorOf(governance, origin)
  if (anchor === undefined || index >= anchor.entries) {
    const message = `no anchor covers entry ${index} yet; try again in some seconds while the server runs`
    return fail({ code: 'not-anchored', message })
  }
  await decisions.follow(anchor.head)
  const record = await entryAt(decisions, index)
  const read = parseRecord(record)
  if (!read.ok)
    return fail({ code: 'faulty-log', message: `entry ${index}: ${read.error.message}` })
  const checkpoint = governance.seen?.note ?? ''
  return ok({
    record,
    payload,
    proof: { index, path: await decisions.inclusionProof(index), checkpoint: anchor.head.note },
    anchor: anchor.entry,
    anchorProof: { index: anchor.at, path: await governance.inclusionProof(anchor.at), checkpoint },
    bundle: read.value.bundle,
  })
}

async function entryAt(reader: LogReader, index: number): Promise<Uint8Array<ArrayBuffer>> {
  for await (const { entry } of reader.entries(index, index + 1)) return Uint8Array.from(entry)
  throw new FaultyLog({ code: 'missing-file', where: `entry ${index}`, message: 'it is not there' })
}

interface FoundAnchor {
  /** The decision log as the anchor has it. */
  readonly head: Parameters<LogReader['follow']>[0]
  readonly entries: number
  readonly entry: Uint8Array<ArrayBuffer>
  /** Its index in the governance log. */
  readonly at: number
}

/** The last anchor of a decision log, which covers the most of it. */
async function lastAnchorOf(
  governance: LogReader,
  origin: string,
): Promise<FoundAnchor | undefined> {
  const { size } = governance.tree.head
  for (let at = size - 1; at >= Math.max(0, size - ANCHORS_BACK_MAX); at--) {
    const entry = await entryAt(governance, at)
    const envelope = parseEnvelope(entry)
    const anchor = envelope.ok ? await parseAnchor(envelope.value) : envelope
    const row = anchor.ok ? anchor.value.logs.find((log) => log.origin === origin) : undefined
    const note = row && parseNote(row.checkpoint)
    const head = note?.ok ? parseCheckpoint(note.value.text) : undefined
    if (!row || !head?.ok) continue
    const { size: entries, root } = head.value
    return { head: { size: entries, root, note: row.checkpoint }, entries, entry, at }
  }
  return undefined
}
