import type { Generated, GeneratedAlways } from 'kysely'
import type { Instant } from '../time.ts'

// What `migrations/` makes, as the types of rows.

interface EventsTable {
  /** From 1 on, without a gap, in the order in which events were committed. */
  readonly seq: number
  readonly stream: string
  readonly id: string
  readonly version: number
  /** Canonical JSON of an `Act`. */
  readonly act: string
  /** Canonical JSON. */
  readonly event: string
  readonly at: GeneratedAlways<Instant>
  readonly by: GeneratedAlways<string>
  readonly role: GeneratedAlways<string>
  readonly type: GeneratedAlways<string>
  /** Where the event is in the governance log; null before it is there. */
  readonly log_index: number | null
}

interface AggregatesTable {
  readonly stream: string
  readonly id: string
  readonly version: number
  /** Canonical JSON. */
  readonly state: string
}

interface NoncesTable {
  readonly nonce: string
  readonly given_at: Instant
  readonly served_at: Instant | null
}

interface AnswersTable {
  readonly by: string
  readonly key: string
  readonly digest: string
  readonly status: number
  readonly response: string
  readonly at: Instant
}

interface EventKeysTable {
  readonly seq: number
  readonly key: Buffer
}

interface ListingsTable {
  readonly stream: string
  readonly id: string
  readonly customer: string
  readonly words: string
}

interface ListingStatesTable {
  readonly stream: string
  readonly id: string
  readonly state: string
  readonly since: Instant
  readonly until: Instant
}

interface FilesTable {
  readonly digest: string
  readonly media_type: string
  /** In bytes. */
  readonly size: number
  readonly bytes: Buffer
  readonly at: Instant
}

interface UnnamedFilesTable {
  readonly digest: string
  readonly size: number
  readonly at: Instant
}

export interface Schema {
  readonly schema_version: { readonly version: number; readonly applied_at: Generated<Date> }
  readonly event_count: { readonly is_only: Generated<boolean>; readonly last_seq: number }
  readonly events: EventsTable
  readonly aggregates: AggregatesTable
  readonly nonces: NoncesTable
  readonly answers: AnswersTable
  readonly event_keys: EventKeysTable
  readonly listings: ListingsTable
  readonly listing_states: ListingStatesTable
  readonly files: FilesTable
  readonly unnamed_files: UnnamedFilesTable
}
