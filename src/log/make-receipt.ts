import { textOf } from '../bytes.ts'
import { parseRecord } from '../decision/record.ts'
import { fail, ok, type Result } from '../result.ts'
import { parseAnchor } from './anchor.ts'
import { type OpenCheckpoint, openCheckpoint } from './checkpoint.ts'
import { parseEnvelope } from './dsse.ts'
import type { Verifier } from './key.ts'
import { inclusionProof } from './merkle.ts'
import type { Opening, Receipt } from './receipt.ts'
import { sha256Now } from './sha256.ts'
import { parseEntries, printTile, TILE_WIDTH, type Tile } from './tile.ts'
import { nodesIn } from './tile-nodes.ts'
import type { TlogProof } from './tlog-proof.ts'

// How the receipt of a record is made, from what the logs make known.

/** Most entries of the governance log that are looked through for an anchor, from the last one back. */
const ANCHORS_BACK_MAX = 65_536

/** A file of a log; undefined when there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>

/** A log, and the keys that may have signed it. */
export interface ReadLog {
  readonly origin: string
  readonly keys: readonly Verifier[]
  readonly read: ReadFile
}

export interface MakeReceiptError {
  readonly code: 'not-anchored' | 'unreadable-log'
  readonly message: string
}

type Made<T> = Result<T, MakeReceiptError>

/** The receipt of an entry of a decision log, once an anchor holds a checkpoint that covers it. */
export async function makeReceipt(
  { decisions, governance }: { readonly decisions: ReadLog; readonly governance: ReadLog },
  index: number,
  payload: Opening | null,
): Promise<Made<Receipt>> {
  const head = await openLog(governance)
  if (!head.ok) return head
  const anchor = await lastAnchorOf(governance, decisions.origin, head.value.size)
  if (!anchor.ok) return anchor
  if (anchor.value === null || index >= anchor.value.size)
    return notYet(`no anchor covers entry ${index}`)
  const { checkpoint, size, entry, at } = anchor.value
  const record = await entryAt(decisions.read, index, size)
  const read = record && parseRecord(record)
  if (!read?.ok) return unreadable(`entry ${index} of ${decisions.origin} is no record`)
  return ok({
    record: Uint8Array.from(record as Uint8Array),
    payload,
    proof: await proofOf(decisions.read, { index, size, checkpoint }),
    anchor: Uint8Array.from(entry),
    anchorProof: await proofOf(governance.read, {
      index: at,
      size: head.value.size,
      checkpoint: head.value.note,
    }),
    bundle: read.value.bundle,
  })
}

function unreadable(why: string): Result<never, MakeReceiptError> {
  return fail({ code: 'unreadable-log', message: `${why}; run \`proviso log fsck\`` })
}

/** The published checkpoint of a log. */
export async function openLog({
  origin,
  keys,
  read,
}: ReadLog): Promise<Made<OpenCheckpoint & { readonly note: string }>> {
  const bytes = await read('checkpoint')
  const note = bytes && textOf(bytes)
  if (note === undefined) return notYet(`${origin} has published no checkpoint`)
  const opened = await openCheckpoint(note, origin, keys)
  return opened.ok ? ok({ ...opened.value, note }) : unreadable(opened.error.message)
}

async function proofOf(
  read: ReadFile,
  place: { readonly index: number; readonly size: number; readonly checkpoint: string },
): Promise<TlogProof> {
  const { index, checkpoint } = place
  const path = await inclusionProof(sha256Now, nodesIn(read, place.size), place)
  return { index, path, checkpoint }
}

export interface FoundAnchor {
  /** The decision log's checkpoint in it. */
  readonly checkpoint: string
  readonly size: number
  readonly entry: Uint8Array
  /** Its index in the governance log. */
  readonly at: number
}

/** The last anchor of a decision log among the first entries of the governance log; null when none is found. */
export async function lastAnchorOf(
  governance: Pick<ReadLog, 'origin' | 'read'>,
  decisions: string,
  size: number,
): Promise<Made<FoundAnchor | null>> {
  for (let at = size - 1; at >= Math.max(0, size - ANCHORS_BACK_MAX); at--) {
    const entry = await entryAt(governance.read, at, size)
    if (!entry) return unreadable(`entry ${at} of ${governance.origin} is missing`)
    const envelope = parseEnvelope(entry)
    const anchor = envelope.ok ? await parseAnchor(envelope.value) : envelope
    const row = anchor.ok && anchor.value.logs.find(({ origin }) => origin === decisions)
    if (row) return ok({ checkpoint: row.checkpoint, size: row.entries, entry, at })
  }
  return ok(null)
}

function notYet(why: string): Result<never, MakeReceiptError> {
  const message = `${why} yet; try again in some seconds while the server runs`
  return fail({ code: 'not-anchored', message })
}

/** An entry of a log that has so many, from its bundle; undefined when that is missing or damaged. */
export async function entryAt(
  read: ReadFile,
  index: number,
  size: number,
): Promise<Uint8Array | undefined> {
  const bundle = Math.floor(index / TILE_WIDTH)
  const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH)
  const tile: Tile = { level: 'entries', index: bundle, width }
  const full: Tile = { ...tile, width: TILE_WIDTH }
  const partial = width < TILE_WIDTH ? await read(printTile(tile)) : undefined
  const bytes = partial ?? (await read(printTile(full)))
  const entries = bytes && parseEntries(bytes, partial ? width : TILE_WIDTH)
  return entries?.ok ? entries.value[index % TILE_WIDTH] : undefined
}
