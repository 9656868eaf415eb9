import { connect, type Socket } from 'node:net'

/** What a server answered within a time. */
export interface Load {
  readonly answers: number
  readonly ms: number
}

/** What begins every answer. */
const OK = 'HTTP/1.1 200 OK\r\n'

/** Connections that each have one request under way: no pipelining, which few clients do. */
const CONNECTIONS = 32

/**
 * Asks over kept connections for a time. The requests are bytes made ahead, and of an answer only its head is
 * read, so that one process asks for more than any contestant answers.
 */
export async function load(
  port: number,
  requests: readonly Buffer[],
  durationMs: number,
): Promise<Load> {
  const clients = Array.from({ length: CONNECTIONS }, (_, i) =>
    clientOf(port, requests, Math.floor((i * requests.length) / CONNECTIONS)),
  )
  const all = await Promise.all(clients)
  const begun = performance.now()
  for (const client of all) client.begin()
  await new Promise((resolve) => setTimeout(resolve, durationMs))
  const ms = performance.now() - begun
  const answers = all.reduce((sum, client) => sum + client.end(), 0)
  return { answers, ms }
}

interface Client {
  readonly begin: () => void
  /** Closes the connection, and says how many answers came. */
  readonly end: () => number
}

async function clientOf(port: number, requests: readonly Buffer[], first: number): Promise<Client> {
  const socket = await connected(port)
  let next = first
  let answers = 0
  let seen = 0
  let isWhole: IsWhole = () => false
  const ask = (): void => {
    socket.write(requests[next] as Buffer)
    next = next + 1 === requests.length ? 0 : next + 1
  }
  socket.on('data', (data: Buffer) => {
    if (seen === 0) isWhole = ending(data)
    seen += data.length
    if (!isWhole(seen, data)) return
    seen = 0
    answers++
    ask()
  })
  return {
    begin: ask,
    end: (): number => {
      socket.destroy()
      return answers
    },
  }
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
