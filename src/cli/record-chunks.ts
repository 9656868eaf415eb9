import { open } from 'node:fs/promises'

/** Longest line of a file of records, in bytes: longer than any that `proviso log export` prints. */
export const RECORD_BYTES_MAX = 4_194_304

/** How much of a file is judged at a time, in bytes, unless its lines are longer. */
const CHUNK_BYTES = 1_048_576

/** Longest that a chunk can get: a line that is too long, and what is read after that. */
const CHUNK_BYTES_MAX = RECORD_BYTES_MAX + CHUNK_BYTES

const NEWLINE = 0x0a

type Bytes = Uint8Array<ArrayBuffer>

/** Puts what comes next into some room, and answers how many bytes that was; none at the end. */
type Fill = (room: Bytes) => Promise<number>

/** The bytes of a file, or of standard input for `-`. */
export async function* readRecords(path: string, spare: () => Bytes | undefined): Chunks {
  if (path === '-') return yield* chunksOf(fillFromInput(), spare)
  const file = await open(path)
  try {
    const fill: Fill = async (room) => (await file.read(room, 0, room.length)).bytesRead
    yield* chunksOf(fill, spare)
  } finally {
    await file.close()
  }
}

/** Whole lines, each time in memory of its own, which whoever is done with it may hand back as `spare`. */
type Chunks = AsyncGenerator<Bytes, void>

/**
 * A line that is too long comes cut off, and still too long, so that no line's length can grow memory.
 */
async function* chunksOf(fill: Fill, spare: () => Bytes | undefined): Chunks {
  let room = roomFor(0, spare)
  let length = 0
  for (;;) {
    const count = await fill(room.subarray(length))
    length += count
    if (count === 0) break
    if (length < room.length) continue
    const end = room.lastIndexOf(NEWLINE) + 1
    const full = room
    if (end > 0) {
      // Copied before it is handed out: whoever takes it may take its memory away.
      room = roomFor(length - end, spare)
      room.set(full.subarray(end))
      length -= end
      yield full.subarray(0, end)
    } else if (length < CHUNK_BYTES_MAX) {
      room = new Uint8Array(CHUNK_BYTES_MAX)
      room.set(full)
    } else length = RECORD_BYTES_MAX + 1
  }
  if (length > 0) yield room.subarray(0, length)
}

/** Room for a rest of a line and more. */
function roomFor(rest: number, spare: () => Bytes | undefined): Bytes {
  if (rest >= CHUNK_BYTES) return new Uint8Array(CHUNK_BYTES_MAX)
  const known = spare()
  return known?.length === CHUNK_BYTES ? known : new Uint8Array(CHUNK_BYTES)
}

function fillFromInput(): Fill {
  const input = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer, void>
  let piece: Buffer = Buffer.alloc(0)
  return async (room) => {
    if (piece.length === 0) piece = (await input.next()).value ?? piece
    const count = Math.min(piece.length, room.length)
    room.set(piece.subarray(0, count))
    piece = piece.subarray(count)
    return count
  }
}
