import { randomBytes } from 'node:crypto'
import { assert } from '../assert.ts'
import { type Bytes, bytesOf, textOf } from '../bytes.ts'
import type { Decision } from '../decision/decision.ts'
import {
  type PermitCount,
  permitsOf,
  printCountsPayload,
  printDecisionPayload,
} from '../decision/payload.ts'
import { parseRecord, printRecord, RECORD_BYTES } from '../decision/record.ts'
import type { Request } from '../decision/request.ts'
import type { Digest } from '../digest.ts'
import { parseJson } from '../json.ts'
import type { Instant } from '../time.ts'
import { type LogFiles, replaceFile } from './files.ts'
import { sidecarsFrom } from './journal.ts'
import { PlainPermits } from './plain-permits.ts'
import type { Item, Sequencer } from './sequencer.ts'
import { hmacNow } from './sha256.ts'

// The decision log: what is kept of decisions, and beside it what they were about (semantics §13.2, §13.3).

/** Bytes of the key that a payload is committed to with; it stands before the payload. */
export const COMMITMENT_KEY_BYTES = 32

/** Keys are drawn so many at a time. */
const KEYS_AT_ONCE = 256

/** Most contracts whose pseudonyms are remembered. */
const PSEUDONYMS_MAX = 16_384

/** How far plain permits have been added up, so that a start need not read all payloads. */
const TOTAL = 'permits'

export interface Recorded {
  readonly decision: Decision
  readonly request: Request
}

export interface DecisionLogOptions {
  readonly files: LogFiles
  readonly sequencer: Sequencer
  /** `<name>-<epoch>`, which ids of records begin with. */
  readonly name: string
  readonly epoch: number
  readonly pseudonymKey: Uint8Array
}

export class DecisionLog {
  readonly #options: DecisionLogOptions
  readonly #pseudonyms = new Map<string, Bytes>()
  readonly #permits = new PlainPermits()
  /** What counts add up to from an entry on, in order of entries: those that an anchor may still ask about. */
  #totals: Total[]
  #countedFrom: Instant | undefined
  #keys: Buffer = Buffer.alloc(0)
  /** How many entries of counts are on their way, and not added up. */
  #appending = 0

  static async open(options: DecisionLogOptions): Promise<DecisionLog> {
    return new DecisionLog(options, await totalOf(options))
  }

  private constructor(options: DecisionLogOptions, total: Total) {
    this.#options = options
    this.#totals = [total]
  }

