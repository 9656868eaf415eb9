import { parseTrust, type Trust } from '../log/trust.ts'
import { readSmallFile } from './followed-file.ts'
import { UsageError } from './usage-error.ts'

/** Whom a file says to trust. */
export async function readTrustFile(path: string): Promise<Trust> {
  const trust = await parseTrust(readSmallFile(path))
  if (trust.ok) return trust.value
  throw new UsageError(`${path}: ${trust.error.message}`)
}
