import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isId } from '../ids.ts'
import { parseJson } from '../json.ts'
import { type Instant, parseInstant, printInstantShort } from '../time.ts'
import { hostOfDecisions } from './anchor.ts'
import { LogFailure } from './failure.ts'
import { isKeyName, printVerifier, type Verifier } from './key.ts'
import { syncNames, writeSecretFile } from './secret-file.ts'
import { parseSigner, printSigner, SEED_BYTES, type Signer, signerOf } from './signer.ts'

// The directory that holds a server's logs and the keys they are signed with (docs/evidence.md).

const CONFIG = 'log.json'
const KEYS = 'keys'
const FORMAT = 'proviso/log@1'

/** Longest configuration or key, in bytes. */
const FILE_BYTES_MAX = 65_536

/** Most keys that have ever signed one log, and most decision logs of one name. */
const GENERATIONS_MAX = 1_000

/** A key of the governance log or of statements: a new one takes over, and the old one goes on for a while. */
interface Generation {
  readonly key: number
  /** When it stops to sign; null: it goes on. */
  readonly until: Instant | null
}

/** What a directory of logs is for. */
export interface LogConfig {
  /** What origins begin with: the name of the host that serves the logs. */
  readonly host: string
  /** The name of the process that decides. */
  readonly name: string
  /** Which of its logs is written: a new key, or a disk that was lost, begins a new one. */
  readonly epoch: number
  readonly governance: readonly Generation[]
  readonly statements: readonly Generation[]
}

/** A key, and until when it signs. */
export interface TimedSigner extends Signer {
  readonly until: Instant | null
}

export interface LogDirectory {
  readonly path: string
  readonly config: LogConfig
  readonly governance: readonly TimedSigner[]
  readonly statements: readonly TimedSigner[]
  /** The key of the decision log that is written. */
  readonly decisions: Signer
  /** What pseudonyms of contracts are made with. */
  readonly pseudonymKey: Uint8Array
}

export function governanceOrigin({ host }: Pick<LogConfig, 'host'>): string {
  return `${host}/governance`
}

export function decisionsOrigin({ host, name }: LogConfig, epoch: number): string {
  return `${host}/decisions/${name}/${epoch}`
}

/** Where a decision log stands: in the directory, and below `/log/`. */
export function decisionsFolder(name: string, epoch: number): string {
  return `decisions-${name}-${epoch}`
}

export const GOVERNANCE_FOLDER = 'governance'

function statementsName({ host }: LogConfig): string {
  return `${host}/statements`
}

type KeyOwner = 'governance' | 'statements' | 'decisions' | 'pseudonyms'

function keyPath(directory: string, owner: KeyOwner, generation: number): string {
  return join(directory, KEYS, `${owner}-${generation}.key`)
}

/** Makes a directory of logs with new keys. Refuses one that is there. */
export function createLogDirectory(path: string, names: Pick<LogConfig, 'host' | 'name'>): void {
  if (!isKeyName(names.host) || !isId(names.name)) {
    throw malformed(path, 'a host has no white space and no plus, and a name is an id')
  }
  if (hostOfDecisions(governanceOrigin(names)) !== undefined) {
    throw malformed(
      path,
      `\`${names.host}\` reads as a decision log; name a host without /decisions/`,
    )
  }
  if (isLogDirectory(path)) throw malformed(path, 'it holds logs already; name a new directory')
  const generation = { key: 1, until: null }
  const config = { ...names, epoch: 1, governance: [generation], statements: [generation] }
  makeKeysDirectory(path)
  makeKey(path, config, 'governance', 1)
  makeKey(path, config, 'statements', 1)
  makeKey(path, config, 'decisions', 1)
  writeSecretFile(keyPath(path, 'pseudonyms', 1), `${randomBytes(SEED_BYTES).toString('hex')}\n`)
  makeFolder(path, GOVERNANCE_FOLDER)
  makeFolder(path, decisionsFolder(names.name, 1))
  writeConfig(path, config)
  syncNames(dirname(path))
}

