import type { Instant } from '../time.ts'
import type { Keyring } from './keys.ts'
import type { PublicUrl } from './metadata.ts'
import type { BundleStatus, Metrics } from './metrics.ts'
import type { Recorder } from './recorder.ts'
import type { RegisterServed } from './register-routes.ts'
import type { Shadow } from './shadow.ts'

/** What a server answers from. All of it may change while it runs, so each is asked for anew. */
export interface Served {
  readonly status: () => BundleStatus
  readonly clock: () => Instant
  /** Null: whoever reaches the address may ask, of every customer. */
  readonly keyring: () => Keyring | null
  readonly metrics: Metrics
  readonly recorder: Recorder
  /** Null: no draft judges beside the documents in use. */
  readonly shadow: Shadow | null
  /** What is made known of the logs; null: nothing is. */
  readonly logs: LogsServed | null
  /** The register, where there is one; null: the bundle comes from files, or from a register elsewhere. */
  readonly register: RegisterServed | null
  /** What there has to be before anything is decided, and is not there; null: there always is a bundle. */
  readonly lacks: (() => Lack | null) | null
  readonly log: Log
  /** Where enforcement points reach the server; null: where it listens. */
  readonly publicUrl: PublicUrl | null
  /** Certificate chain and private key, both PEM; without them plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** Why nothing can be decided yet. */
export type Lack = 'no-policy' | 'no-bundle'

export const LACKS: Readonly<Record<Lack, string>> = {
  'no-policy': 'no version of the policy is published, so nothing is decided',
  'no-bundle': 'the register has given no bundle yet, so nothing is decided',
}

/** Structured log lines; none holds what a request said. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The logs of a server, as far as others may see them. */
export interface LogsServed {
  /** A checkpoint, tile or bundle of entries of a log; undefined when there is none. */
  read(log: string, path: string): Promise<Uint8Array | undefined>
  /** For a probe. */
  readonly status: Readonly<Record<string, unknown>>
}
