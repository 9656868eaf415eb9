import { createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bytesOf, concatBytes } from '../src/bytes.ts'
import type { Outcome } from '../src/decision/decision.ts'
import { type PermitCount, printCountsPayload } from '../src/decision/payload.ts'
import { type DecisionRecord, printRecord } from '../src/decision/record.ts'
import { digestOf } from '../src/digest.ts'
import { type AnchoredLog, printAnchor } from '../src/log/anchor.ts'
import { type Envelope, preAuthenticationOf, printEnvelope } from '../src/log/dsse.ts'
import type { LogFiles } from '../src/log/files.ts'
import { type FsckOptions, fsck, type LogAt } from '../src/log/fsck.ts'
import { printVerifier } from '../src/log/key.ts'
import { knownLogs } from '../src/log/known-log.ts'
import { type Item, Sequencer } from '../src/log/sequencer.ts'
import { type Signer, signBytes, signerOf } from '../src/log/signer.ts'
import { type Instant, printInstant } from '../src/time.ts'
import { SimulatedFiles } from './simulated-files.ts'

// Logs of an operator, in memory: a governance log and a decision log, with keys that a number makes.

export const HOST = 'proviso.example'
export const DECISIONS = `${HOST}/decisions/main/1`
export const START: Instant = 1_772_442_000_000
const ANCHOR_MS = 10_000
const SEGMENT_BYTES = 131_072

export function signerNamed(name: string, seed = 1): Signer {
  return signerOf(name, new Uint8Array(32).fill(seed))
}

export const GOVERNANCE_KEY = signerNamed(`${HOST}/governance`, 1)
export const STATEMENTS_KEY = signerNamed(`${HOST}/statements`, 2)
export const DECISIONS_KEY = signerNamed(DECISIONS, 3)
const BUNDLE = digestOf('ab'.repeat(32))

const COUNTED: PermitCount = {
  customer: 'ministry',
  deployment: 'desk-1',
  uses: ['general'],
  count: 7,
}

/** The bytes that are kept beside a record, and its commitment to them. */
export function sealed(
  text: string,
  chance: number,
): { sidecar: Uint8Array; commitment: Uint8Array<ArrayBuffer> } {
  const key = new Uint8Array(32).fill(chance % 256)
  const commitment = Uint8Array.from(createHmac('sha256', key).update(text).digest())
  return { sidecar: concatBytes(key, bytesOf(text)), commitment }
}

function payloadOf(outcome: Outcome, at: Instant): string {
  if (outcome === 'permit')
    return printCountsPayload({ counts: [COUNTED], from: at - 60_000, until: at })
  return JSON.stringify({
    decision: { at: printInstant(at), bundle: BUNDLE, outcome },
    request: {},
  })
}

/** A record of a decision log, with its payload; every fiftieth counts permits. */
export function recordItem(index: number, changed: Partial<DecisionRecord> = {}): Item {
  const outcome = changed.outcome ?? (index % 50 === 49 ? 'permit' : 'deny')
  const at = changed.at ?? START + index * 10
  const { sidecar, commitment } = sealed(payloadOf(outcome, at), index)
  const record = { outcome, sequence: index, at, bundle: BUNDLE, pseudonym: null, commitment }
  const entry = printRecord({ ...record, ...changed })
  return { entry: () => entry, entryBytes: entry.length, sidecar }
}

/** Permits that so many records of `recordItem` count. */
export function permitsOf(entries: number): number {
  return Math.floor(entries / 50) * COUNTED.count
}

export function envelopeOf(unsigned: Omit<Envelope, 'signatures'>, signer: Signer): Uint8Array {
  const sig = signBytes(signer, preAuthenticationOf(unsigned))
  return printEnvelope({ ...unsigned, signatures: [{ keyid: signer.verifier.keyId, sig }] })
}

export function entryItem(entry: Uint8Array): Item {
  return { entry: () => entry, entryBytes: entry.length, sidecar: new Uint8Array() }
}

export async function openSequencer(files: LogFiles, signer: Signer): Promise<Sequencer> {
  return await Sequencer.open({
    files,
    origin: signer.verifier.name,
    signers: () => [signer],
    verifiers: [signer.verifier],
    isHeld: () => true,
    segmentBytes: SEGMENT_BYTES,
  })
}

/** An operator who writes both logs. */
export class LogWorld {
  readonly governanceFiles: SimulatedFiles
  readonly decisionFiles: SimulatedFiles
  readonly governance: Sequencer
  readonly decisions: Sequencer
  /** When the newest anchor was made. */
  now: Instant

