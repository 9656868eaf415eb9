import { connect, type Socket } from 'node:net'

/** What a server answered within a time. */
export interface Load {
  readonly answers: number
  readonly ms: number
  /** How long each answer took, in milliseconds. */
  readonly waits: readonly number[]
}

/** What begins every answer. */
const OK = 'HTTP/1.1 200 OK\r\n'

export interface Effort {
  readonly ms: number
  /** Each has one request under way: no pipelining, which few clients do. */
  readonly connections: number
}

/**
 * Asks over kept connections for a time. The requests are bytes made ahead, and of an answer only its head is
 * read, so that one process asks for more than any contestant answers.
 */
export async function load(
  port: number,
  requests: readonly Buffer[],
  { ms: durationMs, connections }: Effort,
): Promise<Load> {
  const waits: number[] = []
  const clients = Array.from({ length: connections }, (_, i) =>
    clientOf(port, { requests, first: Math.floor((i * requests.length) / connections), waits }),
  )
  const all = await Promise.all(clients)
  const begun = performance.now()
  for (const client of all) client.begin()
  await new Promise((resolve) => setTimeout(resolve, durationMs))
  const ms = performance.now() - begun
  for (const client of all) client.end()
  return { answers: waits.length, ms, waits }
}

interface Client {
  readonly begin: () => void
  readonly end: () => void
}

interface Asking {
  readonly requests: readonly Buffer[]
  /** Which of them comes first. */
  readonly first: number
  readonly waits: number[]
}

/** A connection that has been answered once, since a server in Node takes but one connection a turn of its loop. */
async function clientOf(port: number, { requests, first, waits }: Asking): Promise<Client> {
  const socket = await connected(port)
  const taken = Promise.withResolvers<void>()
  let onAnswer: () => void = taken.resolve
  let next = first
  let begun = 0
  let seen = 0
  let isWhole: IsWhole = () => false
  const ask = (): void => {
    begun = performance.now()
    socket.write(requests[next] as Buffer)
    next = next + 1 === requests.length ? 0 : next + 1
  }
  socket.on('data', (data: Buffer) => {
    if (seen === 0) isWhole = ending(data)
    seen += data.length
    if (!isWhole(seen, data)) return
    seen = 0
    onAnswer()
  })
  ask()
  await taken.promise
  onAnswer = (): void => {
    waits.push(performance.now() - begun)
    ask()
  }
  return { begin: ask, end: () => socket.destroy() }
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.setNoDelay(true)
    socket.on('error', reject)
  })
}

/** Whether an answer of which so many bytes came, these ones last, has ended. */
type IsWhole = (seen: number, last: Buffer) => boolean

/** Reads the head that an answer begins with. Every contestant sends its head whole. */
function ending(data: Buffer): IsWhole {
  const end = data.indexOf('\r\n\r\n')
  const head = data.toString('latin1', 0, end)
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  if (!head.startsWith(OK) || end < 0) {
    throw new Error(`a server answered otherwise than with 200: ${data.toString().slice(0, 500)}`)
  }
  // What has no length comes in chunks, the last of them empty.
  if (length === undefined) return (_, last) => last.subarray(-5).equals(LAST_CHUNK)
  const whole = end + 4 + Number(length)
  return (seen) => seen >= whole
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n')
