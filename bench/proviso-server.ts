import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../src/cli/load.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { printBundle } from '../src/decision/bundle-file.ts'
import { RATE_MAX } from '../src/server/keys.ts'
import { printInstantShort } from '../src/time.ts'
import { NOW } from './example.ts'
import type { Start } from './server.ts'

// `proviso serve` as the bench starts it. Its documents are of one instant, so its clock begins there, which goes only
// with --unsigned; who asks and what is recorded is as with a signed bundle.

const BUNDLE = 'bench.bundle'
const KEYS = 'keys.json'
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

/** Writes what a server is to serve into a folder, and makes a key for all customers, whose rate nothing comes near. */
export async function prepareServer(folder: string, bundle: Bundle): Promise<string> {
  const file = createWriteStream(join(folder, BUNDLE))
  await pipeline(Readable.from(printBundle(bundle, sha256)), file)
  const options = ['--id', 'bench', '--all-customers', '--rate', String(RATE_MAX), '--json']
  const args = [MAIN, 'key', 'add', join(folder, KEYS), ...options]
  const added = execFileSync(process.execPath, args, { encoding: 'utf8' })
  return (JSON.parse(added) as { key: string }).key
}

/** How to start a server of a folder; without a directory of logs it records where it is soon gone. */
export function provisoStart(
  folder: string,
  port: number,
  log?: string,
  more: readonly string[] = [],
): Start {
  const clock = ['--unsigned', '--clock', printInstantShort(NOW)]
  const keys = ['--keys', join(folder, KEYS)]
  const logs = log === undefined ? [] : ['--log', log]
  const options = [...clock, ...keys, ...logs, ...more, '--port', String(port)]
  const args = [MAIN, 'serve', join(folder, BUNDLE), ...options]
  return { command: process.execPath, args, port, probe: '/healthz' }
}
