import { hash, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import { parseJson } from '../json.ts'
import { newReport } from '../problem.ts'
import { fail, ok, type Result } from '../result.ts'
import { id, ids, instant, list, readShape } from '../shape.ts'
import type { Duration, Instant } from '../time.ts'

// API keys of enforcement points: made once, shown once, kept as hashes (docs/keys.md).

/** Most customers that one key may name; a key may also be for all of them. */
const KEY_CUSTOMERS_MAX = 1_024

/** Evaluations a second that a key may ask for when it says nothing else. */
export const RATE_DEFAULT = 10_000

export const RATE_MAX = 10_000_000

/** How long a key is good for when nothing else is said, and at most, in days. */
export const KEY_DAYS = { default: 90, max: 366 } as const

const SCOPES = ['enforcement-point', 'metrics', 'auditor', 'register', 'decision-point'] as const
export type Scope = (typeof SCOPES)[number]

const key = z.strictObject({
  id,
  /** SHA-256 of the whole key: 256 bits of chance need no slower hash. */
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  scope: z.enum(SCOPES),
  customers: z.union([z.literal('all'), ids.max(KEY_CUSTOMERS_MAX)]),
  created: instant,
  expires: instant,
  rate: z.number().int().min(1).max(RATE_MAX).default(RATE_DEFAULT),
})

export const keyFile = z.strictObject({ format: z.literal('proviso/keys@1'), keys: list(key) })

export type KeyFile = z.output<typeof keyFile>
export type KeyEntry = KeyFile['keys'][number]

/** A key of the file, ready to be asked with. */
export interface ApiKey extends Pick<KeyEntry, 'id' | 'scope' | 'expires' | 'rate'> {
  readonly customers: Customers
  readonly hash: Buffer
}

/** The customers that an enforcement point may ask about. */
export type Customers = 'all' | ReadonlySet<string>

export type Keyring = ReadonlyMap<string, ApiKey>

/** Reads a key file; the error is one sentence. */
export function parseKeyFile(text: string): Result<KeyFile, string> {
  const json = parseJson(text)
  if (!json.ok) return fail(json.error.message)
  const report = newReport()
  const file = readShape(keyFile, json.value, report)
  const seen = new Set<string>()
  for (const [i, { id: name }] of file.keys.entries()) {
    if (seen.has(name)) {
      report.error('duplicate-id', ['keys', i, 'id'], `there are two keys ${name}; revoke one`)
    }
    seen.add(name)
  }
  const [first] = report.problems
  return first ? fail(`${first.code}: ${first.path.join('.')}: ${first.message}`) : ok(file)
}

export function printKeyFile(file: KeyFile): string {
  return `${JSON.stringify(z.encode(keyFile, file), null, 2)}\n`
}

export function keyringOf({ keys }: KeyFile): Keyring {
  return new Map(
    keys.map((entry) => [
      entry.id,
      {
        ...entry,
        customers: entry.customers === 'all' ? 'all' : new Set(entry.customers),
        hash: Buffer.from(entry.hash.slice('sha256:'.length), 'hex'),
      },
    ]),
  )
}

/** Bytes of chance in a key. */
export const SECRET_BYTES = 32

/** `proviso_<id>_<43 characters of base64url>`: an id has no underscore. */
const KEY = /^proviso_([a-z0-9.-]{1,128})_[A-Za-z0-9_-]{43}$/

/** Whether a text is a key, known or not. */
export function isApiKey(text: string): boolean {
  return KEY.test(text)
}

export interface NewKey extends Pick<KeyEntry, 'id' | 'scope' | 'customers' | 'rate'> {
  readonly at: Instant
  readonly lifetime: Duration
}

/** A key to hand over once, and what is kept of it. */
export function newKey(
  { at, lifetime, ...rest }: NewKey,
  secret: Uint8Array,
): { readonly text: string; readonly entry: KeyEntry } {
  const text = `proviso_${rest.id}_${Buffer.from(secret).toString('base64url')}`
  const entry = { ...rest, hash: `sha256:${hashOf(text)}`, created: at, expires: at + lifetime }
  return { text, entry }
}

function hashOf(text: string): string {
  return hash('sha256', text, 'hex')
}

/** Compared with when there is no such key, so that an unknown id takes as long as a wrong secret. */
const NO_HASH = Buffer.alloc(32)

/**
 * What each key was last proven with. A key that comes again is compared with that, in constant time too, and not
 * hashed, which takes longer than a decision.
 */
const PROVEN = new WeakMap<ApiKey, Buffer>()

/** The key that an `Authorization` header holds, when it is one, known, right and not expired. */
export function keyIn(
  keyring: Keyring,
  authorization: string | undefined,
  at: Instant,
): ApiKey | undefined {
  const text = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : ''
  const found = keyring.get(KEY.exec(text)?.[1] ?? '')
  return isRight(found, text) && found !== undefined && at < found.expires ? found : undefined
}

function isRight(key: ApiKey | undefined, text: string): boolean {
  const secret = Buffer.from(text)
  const last = key && PROVEN.get(key)
  if (last?.length === secret.length && timingSafeEqual(last, secret)) return true
  const isProven = timingSafeEqual(hash('sha256', secret, 'buffer'), key?.hash ?? NO_HASH)
  if (key && isProven) PROVEN.set(key, secret)
  return isProven
}

export function mayAsk(customers: Customers, customer: unknown): boolean {
  return customers === 'all' || (typeof customer === 'string' && customers.has(customer))
}
