import { type Bytes, bytesOf, equalBytes, hexOf } from '../bytes.ts'
import { canonicalJson } from '../canonical-json.ts'
import { digestOf, isDigest } from '../digest.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import { type Envelope, parseStatement, printStatement } from './dsse.ts'
import { hmacNow } from './sha256.ts'

// Entries of the governance log that say what has happened in the register (semantics §13.1, §13.3).

const PAYLOAD_TYPE = 'application/vnd.proviso.register-event+json;v=1'
const PREDICATE_TYPE = 'urn:proviso:register-event:v1'

/** Length of the key under which an event is committed to, in bytes: chance, kept beside the event. */
export const EVENT_KEY_BYTES = 32

/** What the log says of an event: its place and kind, and what commits to all else, names and texts included. */
export interface RegisterEntry {
  /** The event's place in the register, from 1, without gaps. */
  readonly seq: number
  /** Such as `contract-suspended`. */
  readonly type: string
  readonly at: Instant
  /** HMAC-SHA-256 of the event's canonical JSON, 64 hexadecimal digits. */
  readonly commitment: string
}

/** What commits to an event under its key. */
export function commitmentTo(event: unknown, key: Uint8Array): string {
  return hexOf(hmacNow(key, bytesOf(canonicalJson(event))))
}

export function printRegisterEntry(entry: RegisterEntry): Omit<Envelope, 'signatures'> {
  const { seq, type, at, commitment } = entry
  const subject = [{ name: 'event', digest: { sha256: commitment } }]
  const predicate = { at: printInstant(at), seq, type }
  return {
    payloadType: PAYLOAD_TYPE,
    payload: printStatement({ subject, predicateType: PREDICATE_TYPE, predicate }),
  }
}

/** What a statement says, when it is an entry of this kind as it is printed; undefined of any other. */
export function parseRegisterEntry(envelope: Envelope): RegisterEntry | undefined {
  if (envelope.payloadType !== PAYLOAD_TYPE) return undefined
  const statement = parseStatement(envelope.payload)
  if (!statement.ok || statement.value.predicateType !== PREDICATE_TYPE) return undefined
  const { at: atText, seq, type } = statement.value.predicate
  const at = typeof atText === 'string' ? parseInstant(atText) : undefined
  const commitment = statement.value.subject[0]?.digest.sha256 ?? ''
  if (at === undefined || typeof type !== 'string' || !isDigest(digestOf(commitment)))
    return undefined
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq)) return undefined
  const entry = { seq, type, at, commitment }
  const printed: Bytes = printRegisterEntry(entry).payload
  return equalBytes(printed, envelope.payload) ? entry : undefined
}
