import { equalBytes } from '../bytes.ts'
import { quote } from '../suggest.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { ANCHOR_TYPE, type AnchoredLog, parseAnchor } from './anchor.ts'
import { AnchorSequence, headOfRow, SILENCE_MS_MAX } from './anchor-sequence.ts'
import { parseEnvelope } from './dsse.ts'
import type { Fault } from './fault.ts'
import { FollowedLog, faultOf, recordFaults } from './followed-log.ts'
import { statementFaults } from './fsck-entries.ts'
import type { Verifier } from './key.ts'
import { folderOf, type KnownLog } from './known-log.ts'
import type { MonitorState } from './monitor-state.ts'
import type { LoggedEntry } from './reader.ts'
import type { LogSource } from './source.ts'
import type { Trust } from './trust.ts'

// Follows an operator's logs and tells what must not be: a log that takes back what it has shown, or falls silent.

/** How far an anchor's time may lie ahead of our clock, in milliseconds. */
const AHEAD_MS_MAX = 60_000

/** Most rows of anchors that wait to be compared with their logs. */
const ROWS_MAX = 65_536

export interface MonitorOptions {
  readonly governance: KnownLog
  readonly decisions: readonly KnownLog[]
  /** Keys of statements; with none, who signed them is not checked. */
  readonly statements: readonly Verifier[]
  /** Witnesses that the governance log needs; null: none. */
  readonly trust: Trust | null
  readonly open: (folder: string) => LogSource
  readonly state: MonitorState | null
}

/** What one look has found that the look before has not. */
export interface Look {
  readonly problems: readonly Fault[]
  /** What was not checked, and why. */
  readonly notes: readonly Fault[]
  /** There is more to look at right now. */
  readonly isBehind: boolean
}

/** What an anchor states of a decision log. */
interface Row {
  readonly row: AnchoredLog
  readonly where: string
}

export class Monitor {
  readonly #options: MonitorOptions
  readonly #governance: FollowedLog
  readonly #decisions = new Map<string, FollowedLog>()
  readonly #sequence: AnchorSequence
  /** What the look before has found. */
  #standing: ReadonlySet<string> = new Set()
  /** Rows of anchors that are not yet compared with their logs. */
  #rows: readonly Row[]

  constructor(options: MonitorOptions) {
    const { governance, decisions, state } = options
    this.#options = options
    this.#governance = this.#followed(governance)
    for (const log of decisions) this.#decisions.set(log.origin, this.#followed(log))
    this.#sequence = new AnchorSequence(governance.origin, decisions, state?.anchors)
    const where = `${governance.folder}, an anchor seen before`
    this.#rows = this.#sequence.newest.rows.map((row) => ({ row, where }))
  }

