import { parseRecord } from '../decision/record.ts'
import type { Instant } from '../time.ts'
import { LogFailure } from './failure.ts'
import { type Fault, FaultyLog } from './fault.ts'
import type { KnownLog } from './known-log.ts'
import type { FollowedState } from './monitor-state.ts'
import { type LoggedEntry, LogReader, type Seen } from './reader.ts'
import type { LogSource } from './source.ts'
import type { Trust } from './trust.ts'

/** Most entries of one log that are looked at before others get their turn. */
const ENTRIES_AT_ONCE = 16_384

export interface FollowedOptions {
  readonly log: KnownLog
  readonly source: LogSource
  readonly trust: Trust | null
  readonly state: FollowedState | undefined
}

/** A log that a monitor follows: how far it has come, and how far its entries were looked at. */
export class FollowedLog {
  readonly log: KnownLog
  readonly reader: LogReader
  /** How many entries were looked at. */
  read: number
  /** When its newest tree was known to be new. */
  since: Instant
  /** False once a server has asked for a key that we don't have. */
  mayRead = true

  constructor({ log, source, trust, state }: FollowedOptions) {
    this.log = log
    this.reader = new LogReader({ source, log, trust, seen: state?.seen })
    this.read = state?.read ?? 0
    this.since = state?.since ?? 0
  }

  get state(): readonly FollowedState[] {
    const { seen } = this.reader
    const { origin } = this.log
    return seen ? [{ origin, seen, since: this.since, read: this.read }] : []
  }

  /** Whether there are entries that could be looked at. */
  get isBehind(): boolean {
    return this.mayRead && this.read < (this.reader.seen?.size ?? 0)
  }

  /** Reads the checkpoint that it shows now. */
  async advance(now: Instant): Promise<void> {
    const before = this.reader.seen?.size
    const { size, signed } = await this.reader.advance()
    if (size === before) return
    // Witnesses say when they have cosigned, which is nearer to when it grew than when we look.
    const cosigned = Math.max(...signed.map(({ timestamp }) => timestamp)) * 1_000
    this.since = cosigned > 0 ? Math.min(cosigned, now) : now
  }

  /** Goes on to a tree that an anchor states; one that is older than what was seen is passed over. */
  async follow(anchored: Seen, now: Instant): Promise<void> {
    if (anchored.size < (this.reader.seen?.size ?? 0)) return
    await this.reader.follow(anchored)
    this.since = now
  }

  /** Looks at entries that it has not looked at, up to a bound. */
  async readEntries(take: (entry: LoggedEntry) => void | Promise<void>): Promise<void> {
    if (!this.isBehind) return
    const to = Math.min(this.reader.seen?.size ?? 0, this.read + ENTRIES_AT_ONCE)
    try {
      for await (const entry of this.reader.entries(this.read, to)) {
        await take(entry)
        this.read = entry.index + 1
      }
    } catch (error) {
      if (!(error instanceof LogFailure) || error.code !== 'no-access') throw error
      this.mayRead = false
    }
  }
}

/** What is wrong with an entry of a decision log, by itself. */
export function recordFaults({ index, entry }: LoggedEntry, where: string): readonly Fault[] {
  const record = parseRecord(entry)
  if (!record.ok) return [{ code: 'malformed-record', where, message: record.error.message }]
  const { sequence } = record.value
  if (sequence === index) return []
  return [{ code: 'wrong-sequence', where, message: `its sequence number is ${sequence}` }]
}

/** What went wrong with a log as a fault; what is a bug of ours is thrown on. */
export function faultOf(error: unknown, { folder }: KnownLog): Fault {
  if (error instanceof FaultyLog) {
    return { ...error.fault, where: `${folder}/${error.fault.where}` }
  }
  const isOfSystem = error instanceof Error && 'syscall' in error
  if (!isOfSystem && !(error instanceof LogFailure)) throw error
  return { code: 'unreachable', where: folder, message: error.message }
}
