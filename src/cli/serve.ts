import { rmSync } from 'node:fs'
import { type Digest, digestOf } from '../digest.ts'
import type { Evidence } from '../log/evidence.ts'
import { printVerifier, type Verifier } from '../log/key.ts'
import type { Keyring } from '../server/keys.ts'
import type { Metrics, ShadowStatus } from '../server/metrics.ts'
import type { RegisterServed } from '../server/register-routes.ts'
import type { Log, LogsServed, Served } from '../server/served.ts'
import type { Instant } from '../time.ts'
import { announce } from './announce.ts'
import { Clock } from './clock.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { FollowedFile } from './followed-file.ts'
import { type EvidencePlace, evidencePlaceOf, openEvidence, publishTaken } from './keep-evidence.ts'
import { readKeyring } from './key-file.ts'
import { ended, listening, untilSignal } from './listen.ts'
import { Live } from './live.ts'
import { readPublisher } from './publisher.ts'
import { controlOf, isRegister } from './register-place.ts'
import { openControl } from './serve-control.ts'
import { type Options, optionsOf } from './serve-options.ts'
import type { OpenRegisterParts } from './serve-register.ts'
import { endUnread, logToStandardError } from './server-log.ts'
import { ShadowDraft } from './shadow-draft.ts'
import type { Taken } from './taken.ts'

