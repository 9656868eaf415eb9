import { type PublicUrl, parsePublicUrl } from '../server/metadata.ts'
import type { Instant } from '../time.ts'
import type { Arguments } from './command.ts'
import { LOOPBACK, listenAt } from './listen.ts'
import { controlOf, isRegister } from './register-place.ts'
import { isLoopback, registerUrlOf } from './register-url.ts'
import { readTls, type Tls } from './tls.ts'
import { UsageError } from './usage-error.ts'

const PORT = 7420

/** Options of `serve`, as far as they go together. */
export interface Options {
  readonly host: string
  readonly port: number
  readonly publisher: string | undefined
  readonly keys: string | undefined
  readonly tls: Tls | undefined
  readonly publicUrl: PublicUrl | null
  readonly clock: Instant | undefined
}

/** Fails closed: what would let strangers in, or be read on the way, is refused before anything is loaded. */
export function optionsOf(args: Arguments): Options {
  const { host, port } = listenAt(args, PORT)
  const publisher = args.text('publisher')
  const keys = args.text('keys')
  const clock = args.instant('clock')
  if (controlOf(args) !== undefined) refuseControl(args, host)
  else if (isRegister(args)) refuseRegister(args, host)
  else refuseFiles(args, host)
  const tls = tlsOf(args)
  if (!LOOPBACK.has(host) && tls === undefined && !args.flag('behind-proxy')) {
    throw new UsageError(
      `${host} is beyond loopback: give --tls-cert and --tls-key, or say --behind-proxy`,
    )
  }
  return { host, port, publisher, keys, tls, publicUrl: publicUrlOf(args), clock }
}

/** What people do in a register is signed; who asks for decisions is known by a key, but on this machine. */
function refuseRegister(args: Arguments, host: string): void {
  if (args.flag('unsigned') || args.text('publisher') !== undefined) {
    throw new UsageError('--unsigned and --publisher are about DIR, and none is named')
  }
  if (args.text('keys') === undefined && !LOOPBACK.has(host)) throw withoutKeys()
  if (args.text('story') !== undefined && !LOOPBACK.has(host)) {
    throw new UsageError('--story is for trying: it lets whoever reads its keys act as anybody')
  }
}

/** What is believed of a register elsewhere comes by other ways than from it. */
function refuseControl(args: Arguments, host: string): void {
  if (args.positionals.length > 0) throw new UsageError('--control goes with no DIR')
  for (const option of ['unsigned', 'data', 'story']) {
    if (args.flag(option) || args.text(option) !== undefined) {
      throw new UsageError(`--${option} does not go with --control`)
    }
  }
  for (const [option, what] of NEEDED_OF_CONTROL) {
    if (args.text(option) === undefined) throw new UsageError(`name ${what}: --${option} FILE`)
  }
  if (args.text('keys') === undefined && !LOOPBACK.has(host)) throw withoutKeys()
  const url = registerUrlOf('control', controlOf(args) ?? '')
  if (args.text('clock') !== undefined && !isLoopback(url)) {
    throw new UsageError('--clock goes with --control only on this machine')
  }
}

const NEEDED_OF_CONTROL = [
  ['publisher', 'the register’s key for bundles'],
  ['trust', 'the log and the witnesses to believe'],
] as const

function refuseFiles(args: Arguments, host: string): void {
  const publisher = args.text('publisher')
  const isUnsigned = args.flag('unsigned')
  for (const option of ['data', 'story', 'trust', 'api-key-file']) {
    if (args.text(option) === undefined) continue
    throw new UsageError(`--${option} is about a register, and DIR is none`)
  }
  if (isUnsigned && publisher !== undefined) {
    throw new UsageError('say --unsigned or --publisher FILE, not both')
  }
  if (!isUnsigned && publisher === undefined) {
    throw new UsageError(
      `${args.first} is not signed; to try it on this machine alone, say --unsigned; otherwise name its publisher's key with --publisher FILE`,
    )
  }
  if (isUnsigned && !LOOPBACK.has(host)) {
    throw new UsageError(`an unsigned directory is served only on loopback, and ${host} is not`)
  }
  if (!isUnsigned && args.text('keys') === undefined) throw withoutKeys()
  if (!isUnsigned && args.text('clock') !== undefined) {
    throw new UsageError('--clock goes only with --unsigned')
  }
}

function withoutKeys(): UsageError {
  return new UsageError('name the file of keys that may ask: --keys FILE (`proviso key add`)')
}

function publicUrlOf(args: Arguments): PublicUrl | null {
  const text = args.text('public-url')
  if (text === undefined) return null
  const parsed = parsePublicUrl(text)
  if (parsed.ok) return parsed.value
  throw new UsageError(`--public-url: ${parsed.error.message}`)
}

function tlsOf(args: Arguments): Tls | undefined {
  const cert = args.text('tls-cert')
  const key = args.text('tls-key')
  if (cert === undefined && key === undefined) return undefined
  if (cert !== undefined && key !== undefined) return readTls(cert, key)
  throw new UsageError('--tls-cert and --tls-key go together')
}