  private constructor(parts: {
    readonly governanceFiles: SimulatedFiles
    readonly decisionFiles: SimulatedFiles
    readonly governance: Sequencer
    readonly decisions: Sequencer
    readonly now: Instant
  }) {
    this.governanceFiles = parts.governanceFiles
    this.decisionFiles = parts.decisionFiles
    this.governance = parts.governance
    this.decisions = parts.decisions
    this.now = parts.now
  }

  static async create(
    governanceFiles = new SimulatedFiles(),
    decisionFiles = new SimulatedFiles(),
    now = START,
  ): Promise<LogWorld> {
    const governance = await openSequencer(governanceFiles, GOVERNANCE_KEY)
    const decisions = await openSequencer(decisionFiles, DECISIONS_KEY)
    await governance.integrate()
    await decisions.integrate()
    return new LogWorld({ governanceFiles, decisionFiles, governance, decisions, now })
  }

  /** The same operator, with a copy of all files. */
  async copy(): Promise<LogWorld> {
    return await LogWorld.create(this.governanceFiles.clone(), this.decisionFiles.clone(), this.now)
  }

  /** Logs so many decisions, by steps that leave partial tiles behind. */
  async decide(count: number, step = 97): Promise<void> {
    for (let done = 0; done < count; done += step) {
      const first = this.decisions.size
      const length = Math.min(step, count - done)
      await this.decisions.append(Array.from({ length }, (_, i) => recordItem(first + i)))
      await this.decisions.integrate()
    }
  }

  /** Anchors the decision log as it is; some of what the anchor says may be made up. */
  async anchor(changed: Partial<AnchoredLog> = {}, wait = ANCHOR_MS): Promise<void> {
    this.now += wait
    const checkpoint = this.decisions.publishedNote ?? ''
    const entries = this.decisions.head.size
    const row = { origin: DECISIONS, checkpoint, entries, permits: permitsOf(entries), ...changed }
    const anchor = await printAnchor({ at: this.now, logs: [row] })
    await this.governance.append([entryItem(envelopeOf(anchor, STATEMENTS_KEY))])
    await this.governance.integrate()
  }

  get options(): FsckOptions {
    return {
      logs: knownLogs([GOVERNANCE_KEY.verifier, DECISIONS_KEY.verifier]),
      statements: [STATEMENTS_KEY.verifier],
      trust: null,
      open: (folder): LogAt => {
        const files = folder === 'governance' ? this.governanceFiles : this.decisionFiles
        return { source: files, files }
      },
    }
  }
}

/** Puts other bytes into a file that is there. */
export async function overwrite(files: LogFiles, path: string, bytes: Uint8Array): Promise<void> {
  await files.remove(path)
  const file = await files.open(path, 'create')
  await file.write(bytes, 0)
  await file.close()
}

/** Every file below a directory. */
export async function pathsBelow(files: LogFiles, path: string): Promise<string[]> {
  const paths: string[] = []
  for (const name of await files.list(path)) {
    const below = `${path}/${name}`
    try {
      paths.push(...(await pathsBelow(files, below)))
    } catch {
      paths.push(below)
    }
  }
  return paths.sort()
}

/** A log of 1,000 decisions with five anchors. */
export async function thousandDecisions(begin: Instant = START): Promise<LogWorld> {
  const world = await LogWorld.create(undefined, undefined, begin)
  for (let anchors = 0; anchors < 5; anchors++) {
    await world.decide(200)
    await world.anchor()
  }
  return world
}

/** A decision log with the key of the operator, of items that are chosen. */
export async function decisionLog(items: readonly Item[]): Promise<SimulatedFiles> {
  const files = new SimulatedFiles()
  const sequencer = await openSequencer(files, DECISIONS_KEY)
  await sequencer.append(items)
  await sequencer.close()
  return files
}

/** What a check tells, a sentence a fault. */
export async function faultsOf({ options }: LogWorld): Promise<readonly string[]> {
  const { findings } = await fsck(options)
  return findings.faults.map(({ where, message }) => `${where}: ${message}`)
}

/** Puts logs on the disk, with the public keys alone, as an auditor may be given them. */
export async function saveLogs(world: LogWorld, top: string): Promise<void> {
  const keys = { governance: GOVERNANCE_KEY, statements: STATEMENTS_KEY, decisions: DECISIONS_KEY }
  for (const [owner, { verifier }] of Object.entries(keys)) {
    save(join(top, 'keys', `${owner}-1.key.pub`), bytesOf(`${printVerifier(verifier)}\n`))
  }
  for (const folder of ['governance', 'decisions-main-1']) {
    const { source, files } = world.options.open(folder)
    const below = ['tile', 'journal'].map((path) => pathsBelow(files as LogFiles, path))
    for (const path of ['checkpoint', 'signed', ...(await Promise.all(below)).flat()]) {
      save(join(top, folder, path), (await source.read(path)) ?? new Uint8Array())
    }
  }
}

function save(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}
