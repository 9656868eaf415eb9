import { parseVerifier, type Verifier } from '../log/key.ts'
import { parseSigner, type Signer } from '../log/signer.ts'
import { readSecretFile, readSmallFile } from './followed-file.ts'
import { UsageError } from './usage-error.ts'

/** The publisher's public key in a file, as `proviso keygen` writes it. */
export async function readPublisher(path: string): Promise<Verifier> {
  const parsed = await parseVerifier(readSmallFile(path).trim())
  if (parsed.ok) return parsed.value
  throw new UsageError(`${path}: ${parsed.error.message}`)
}

/** The publisher's private key in a file that nobody but its owner may read. */
export function readSigner(path: string): Signer {
  const parsed = parseSigner(readSecretFile(path).trim())
  if (parsed.ok) return parsed.value
  throw new UsageError(`${path}: ${parsed.error.message}`)
}
