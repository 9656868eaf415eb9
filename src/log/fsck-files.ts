import { at } from '../assert.ts'
import type { Bytes } from '../bytes.ts'
import { HASH_BYTES } from './checkpoint.ts'
import { leafOf } from './edge.ts'
import type { Findings } from './fault.ts'
import { type LogFiles, TOP } from './files.ts'
import type { KnownLog } from './known-log.ts'
import type { LogSource } from './source.ts'
import { parseEntries, parseTile, printTile, TILE_WIDTH, type Tile } from './tile.ts'

// The files below `tile/` of a log that is checked, and what they have to hold.

export interface LogUnderCheck {
  readonly log: KnownLog
  readonly source: LogSource
  /** Null over HTTP, where only what has to be there can be looked at. */
  readonly files: LogFiles | null
  readonly findings: Findings
}

/** Why a tile's file does not hold what it has to; undefined when it does. Of a wider one, the beginning counts. */
export function misfitOfHashes(
  bytes: Uint8Array,
  width: number,
  expected: Uint8Array,
): string | undefined {
  if (bytes.length !== width * HASH_BYTES) {
    return `it has ${bytes.length} bytes, not ${width * HASH_BYTES}`
  }
  const length = Math.min(bytes.length, expected.length)
  return Buffer.compare(bytes.subarray(0, length), expected.subarray(0, length)) === 0
    ? undefined
    : 'it does not hold the hashes that follow from the entries'
}

/** Why a bundle does not hold the entries that have these hashes; undefined when it does. */
export function misfitOfBundle(
  bytes: Uint8Array,
  width: number,
  leaves: readonly Bytes[],
): string | undefined {
  const entries = parseEntries(bytes, width)
  if (!entries.ok) return entries.error.message
  const wrong = entries.value
    .slice(0, leaves.length)
    .findIndex((entry, i) => Buffer.compare(leafOf(entry), at(leaves, i)) !== 0)
  return wrong < 0 ? undefined : `its entry ${wrong} is not the one that the tree has`
}

/** Checks the file of a tile, and every older, partial one of it that is there. */
export async function checkFiles(
  { source, files, log, findings }: LogUnderCheck,
  tile: Tile,
  misfit: (bytes: Uint8Array, width: number) => string | undefined,
): Promise<void> {
  const full = { ...tile, width: TILE_WIDTH }
  const older = files ? ((await listed(files, `${printTile(full)}.p`)) ?? []).map(Number) : []
  let isThere = false
  for (const width of new Set([...older, tile.width, TILE_WIDTH])) {
    const path = printTile({ ...tile, width })
    // What is no such name is found when all names are looked at.
    if (parseTile(path) === undefined) continue
    if (files === null && isThere) break
    const bytes = await source.read(path)
    if (!bytes) continue
    isThere ||= width === tile.width || width === TILE_WIDTH
    const message = misfit(bytes, width)
    if (message) findings.fault({ code: 'wrong-file', where: `${log.folder}/${path}`, message })
  }
  if (isThere) return
  const where = `${log.folder}/${printTile(tile)}`
  findings.fault({ code: 'missing-file', where, message: 'it is not there' })
}

/** Names in a directory; undefined when it is a file. */
async function listed(files: LogFiles, path: string): Promise<readonly string[] | undefined> {
  try {
    return await files.list(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw error
  }
}

const DIRECTORY = /^tile(?:\/(?:entries|\d+)(?:\/x\d{3})*(?:\/\d{3}\.p)?)?$/

/** Looks at every name below `tile/`. Answers how many entries the files speak of that are there. */
export async function checkNames(check: LogUnderCheck, files: LogFiles): Promise<number> {
  let entries = 0
  const visit = async (path: string): Promise<void> => {
    const names = DIRECTORY.test(path) ? await listed(files, path) : undefined
    if (names === undefined) entries = Math.max(entries, entriesOfFile(check, path))
    else for (const name of names) await visit(`${path}/${name}`)
  }
  if ((await files.list(TOP)).includes('tile')) await visit('tile')
  return entries
}

/** How many entries a file of the tree speaks of; 0 of one that is none. */
function entriesOfFile({ log, findings }: LogUnderCheck, path: string): number {
  const tile = parseTile(path)
  if (tile) {
    const { level, index, width } = tile
    return (index * TILE_WIDTH + width) * (level === 'entries' ? 1 : TILE_WIDTH ** level)
  }
  const where = `${log.folder}/${path}`
  if (path.endsWith('.part') && parseTile(path.slice(0, -'.part'.length))) {
    const message = 'it is left over from a write that was cut off; it may be removed'
    findings.note({ code: 'left-over', where, message })
  } else {
    const message = 'no log has a file of this name; remove it'
    findings.fault({ code: 'unexpected-file', where, message })
  }
  return 0
}
