import { pino } from 'pino'
import type { Log } from '../server/served.ts'
import { EXIT } from './command.ts'

/** Most bytes of log lines that wait for a reader of standard error; further lines are lost until it reads. */
const LOG_BYTES_MAX = 1_048_576

/** Log lines as JSON on standard error; what nobody reads is lost, and neither fills memory nor holds anything up. */
export function logToStandardError(): Log {
  const { stderr } = process
  const write = (line: string): void => {
    if (stderr.writableLength < LOG_BYTES_MAX) stderr.write(line)
  }
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}

/** Longest that log lines are waited for when all else has ended, in milliseconds. */
const FLUSH_MS_MAX = 1_000

/** Ends the process though its last log lines have no reader. */
export function endUnread(): void {
  setTimeout(() => process.exit(EXIT.done), FLUSH_MS_MAX).unref()
}
