/** Wrong usage, or input that cannot be read: one sentence on standard error, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
