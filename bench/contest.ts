import { type Effort, load } from './load.ts'
import { type Spread, spreadOf } from './measure.ts'
import type { Call } from './questions.ts'
import { cpuMsOf, type Server } from './server.ts'

export const KINDS = ['single', 'batch'] as const
export type Kind = (typeof KINDS)[number]

/** How a server is asked. */
export interface Protocol {
  readonly paths: Readonly<Record<Kind, string>>
  readonly bodyOf: (call: Call) => string
  /** Whether each decision of an answer allows. */
  readonly allowedBy: (answer: string) => readonly boolean[]
}

export interface Contestant {
  readonly engine: string
  readonly server: Server
  readonly protocol: Protocol
  /** Says who asks. All send it, and Proviso alone checks it. */
  readonly key: string
}

/** How many requests of one kind a contestant answered, round by round. */
export interface HttpTiming {
  readonly engine: string
  readonly kind: Kind
  /** In a second, and in a second of the processor's time: equal where nobody shares the core. */
  readonly rate: Spread
  readonly cpuRate: Spread
  /** The part of its core that the asking process used, at most. */
  readonly askerShare: number
}

export interface Rounds {
  readonly count: number
  readonly ms: number
}

interface Round {
  readonly rate: number
  readonly cpuRate: number
  readonly askerShare: number
}

/** Longer than a round, so that compilers and caches are warm. */
const WARM_UP_ROUNDS = 2

const CONNECTIONS = 32

/** Asks one contestant after another for a while, and all of them again in every round. */
export async function timeRounds(
  contestants: readonly Contestant[],
  calls: Readonly<Record<Kind, readonly Call[]>>,
  { count, ms }: Rounds,
): Promise<HttpTiming[]> {
  const trials = KINDS.flatMap((kind) =>
    contestants.map((contestant) => ({
      engine: contestant.engine,
      kind,
      server: contestant.server,
      requests: calls[kind].map((call) => requestOf(contestant, kind, call)),
      rounds: [] as Round[],
    })),
  )
  const warmUp = { ms: WARM_UP_ROUNDS * ms, connections: CONNECTIONS }
  for (const { server, requests } of trials) await load(server.port, requests, warmUp)
  for (let i = 0; i < count; i++) {
    for (const { server, requests, rounds } of trials) {
      rounds.push(await timeRound(server, requests, { ms, connections: CONNECTIONS }))
    }
  }
  return trials.map(({ engine, kind, rounds }) => ({
    engine,
    kind,
    rate: spreadOf(rounds.map(({ rate }) => rate)),
    cpuRate: spreadOf(rounds.map(({ cpuRate }) => cpuRate)),
    askerShare: Math.max(...rounds.map(({ askerShare }) => askerShare)),
  }))
}

async function timeRound(
  { port, pid }: Server,
  requests: readonly Buffer[],
  effort: Effort,
): Promise<Round> {
  const own = process.cpuUsage()
  const before = cpuMsOf(pid)
  const { answers, ms } = await load(port, requests, effort)
  const cpuMs = cpuMsOf(pid) - before
  const { user, system } = process.cpuUsage(own)
  return {
    rate: (answers / ms) * 1000,
    cpuRate: (answers / cpuMs) * 1000,
    askerShare: (user + system) / 1000 / ms,
  }
}

/** The bytes of a call. */
export function requestOf(
  { protocol, key }: Pick<Contestant, 'protocol' | 'key'>,
  kind: Kind,
  call: Call,
): Buffer {
  const body = protocol.bodyOf(call)
  const head = [
    `POST ${protocol.paths[kind]} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    `authorization: Bearer ${key}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Asks every call once and gives back the answers. One that allows otherwise than our engine does is thrown. */
export async function answersTo(
  { engine, server, protocol, key }: Contestant,
  kind: Kind,
  calls: readonly Call[],
): Promise<string[]> {
  const { paths, bodyOf, allowedBy } = protocol
  const answers: string[] = []
  for (const call of calls) {
    const body = bodyOf(call)
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const url = `http://127.0.0.1:${server.port}${paths[kind]}`
    const answer = await (await fetch(url, { method: 'POST', headers, body })).text()
    if (allowedBy(answer).join() !== call.map(({ isAllowed }) => isAllowed).join()) {
      throw new Error(`${engine} answers otherwise: ${body} ${answer}`)
    }
    answers.push(answer)
  }
  return answers
}
