import { type KeyKind, parseVerifier, type Verifier } from '../log/key.ts'
import { parseSigner, type Signer } from '../log/signer.ts'
import { readSecretFile, readSmallFile } from './followed-file.ts'
import { UsageError } from './usage-error.ts'

/** The publisher's public key in a file, as `proviso keygen` writes it. */
export async function readPublisher(path: string): Promise<Verifier> {
  const parsed = await parseVerifier(readSmallFile(path).trim())
  if (!parsed.ok) throw new UsageError(`${path}: ${parsed.error.message}`)
  expectKind(path, parsed.value, 'signature')
  return parsed.value
}

/** The private key of a kind in a file that nobody but its owner may read. */
export function readSigner(path: string, kind: KeyKind): Signer {
  const parsed = parseSigner(readSecretFile(path).trim())
  if (!parsed.ok) throw new UsageError(`${path}: ${parsed.error.message}`)
  expectKind(path, parsed.value.verifier, kind)
  return parsed.value
}

const MADE_BY: Readonly<Record<KeyKind, string>> = {
  signature: 'signs; make one with `proviso keygen FILE --name NAME`',
  cosignature: 'cosigns; make one with `proviso keygen FILE --name NAME --witness`',
}

/** One key does one thing: what it signs for one purpose is never taken for another. */
function expectKind(path: string, verifier: Verifier, kind: KeyKind): void {
  if (verifier.kind !== kind) throw new UsageError(`${path} is no key that ${MADE_BY[kind]}`)
}
