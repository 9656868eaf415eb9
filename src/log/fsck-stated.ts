import { equalBytes } from '../bytes.ts'
import { ANCHOR_TYPE, parseAnchor } from './anchor.ts'
import { type AnchorsBefore, headOfRow } from './anchor-sequence.ts'
import type { TreeHead } from './checkpoint.ts'
import { parseEnvelope } from './dsse.ts'
import { LogFailure } from './failure.ts'
import type { Fault } from './fault.ts'
import type { Head } from './fsck-head.ts'
import type { KnownLog } from './known-log.ts'
import { PUBLISHED } from './shown-head.ts'
import { type LogSource, readBundle } from './source.ts'
import { TILE_WIDTH } from './tile.ts'

// Trees that somebody has stated: what a log has published, and what anchors hold.

export interface Stated extends TreeHead {
  readonly where: string
  /** What it says that permits add up to; null: it does not say. */
  readonly permits: number | null
}

/** Statements in order of size, one at a time. */
export class StatedSizes {
  readonly #rows: AsyncGenerator<Stated>
  #row: Stated | undefined
  #isRead = false

  constructor(rows: AsyncGenerator<Stated>) {
    this.#rows = rows
  }

  async peek(): Promise<Stated | undefined> {
    if (!this.#isRead) {
      const { value } = (await this.#rows.next()) as { readonly value: Stated | undefined }
      this.#row = value
      this.#isRead = true
    }
    return this.#row
  }

  next(): void {
    this.#isRead = false
  }
}

/** What a statement says otherwise than what was found at its size. */
export function differences(stated: Stated, found: Omit<Stated, 'where'>): readonly Fault[] {
  const { where, size, permits } = stated
  const faults: Fault[] = []
  if (!equalBytes(stated.root, found.root)) {
    const message = `it states another tree of ${size} entries than the one that is there`
    faults.push({ code: 'other-tree', where, message })
  }
  if (permits !== null && found.permits !== null && permits !== found.permits) {
    const message = `it counts ${permits} permits in ${size} entries, and they add up to ${found.permits}`
    faults.push({ code: 'permits-differ', where, message })
  }
  return faults
}

// biome-ignore lint/suspicious/useAwait: what reads anchors has the same form.
export async function* publishedOf(
  { folder }: KnownLog,
  { published }: Head,
): AsyncGenerator<Stated> {
  if (published) yield { ...published, where: `${folder}/${PUBLISHED}`, permits: null }
}

/** A governance log that has been checked. */
export interface Anchored {
  readonly source: LogSource
  readonly folder: string
  readonly size: number
  readonly newest: AnchorsBefore
}

/** What a decision log has published and what anchors state of it, in order of size. */
export async function* anchoredOf(
  anchored: Anchored | null,
  log: KnownLog,
  head: Head,
): AsyncGenerator<Stated> {
  const published = publishedOf(log, head)
  let waiting = (await published.next()).value as Stated | undefined
  for await (const row of anchored ? rowsOf(anchored, log) : []) {
    if (waiting && waiting.size <= row.size) {
      yield waiting
      waiting = undefined
    }
    yield row
  }
  if (waiting) yield waiting
}

/** Each statement of anchors that is new. One that falls back has been told of, and is passed over. */
async function* rowsOf(anchored: Anchored, { origin }: KnownLog): AsyncGenerator<Stated> {
  let last: Stated | undefined
  for await (const { where, entry } of entriesIn(anchored)) {
    const envelope = parseEnvelope(entry)
    if (!envelope.ok || envelope.value.payloadType !== ANCHOR_TYPE) continue
    const anchor = await parseAnchor(envelope.value)
    const row = anchor.ok ? anchor.value.logs.find((one) => one.origin === origin) : undefined
    if (!row) continue
    const stated = { ...headOfRow(row), where, permits: row.permits }
    if (last && (stated.size < last.size || isSame(stated, last))) continue
    yield stated
    last = stated
  }
}

function isSame(a: Stated, b: Stated): boolean {
  return a.size === b.size && a.permits === b.permits && equalBytes(a.root, b.root)
}

interface EntryAt {
  readonly where: string
  readonly entry: Uint8Array
}

async function* entriesIn({ source, folder, size }: Anchored): AsyncGenerator<EntryAt> {
  try {
    for (let index = 0; index * TILE_WIDTH < size; index++) {
      const first = index * TILE_WIDTH
      const width = Math.min(TILE_WIDTH, size - first)
      // One that is wrong has been told of.
      const read = await readBundle(source, { level: 'entries', index, width })
      for (const [i, entry] of (read.ok ? read.value : []).entries()) {
        yield { where: `${folder} entry ${first + i}`, entry }
      }
    }
  } catch (error) {
    if (!(error instanceof LogFailure) || error.code !== 'no-access') throw error
  }
}
