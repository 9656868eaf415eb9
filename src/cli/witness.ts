import { statSync } from 'node:fs'
import { diskFiles } from '../log/disk-files.ts'
import { printVerifier } from '../log/key.ts'
import { lockDirectory } from '../log/lock.ts'
import type { Signer } from '../log/signer.ts'
import { parseTrust, type Trust } from '../log/trust.ts'
import { WitnessState } from '../log/witness-state.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { readSmallFile } from './followed-file.ts'
import { ended, LOOPBACK, listenAt, listening, type Place, untilSignal } from './listen.ts'
import { counted, writeJson, writeLine } from './output.ts'
import { readSigner } from './publisher.ts'
import { endUnread, logToStandardError } from './server-log.ts'
import { UsageError } from './usage-error.ts'

const PORT = 7422

export const witness: Command = {
  usage: 'STATE_DIR --key FILE --trust FILE [--host HOST] [--port PORT] [--behind-proxy]',
  summary: 'cosign the checkpoints of logs that only grow (C2SP tlog-witness)',
  help: `Serves POST /add-checkpoint and GET /ORIGIN_HASH/checkpoint. It cosigns a checkpoint of a log in the trust file
when the log has signed it and it goes on from the one that was cosigned last; never a smaller tree, nor
two roots of one size. STATE_DIR, which is there already and empty at first, keeps what has been cosigned:
whoever loses it begins anew with another key.

The key is one of \`proviso keygen FILE --name NAME --witness\`. Beyond loopback it takes --behind-proxy:
a proxy ends TLS.

Exit 0: stopped by a signal. 2: wrong usage, a wrong file, the port is taken, or STATE_DIR cannot be written.`,
  options: {
    key: { type: 'string' },
    trust: { type: 'string' },
    host: { type: 'string' },
    port: { type: 'string' },
    'behind-proxy': { type: 'boolean' },
  },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const options = await optionsOf(args)
    // The lock comes before the state is read: what another witness may still change is not worth knowing.
    const lock = await lockedDirectory(options.directory)
    try {
      await answerUntilSignal(args, options)
    } finally {
      await lock.release()
    }
    endUnread()
    return EXIT.done
  },
}

interface Options {
  readonly directory: string
  readonly place: Place
  readonly signer: Signer
  readonly trust: Trust
}

async function optionsOf(args: Arguments): Promise<Options> {
  const place = listenAt(args, PORT)
  const [key, trust] = [args.text('key'), args.text('trust')]
  if (key === undefined) throw new UsageError('say with which key to cosign: --key FILE')
  if (trust === undefined) throw new UsageError('say which logs to witness: --trust FILE')
  if (!LOOPBACK.has(place.host) && !args.flag('behind-proxy')) {
    throw new UsageError(
      `${place.host} is beyond loopback: have a proxy end TLS, and say --behind-proxy`,
    )
  }
  const signer = readSigner(key, 'cosignature')
  return { directory: directoryOf(args), place, signer, trust: await readTrust(trust) }
}

/** Never made here: a directory that is missing may be one that was lost, or not mounted. */
function directoryOf({ first }: Arguments): string {
  if (statSync(first, { throwIfNoEntry: false })?.isDirectory()) return first
  throw new UsageError(`no directory ${first}; make it, empty, for a witness that begins`)
}

async function readTrust(path: string): Promise<Trust> {
  const trust = await parseTrust(readSmallFile(path))
  if (!trust.ok) throw new UsageError(`${path}: ${trust.error.message}`)
  if (trust.value.logs.length > 0) return trust.value
  throw new UsageError(`${path} names no log; add a line \`log <vkey>\``)
}

async function lockedDirectory(directory: string): ReturnType<typeof lockDirectory> {
  try {
    return await lockDirectory(directory)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'locked') throw error
    throw new UsageError(`another witness runs on ${directory}; stop it first`)
  }
}

async function answerUntilSignal(
  args: Arguments,
  { directory, place, signer, trust }: Options,
): Promise<void> {
  const files = diskFiles(directory)
  const opened = await WitnessState.open({ files, signer, trust, clock: Date.now })
  if (!opened.ok) throw new UsageError(`${directory}: ${opened.error.message}`)
  const state = opened.value
  // Loaded only here: the web server takes longer to load than all else that the other commands need.
  const { witnessAppOf } = await import('../server/witness-app.ts')
  const failure = Promise.withResolvers<never>()
  const app = witnessAppOf({ state, log: logToStandardError(), fail: failure.reject })
  // Awaited before anyone can know the address: a signal sent as soon as it is known must find us.
  const end = Promise.race([untilSignal(), failure.promise])
  // It may fail before it is awaited below.
  end.catch(() => undefined)
  try {
    const address = await listening(app, place)
    await announce(args, { address, witness: printVerifier(signer.verifier), ...state.counts })
    await end
  } finally {
    await ended(app)
  }
}

interface Announcement {
  readonly address: string
  readonly witness: string
  readonly logs: number
  readonly cosigned: number
}

async function announce(args: Arguments, announcement: Announcement): Promise<void> {
  if (args.json) return writeJson(announcement)
  const { address, witness: key, logs, cosigned } = announcement
  await writeLine(`Witnessing ${counted(logs, 'log')}, ${cosigned} cosigned before, at ${address}`)
  await writeLine(key)
}
