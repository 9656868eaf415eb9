/** Why a log cannot be written, or is not opened. */
export type LogFailureCode =
  /** Another process writes to the same directory. */
  | 'locked'
  | 'another-writer'
  /** What is there is not what was left there. */
  | 'corrupt-journal'
  | 'corrupt-log'
  | 'rolled-back'
  | 'no-such-entry'
  /** The disk did not take something, and what it holds is not known from then on. */
  | 'sync-failed'
  /** More waits than may. */
  | 'busy'
  | 'closed'
  | 'stopped'
  /** The directory of logs is missing something, or has something that it must not have. */
  | 'malformed-log-directory'

/** What a log says when it does not do what it is asked: one sentence, with what to do. */
export class LogFailure extends Error {
  override readonly name = 'LogFailure'
  readonly code: LogFailureCode

  constructor(code: LogFailureCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
