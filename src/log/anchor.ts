import { assert } from '../assert.ts'
import { bytesOf, equalBytes, hexOf } from '../bytes.ts'
import { compareIds } from '../ids.ts'
import { exactMembers } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { type Envelope, parseStatement, printStatement } from './dsse.ts'
import { isKeyName } from './key.ts'
import { parseNote } from './note.ts'
import { sha256 } from './web-crypto.ts'

// Anchors: entries of the governance log that hold the checkpoints of the decision logs, so that whoever witnesses the
// one log has witnessed the others.

const PAYLOAD_TYPE = 'application/vnd.proviso.anchor+json;v=1'
const PREDICATE_TYPE = 'urn:proviso:anchor:v1'

/** Most decision logs of one anchor: that many fit into an entry when origins have up to 60 characters. */
const ANCHORED_LOGS_MAX = 64

export interface AnchoredLog {
  readonly origin: string
  /** The signed note, verbatim. */
  readonly checkpoint: string
  /** How many entries it has, as the checkpoint says. */
  readonly entries: number
  /** Plain permits that the log's counts add up to so far. */
  readonly permits: number
}

export interface Anchor {
  readonly at: Instant
  /** One row a log, in order of origin. */
  readonly logs: readonly AnchoredLog[]
}

export interface AnchorError {
  readonly code: 'malformed-anchor'
  readonly message: string
}

/** What is to be signed: an in-toto statement, in canonical JSON. */
export async function printAnchor(anchor: Anchor): Promise<Omit<Envelope, 'signatures'>> {
  const logs = anchor.logs.map(({ origin, checkpoint, entries, permits }) => {
    return { origin, checkpoint, entries, permits }
  })
  logs.sort((a, b) => compareIds(a.origin, b.origin))
  assert(logs.length <= ANCHORED_LOGS_MAX, `${logs.length} logs do not fit into one anchor`)
  const subject = await Promise.all(
    logs.map(async ({ origin, checkpoint }) => {
      return { name: origin, digest: { sha256: hexOf(await sha256(bytesOf(checkpoint))) } }
    }),
  )
  const predicate = { at: printInstant(anchor.at), logs }
  const payload = printStatement({ subject, predicateType: PREDICATE_TYPE, predicate })
  return { payloadType: PAYLOAD_TYPE, payload }
}

/** Reads an anchor as `printAnchor` writes it, and no other. Who signed it is not looked at. */
export async function parseAnchor(
  envelope: Omit<Envelope, 'signatures'>,
): Promise<Result<Anchor, AnchorError>> {
  if (envelope.payloadType !== PAYLOAD_TYPE) return malformed('it is of another payload type')
  const statement = parseStatement(envelope.payload)
  const predicate = exactMembers(statement.ok ? statement.value.predicate : null, ['at', 'logs'])
  const at = typeof predicate?.at === 'string' ? parseInstant(predicate.at) : undefined
  const rows = predicate?.logs
  if (at === undefined || !Array.isArray(rows) || rows.length > ANCHORED_LOGS_MAX) {
    return malformed('it does not say when, and of which logs')
  }
  const logs = rows.flatMap((row: unknown) => anchoredLogOf(row) ?? [])
  if (logs.length < rows.length) return malformed('a row does not fit its checkpoint')
  if (new Set(logs.map(({ origin }) => origin)).size < logs.length) {
    return malformed('it names a log twice')
  }
  const { payload } = await printAnchor({ at, logs })
  return equalBytes(payload, envelope.payload)
    ? ok({ at, logs })
    : malformed('a digest is wrong, or it is not written canonically')
}

function anchoredLogOf(value: unknown): AnchoredLog | undefined {
  const row = exactMembers(value, ['origin', 'checkpoint', 'entries', 'permits'])
  const { origin, checkpoint, permits } = row ?? {}
  if (typeof origin !== 'string' || typeof checkpoint !== 'string') return undefined
  const note = parseNote(checkpoint)
  const head = note.ok ? parseCheckpoint(note.value.text) : note
  const isItsOwn = head.ok && head.value.origin === origin
  const isCount = Number.isSafeInteger(permits) && (permits as number) >= 0
  if (!isItsOwn || !isCount || !isKeyName(origin)) return undefined
  // A row that states another size is not printed as it was read.
  return { origin, checkpoint, entries: head.value.size, permits: permits as number }
}

function malformed(why: string): Result<never, AnchorError> {
  return fail({ code: 'malformed-anchor', message: `this is no anchor: ${why}` })
}

/** The origin of a decision log: `<host>/decisions/<name>/<epoch>`. */
const DECISION_ORIGIN = /^(?<host>.+)\/decisions\/[^/]+\/[^/]+$/

/** Whose decision log an origin names, such as `proviso.example`; undefined when it is of another kind. */
export function hostOfDecisions(origin: string): string | undefined {
  return DECISION_ORIGIN.exec(origin)?.groups?.['host']
}
