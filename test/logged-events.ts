import { join } from 'node:path'
import { diskFiles } from '../src/log/disk-files.ts'
import { parseEnvelope } from '../src/log/dsse.ts'
import { sidecarsFrom } from '../src/log/journal.ts'
import { parsePublication } from '../src/log/publication.ts'
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

/** Digests of the bundles of which the governance log in a directory of logs says that they are published. */
export async function publishedIn(logs: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for await (const { frame } of sidecarsFrom(diskFiles(join(logs, 'governance')), 0)) {
    const envelope = parseEnvelope(frame.entry)
    const publication = envelope.ok ? parsePublication(envelope.value) : undefined
    if (publication) found.add(publication.bundle)
  }
  return found
}
