import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

// Directories that may not be written to, for servers that are run as the superuser too.

/** What a server is run under so that the modes of files bind it: the superuser goes by none unless it is told to. */
export const BOUND: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []

/** Lets its owner make and remove files in a directory and those below it, or not. */
export function setWritable(directory: string, isWritable: boolean): void {
  const below = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
  for (const path of [directory, ...below]) chmodSync(path, isWritable ? 0o700 : 0o500)
}