export const serve: Command = {
  usage:
    '[DIR (--unsigned | --publisher FILE) | --control URL] [--keys FILE] [--port PORT] [OPTION]...',
  summary: 'answer requests over HTTP (OpenID AuthZEN)',
  help: `Serves the decisions of DIR, a policy directory or a bundle file: POST /access/v1/evaluation and
/access/v1/evaluations and /search, GET /healthz, /readyz, /metrics. It watches DIR: a changed set is checked
whole and taken at once, or refused, and then what was in use stays.

Whoever can write DIR grants exceptions, so an unsigned directory is served only on a loopback
address, and only with --unsigned. Otherwise a publisher has to have signed it (\`proviso sign\`), and
enforcement points ask with keys (\`proviso key add\`). Beyond loopback it takes a certificate
(--tls-cert FILE --tls-key FILE), or --behind-proxy where a proxy ends TLS. With --clock INSTANT (only
unsigned, or a register) the server begins at that instant and goes on from there, so that an example's
contracts are in force on any day; a register's clock goes on from when it was last in use, if that is later.

Without DIR it serves a register: what has been applied for, approved, signed and suspended, acted on by people over
/api/v1. It keeps all of it below --data DIR (.proviso unless said): an embedded PostgreSQL, or the server that
DATABASE_URL names, and the logs. Then --keys may be left out on loopback.
With --story DIR, only there, a new register is told how the example's contracts in DIR may have come about.

With --control URL it serves the bundle of the register there: --publisher FILE is that register's key for bundles
(publisher.key.pub in its data), --trust FILE says which log and witnesses to believe, and --api-key-file FILE holds
a key of scope decision-point. Cut off from the register for a minute, it makes no more exceptions.

With --shadow DRAFT every decision that is answered is also made on DRAFT, a directory or a bundle file that is watched
too. That changes no answer; what flips is counted, and with --shadow-out FILE a line on each is added to FILE.

Exit 0: stopped by a signal. 1: DIR or DRAFT is refused. 2: wrong usage, a wrong file, or the port is taken.`,
  options: {
    unsigned: { type: 'boolean' },
    data: { type: 'string' },
    story: { type: 'string' },
    control: { type: 'string' },
    trust: { type: 'string' },
    'api-key-file': { type: 'string' },
    publisher: { type: 'string' },
    keys: { type: 'string' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    'behind-proxy': { type: 'boolean' },
    host: { type: 'string' },
    port: { type: 'string' },
    'public-url': { type: 'string' },
    clock: { type: 'string' },
    log: { type: 'string' },
    witnesses: { type: 'string' },
    'require-witness': { type: 'boolean' },
    shadow: { type: 'string' },
    'shadow-out': { type: 'string' },
  },
  positionals: { least: 0, most: 1 },
  async run(args): Promise<number> {
    const options = optionsOf(args)
    const log = logToStandardError()
    const publisher =
      options.publisher === undefined ? null : await readPublisher(options.publisher)
    const keys = options.keys === undefined ? null : followKeys(options.keys, log)
    const clock = new Clock(options.clock)
    const stopped = Promise.withResolvers<Error>()
    const { publicUrl } = options
    let source: Answering | undefined
    let draft: ShadowDraft | null = null
    const bundle = (): Digest => source?.live.status.bundle.digest ?? NO_BUNDLE
    const onStopped = stopped.resolve
    const place = await evidencePlaceOf(args)
    const evidence = await openEvidence({
      place,
      publicUrl,
      clock: clock.now,
      bundle,
      log,
      onStopped,
    })
    try {
      draft = await ShadowDraft.open(args, clock.now, log)
      source = await openSource(args, publisher, { evidence, clock, log })
      const { live, register, lacks, isTold, now = clock.now } = source
      const keyring = (): Keyring | null => keys?.value ?? null
      const kept = { recorder: evidence, evidence, place }
      const told = isTold === undefined ? {} : { isTold }
      const answering = { live, register, lacks, draft, keyring, clock: now, begun: clock, log }
      const serving = { ...options, ...told, ...answering, ...kept }
      const failure = await answerUntil(stopped.promise, args, serving)
      if (failure) log.error({ event: 'log-stopped', error: failure.message }, 'the log stopped')
      return failure ? EXIT.no : EXIT.done
    } finally {
      await source?.close()
      await draft?.close()
      keys?.close()
      await closed(evidence, log)
      if (place.isTemporary) rmSync(place.path, { recursive: true })
      endUnread()
    }
  },
}

/** What a server answers from: documents in files, or a register. */
interface Answering {
  readonly live: Pick<Live, 'status'>
  readonly register: RegisterServed | null
  readonly lacks: Served['lacks']
  /** The clock to decide by, where it is another than the machine's. */
  readonly now?: () => Instant
  /** Whether a story was told in the register; undefined: none was to be. */
  readonly isTold?: boolean
  close(): void | Promise<void>
}

function openSource(
  args: Arguments,
  publisher: Verifier | null,
  parts: OpenRegisterParts,
): Promise<Answering> {
  if (isRegister(args)) return openRegister(args, parts)
  return controlOf(args) === undefined
    ? openFiles(args.first, publisher, parts)
    : openElsewhere(args, parts)
}

/** The bundle of a register elsewhere. */
async function openElsewhere(args: Arguments, parts: OpenRegisterParts): Promise<Answering> {
  const live = await openControl(args, parts)
  const now = (): Instant => live.now()
  return { live, register: null, lacks: () => live.lacks, now, close: () => live.close() }
}

/** Loaded only here: the database's client is of no use to whoever serves files. */
async function openRegister(args: Arguments, parts: OpenRegisterParts): Promise<Answering> {
  return await (await import('./serve-register.ts')).openRegister(args, parts)
}

async function openFiles(
  path: string,
  publisher: Verifier | null,
  { evidence, clock, log }: OpenRegisterParts,
): Promise<Answering> {
  const publish = (taken: Taken): Promise<void> =>
    publishTaken(evidence, taken, { publisher, at: clock.now() })
  const last = publisher ? await evidence.lastTakenOf(printVerifier(publisher)) : undefined
  const lastSerial = last?.serial ?? 0
  const live = await Live.open({ path, publisher, lastSerial, clock: clock.now, log, publish })
  return { live, register: null, lacks: null, close: () => live.close() }
}

/** Ends the logs. What cannot be written any more then is told, and does not hide why the server ends. */
async function closed(evidence: Evidence, log: Log): Promise<void> {
  try {
    await evidence.close()
  } catch (error) {
    const fields = { event: 'log-stopped', error: (error as Error).message }
    log.error(fields, 'what was left to be logged could not be')
  }
}

/** Named by counts that are logged before there is a bundle: there are none. */
const NO_BUNDLE = digestOf('0'.repeat(64))

interface Serving
  extends Omit<Served, 'status' | 'metrics' | 'logs' | 'shadow' | 'tls'>,
    Pick<Options, 'host' | 'port' | 'tls'>,
    Pick<Answering, 'isTold'> {
  readonly begun: Clock
  readonly live: Answering['live']
  readonly draft: ShadowDraft | null
  readonly evidence: Evidence
  readonly place: EvidencePlace
}

/** Answers until a signal comes, or something that makes it impossible, which is what this returns. */
async function answerUntil(
  stopped: Promise<Error>,
  args: Arguments,
  serving: Serving,
): Promise<Error | undefined> {
  const { live, draft, host, port, tls, evidence, place, isTold, begun, ...rest } = serving
  const { clock, log } = rest
  // Loaded only here: the web server takes longer to load than all else that the other commands need.
  const { appOf } = await import('../server/app.ts')
  const { Metrics } = await import('../server/metrics.ts')
  const status = (): Live['status'] => live.status
  const metrics = new Metrics(status, clock, draft && ((): ShadowStatus => draft.status))
  const shadow = draft?.shadow(metrics) ?? null
  const logs = logsOf(evidence)
  const app = appOf({ ...rest, status, metrics, shadow, logs, ...(tls ? { tls } : {}) })
  const audit = setInterval(() => logKeyUse(metrics, log), AUDIT_MS)
  // Awaited before anyone can know the address: a signal sent as soon as it is known must find us.
  const signal = untilSignal()
  try {
    const address = await listening(app, { host, port })
    const bundle = rest.lacks?.() ?? live.status.bundle.digest
    await announce(args, { address, bundle, at: clock(), clock: begun, place, isTold })
    const failure = await Promise.race([signal.then(() => undefined), stopped])
    await ended(app)
    return failure
  } finally {
    clearInterval(audit)
    logKeyUse(metrics, log)
  }
}

function logsOf(evidence: Evidence): LogsServed {
  return {
    read: (log, path) => evidence.read(log, path),
    get status(): LogsServed['status'] {
      return { ...evidence.status }
    },
  }
}

/** How often the log says which keys have been used, in milliseconds. */
const AUDIT_MS = 60_000

/** Who has asked since the last time, and how often; nothing when nobody has. */
function logKeyUse(metrics: Metrics, log: Log): void {
  const { asked, unauthorized } = metrics.takeKeyUse()
  if (Object.keys(asked).length === 0 && unauthorized === 0) return
  log.info({ event: 'key-use', asked, unauthorized }, 'keys that were used')
}

function followKeys(path: string, log: Log): FollowedFile<Keyring> {
  return new FollowedFile(path, () => readKeyring(path), log)
}
