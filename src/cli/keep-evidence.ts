import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Digest, digestOf } from '../digest.ts'
import { Evidence } from '../log/evidence.ts'
import { printVerifier, type Verifier } from '../log/key.ts'
import { createLogDirectory, isLogDirectory, publicKeysOf } from '../log/log-directory.ts'
import { parseTrust, type Trust } from '../log/trust.ts'
import type { PublicUrl } from '../server/metadata.ts'
import type { Log } from '../server/served.ts'
import type { Instant } from '../time.ts'
import type { Arguments } from './command.ts'
import { readSmallFile } from './followed-file.ts'
import { listingDigest } from './publication.ts'
import { isRegister, logOf } from './register-place.ts'
import type { Taken } from './taken.ts'
import { UsageError } from './usage-error.ts'

/** What the logs of a server are called when nothing else is said. */
const HOST = 'localhost'
const NAME = 'main'

/** Where a directory of logs says whom to trust. */
export const TRUST = 'trust'

export interface EvidencePlace {
  readonly path: string
  /** Whether it is made anew for this one run. */
  readonly isTemporary: boolean
  /** Who cosigns the governance log, as a trust file says. */
  readonly witnesses?: Witnesses
}

interface Witnesses {
  readonly trust: Trust
  readonly isRequired: boolean
  /** The lines of the file that are about witnesses. */
  readonly text: string
}

/** Length of a journal's segments in a directory that is soon gone, in bytes. */
const TEMPORARY_SEGMENT_BYTES = 2_097_152 + 65_536

/** Where decisions are recorded. Only for trying may that be a place of no name. */
export async function evidencePlaceOf(args: Arguments): Promise<EvidencePlace> {
  const path = isRegister(args) ? logOf(args) : args.text('log')
  const isTemporary = path === undefined
  if (isTemporary && !args.flag('unsigned')) {
    throw new UsageError('say where decisions are recorded: --log DIR, which is made if need be')
  }
  const witnesses = await witnessesOf(args)
  return {
    path: path ?? mkdtempSync(join(tmpdir(), 'proviso-log-')),
    isTemporary,
    ...(witnesses ? { witnesses } : {}),
  }
}

async function witnessesOf(args: Arguments): Promise<Witnesses | undefined> {
  const file = args.text('witnesses')
  const isRequired = args.flag('require-witness')
  if (file === undefined) {
    if (isRequired) throw new UsageError('--require-witness takes --witnesses FILE')
    return undefined
  }
  const content = readSmallFile(file)
  const trust = await parseTrust(content)
  if (!trust.ok) throw new UsageError(`${file}: ${trust.error.message}`)
  if (isRequired && trust.value.quorum === null) {
    throw new UsageError(`${file} asks for no quorum; say which witnesses are enough`)
  }
  const lines = content.split('\n').filter((line) => !/^\s*log\s/.test(line))
  return { trust: trust.value, isRequired, text: lines.join('\n') }
}

export interface EvidenceParts {
  readonly place: EvidencePlace
  readonly publicUrl: PublicUrl | null
  readonly clock: () => Instant
  /** The digest of the bundle in use. */
  readonly bundle: () => Digest
  readonly log: Log
  readonly onStopped: (error: Error) => void
}

/** Opens the logs of a server, and makes their directory where there is none. */
export async function openEvidence(parts: EvidenceParts): Promise<Evidence> {
  const { place, publicUrl, clock, bundle, log, onStopped } = parts
  const { path, isTemporary, witnesses } = place
  if (!isLogDirectory(path)) {
    make(path, publicUrl)
    // A directory that was to be there, on a disk that is not mounted say, would begin a new history unseen.
    if (!isTemporary) log.warn({ event: 'log-made', path }, 'there were no logs: new ones begin')
  }
  const evidence = await Evidence.open({
    path,
    clock,
    bundle,
    ...(witnesses ? { witnesses } : {}),
    ...(isTemporary ? { segmentBytes: TEMPORARY_SEGMENT_BYTES } : {}),
    onTrouble: ({ message }) => {
      log.warn({ event: 'log-trouble', error: message }, 'the log is behind, and tries again')
    },
    onStopped,
  })
  writeTrust(path, witnesses?.text)
  return evidence
}

/** Writes the trust file of a directory of logs, for those who check them. */
export function writeTrust(path: string, witnesses?: string): void {
  writeFileSync(join(path, TRUST), printTrust(publicKeysOf(path).logs, witnesses))
}

function make(path: string, publicUrl: PublicUrl | null): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (readdirSync(path).length > 0) {
    throw new UsageError(`${path} holds other files and no logs; name an empty or a new directory`)
  }
  createLogDirectory(path, {
    host: publicUrl === null ? HOST : new URL(publicUrl).host,
    name: NAME,
  })
}

/** A trust file (https://c2sp.org/tlog-policy) for the logs of a directory. */
function printTrust(logs: readonly Verifier[], witnesses = 'quorum none\n'): string {
  return `${logs.map((key) => `log ${printVerifier(key)}`).join('\n')}\n${witnesses}`
}

/** Logs that documents are taken, before they are. */
export async function publishTaken(
  evidence: Evidence,
  { bundle, sha256s }: Taken,
  by: { readonly publisher: Verifier | null; readonly at: Instant },
): Promise<void> {
  await evidence.publish({
    bundle: bundle.digest,
    serial: bundle.serial,
    documents: digestOf(listingDigest(sha256s).slice('sha256:'.length)),
    publisher: by.publisher === null ? null : printVerifier(by.publisher),
    at: by.at,
  })
}
