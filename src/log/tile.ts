import { assert } from '../assert.ts'
import { type Bytes, concatBytes, parseWholeNumber } from '../bytes.ts'
import { fail, ok, type Result } from '../result.ts'

// Tiles and entry bundles (https://c2sp.org/tlog-tiles): how a tree is cut into files.

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 256

/** Longest entry, in bytes: a bundle has 16 bits for its length. */
export const ENTRY_BYTES_MAX = 65_535

const LEVEL_MAX = 63

/** One file of a tree: a tile of hashes at a level, or a bundle of entries. */
export interface Tile {
  /** Each level is 256 times as wide as the one below. */
  readonly level: number | 'entries'
  readonly index: number
  /** How many it holds; below 256 at the right edge only. */
  readonly width: number
}

/** `tile/<level>/<index>[.p/<width>]`, the index in groups of three digits. */
export function printTile({ level, index, width }: Tile): string {
  const suffix = width === TILE_WIDTH ? '' : `.p/${width}`
  return `tile/${level}/${printIndex(index)}${suffix}`
}

function printIndex(index: number): string {
  const groups: string[] = []
  let rest = index
  do {
    groups.unshift(String(rest % 1_000).padStart(3, '0'))
    rest = Math.floor(rest / 1_000)
  } while (rest > 0)
  return groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/')
}

const TILE = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** Reads a path as `printTile` writes it, and no other. */
export function parseTile(path: string): Tile | undefined {
  const [, levelText = '', indexText = '', widthText = '256'] = TILE.exec(path) ?? []
  const index = Number(indexText.replaceAll(/[x/]/g, ''))
  const level = levelText === 'entries' ? 'entries' : parseWholeNumber(levelText)
  const width = Number(widthText)
  if (level === undefined || (level !== 'entries' && level > LEVEL_MAX)) return undefined
  if (!Number.isSafeInteger(index) || width > TILE_WIDTH) return undefined
  const tile: Tile = { level, index, width }
  // Refuses a full tile that is called partial, and an index with groups too many.
  return printTile(tile) === path ? tile : undefined
}

/** How many hashes there are at a level of a tree: those over whole subtrees. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/** Every tile and bundle of a tree of one size that one of another size, no larger, does not have. */
export function* tilesBetween(before: number, size: number): Generator<Tile> {
  yield* tilesAt('entries', before, size)
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    yield* tilesAt(level, hashesAt(level, before), hashesAt(level, size))
  }
}

function* tilesAt(level: Tile['level'], before: number, count: number): Generator<Tile> {
  if (count === before) return
  for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < count; index++) {
    yield { level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) }
  }
}

/** Entries as they stand in a bundle: each after its length, 16 bits, big-endian. */
export function printEntries(entries: readonly Uint8Array[]): Bytes {
  return concatBytes(...entries.flatMap((entry) => [lengthOf(entry), entry]))
}

function lengthOf({ length }: Uint8Array): Bytes {
  assert(length <= ENTRY_BYTES_MAX, `an entry of ${length} bytes is too long for a bundle`)
  return Uint8Array.of(length >>> 8, length & 0xff)
}

export interface EntriesError {
  readonly code: 'malformed-entries'
  readonly message: string
}

/** The entries of a bundle of so many: neither fewer nor more, and no byte besides. */
export function parseEntries(
  bytes: Uint8Array,
  width: number,
): Result<readonly Uint8Array[], EntriesError> {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    const end = at + 2 + length
    if (end > bytes.length) return malformed('it ends within an entry')
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  return entries.length === width
    ? ok(entries)
    : malformed(`it holds ${entries.length} entries, not ${width}`)
}

function malformed(why: string): Result<never, EntriesError> {
  return fail({ code: 'malformed-entries', message: `this is no bundle of entries: ${why}` })
}
