import { type Kysely, sql } from 'kysely'
import type { Instant } from '../time.ts'
import type { Schema } from './schema.ts'

/** A file by the digest of its bytes. */
export interface FileName {
  readonly digest: string
  readonly mediaType: string
  /** In bytes. */
  readonly size: number
}

/** Bytes that are read at a time. */
const SLICE_BYTES = 1_048_576

/** Keeps a file and answers true, or false when it is kept already. Its digest has been computed from its bytes. */
export async function keepFile(
  db: Kysely<Schema>,
  { digest, mediaType }: Omit<FileName, 'size'>,
  bytes: Buffer,
  at: Instant,
): Promise<boolean> {
  const kept = await db
    .insertInto('files')
    .values({ digest, media_type: mediaType, size: bytes.length, bytes, at })
    .onConflict((conflicting) => conflicting.column('digest').doNothing())
    .executeTakeFirst()
  return kept.numInsertedOrUpdatedRows === 1n
}

export async function fileNamed(db: Kysely<Schema>, digest: string): Promise<FileName | undefined> {
  return await db
    .selectFrom('files')
    .select(['digest', 'media_type as mediaType', 'size'])
    .where('digest', '=', digest)
    .executeTakeFirst()
}

/** The bytes of a file that is kept, some at a time, so that a large one is never in memory as a whole. */
export async function* bytesOfFile(
  db: Kysely<Schema>,
  { digest, size }: Pick<FileName, 'digest' | 'size'>,
): AsyncGenerator<Buffer> {
  for (let start = 0; start < size; start += SLICE_BYTES) {
    const { rows } = await sql<{ slice: Buffer }>`
      select substring(bytes from ${start + 1} for ${SLICE_BYTES}) as slice
      from files where digest = ${digest}`.execute(db)
    for (const { slice } of rows) yield slice
  }
}
