import { quote } from '../suggest.ts'
import { AnchorSequence, type AnchorsBefore, NO_ANCHORS } from './anchor-sequence.ts'
import { Findings } from './fault.ts'
import type { LogFiles } from './files.ts'
import { entriesOf, type Passed, RecordCheck, StatementCheck } from './fsck-entries.ts'
import { checkNames, type LogUnderCheck } from './fsck-files.ts'
import { type Head, headOf } from './fsck-head.ts'
import { JournalCursor, journalEnd } from './fsck-journal.ts'
import {
  type Anchored,
  anchoredOf,
  differences,
  publishedOf,
  type Stated,
  StatedSizes,
} from './fsck-stated.ts'
import { checkTree } from './fsck-tree.ts'
import type { Verifier } from './key.ts'
import type { KnownLog } from './known-log.ts'
import type { LogSource } from './source.ts'
import type { Trust } from './trust.ts'

// Checks all that there is of logs: signatures, tiles, journals, payloads and anchors. Memory is bounded by a segment of
// the journal. What a live log writes meanwhile is left for the next time: the checkpoint that is read first says how far
// this one goes.

/** Where a log's files are; `files` is null when names cannot be listed, as over HTTP. */
export interface LogAt {
  readonly source: LogSource
  readonly files: LogFiles | null
}

export interface FsckOptions {
  readonly logs: readonly KnownLog[]
  /** Keys of statements; with none, who signed them is not checked. */
  readonly statements: readonly Verifier[]
  /** Witnesses that the governance log needs; null: none. */
  readonly trust: Trust | null
  readonly open: (folder: string) => LogAt
}

/** What was checked of one log. */
export interface CheckedLog {
  readonly origin: string
  readonly folder: string
  /** How many entries; null: it has no checkpoint that can be believed. */
  readonly entries: number | null
  /** Payloads that have been destroyed. */
  readonly shredded: number
  readonly anchors: number
}

export interface FsckReport {
  readonly logs: readonly CheckedLog[]
  readonly findings: Findings
}

export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const findings = new Findings()
  const logs: CheckedLog[] = []
  let anchored: Anchored | null = null
  // An anchor is younger than what it states, so a log that is read after it has all of that.
  const ordered = options.logs.toSorted((a, b) => Number(b.isGovernance) - Number(a.isGovernance))
  for (const log of ordered) {
    const check = { log, findings, ...remembering(options.open(log.folder)) }
    const head = await headOf(check, log.isGovernance ? options.trust : null)
    if (!log.isGovernance) {
      logs.push(await checkDecisions(check, head, anchored))
      continue
    }
    const { checked, newest } = await checkGovernance(check, head, options)
    logs.push(checked)
    anchored = head && { source: check.source, folder: log.folder, size: head.size, newest }
  }
  return { logs, findings }
}

/** Most files whose bytes are kept: each is looked at more than once, and soon. */
const RECENT_MAX = 8

function remembering({ source, files }: LogAt): LogAt {
  const recent = new Map<string, Uint8Array>()
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const bytes = recent.get(path) ?? (await source.read(path))
    // What is not there may be soon: a live log puts a full tile in the place of a partial one.
    if (!bytes || recent.has(path)) return bytes
    const [oldest = ''] = recent.keys()
    if (recent.size === RECENT_MAX) recent.delete(oldest)
    recent.set(path, bytes)
    return bytes
  }
  return { source: { read }, files }
}

