import { canonicalJson } from '../canonical-json.ts'
import { exactMembers, parseJson } from '../json.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Instant, parseInstant, printInstant } from '../time.ts'
import { type AnchoredLog, anchoredLogOf } from './anchor.ts'
import type { AnchorsBefore } from './anchor-sequence.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { parseNote } from './note.ts'
import type { Seen } from './reader.ts'

// What a monitor remembers from one run to the next: what each log has shown, so that it can't show another history.

const FORMAT = 'proviso/monitor@1'

/** Longest state, in characters. */
const STATE_CHARS_MAX = 1_048_576

export interface FollowedState {
  readonly origin: string
  /** The newest tree that it has shown. */
  readonly seen: Seen
  /** When it was known to be new. */
  readonly since: Instant
  /** How many of its entries were looked at. */
  readonly read: number
}

export interface MonitorState {
  readonly logs: readonly FollowedState[]
  readonly anchors: AnchorsBefore
}

export interface StateError {
  readonly code: 'malformed-state'
  readonly message: string
}

/** Canonical JSON and a newline. */
export function printMonitorState({ logs, anchors }: MonitorState): string {
  const printed = {
    format: FORMAT,
    logs: logs.map(({ origin, seen, since, read }) => {
      return { origin, checkpoint: seen.note, since: printInstant(since), read }
    }),
    anchored: anchors.at === null ? null : printInstant(anchors.at),
    rows: anchors.rows,
  }
  return `${canonicalJson(printed)}\n`
}

export function parseMonitorState(text: string): Result<MonitorState, StateError> {
  const json = text.length > STATE_CHARS_MAX ? undefined : parseJson(text)
  const members = exactMembers(json?.ok ? json.value : null, ['format', 'logs', 'anchored', 'rows'])
  const { anchored, logs, rows } = members ?? {}
  const at = anchored === null ? null : instantOf(anchored)
  if (
    members?.format !== FORMAT ||
    !Array.isArray(logs) ||
    !Array.isArray(rows) ||
    at === undefined
  ) {
    return malformed()
  }
  const followed = (logs as unknown[]).flatMap((log) => followedOf(log) ?? [])
  const known = (rows as unknown[]).flatMap((row): AnchoredLog[] => {
    const parsed = anchoredLogOf(row)
    return parsed ? [parsed] : []
  })
  const isWhole = followed.length === logs.length && known.length === rows.length
  return isWhole ? ok({ logs: followed, anchors: { at, rows: known } }) : malformed()
}

function followedOf(value: unknown): FollowedState | undefined {
  const members = exactMembers(value, ['origin', 'checkpoint', 'since', 'read'])
  const { origin, checkpoint, read } = members ?? {}
  const since = instantOf(members?.since)
  if (typeof origin !== 'string' || typeof checkpoint !== 'string') return undefined
  const note = parseNote(checkpoint)
  const head = note.ok ? parseCheckpoint(note.value.text) : note
  if (!head.ok || head.value.origin !== origin || since === undefined) return undefined
  const { size, root } = head.value
  const isCount = Number.isSafeInteger(read) && (read as number) >= 0 && (read as number) <= size
  if (!isCount) return undefined
  return { origin, seen: { size, root, note: checkpoint }, since, read: read as number }
}

function instantOf(value: unknown): Instant | undefined {
  return typeof value === 'string' ? parseInstant(value) : undefined
}

function malformed(): Result<never, StateError> {
  const message = 'this is no state of a monitor; name the file that one has written, or a new one'
  return fail({ code: 'malformed-state', message })
}
