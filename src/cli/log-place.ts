import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { diskFiles } from '../log/disk-files.ts'
import { LogFailure } from '../log/failure.ts'
import type { LogAt } from '../log/fsck.ts'
import { httpSource } from '../log/http-source.ts'
import { parseVerifier, type Verifier } from '../log/key.ts'
import { type KnownLog, knownLogs } from '../log/known-log.ts'
import { GOVERNANCE_FOLDER } from '../log/log-directory.ts'
import { keysOf, type Trust } from '../log/trust.ts'
import type { Arguments } from './command.ts'
import { readSecretFile, readSmallFile } from './followed-file.ts'
import { readTrustFile } from './trust-file.ts'
import { UsageError } from './usage-error.ts'

/** Where logs are read from, and what is known of them. */
export interface LogPlace {
  /** As it was given. */
  readonly name: string
  readonly logs: readonly KnownLog[]
  readonly statements: readonly Verifier[]
  readonly trust: Trust | null
  readonly open: (folder: string) => LogAt
}

/** The place that the second positional names: a directory of logs or a URL, or one log of either. */
export async function readPlace(args: Arguments): Promise<LogPlace> {
  const [, name] = args.positionals
  if (name === undefined) throw new UsageError('say which logs: a directory of logs, or a URL')
  const trustFile = args.text('trust')
  const trust = trustFile === undefined ? null : await readTrustFile(trustFile)
  return /^https?:\/\//i.test(name)
    ? urlPlace(name, trust, args.text('key-file'))
    : await directoryPlace(name, trust)
}

const FOLDER = /^(?:governance|decisions-.+-\d+)$/

function urlPlace(name: string, trust: Trust | null, keyFile: string | undefined): LogPlace {
  if (trust === null) throw new UsageError(`say whose keys to trust for ${name}: --trust FILE`)
  const url = URL.canParse(name) ? new URL(name) : undefined
  if (url?.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError(`${name} is no URL of logs; write it as https://proviso.example/log`)
  }
  const key = keyFile === undefined ? null : keyIn(url, keyFile)
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  const last = segments.at(-1) ?? ''
  const only = FOLDER.test(last) ? last : null
  const above = only === null ? segments : segments.slice(0, -1)
  const base = new URL(`/${[...above, ''].join('/')}`, url)
  const trusted = knownLogs(trustedKeys(trust))
  // A trust file may list the logs of others too.
  const own = trusted.filter(({ origin }) => origin.startsWith(`${url.host}/`))
  const open = (folder: string): LogAt => {
    return { source: httpSource({ base: new URL(`${folder}/`, base), key }), files: null }
  }
  const logs = chosen(own.length > 0 ? own : trusted, only, name)
  return { name, logs, statements: [], trust, open }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/** The key in a file, which only its owner may read; it is not sent where others may read along. */
function keyIn({ protocol, hostname }: URL, path: string): string {
  const key = readSecretFile(path).trim()
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError(`${path} holds no key on one line`)
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return key
  throw new UsageError('a key is sent over https alone; name the https URL')
}

function chosen(logs: readonly KnownLog[], only: string | null, name: string): readonly KnownLog[] {
  const wanted = logs.filter(({ folder }) => only === null || folder === only)
  if (wanted.length > 0) return wanted
  throw new UsageError(`no key of a log at ${name} is known; give one with --trust FILE`)
}

async function directoryPlace(name: string, trust: Trust | null): Promise<LogPlace> {
  if (!existsSync(name)) throw new UsageError(`no directory ${name}`)
  const isOne = FOLDER.test(basename(name)) && !existsSync(join(name, 'keys'))
  const top = isOne ? dirname(name) : name
  const { logs, statements } = await publicKeys(join(top, 'keys'))
  const known = logsIn(top, logs, trust)
  const open = (folder: string): LogAt => {
    const files = diskFiles(join(top, folder))
    return { source: files, files }
  }
  return { name, logs: chosen(known, isOne ? basename(name) : null, name), statements, trust, open }
}

/** The logs that a directory has keys of, and those that are there. A trust file says which keys count. */
function logsIn(top: string, keys: readonly Verifier[], trust: Trust | null): readonly KnownLog[] {
  const own = knownLogs(keys)
  const trusted = trust ? knownLogs(trustedKeys(trust)) : []
  const others = readdirSync(top)
    .filter((name) => FOLDER.test(name) && !own.some(({ folder }) => folder === name))
    .map((folder): KnownLog => {
      // Without a key of it, its checkpoint will be told to be one that cannot be believed.
      const stranger = {
        origin: folder,
        folder,
        isGovernance: folder === GOVERNANCE_FOLDER,
        keys: [],
      }
      return trusted.find((log) => log.folder === folder) ?? stranger
    })
  const all = [...own, ...others]
  return trust ? all.map((log) => ({ ...log, keys: keysOf(trust, log.origin) })) : all
}

function trustedKeys({ logs }: Trust): readonly Verifier[] {
  return logs.map(({ key }) => key)
}

interface PublicKeys {
  readonly logs: readonly Verifier[]
  readonly statements: readonly Verifier[]
}

const PUBLIC_KEY = /^(?:governance|decisions|statements)-\d+\.key\.pub$/

/** The public keys of a directory of logs, without the private ones, which an auditor's copy has not. */
async function publicKeys(path: string): Promise<PublicKeys> {
  const logs: Verifier[] = []
  const statements: Verifier[] = []
  const names = existsSync(path) ? readdirSync(path) : []
  for (const name of names.filter((one) => PUBLIC_KEY.test(one)).sort()) {
    const file = join(path, name)
    const parsed = await parseVerifier(readSmallFile(file).trim())
    if (!parsed.ok) throw new UsageError(`${file} is no public key; bring it back from a copy`)
    if (name.startsWith('statements-')) statements.push(parsed.value)
    else logs.push(parsed.value)
  }
  return { logs, statements }
}

/** What a log says when it cannot be read, as wrong input: exit 2. */
export async function orUnreadable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof LogFailure) throw new UsageError(error.message)
    throw error
  }
}