async function checkGovernance(
  check: LogUnderCheck,
  head: Head | null,
  { logs, statements }: FsckOptions,
): Promise<{ readonly checked: CheckedLog; readonly newest: AnchorsBefore }> {
  const { log, findings } = check
  const sequence = new AnchorSequence(log.origin, logs)
  const checks = new StatementCheck(check, statements, sequence)
  if (head) {
    await checkLog(check, head, {
      take: (entry) => checks.take(entry),
      stated: publishedOf(log, head),
    })
    if (statements.length === 0) {
      const message = 'who signed its statements was not checked: no key of statements is known'
      findings.note({ code: 'not-checked', where: log.folder, message })
    }
  }
  const unknown = sequence.newest.rows.filter(
    ({ origin }) => !logs.some((known) => known.origin === origin),
  )
  for (const { origin } of unknown) {
    const message = `${quote(origin)} is anchored and was not checked: no key of it is known`
    findings.note({ code: 'not-checked', where: log.folder, message })
  }
  return { checked: checkedOf(check, head, { anchors: checks.anchors }), newest: sequence.newest }
}

async function checkDecisions(
  check: LogUnderCheck,
  head: Head | null,
  anchored: Anchored | null,
): Promise<CheckedLog> {
  const { log, findings } = check
  const { rows } = anchored?.newest ?? NO_ANCHORS
  const stated = rows.find(({ origin }) => origin === log.origin)?.entries ?? 0
  if (!head) {
    if (stated > 0) {
      const message = `it is anchored with ${stated} entries, and has no checkpoint that can be believed`
      findings.fault({ code: 'rolled-back', where: log.folder, message })
    }
    return checkedOf(check, head, {})
  }
  const checks = new RecordCheck(check)
  await checkLog(check, head, {
    take: (entry) => checks.take(entry),
    stated: anchoredOf(anchored, log, head),
    permits: () => checks.permits,
  })
  if (checks.permits === null) {
    const message = 'permits were not all counted anew: a payload that counts some is not at hand'
    findings.note({ code: 'not-checked', where: log.folder, message })
  }
  return checkedOf(check, head, { shredded: checks.shredded })
}

function checkedOf(
  { log: { origin, folder } }: LogUnderCheck,
  head: Head | null,
  counts: Partial<CheckedLog>,
): CheckedLog {
  return { origin, folder, entries: head?.size ?? null, shredded: 0, anchors: 0, ...counts }
}

/** What is asked of the entries of one kind of log. */
interface Rules {
  take(entry: Passed): void | Promise<void>
  readonly stated: AsyncGenerator<Stated>
  /** What permits add up to so far; null: not known. */
  readonly permits?: () => number | null
}

async function checkLog(check: LogUnderCheck, head: Head, rules: Rules): Promise<void> {
  const { files, findings } = check
  const stated = new StatedSizes(rules.stated)
  const journal = files && (await JournalCursor.open(check, files))
  await checkTree(check, head, {
    pass: async (passing) => {
      for await (const entry of entriesOf(check, passing, journal)) await rules.take(entry)
    },
    nextSize: async () => (await stated.peek())?.size ?? Infinity,
    reach: async (reached) => {
      for (let row = await stated.peek(); row?.size === reached.size; row = await stated.peek()) {
        const permits = rules.permits?.() ?? null
        for (const fault of differences(row, { ...reached, permits })) findings.fault(fault)
        stated.next()
      }
    },
  })
  const beyond = await stated.peek()
  if (beyond && beyond.size > head.size) {
    const message = `it states ${beyond.size} entries of ${quote(check.log.origin)}, which has ${head.size}`
    findings.fault({ code: 'rolled-back', where: beyond.where, message })
  }
  if (files) await checkEnds(check, head, files)
}

/** Whether journal and tiles end where they have to: every entry is in the journal first. */
async function checkEnds(check: LogUnderCheck, { size }: Head, files: LogFiles): Promise<void> {
  const { log, findings } = check
  const tiled = await checkNames(check, files)
  const end = await journalEnd(check, files)
  if (end < size) {
    const message = `it ends after ${end} entries, and ${size} are signed for`
    findings.fault({ code: 'missing-journal', where: `${log.folder}/journal`, message })
  } else if (tiled > end) {
    const message = `it has files of ${tiled} entries, and the journal has ${end}`
    findings.fault({ code: 'unexpected-file', where: `${log.folder}/tile`, message })
  }
}
