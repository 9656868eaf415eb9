import type { Fault } from '../log/fault.ts'
import { type CheckedLog, fsck } from '../log/fsck.ts'
import { type Arguments, EXIT } from './command.ts'
import { orUnreadable, readPlace } from './log-place.ts'
import { counted, styled, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

/** `proviso log fsck`: all that there is of logs, and every fault in it. */
export async function fsckAction(args: Arguments): Promise<number> {
  const place = await readPlace(args)
  const { logs, findings } = await orUnreadable(fsck(place))
  const { faults, notes, faultCount, noteCount } = findings
  if (faultCount === 0 && logs.every(({ entries }) => entries === null)) {
    throw new UsageError(`no log at ${place.name} has begun; name where logs are`)
  }
  if (args.json) {
    await writeJson({ logs, faults, notes, faultCount, noteCount })
  } else {
    for (const fault of faults) await writeLine(printFault(fault))
    if (faultCount > faults.length) {
      await writeLine(`and ${counted(faultCount - faults.length, 'fault')} more`)
    }
    for (const note of notes) await writeLine(printNote(note))
    for (const log of logs) await writeLine(printChecked(log))
    await writeLine(faultCount === 0 ? 'no fault' : counted(faultCount, 'fault'))
  }
  return faultCount === 0 ? EXIT.done : EXIT.no
}

function printChecked({ folder, entries, anchors, shredded }: CheckedLog): string {
  if (entries === null) return `${folder}: not checked`
  const parts = [`${entries} ${entries === 1 ? 'entry' : 'entries'}`]
  if (anchors > 0) parts.push(counted(anchors, 'anchor'))
  if (shredded > 0) parts.push(`${counted(shredded, 'payload')} shredded`)
  return `${folder}: ${parts.join(', ')}`
}

export function printFault({ code, where, message }: Fault): string {
  return `${where}: ${styled('red', code)}: ${message}`
}

export function printNote({ where, message }: Fault): string {
  return `${where}: ${styled('dim', 'note')}: ${message}`
}
