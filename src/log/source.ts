import type { Bytes } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'
import { HASH_BYTES } from './checkpoint.ts'
import type { Fault } from './fault.ts'
import { parseEntries, printTile, TILE_WIDTH, type Tile } from './tile.ts'

// Where the files of one log are read from: a directory (`LogFiles`), or a server (`httpSource`). What comes from there
// is outside input.

export interface LogSource {
  /** A file's bytes; undefined when there is none of that name. Throws when that is not known. */
  read(path: string): Promise<Uint8Array | undefined>
}

interface Found {
  readonly path: string
  readonly bytes: Uint8Array
  /** How many the file is to hold: more than was asked for when only the full one is there. */
  readonly width: number
}

/** The file of a tile, or the full one that begins with it: a log may remove a partial one then (tlog-tiles). */
async function readFound(source: LogSource, tile: Tile): Promise<Found | undefined> {
  for (const width of new Set([tile.width, TILE_WIDTH])) {
    const path = printTile({ ...tile, width })
    const bytes = await source.read(path)
    if (bytes) return { path, bytes, width }
  }
  return undefined
}

function missing(tile: Tile): Result<never, Fault> {
  return fail({ code: 'missing-file', where: printTile(tile), message: 'it is not there' })
}

/** The hashes of a tile. Nothing says yet that they are right. */
export async function readHashes(
  source: LogSource,
  tile: Tile,
): Promise<Result<readonly Bytes[], Fault>> {
  const found = await readFound(source, tile)
  if (!found) return missing(tile)
  const { path: where, bytes, width } = found
  if (bytes.length === width * HASH_BYTES) return ok(hashesIn(bytes).slice(0, tile.width))
  const message = `it has ${bytes.length} bytes, not ${width * HASH_BYTES}`
  return fail({ code: 'wrong-file', where, message })
}

/** The hashes in the bytes of a tile. */
function hashesIn(bytes: Uint8Array): readonly Bytes[] {
  return Array.from({ length: Math.floor(bytes.length / HASH_BYTES) }, (_, i) =>
    Uint8Array.from(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  )
}

/** The entries of a bundle. Nothing says yet that they are right. */
export async function readBundle(
  source: LogSource,
  tile: Tile,
): Promise<Result<readonly Uint8Array[], Fault>> {
  const found = await readFound(source, tile)
  if (!found) return missing(tile)
  const entries = parseEntries(found.bytes, found.width)
  if (entries.ok) return ok(entries.value.slice(0, tile.width))
  return fail({ code: 'wrong-file', where: found.path, message: entries.error.message })
}
