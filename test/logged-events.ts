import { join } from 'node:path'
import { diskFiles } from '../src/log/disk-files.ts'
import { parseEnvelope } from '../src/log/dsse.ts'
import { sidecarsFrom } from '../src/log/journal.ts'
import { parseRegisterEntry, type RegisterEntry } from '../src/log/register-entry.ts'

/** What the governance log in a directory of logs says of a register's events, by index. */
export async function loggedEvents(logs: string): Promise<ReadonlyMap<number, RegisterEntry>> {
  const found = new Map<number, RegisterEntry>()
  let index = 0
  for await (const { frame } of sidecarsFrom(diskFiles(join(logs, 'governance')), 0)) {
    const envelope = parseEnvelope(frame.entry)
    const entry = envelope.ok ? parseRegisterEntry(envelope.value) : undefined
    if (entry) found.set(index, entry)
    index++
  }
  return found
}
