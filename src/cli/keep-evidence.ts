import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '../digest.ts'
import { Evidence } from '../log/evidence.ts'
import { printVerifier, type Verifier } from '../log/key.ts'
import { createLogDirectory, isLogDirectory, publicKeysOf } from '../log/log-directory.ts'
import type { PublicUrl } from '../server/metadata.ts'
import type { Log } from '../server/served.ts'
import type { Instant } from '../time.ts'
import type { Arguments } from './command.ts'
import { listingDigest } from './publication.ts'
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
}

/** Where decisions are recorded. Only for trying may that be a place of no name. */
export function evidencePlaceOf(args: Arguments): EvidencePlace {
  const path = args.text('log')
  if (path !== undefined) return { path, isTemporary: false }
  if (args.flag('unsigned')) return { path: '', isTemporary: true }
  throw new UsageError('say where decisions are recorded: --log DIR, which is made if need be')
}

export interface EvidenceParts {
  readonly place: EvidencePlace
  readonly publicUrl: PublicUrl | null
  readonly clock: () => Instant
  readonly taken: () => Taken
  readonly log: Log
}

/** Opens the logs of a server, and makes their directory where there is none. */
export async function openEvidence(parts: EvidenceParts): Promise<Evidence> {
  const { place, publicUrl, clock, taken, log } = parts
  const path = place.isTemporary ? mkdtempSync(join(tmpdir(), 'proviso-log-')) : place.path
  if (!isLogDirectory(path)) make(path, publicUrl)
  const evidence = await Evidence.open({
    path,
    clock,
    bundle: () => taken().bundle.digest,
    onTrouble: (error) => {
      log.warn({ event: 'log-trouble', error: error.message }, 'the log is behind; it is tried again')
    },
  })
  writeFileSync(join(path, TRUST), printTrust(publicKeysOf(path).logs))
  return evidence
}

function make(path: string, publicUrl: PublicUrl | null): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (readdirSync(path).length > 0) {
    throw new UsageError(`${path} holds other files and no logs; name an empty or a new directory`)
  }
  createLogDirectory(path, { host: publicUrl === null ? HOST : new URL(publicUrl).host, name: NAME })
}

/** A trust file (https://c2sp.org/tlog-policy) for the logs of a directory. */
function printTrust(logs: readonly Verifier[]): string {
  return `${logs.map((key) => `log ${printVerifier(key)}`).join('\n')}\nquorum none\n`
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
