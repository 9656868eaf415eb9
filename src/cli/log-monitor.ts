import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from '../log/fault.ts'
import { type Look, Monitor } from '../log/monitor.ts'
import { type MonitorState, parseMonitorState, printMonitorState } from '../log/monitor-state.ts'
import { writeSecretFile } from '../log/secret-file.ts'
import { type Arguments, EXIT } from './command.ts'
import { readSmallFile } from './followed-file.ts'
import { printFault, printNote } from './log-fsck.ts'
import { type LogPlace, readPlace } from './log-place.ts'
import { counted, isRead, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

/** How long between looks when nothing else is said, and at most, in seconds. */
const INTERVAL_S = { default: 10, max: 3_600 } as const

/** `proviso log monitor`: follows logs, and tells each problem once. */
export async function monitorAction(args: Arguments): Promise<number> {
  const place = await readPlace(args)
  const stateFile = args.text('state')
  const monitor = monitorOf(place, stateFile === undefined ? null : readState(stateFile))
  const intervalMs = intervalOf(args) * 1_000
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGINT', end).once('SIGTERM', end)
  let problems = 0
  for (;;) {
    const look = await monitor.look(Date.now())
    problems += look.problems.length
    await tell(args, look)
    if (stateFile !== undefined) writeSecretFile(stateFile, printMonitorState(monitor.state))
    if (stop.signal.aborted || !isRead()) break
    if (look.isBehind) continue
    if (args.flag('once')) break
    await wait(intervalMs, undefined, { signal: stop.signal }).catch(() => undefined)
    if (stop.signal.aborted) break
  }
  process.off('SIGINT', end).off('SIGTERM', end)
  await tellEnd(args, monitor.state, problems)
  return problems === 0 ? EXIT.done : EXIT.no
}

function monitorOf(
  { logs, statements, trust, open, name }: LogPlace,
  state: MonitorState | null,
): Monitor {
  const [governance, another] = logs.filter(({ isGovernance }) => isGovernance)
  if (!governance || another) {
    const has = another ? 'more than one governance log' : 'no governance log'
    throw new UsageError(`${has} at ${name} is known; give the key of one with --trust FILE`)
  }
  return new Monitor({
    governance,
    decisions: logs.filter(({ isGovernance }) => !isGovernance),
    statements,
    trust,
    open: (folder) => open(folder).source,
    state,
  })
}

function readState(path: string): MonitorState | null {
  if (!existsSync(path)) return null
  const parsed = parseMonitorState(readSmallFile(path))
  if (parsed.ok) return parsed.value
  throw new UsageError(`${path}: ${parsed.error.message}`)
}

function intervalOf(args: Arguments): number {
  const seconds = args.count('interval') ?? INTERVAL_S.default
  if (seconds >= 1 && seconds <= INTERVAL_S.max) return seconds
  throw new UsageError(`--interval is from 1 to ${INTERVAL_S.max} seconds`)
}

async function tell(args: Arguments, { problems, notes }: Look): Promise<void> {
  const line = (kind: string, fault: Fault): Promise<void> =>
    writeLine(JSON.stringify({ kind, ...fault }))
  for (const problem of problems) {
    await (args.json ? line('problem', problem) : writeLine(printFault(problem)))
  }
  for (const note of notes) await (args.json ? line('note', note) : writeLine(printNote(note)))
}

async function tellEnd(args: Arguments, { logs }: MonitorState, problems: number): Promise<void> {
  const seen = logs.map(({ origin, seen: { size }, read }) => ({ origin, entries: size, read }))
  if (args.json) return await writeLine(JSON.stringify({ kind: 'end', problems, logs: seen }))
  for (const { origin, entries, read } of seen) {
    await writeLine(`${origin}: ${entries} ${entries === 1 ? 'entry' : 'entries'}, ${read} read`)
  }
  await writeLine(problems === 0 ? 'no problem' : counted(problems, 'problem'))
}
