import type { FastifyInstance } from 'fastify'
import { type Instant, printInstantShort } from '../time.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { loadBundle } from './load.ts'
import { styled, warn, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

const PORT = 7420
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

export const serve: Command = {
  usage: 'DIR --unsigned [--host HOST] [--port PORT] [--clock INSTANT]',
  summary: 'answer requests over HTTP (OpenID AuthZEN)',
  help: `Serves the decisions of DIR: POST /access/v1/evaluation and /access/v1/evaluations, GET /healthz.
Whoever can write DIR grants exceptions, so an unsigned directory is served only on a loopback
address, and only with --unsigned. With --clock the server begins at that instant and goes on from
there, so that an example's contracts are in force on any day.

Exit 0: stopped by a signal. 1: DIR has errors. 2: wrong usage, or the port is taken.`,
  options: {
    unsigned: { type: 'boolean' },
    host: { type: 'string' },
    port: { type: 'string' },
    clock: { type: 'string' },
  },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const host = args.text('host') ?? '127.0.0.1'
    const port = args.count('port') ?? PORT
    if (port > 65_535) throw new UsageError(`--port ${port} is over 65535`)
    if (!args.flag('unsigned')) {
      throw new UsageError(
        `${args.first} is not signed; to try it on this machine alone, say --unsigned`,
      )
    }
    if (!LOOPBACK.has(host)) {
      throw new UsageError(`an unsigned directory is served only on loopback, and ${host} is not`)
    }
    const start = args.instant('clock')
    const bundle = loadBundle(args.first)
    const clock = clockFrom(start)
    // Loaded only here: the web server takes longer to load than all else that the other commands need.
    const { appOf } = await import('../server/app.ts')
    const app = appOf(() => ({ bundle, at: clock() }))
    // Awaited before anyone can know the address: a signal sent as soon as it is known must find us.
    const signal = untilSignal()
    const address = await listening(app, host, port)
    await announce(args, { address, digest: bundle.digest, at: clock() })
    await signal
    await app.close()
    return EXIT.done
  },
}

async function listening(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new UsageError(`port ${port} of ${host} is taken; say another one with --port`)
  }
}

/** A clock that begins at an instant and goes on from there; without one, the wall clock. */
function clockFrom(start: Instant | undefined): () => Instant {
  if (start === undefined) return Date.now
  const begun = performance.now()
  return () => start + Math.floor(performance.now() - begun)
}

interface Listening {
  readonly address: string
  readonly digest: string
  readonly at: Instant
}

async function announce(args: Arguments, { address, digest, at }: Listening): Promise<void> {
  if (args.json) return writeJson({ address, bundle: digest, at: printInstantShort(at) })
  await writeLine(`Serving ${args.first} at ${address}, ${digest}`)
  if (args.text('clock') !== undefined) {
    await writeLine(`The clock began at ${printInstantShort(at)}.`)
  }
  warn(
    styled(
      'yellow',
      'The directory is not signed: for trying on this machine alone.',
      process.stderr,
    ),
  )
  await writeLine(`\nAsk for a decision:\n\n${exampleCurl(address)}\n`)
}

/** A question that the example provider's contract osint-2026 answers. */
function exampleCurl(address: string): string {
  const body = {
    subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
    action: { name: 'surveillance.intelligence-analysis' },
    resource: { type: 'model', id: 'example-sonnet-20250514' },
    context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
  }
  return `curl -s ${address}/access/v1/evaluation -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
}
