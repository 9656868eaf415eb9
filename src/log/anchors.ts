import { type Anchor, parseAnchor } from './anchor.ts'
import { parseEnvelope } from './dsse.ts'
import { FaultyLog } from './fault.ts'
import type { LogReader } from './reader.ts'

/** Most entries of a governance log that are looked through for an anchor: a day has fewer. */
const ANCHORS_BACK_MAX = 65_536

/** An anchor, and where it stands. */
export interface FoundAnchor {
  readonly anchor: Anchor
  readonly entry: Uint8Array<ArrayBuffer>
  readonly index: number
}

/** The anchors of a governance log that has been read, from the last one back. */
export async function* anchorsBack(governance: LogReader): AsyncGenerator<FoundAnchor> {
  const { size } = governance.tree.head
  for (let index = size - 1; index >= Math.max(0, size - ANCHORS_BACK_MAX); index--) {
    const entry = await entryAt(governance, index)
    const envelope = parseEnvelope(entry)
    const anchor = envelope.ok ? await parseAnchor(envelope.value) : envelope
    if (anchor.ok) yield { anchor: anchor.value, entry, index }
  }
}

/** An entry of a log that has been read. Throws `FaultyLog` when it is not what was signed for. */
export async function entryAt(reader: LogReader, index: number): Promise<Uint8Array<ArrayBuffer>> {
  for await (const { entry } of reader.entries(index, index + 1)) return Uint8Array.from(entry)
  throw new FaultyLog({ code: 'missing-file', where: `entry ${index}`, message: 'it is not there' })
}
