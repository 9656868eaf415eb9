import { type Kysely, sql, type Transaction } from 'kysely'
import { DAY_MS, type Instant } from '../time.ts'
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

/** How long a file is kept that no act has named, in milliseconds. */
const UNNAMED_MS_MAX = DAY_MS

/** Most bytes of such files, and how many each counts for at least: a page of the database. */
export const UNNAMED_BYTES_MAX = 1_073_741_824
const COUNTED_BYTES_MIN = 8_192

/** What has become of a file: there was no room, or it is kept, perhaps already. */
export type Keeping = 'full' | 'new' | 'there'

/** Keeps a file until an act names it, for so long at most. Its digest has been computed from its bytes. */
export async function keepFile(
  trx: Transaction<Schema>,
  { digest, mediaType }: Omit<FileName, 'size'>,
  bytes: Buffer,
  at: Instant,
): Promise<Keeping> {
  await letGo(trx, at - UNNAMED_MS_MAX)
  const size = bytes.length
  const kept = await trx
    .insertInto('files')
    .values({ digest, media_type: mediaType, size, bytes, at })
    .onConflict((conflicting) => conflicting.column('digest').doNothing())
    .executeTakeFirst()
  if (kept.numInsertedOrUpdatedRows !== 1n) {
    await trx.updateTable('unnamed_files').set({ at }).where('digest', '=', digest).execute()
    return 'there'
  }
  await trx.insertInto('unnamed_files').values({ digest, size, at }).execute()
  const { rows } = await sql<{ bytes: number }>`
    select sum(greatest(size, ${COUNTED_BYTES_MIN}))::bigint as bytes from unnamed_files`.execute(
    trx,
  )
  return (rows[0]?.bytes ?? 0) > UNNAMED_BYTES_MAX ? 'full' : 'new'
}

/** Lets go of files that no act has named since an instant. Whoever names one at this moment has it kept, or not found. */
async function letGo(trx: Transaction<Schema>, since: Instant): Promise<void> {
  await sql`with gone as (delete from unnamed_files where at < ${since} returning digest)
    delete from files using gone where files.digest = gone.digest`.execute(trx)
}

/** A file that an act names: from now on it is kept for good. */
export async function nameFile(
  trx: Transaction<Schema>,
  digest: string,
): Promise<FileName | undefined> {
  await trx.deleteFrom('unnamed_files').where('digest', '=', digest).execute()
  return await fileNamed(trx, digest)
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
