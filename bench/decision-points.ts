import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { digestOfCommand, RegisterClient } from '../src/cli/register-client.ts'
import { parseSigner, type Signer } from '../src/log/signer.ts'
import type { Answered, PointsReport } from './decision-points-report.ts'
import { quantilesOf } from './measure.ts'

// How long it takes from a suspension that is sent to the register until each of many decision points, a process each on
// this machine, decides by it. Each says when that is in its log, which costs it less than to be asked over and over.
// `node bench/decision-points.ts EXAMPLE FOLDER POINTS ROUNDS` prints JSON.

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const CLOCK = ['--clock', '2026-03-02T09:00:00Z']
const CONTRACT = 'osint-2026'

/** How often something is asked that is waited for, and how long a quiet between two rounds is, in milliseconds. */
const ASK_MS = 50
const QUIET_MS = 1_000

/** Longest that anything is waited for, in milliseconds. */
const WAIT_MS_MAX = 60_000

const QUESTION = JSON.stringify({
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
})

/** What a process says in its log when it decides by another bundle. */
interface Taken {
  readonly bundle: string
  /** On this machine's clock, in milliseconds. */
  readonly at: number
}

interface Running {
  readonly address: string
  readonly child: ChildProcess
  /** What it has said so far. */
  readonly taken: readonly Taken[]
}

async function start(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args, '--json', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const taken: Taken[] = []
  createInterface(child.stderr).on('line', (line) => {
    const { event, digest, time } = JSON.parse(line) as Readonly<Record<string, string>>
    if (event === 'bundle-taken') taken.push({ bundle: digest ?? '', at: Date.parse(time ?? '') })
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { address: (JSON.parse(line.toString()) as { address: string }).address, child, taken }
}

async function stop({ child }: Running): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'close')
}

async function isPermitted(address: string): Promise<boolean | undefined> {
  const headers = { 'content-type': 'application/json' }
  const url = `${address}/access/v1/evaluation`
  const answer = await fetch(url, { method: 'POST', headers, body: QUESTION })
  const body: unknown = await answer.json()
  return answer.ok ? (body as { readonly decision: boolean }).decision : undefined
}

/** When a decision point first answers so, on this process's clock. */
async function firstAnswer(address: string, decision: boolean): Promise<number> {
  for (const until = performance.now() + WAIT_MS_MAX; performance.now() < until; ) {
    if ((await isPermitted(address)) === decision) return performance.now()
    await pause(ASK_MS)
  }
  throw new Error(`${address} does not come to answer ${decision}`)
}

/** When a decision point first decides by another bundle. */
async function untilOther({ address, taken }: Running, before: string): Promise<number> {
  for (const until = performance.now() + WAIT_MS_MAX; performance.now() < until; ) {
    const last = taken.findLastIndex(({ bundle }) => bundle === before)
    const other = taken[last + 1]
    if (other) return other.at
    await pause(ASK_MS)
  }
  throw new Error(`${address} does not come to decide by another bundle`)
}

class Officers {
  readonly #client: RegisterClient
  readonly #people: string

  constructor(address: string, people: string) {
    this.#client = new RegisterClient(new URL(address), undefined)
    this.#people = people
  }

  async act(by: 'officer' | 'second-officer', name: string): Promise<void> {
    const path = `contracts/${CONTRACT}`
    const command = { act: `contract.${name}`, reasons: 'A bench' }
    const round = ((await this.#client.get(path)).body as { readonly version: number }).version
    const actor = { by, role: 'safeguards-officer', signer: this.#signerOf(by) } as const
    const waiting = { round, digest: digestOfCommand(command) }
    const subject = `contract/${CONTRACT}`
    const { status, body } = await this.#client.act({ actor, path, subject, command, waiting })
    if (status !== 200) throw new Error(`${name}: ${JSON.stringify(body)}`)
  }

  #signerOf(person: string): Signer {
    const signer = parseSigner(readFileSync(join(this.#people, `${person}.key`), 'utf8').trim())
    if (!signer.ok) throw new Error(signer.error.message)
    return signer.value
  }
}

/** How long a suspension takes to each of some decision points, round after round, in milliseconds. */
async function timedRounds(
  points: readonly Running[],
  officers: Officers,
  rounds: number,
): Promise<Answered> {
  const [acted, effects]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    await Promise.all(points.map(({ address }) => firstAnswer(address, true)))
    await pause(QUIET_MS)
    const before = points[0]?.taken.at(-1)?.bundle ?? ''
    const begun = Date.now()
    await officers.act('officer', 'suspend')
    acted.push(Date.now() - begun)
    for (const point of points) effects.push((await untilOther(point, before)) - begun)
    for (const { address } of points) await firstAnswer(address, false)
    await officers.act('second-officer', 'reinstate')
  }
  return {
    acted: quantilesOf(acted, [0.5, 0.99]),
    effects: quantilesOf(effects, [0.5, 0.95, 0.99]),
  }
}

async function report(example: string, folder: string, sizes: Sizes): Promise<PointsReport> {
  const data = join(folder, 'register')
  const register = await start(['--story', example, '--data', data, ...CLOCK])
  const running = [register]
  try {
    const believed = [
      '--publisher',
      join(data, 'publisher.key.pub'),
      '--trust',
      join(data, 'log/trust'),
    ]
    for (let i = 0; i < sizes.points; i++) {
      const log = ['--log', join(folder, `point-${i}`)]
      running.push(await start(['--control', register.address, ...believed, ...log, ...CLOCK]))
    }
    const points = running.slice(1)
    const officers = new Officers(register.address, join(data, 'people'))
    const one = await timedRounds(points.slice(0, 1), officers, sizes.rounds)
    return { ...sizes, one, all: await timedRounds(points, officers, sizes.rounds) }
  } finally {
    await Promise.all(running.map(stop))
  }
}

interface Sizes {
  readonly points: number
  readonly rounds: number
}

const [, , example = '', parent = '', points = '50', rounds = '10'] = process.argv
const folder = mkdtempSync(join(parent, 'points-'))
try {
  const sizes = { points: Number(points), rounds: Number(rounds) }
  process.stdout.write(JSON.stringify(await report(example, folder, sizes)))
} finally {
  rmSync(folder, { recursive: true })
}
