import { isApiKey } from '../server/keys.ts'
import type { Arguments } from './command.ts'
import { readSmallFile } from './followed-file.ts'
import { LOOPBACK } from './listen.ts'
import { UsageError } from './usage-error.ts'

/** A register's address. Nothing of it, and no key, goes beyond this machine where others can read it on the way. */
export function registerUrlOf(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))) return url
  throw new UsageError(`--${option} ${text} is no https URL, nor http on this machine`)
}

export function isLoopback({ hostname }: URL): boolean {
  return LOOPBACK.has(hostname.replaceAll(/[[\]]/g, ''))
}

/** The key to ask a register with; undefined: it asks for none. */
export function apiKeyOf(args: Arguments): string | undefined {
  const file = args.text('api-key-file')
  if (file === undefined) return undefined
  const key = readSmallFile(file).trim()
  if (isApiKey(key)) return key
  throw new UsageError(`${file} holds no API key: one line, as \`proviso key add\` prints it`)
}
