import { parseRecord } from '../decision/record.ts'
import { fail, ok, type Result } from '../result.ts'
import { anchorsBack, entryAt, type FoundAnchor } from './anchors.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { FaultyLog } from './fault.ts'
import { parseNote } from './note.ts'
import type { LogReader, Seen } from './reader.ts'
import type { Opening, Receipt } from './receipt.ts'

// How the receipt of a record is made, from what the logs make known: whoever can read them can make it.

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
    // A checkpoint may wait for witnesses before it is published.
    if (error.fault.code === 'no-checkpoint') return notYet('nothing is published')
    const message = `${error.message}; \`proviso log fsck\` tells more`
    return fail({ code: 'faulty-log', message })
  }
}

function notYet(why: string): Result<never, MakeReceiptError> {
  const message = `${why} yet; try again in some seconds while the server runs`
  return fail({ code: 'not-anchored', message })
}

async function make(
  logs: ReceiptLogs,
  index: number,
  payload: Opening | null,
): Promise<Made<Receipt>> {
  const { decisions, governance, origin } = logs
  await governance.advance()
  const anchor = await lastAnchorOf(governance, origin)
  if (anchor === undefined || index >= anchor.head.size) {
    return notYet(`no anchor covers entry ${index}`)
  }
  const { head, found } = anchor
  await decisions.follow(head)
  const record = await entryAt(decisions, index)
  const read = parseRecord(record)
  if (!read.ok)
    return fail({ code: 'faulty-log', message: `entry ${index}: ${read.error.message}` })
  const checkpoint = governance.seen?.note ?? ''
  return ok({
    record,
    payload,
    proof: { index, path: await decisions.inclusionProof(index), checkpoint: head.note },
    anchor: found.entry,
    anchorProof: {
      index: found.index,
      path: await governance.inclusionProof(found.index),
      checkpoint,
    },
    bundle: read.value.bundle,
  })
}

interface AnchoredHead {
  /** The decision log as the anchor has it. */
  readonly head: Seen
  readonly found: FoundAnchor
}

/** The last anchor of a decision log, which covers the most of it. */
async function lastAnchorOf(
  governance: LogReader,
  origin: string,
): Promise<AnchoredHead | undefined> {
  for await (const found of anchorsBack(governance)) {
    const row = found.anchor.logs.find((log) => log.origin === origin)
    const note = row && parseNote(row.checkpoint)
    const head = note?.ok ? parseCheckpoint(note.value.text) : undefined
    if (!row || !head?.ok) continue
    const { size, root } = head.value
    return { head: { size, root, note: row.checkpoint }, found }
  }
  return undefined
}
