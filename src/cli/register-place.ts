import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { printVerifier } from '../log/key.ts'
import { writeSecretFile } from '../log/secret-file.ts'
import { printSigner, SEED_BYTES, type Signer, signerOf } from '../log/signer.ts'
import type { DatabasePlace } from '../store/database.ts'
import type { Arguments } from './command.ts'
import { readSigner } from './publisher.ts'
import { UsageError } from './usage-error.ts'

/** Where a register is kept when nothing else is said. */
const DATA = '.proviso'

/** Whether a register is to be served, rather than the documents of a directory or what a register elsewhere offers. */
export function isRegister(args: Arguments): boolean {
  return args.positionals.length === 0 && controlOf(args) === undefined
}

/** The register elsewhere whose bundle is to be served. */
export function controlOf(args: Arguments): string | undefined {
  return args.text('control')
}

/** The key that signs what a register offers its decision points, made when there is none yet. */
export function registerSigner(args: Arguments, host: string): Signer {
  const path = join(dataOf(args), 'publisher.key')
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const made = signerOf(`${host}/bundles`, randomBytes(SEED_BYTES))
    writeSecretFile(path, `${printSigner(made)}\n`)
  }
  const signer = readSigner(path, 'signature')
  writeFileSync(`${path}.pub`, `${printVerifier(signer.verifier)}\n`)
  return signer
}

/** The directory of a register's data. */
function dataOf(args: Arguments): string {
  return resolve(args.text('data') ?? DATA)
}

/** The logs of a register, unless they are kept elsewhere. */
export function logOf(args: Arguments): string {
  return args.text('log') ?? join(dataOf(args), 'log')
}

/** Where the keys of a story's people are. */
export function keysOf(args: Arguments): string {
  return join(dataOf(args), 'people')
}

/** The server that DATABASE_URL names, or the one that is embedded in the register's directory, made when there is none. */
export function databasePlace(args: Arguments): DatabasePlace {
  const place = placeOf(args)
  if ('directory' in place) mkdirSync(place.directory, { recursive: true, mode: 0o700 })
  return place
}

/** The same of a register that has begun. */
export function begunDatabasePlace(args: Arguments): DatabasePlace {
  const place = placeOf(args)
  if ('url' in place || existsSync(place.directory)) return place
  throw new UsageError(
    `there is no register in ${dataOf(args)}; name its directory with --data DIR`,
  )
}

function placeOf(args: Arguments): DatabasePlace {
  const url = process.env['DATABASE_URL']
  if (url !== undefined && url !== '') return { url }
  return { directory: join(dataOf(args), 'database') }
}
