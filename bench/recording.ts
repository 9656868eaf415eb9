import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../src/cli/load.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'
import { AUTHZEN } from './authzen.ts'
import { answersTo, type Kind, requestOf } from './contest.ts'
import { contractsOf } from './example.ts'
import { prepareServer, provisoStart } from './proviso-server.ts'
import { BATCH, type Calls, callsOf } from './questions.ts'
import { freePort, type Server, startServer } from './server.ts'

const CONTRACTS = 1_000

/** Where free ports are looked for. */
const PORT = 21_600

/** A server that records, and what it is asked. */
export interface Recording {
  readonly server: Server
  /** Below which it records. */
  readonly folder: string
  readonly requests: Readonly<Record<Kind, readonly Buffer[]>>
}

/** Starts a server with a log below a directory, asks for all it is to be asked for once, and stops it at the end. */
export async function withServer<T>(
  world: World,
  directory: string,
  use: (recording: Recording) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(directory, 'http-'))
  const bundle = compile({ ...world, contracts: contractsOf(world, CONTRACTS) }, sha256)
  const calls = callsOf(world, CONTRACTS, { bundle, outcome: 'permit-under-exception' })
  let server: Server | undefined
  try {
    const key = await prepareServer(folder, bundle)
    server = await startServer(provisoStart(folder, await freePort(PORT), join(folder, 'log')))
    await seenToRecord(server, key, calls)
    const bytesOf = (kind: Kind): Buffer[] =>
      calls[kind].map((call) => requestOf({ protocol: AUTHZEN, key }, kind, call))
    const requests = { single: bytesOf('single'), batch: bytesOf('batch') }
    return await use({ server, folder, requests })
  } finally {
    await server?.stop()
    rmSync(folder, { recursive: true })
  }
}

async function seenToRecord(server: Server, key: string, calls: Calls): Promise<void> {
  const asked = { engine: 'proviso', protocol: AUTHZEN, server, key }
  const [answers, batches] = [
    await answersTo(asked, 'single', calls.single),
    await answersTo(asked, 'batch', calls.batch),
  ]
  const records = [...answers, ...batches].flatMap((text) => text.match(/"record":"[^"]+"/g) ?? [])
  const expected = calls.single.length + calls.batch.length * BATCH
  if (new Set(records).size !== expected) throw new Error('an exception has no record of its own')
}