  /** Plain permits that the counts among the first entries add up to. Sizes are asked about in order. */
  permitsAt(size: number): number {
    this.#totals = this.#totals.slice(
      Math.max(
        0,
        this.#totals.findLastIndex((one) => one.size <= size),
      ),
    )
    return this.#totals[0]?.permits ?? 0
  }

  /** Logs decisions; answers the ids of their records once they are on the disk. */
  async record(all: readonly Recorded[]): Promise<readonly string[]> {
    const first = await this.#options.sequencer.append(all.map((one) => this.#itemOf(one)))
    return all.map((_, i) => this.idOf(first + i))
  }

  idOf(index: number): string {
    return `${this.#options.name}-${this.#options.epoch}/${index}`
  }

  #itemOf({ decision, request }: Recorded): Item {
    const { outcome, contract, at, bundle } = decision
    assert(outcome !== 'permit', 'a plain permit is counted, not recorded')
    const pseudonym = contract === null ? null : this.#pseudonymOf(contract)
    const payload = printDecisionPayload(decision, request)
    return this.#committed(payload, { outcome, at, bundle, pseudonym })
  }

  #committed(
    payload: string,
    record: Omit<Parameters<typeof printRecord>[0], 'sequence' | 'commitment'>,
  ): Item {
    const key = this.#newKey()
    const sidecar = Buffer.allocUnsafe(COMMITMENT_KEY_BYTES + Buffer.byteLength(payload))
    sidecar.set(key)
    sidecar.write(payload, COMMITMENT_KEY_BYTES)
    const commitment = hmacNow(key, sidecar.subarray(COMMITMENT_KEY_BYTES))
    return {
      entryBytes: RECORD_BYTES,
      sidecar,
      entry: (sequence): Bytes => printRecord({ ...record, sequence, commitment }),
    }
  }

  #newKey(): Uint8Array {
    if (this.#keys.length === 0) this.#keys = randomBytes(KEYS_AT_ONCE * COMMITMENT_KEY_BYTES)
    const key = this.#keys.subarray(0, COMMITMENT_KEY_BYTES)
    this.#keys = this.#keys.subarray(COMMITMENT_KEY_BYTES)
    return key
  }

  /** What stands for a contract within this log: nobody without the key can tell of which, or link two logs. */
  #pseudonymOf(contract: string): Bytes {
    const known = this.#pseudonyms.get(contract)
    if (known) return known
    const { pseudonymKey, name, epoch } = this.#options
    const key = hmacNow(pseudonymKey, bytesOf(contract))
    const pseudonym = hmacNow(key, bytesOf(`${name}/${epoch}`))
    if (this.#pseudonyms.size === PSEUDONYMS_MAX) this.#pseudonyms.clear()
    this.#pseudonyms.set(contract, pseudonym)
    return pseudonym
  }

  /** Counts a plain permit. Whether it is time to log the counts. */
  count({ customer, deployment, uses }: Request, at: Instant): boolean {
    this.#countedFrom ??= at
    this.#permits.add(customer, deployment, uses)
    return this.#permits.isFull
  }

  /** Logs what plain permits were counted since the last time; nothing when there were none. */
  async logCounts(until: Instant, bundle: Digest): Promise<void> {
    const from = this.#countedFrom ?? until
    this.#countedFrom = undefined
    const parts = this.#permits.take()
    for (const [i, counts] of parts.entries()) {
      try {
        await this.#append(counts, { from, until: Math.max(until, from + 1) }, bundle)
      } catch (error) {
        for (const rest of parts.slice(i)) this.#permits.putBack(rest)
        this.#countedFrom = from
        throw error
      }
    }
    // What is logged by now stays logged, whether or not this can be kept.
    await this.#keepTotal()
  }

  async #append(
    counts: readonly PermitCount[],
    time: { readonly from: Instant; readonly until: Instant },
    bundle: Digest,
  ): Promise<void> {
    const payload = printCountsPayload({ counts, ...time })
    const record = { outcome: 'permit', at: time.until, bundle, pseudonym: null } as const
    this.#appending++
    try {
      const index = await this.#options.sequencer.append([this.#committed(payload, record)])
      const before = this.#totals.at(-1)?.permits ?? 0
      const permits = counts.reduce((sum, { count }) => sum + count, before)
      this.#totals.push({ size: index + 1, permits })
    } finally {
      this.#appending--
    }
  }

  /** Keeps how far permits are added up, one time after the other. */
  #keepTotal(): Promise<void> {
    this.#keeping = this.#keeping.catch(() => undefined).then(() => this.#keepTotalNow())
    return this.#keeping
  }

  #keeping: Promise<void> = Promise.resolve()

  async #keepTotalNow(): Promise<void> {
    const { files, sequencer } = this.#options
    const last = this.#totals.at(-1)
    // INVARIANT: while no counts are on their way, the sum is that of all that is in the journal.
    if (last === undefined || this.#appending > 0 || this.#kept === sequencer.size) return
    const total = { size: sequencer.size, permits: last.permits }
    await replaceFile(files, TOTAL, bytesOf(JSON.stringify(total)))
    this.#kept = total.size
  }

  /** How far they were added up when that was kept last. */
  #kept = 0
}

/** Plain permits that the counts among the first entries add up to. */
interface Total {
  readonly size: number
  readonly permits: number
}

/** All plain permits that a log's counts add up to: those added up before, and what was logged since. */
async function totalOf({ files, sequencer }: DecisionLogOptions): Promise<Total> {
  const { size } = sequencer
  return { size, permits: await permitsIn(files, size) }
}

/** Plain permits that the counts among the first entries of a log add up to, from what was kept and its payloads. */
export async function permitsIn(files: LogFiles, size: number): Promise<number> {
  const json = parseJson(textOf((await files.read(TOTAL)) ?? new Uint8Array()) ?? '')
  const kept = (json.ok ? json.value : {}) as {
    readonly size?: unknown
    readonly permits?: unknown
  }
  const isKept =
    Number.isSafeInteger(kept.size) &&
    Number.isSafeInteger(kept.permits) &&
    (kept.size as number) <= size
  let total = isKept ? (kept.permits as number) : 0
  for await (const { index, frame } of sidecarsFrom(files, isKept ? (kept.size as number) : 0)) {
    if (index >= size) break
    const record = parseRecord(frame.entry)
    if (!record.ok || record.value.outcome !== 'permit' || frame.state !== 'whole') continue
    total += permitsOf(textOf(frame.sidecar.subarray(COMMITMENT_KEY_BYTES)) ?? '')
  }
  return total
}