/** One process makes it: two that begin at once would write over each other's keys. */
function makeKeysDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  try {
    mkdirSync(join(path, KEYS), { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const why = `another process makes it, or one that did was killed: wait, or remove ${join(path, KEYS)}`
    throw malformed(path, why)
  }
}

/** INVARIANT: a log's folder is made before the configuration, so that its name is on the disk with that. */
function makeFolder(path: string, folder: string): void {
  mkdirSync(join(path, folder), { recursive: true, mode: 0o700 })
}

function makeKey(path: string, config: LogConfig, owner: KeyOwner, generation: number): void {
  const names = {
    governance: governanceOrigin(config),
    statements: statementsName(config),
    decisions: decisionsOrigin(config, generation),
    pseudonyms: '',
  }
  const signer = signerOf(names[owner], randomBytes(SEED_BYTES))
  const file = keyPath(path, owner, generation)
  if (existsSync(file)) throw malformed(file, 'it is there already; another command made it')
  writeSecretFile(file, `${printSigner(signer)}\n`)
  writeFileSync(`${file}.pub`, `${printVerifier(signer.verifier)}\n`)
}

function writeConfig(path: string, { governance, statements, ...rest }: LogConfig): void {
  const printed = {
    format: FORMAT,
    ...rest,
    governance: governance.map(printGeneration),
    statements: statements.map(printGeneration),
  }
  writeSecretFile(join(path, CONFIG), `${JSON.stringify(printed, null, 2)}\n`)
}

function printGeneration({ key, until }: Generation): object {
  return { key, until: until === null ? null : printInstantShort(until) }
}

/** Whether a path is a directory of logs. */
export function isLogDirectory(path: string): boolean {
  return statSync(join(path, CONFIG), { throwIfNoEntry: false })?.isFile() === true
}

/** Reads a directory of logs with its keys. */
export function readLogDirectory(path: string): LogDirectory {
  const config = readLogConfig(path)
  const timed = (owner: 'governance' | 'statements'): TimedSigner[] =>
    config[owner].map(({ key, until }) => ({ ...readKey(path, owner, key), until }))
  const pseudonyms = readSecret(keyPath(path, 'pseudonyms', 1)).trim()
  if (!/^[0-9a-f]{64}$/.test(pseudonyms)) throw malformed(path, 'its key of pseudonyms is damaged')
  return {
    path,
    config,
    governance: timed('governance'),
    statements: timed('statements'),
    decisions: readKey(path, 'decisions', config.epoch),
    pseudonymKey: Buffer.from(pseudonyms, 'hex'),
  }
}

export function readLogConfig(path: string): LogConfig {
  const file = join(path, CONFIG)
  if (!isLogDirectory(path))
    throw malformed(path, `there is no ${CONFIG}; name a directory of logs`)
  const json = parseJson(readBounded(file))
  const config = json.ok ? configOf(json.value) : undefined
  if (!config) throw malformed(path, `${CONFIG} is no ${FORMAT}`)
  return config
}

function configOf(value: unknown): LogConfig | undefined {
  const { format, host, name, epoch, ...rest } = (value ?? {}) as Record<string, unknown>
  const governance = generationsOf(rest['governance'])
  const statements = generationsOf(rest['statements'])
  const isNamed =
    format === FORMAT && typeof host === 'string' && isKeyName(host) && typeof name === 'string'
  if (!isNamed || !isId(name) || !isGeneration(epoch) || !governance || !statements)
    return undefined
  return { host, name, epoch, governance, statements }
}

function isGeneration(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= GENERATIONS_MAX
}

function generationsOf(value: unknown): readonly Generation[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > GENERATIONS_MAX)
    return undefined
  const generations = (value as unknown[]).flatMap((row) => {
    const { key, until: text } = (row ?? {}) as Record<string, unknown>
    const until = text === null ? null : parseInstant(String(text))
    return isGeneration(key) && until !== undefined ? [{ key, until }] : []
  })
  return generations.length === value.length ? generations : undefined
}

function readKey(path: string, owner: KeyOwner, generation: number): Signer {
  const file = keyPath(path, owner, generation)
  const parsed = parseSigner(readSecret(file).trim())
  if (parsed.ok) return parsed.value
  throw malformed(path, `${file} is no private key`)
}

function readSecret(file: string): string {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
  if ((mode & 0o077) !== 0) {
    throw malformed(file, `others may read it; run \`chmod 600 ${file}\``)
  }
  return readBounded(file)
}

function readBounded(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw malformed(file, 'there is no such file; bring it back from a copy')
  if (stats.size > FILE_BYTES_MAX) throw malformed(file, `it has over ${FILE_BYTES_MAX} bytes`)
  return readFileSync(file, 'utf8')
}

function malformed(path: string, why: string): LogFailure {
  return new LogFailure('malformed-log-directory', `${path}: ${why}`)
}

/** Those that sign at an instant: the newest always does. */
export function signingAt(signers: readonly TimedSigner[], at: Instant): readonly Signer[] {
  return signers.filter(({ until }) => until === null || at < until)
}

/** Makes a new key. One of a decision log begins a new log; the others go on beside the old one until then. */
export function rotateKey(
  path: string,
  owner: 'governance' | 'statements' | 'decisions',
  until: Instant,
): Verifier {
  const config = readLogConfig(path)
  const next = rotated(config, owner, until)
  const generation = owner === 'decisions' ? next.epoch : newest(next[owner])
  if (generation > GENERATIONS_MAX)
    throw malformed(path, `it has had ${GENERATIONS_MAX} keys; begin a new one`)
  makeKey(path, next, owner, generation)
  if (owner === 'decisions') makeFolder(path, decisionsFolder(next.name, next.epoch))
  writeConfig(path, next)
  return readKey(path, owner, generation).verifier
}

function rotated(
  config: LogConfig,
  owner: 'governance' | 'statements' | 'decisions',
  until: Instant,
): LogConfig {
  if (owner === 'decisions') return { ...config, epoch: config.epoch + 1 }
  const old = config[owner].map((row) => ({ ...row, until: Math.min(row.until ?? until, until) }))
  return { ...config, [owner]: [...old, { key: newest(old) + 1, until: null }] }
}

function newest(generations: readonly Generation[]): number {
  return Math.max(...generations.map(({ key }) => key))
}

/** The public keys of a directory, by what they sign. */
export function publicKeysOf(path: string): {
  readonly logs: readonly Verifier[]
  readonly statements: readonly Verifier[]
} {
  const config = readLogConfig(path)
  const epochs = Array.from({ length: config.epoch }, (_, i) => i + 1)
  const read = (owner: KeyOwner, generations: readonly number[]): readonly Verifier[] =>
    generations.map((generation) => readKey(path, owner, generation).verifier)
  return {
    logs: [
      ...read(
        'governance',
        config.governance.map(({ key }) => key),
      ),
      ...read('decisions', epochs),
    ],
    statements: read(
      'statements',
      config.statements.map(({ key }) => key),
    ),
  }
}