  get state(): MonitorState {
    const logs = [this.#governance, ...this.#decisions.values()].flatMap(({ state }) => state)
    return { logs, anchors: this.#sequence.newest }
  }

  #followed(log: KnownLog): FollowedLog {
    const { open, state, trust } = this.#options
    return new FollowedLog({
      log,
      source: open(log.folder),
      // Witnesses see the governance log alone; anchors make them see the others.
      trust: log.isGovernance ? trust : null,
      state: state?.logs.find(({ origin }) => origin === log.origin),
    })
  }

  /** Reads what is new in all logs. What was wrong before and still is, is not told again. */
  async look(now: Instant): Promise<Look> {
    const found: Fault[] = []
    // The governance log comes first: whatever it anchors is there by then.
    const failed = new Set([await this.#lookAtGovernance(now, found)])
    for (const followed of this.#withAnchored()) {
      failed.add(await this.#lookAtDecisions(followed, now, found))
    }
    const all = [this.#governance, ...this.#decisions.values()]
    const isBehind = all.some((followed) => followed.isBehind && !failed.has(followed))
    if (!isBehind) found.push(...this.#timeFaults(now))
    const notes = this.#unchecked()
    const before = this.#standing
    this.#standing = new Set([...found, ...notes].map(keyOf))
    const isNew = (fault: Fault): boolean => !before.has(keyOf(fault))
    return { problems: found.filter(isNew), notes: notes.filter(isNew), isBehind }
  }

  /** Answers with the log when it could not be read to the end. */
  async #lookAtGovernance(now: Instant, found: Fault[]): Promise<FollowedLog | null> {
    const governance = this.#governance
    try {
      await governance.advance(now)
      await governance.readEntries(async (entry) => {
        found.push(...(await this.#takeStatement(entry)))
      })
      return null
    } catch (error) {
      found.push(faultOf(error, governance.log))
      return governance
    }
  }

  async #takeStatement({ index, entry }: LoggedEntry): Promise<readonly Fault[]> {
    const where = `${this.#governance.log.folder} entry ${index}`
    const faults = await statementFaults(entry, where, this.#options.statements)
    const envelope = parseEnvelope(entry)
    if (!envelope.ok || envelope.value.payloadType !== ANCHOR_TYPE) return faults
    const anchor = await parseAnchor(envelope.value)
    if (!anchor.ok) return [...faults, { ...anchor.error, where }]
    const before = new Map(this.#sequence.newest.rows.map((row) => [row.origin, row.checkpoint]))
    const rows = anchor.value.logs
      .filter((row) => before.get(row.origin) !== row.checkpoint)
      .map((row) => ({ row, where }))
    // Rows of a log that does not answer pile up; of those the newest count.
    this.#rows = [...this.#rows, ...rows].slice(-ROWS_MAX)
    return [...faults, ...(await this.#sequence.take(anchor.value, where))]
  }

  /** The decision logs that are known, and those that are anchored. */
  #withAnchored(): readonly FollowedLog[] {
    for (const { origin } of this.#sequence.newest.rows) {
      const folder = folderOf(origin)
      if (this.#decisions.has(origin) || folder === undefined) continue
      const log = { origin, folder, isGovernance: false, keys: [] }
      this.#decisions.set(origin, this.#followed(log))
    }
    return [...this.#decisions.values()]
  }

  /** Answers with the log when it could not be read to the end. */
  async #lookAtDecisions(
    followed: FollowedLog,
    now: Instant,
    found: Fault[],
  ): Promise<FollowedLog | null> {
    const { log } = followed
    const isOwn = ({ row }: Row): boolean => row.origin === log.origin
    try {
      if (log.keys.length > 0) await followed.advance(now)
      else await this.#followAnchored(followed, now)
      for (const row of this.#rows.filter(isOwn)) found.push(...(await rowFaults(followed, row)))
      this.#rows = this.#rows.filter((row) => !isOwn(row))
      await followed.readEntries((entry) => {
        found.push(...recordFaults(entry, `${log.folder} entry ${entry.index}`))
      })
      return null
    } catch (error) {
      found.push(faultOf(error, log))
      return followed
    }
  }

  /** Nobody gave us a key of the log: its newest anchor vouches for it. */
  async #followAnchored(followed: FollowedLog, now: Instant): Promise<void> {
    const { rows } = this.#sequence.newest
    const newest = rows.find(({ origin }) => origin === followed.log.origin)
    if (newest) await followed.follow({ ...headOfRow(newest), note: newest.checkpoint }, now)
  }

  /** A log that runs has an anchor every few seconds, however little there is to do. */
  #timeFaults(now: Instant): readonly Fault[] {
    const { log, mayRead, since, reader } = this.#governance
    const anchored = this.#sequence.newest.at
    if (mayRead && anchored !== null && anchored > now + AHEAD_MS_MAX) {
      const message = `its newest anchor is of ${printInstantShort(anchored)}, which is still to come`
      return [{ code: 'clock-ahead', where: log.folder, message }]
    }
    if (!reader.seen) return []
    const [what, at] = mayRead
      ? ['there is no anchor', anchored ?? since]
      : ['it has not grown', since]
    if (now - at <= SILENCE_MS_MAX) return []
    const message = `${what} since ${printInstantShort(at)}: no log shows what is decided meanwhile`
    return [{ code: 'silence', where: log.folder, message }]
  }

  #unchecked(): readonly Fault[] {
    const { statements } = this.#options
    const note = (where: string, message: string): Fault => ({
      code: 'not-checked',
      where,
      message,
    })
    const all = [this.#governance, ...this.#decisions.values()]
    const notes = all
      .filter(({ mayRead }) => !mayRead)
      .map(({ log }) =>
        note(
          log.folder,
          'its entries were not read: that takes a key of scope auditor (--key-file)',
        ),
      )
    if (statements.length === 0 && this.#governance.mayRead) {
      const message = 'who signed its statements was not checked: no key of statements is known'
      notes.push(note(this.#governance.log.folder, message))
    }
    for (const { log } of this.#decisions.values()) {
      const message =
        'its permits were not counted anew: payloads are not at hand; `proviso log fsck` counts them in the directory'
      notes.push(note(log.folder, message))
      if (log.keys.length > 0) continue
      notes.push(
        note(log.folder, `no key of ${quote(log.origin)} is known; its anchors vouch for it`),
      )
    }
    return notes
  }
}

function keyOf({ code, where, message }: Fault): string {
  return `${code}\n${where}\n${message}`
}

/** Whether a log has the tree that an anchor states of it. */
async function rowFaults(
  { log, reader }: FollowedLog,
  { row, where }: Row,
): Promise<readonly Fault[]> {
  const stated = headOfRow(row)
  const { seen } = reader
  const notes = [row.checkpoint, ...(seen ? [seen.note] : [])]
  const size = seen?.size ?? 0
  if (stated.size > size) {
    const message = `it states ${stated.size} entries of ${quote(log.origin)}, which shows ${size}`
    return [{ code: 'rolled-back', where, message, notes }]
  }
  if (equalBytes(await reader.rootAt(stated.size), stated.root)) return []
  const message = `it states another tree of ${stated.size} entries of ${quote(log.origin)} than the one that is there`
  return [{ code: 'other-tree', where, message, notes }]
}
