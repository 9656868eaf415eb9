import { type KeyFile, type Keyring, keyringOf, parseKeyFile } from '../server/keys.ts'
import { readSecretFile } from './followed-file.ts'
import { UsageError } from './usage-error.ts'

/** The keys of a file that nobody but its owner may read. */
export function readKeyFile(path: string): KeyFile {
  return keysIn(path, readSecretFile(path))
}

/** The keys of a file, ready to be asked with. */
export function readKeyring(path: string): Keyring {
  return keyringOf(readKeyFile(path))
}

function keysIn(path: string, text: string): KeyFile {
  const parsed = parseKeyFile(text)
  if (parsed.ok) return parsed.value
  throw new UsageError(`${path} is no key file: ${parsed.error}`)
}
