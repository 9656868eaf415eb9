/** Why there is no database to work with. */
export type StoreFailureCode =
  /** Another process holds the directory. */
  | 'locked'
  /** PostgreSQL's programs are not there, or do not run. */
  | 'no-programs'
  /** What is in the directory is not what was left there, or belongs to somebody else, or to another PostgreSQL. */
  | 'unusable-directory'
  | 'not-started'
  | 'not-stopped'
  /** A server named by its address does not answer, or does not let anybody in. */
  | 'unreachable'
  | 'old-server'
  /** The database was used by a newer Proviso. */
  | 'newer-schema'

/** What the store says when there is no database to work with: one sentence, with what to do. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
  readonly code: StoreFailureCode

  constructor(code: StoreFailureCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
